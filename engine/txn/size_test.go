// SPDX-License-Identifier: GPL-2.0-or-later

package txn_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/txn"
	"scoutfs/internal/testlog"
)

// A commit must not find out half way that it has too few blocks: what it needs
// is bounded before, whatever order and size items come in. The bound must not
// be far too high either, or else transactions are far too small. The items
// belong to no files, so the volume is not one to be checked.
func TestCommitTakesNoMoreBlocksThanWasSaidBefore(t *testing.T) {
	t.Parallel()
	const serverBlocks = 40 // lists, and trees of free blocks
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 9))
			var meta *device.Recorder
			v := testlog.New(t, testlog.Options{Seed: seed, Wrap: func(p device.Pair) device.Pair {
				meta = device.NewRecorder(p.Meta)
				return device.Pair{Meta: meta, Data: p.Data}
			}})
			next := uint64(0)
			total, bound := 0, 0
			for range 12 {
				runs, length, size := 1+random.IntN(300), 1+random.IntN(60), random.IntN(format.MaxBtreeValue)
				if err := v.Log.Update(t.Context(), txn.Allocating, func(tx *txn.Tx) error {
					for range runs {
						ino, hash := random.Uint64N(5000), random.Uint64N(100)
						if seed%3 == 0 { // behind all others
							next++
							ino = next
						}
						for i := range uint64(length) {
							tx.Set(format.XattrKey(ino, hash, i, 0), make([]byte, size))
						}
					}
					return nil
				}); err != nil {
					t.Fatal(err)
				}
				need := v.Log.Need()
				before := meta.Len()
				if err := v.Log.Sync(t.Context()); err != nil {
					t.Fatal(err)
				}
				written := int64(0)
				for _, op := range meta.Ops()[before:] {
					if op.Kind == device.OpWrite {
						written += op.Len
					}
				}
				took := int(written >> format.LargeBlockShift)
				if took > need+serverBlocks {
					t.Errorf("a commit of %d times %d items of %d bytes took %d blocks, said %d", runs, length, size, took, need)
				}
				total += took
				bound += need
			}
			if bound > 4*total+12*serverBlocks {
				t.Errorf("all commits took %d blocks, said %d", total, bound)
			}
		})
	}
}
