// SPDX-License-Identifier: GPL-2.0-or-later

package txn_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"

	"scoutfs/engine/device"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/engine/txn"
	"scoutfs/internal/testlog"
)

func TestMergeLeavesNoLogTreesAndAllFiles(t *testing.T) {
	t.Parallel()
	v := testlog.New(t, testlog.Options{})
	random := rand.New(rand.NewPCG(3, 1))
	files := map[uint64]file{}
	for range 6 {
		create(t, v, files, 40)
		for _, f := range files {
			switch random.IntN(4) {
			case 0:
				if err := v.Log.Update(t.Context(), txn.Freeing, func(tx *txn.Tx) error { return deleteFile(t.Context(), tx, f) }); err != nil {
					t.Fatal(err)
				}
				delete(files, f.ino)
			case 1:
				if err := v.Log.Update(t.Context(), txn.Allocating, func(tx *txn.Tx) error { return touchFile(t.Context(), tx, f) }); err != nil {
					t.Fatal(err)
				}
			}
		}
		switch random.IntN(4) {
		case 0:
			v.Reopen(t)
		case 1:
			if err := v.Log.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
		case 2:
			if err := v.Log.Merge(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			checkMerged(t, v)
		}
		read(t, v.Log, files)
	}
	if err := v.Log.Merge(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	checkMerged(t, v)
	read(t, v.Log, files)
	if got, want := v.Server.Super().InodeCount.Get(), uint64(len(files)+1); got != want {
		t.Errorf("super.inode_count is %d, want %d", got, want)
	}
	v.Check(t)
}

func checkMerged(t *testing.T, v *testlog.Volume) {
	t.Helper()
	super := v.Server.Super()
	if super.LogsRoot.Height != 0 || super.LogMerge.Height != 0 {
		t.Error("the merge has left logs or work")
	}
	if n := len(v.Log.Committed().LogTrees); n != 0 {
		t.Errorf("there are %d log trees", n)
	}
}

func TestClosingMergesManyLogTrees(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		most int
		want []int // log trees after each closing
	}{
		{3, []int{1, 2, 3, 0, 1, 2}},
		{-1, []int{1, 2, 3, 4, 5, 6}},
	} {
		v := testlog.New(t, testlog.Options{Txn: txn.Options{MaxLogTrees: test.most}})
		files := map[uint64]file{}
		for _, want := range test.want {
			create(t, v, files, 3)
			v.Reopen(t)
			if got := len(v.Log.Committed().LogTrees); got != want {
				t.Errorf("with at most %d: there are %d log trees, want %d", test.most, got, want)
			}
			v.Reopen(t) // who has written nothing merges nothing
			read(t, v.Log, files)
		}
		v.Check(t)
	}
}

func TestReadsGoOnDuringAMerge(t *testing.T) {
	t.Parallel()
	v := testlog.New(t, testlog.Options{})
	files := map[uint64]file{}
	create(t, v, files, 100)
	ctx, stop := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	for range 3 {
		wait.Go(func() {
			for ctx.Err() == nil {
				if err := v.Log.Read(t.Context(), func(s *forest.Snapshot) error { return sumsUp(t.Context(), s) }); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 5 {
		create(t, v, files, 20)
		if err := v.Log.Merge(t.Context(), nil); err != nil {
			t.Error(err)
		}
	}
	stop()
	wait.Wait()
	read(t, v.Log, files)
	v.Check(t)
}

func TestLogGoesOnAfterAMergeThatFailed(t *testing.T) {
	t.Parallel()
	v, meta, _ := faultyVolume(t)
	files := map[uint64]file{}
	create(t, v, files, 50)
	if err := v.Log.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	meta.Add(notSuper(device.Fault{Op: device.OpWrite, Count: 1}))
	if err := v.Log.Merge(t.Context(), nil); !errors.Is(err, syscall.EIO) {
		t.Fatalf("error %v", err)
	}
	create(t, v, files, 50)
	read(t, v.Log, files)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := v.Log.Merge(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	if err := v.Log.Merge(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	checkMerged(t, v)
	create(t, v, files, 50)
	v.Reopen(t)
	read(t, v.Log, files)
	v.Check(t)
}

func TestLogsAreMergedWhenMetadataRunsLow(t *testing.T) {
	t.Parallel()
	v := testlog.New(t, testlog.Options{MetaBlocks: 2500})
	files := map[uint64]file{}
	for range 3000 { // in the place of what frees space: all of it needs blocks at first
		if err := v.Log.Update(t.Context(), txn.Freeing, func(tx *txn.Tx) error {
			f, err := createFile(t.Context(), tx, 1, 0)
			files[f.ino] = f
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.Log.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Log.Committed().Lookup(t.Context(), format.InodeKey(format.FirstFreeIno)); err != nil {
		t.Fatal(err)
	}
	if v.Server.Super().FSRoot.Height < 2 {
		t.Error("nothing was merged")
	}
	before := v.Server.Super().Hdr.Seq.Get()
	for range 100 {
		if err := v.Log.Update(t.Context(), txn.Allocating, func(*txn.Tx) error { return nil }); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("error %v", err)
		}
	}
	if n := v.Server.Super().Hdr.Seq.Get() - before; n > 10 {
		t.Errorf("%d commits for operations that there was no room for", n)
	}
	read(t, v.Log, files)
	v.Check(t)
}
