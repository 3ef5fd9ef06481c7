// SPDX-License-Identifier: GPL-2.0-or-later

package txn_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"scoutfs/engine/block"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/internal/testlog"
	"scoutfs/progress"
)

// atFirstItem calls a function when the first item is merged.
type atFirstItem struct {
	progress.Discard
	once sync.Once
	call func()
}

func (a *atFirstItem) Add(int64) { a.once.Do(a.call) }

// A read that meets blocks which a merge has written again, or is just writing,
// starts over with what the merge has made.
func TestReadsStartOverWhenAMergeOverwritesTheirBlocks(t *testing.T) {
	t.Parallel()
	for name, met := range map[string]error{
		"written again":     block.ErrStale,
		"being overwritten": &format.CorruptError{Structure: "btree block", Field: "crc"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := testlog.New(t, testlog.Options{})
			files := map[uint64]file{}
			create(t, v, files, 10)
			if err := v.Log.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			begun := make(chan struct{})
			merged, stop := context.WithCancel(t.Context())
			defer stop()
			var read sync.WaitGroup
			tries := 0
			before := v.Server.Super()
			sink := &atFirstItem{call: func() {
				read.Go(func() {
					if err := v.Log.Read(t.Context(), func(s *forest.Snapshot) error {
						if tries++; tries > 1 {
							return sumsUp(t.Context(), s)
						}
						close(begun)
						for v.Server.Super() == before && merged.Err() == nil {
							time.Sleep(time.Millisecond)
						}
						return met
					}); err != nil {
						t.Error(err)
					}
				})
				<-begun
			}}
			if err := v.Log.Merge(t.Context(), sink); err != nil {
				t.Fatal(err)
			}
			stop()
			read.Wait()
			if tries != 2 {
				t.Errorf("%d tries", tries)
			}
			v.Check(t)
		})
	}
}
