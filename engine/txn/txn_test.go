// SPDX-License-Identifier: GPL-2.0-or-later

package txn_test

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"testing"

	"scoutfs/engine/btree"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/engine/txn"
	"scoutfs/internal/testlog"
)

// read checks the files as all operations so far have left them.
func read(tb testing.TB, l *txn.Log, files map[uint64]file) {
	tb.Helper()
	if err := l.Read(tb.Context(), func(s *forest.Snapshot) error {
		checkFiles(tb, s, files)
		return nil
	}); err != nil {
		tb.Fatal(err)
	}
}

func TestOperationsLastOverCommitsAndReopening(t *testing.T) {
	t.Parallel()
	v := testlog.New(t, testlog.Options{})
	random := rand.New(rand.NewPCG(1, 1))
	files := map[uint64]file{}
	for step := range 400 {
		inos := slices.Sorted(maps.Keys(files))
		what := random.IntN(10)
		if len(inos) == 0 {
			what = 0
		}
		switch {
		case what < 5:
			var f file
			if err := v.Log.Update(t.Context(), txn.Allocating, func(tx *txn.Tx) (err error) {
				f, err = createFile(t.Context(), tx, random.Uint64N(1000), random.Uint64N(3))
				return err
			}); err != nil {
				t.Fatal(err)
			}
			files[f.ino] = f
		case what < 7:
			f := files[inos[random.IntN(len(inos))]]
			if err := v.Log.Update(t.Context(), txn.Allocating, func(tx *txn.Tx) error { return touchFile(t.Context(), tx, f) }); err != nil {
				t.Fatal(err)
			}
		case what < 9:
			f := files[inos[random.IntN(len(inos))]]
			if err := v.Log.Update(t.Context(), txn.Freeing, func(tx *txn.Tx) error { return deleteFile(t.Context(), tx, f) }); err != nil {
				t.Fatal(err)
			}
			delete(files, f.ino)
		default:
			failing := errors.New("as asked for")
			if err := v.Log.Update(t.Context(), txn.Allocating, func(tx *txn.Tx) error {
				for _, f := range files {
					if err := deleteFile(t.Context(), tx, f); err != nil {
						return err
					}
				}
				if _, err := createFile(t.Context(), tx, 1, 7); err != nil {
					return err
				}
				return failing
			}); !errors.Is(err, failing) {
				t.Fatalf("error %v", err)
			}
		}
		if step%40 == 0 {
			read(t, v.Log, files)
		}
		if step%50 == 49 {
			if err := v.Log.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			checkFiles(t, v.Log.Committed(), files)
			read(t, v.Log, files)
		}
		if step%150 == 149 {
			v.Reopen(t)
			read(t, v.Log, files)
		}
	}
	v.Check(t)
}

func TestOperationThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	v := testlog.New(t, testlog.Options{})
	for _, failure := range []struct {
		name string
		run  func(func(*txn.Tx) error) (failed bool)
	}{
		{"error", func(f func(*txn.Tx) error) bool {
			want := errors.New("as asked for")
			err := v.Log.Update(t.Context(), txn.Allocating, func(tx *txn.Tx) error { return errors.Join(want, f(tx)) })
			return errors.Is(err, want)
		}},
		{"panic", func(f func(*txn.Tx) error) (failed bool) {
			defer func() { failed = recover() != nil }()
			err := v.Log.Update(t.Context(), txn.Allocating, func(tx *txn.Tx) error { panic(f(tx)) })
			return err != nil
		}},
	} {
		if !failure.run(func(tx *txn.Tx) error {
			_, err := createFile(t.Context(), tx, 5, 3)
			return err
		}) {
			t.Fatalf("%s: the operation did not fail", failure.name)
		}
		read(t, v.Log, nil)
		if n := v.Server.Data().Changes(); n != 0 {
			t.Errorf("%s: %d extents of data blocks are taken", failure.name, n)
		}
		hdr := v.Server.Super().Hdr.Seq.Get()
		if err := v.Log.Sync(t.Context()); err != nil || v.Server.Super().Hdr.Seq.Get() != hdr {
			t.Errorf("%s: nothing to commit was committed (%v)", failure.name, err)
		}
	}
	v.Check(t)
}

func TestOperationSeesItsOwnChangesAndOthersDoNot(t *testing.T) {
	t.Parallel()
	v := testlog.New(t, testlog.Options{})
	if err := v.Log.Update(t.Context(), txn.Allocating, func(tx *txn.Tx) error {
		f, err := createFile(t.Context(), tx, 5, 1)
		if err != nil {
			return err
		}
		checkFiles(t, tx.View(), map[uint64]file{f.ino: f})
		checkFiles(t, v.Log.Committed(), nil)
		return deleteFile(t.Context(), tx, f)
	}); err != nil {
		t.Fatal(err)
	}
	read(t, v.Log, nil)
	v.Check(t)
}

// What is committed has the shape that upstream gives the logs of a mount that
// has gone (docs/format.md 7.1).
func TestCommitLeavesAFinalizedLogTree(t *testing.T) {
	t.Parallel()
	v := testlog.New(t, testlog.Options{})
	for i := range 3 {
		for range 10 {
			if err := v.Log.Update(t.Context(), txn.Allocating, func(tx *txn.Tx) error {
				_, err := createFile(t.Context(), tx, 5, 1)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		if err := v.Log.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		s, err := forest.Load(t.Context(), v.Server.Blocks(), v.Server.Super())
		if err != nil {
			t.Fatal(err)
		}
		if len(s.LogTrees) != 1 {
			t.Fatalf("there are %d log trees, want 1", len(s.LogTrees))
		}
		lt, super := s.LogTrees[0], v.Server.Super()
		seq := lt.MaxItemSeq.Get()
		if !lt.Finalized() || lt.FinalizeSeq.Get() <= seq || lt.FinalizeSeq.Get() > super.Seq.Get() {
			t.Errorf("commit %d: flags %#x, finalize_seq %d with max_item_seq %d and super.seq %d",
				i, lt.Flags.Get(), lt.FinalizeSeq.Get(), seq, super.Seq.Get())
		}
		if lt.GetTransSeq.Get() != seq || lt.CommitTransSeq.Get() != seq {
			t.Errorf("commit %d: get_trans_seq %d and commit_trans_seq %d, want %d", i, lt.GetTransSeq.Get(), lt.CommitTransSeq.Get(), seq)
		}
		if got, want := lt.InodeCountDelta.Get(), uint64(10*(i+1)); got != want {
			t.Errorf("commit %d: inode_count_delta %d, want %d", i, got, want)
		}
		if lt.SrchFile != (format.SrchFile{}) || lt.MetaAvail != (format.AllocListHead{}) || lt.MetaFreed != (format.AllocListHead{}) ||
			lt.DataAvail != (format.AllocRoot{}) || lt.DataFreed != (format.AllocRoot{}) || lt.DataAllocZones != (format.DataZoneBitmap{}) {
			t.Errorf("commit %d: the log trees own more than items", i)
		}
		if n := countSrchFiles(t, v); n != 1 {
			t.Errorf("commit %d: there are %d search files, want 1", i, n)
		}
	}
	v.Check(t)
}

func countSrchFiles(t *testing.T, v *testlog.Volume) int {
	t.Helper()
	files := btree.Tree{Reader: v.Server.Blocks(), Root: v.Server.Super().SrchRoot.Root(), Kind: format.TreeSrchRoot}
	n := 0
	for _, err := range files.Items(t.Context(), format.AllKeys()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

func TestEachOpeningHasALogTreeOfItsOwn(t *testing.T) {
	t.Parallel()
	v := testlog.New(t, testlog.Options{})
	files := map[uint64]file{}
	for i := range 3 {
		if got := len(v.Log.Committed().LogTrees); got != i {
			t.Fatalf("there are %d log trees, want %d", got, i)
		}
		if err := v.Log.Update(t.Context(), txn.Allocating, func(tx *txn.Tx) error {
			f, err := createFile(t.Context(), tx, uint64(i), 1)
			files[f.ino] = f
			return err
		}); err != nil {
			t.Fatal(err)
		}
		v.Reopen(t)
	}
	v.Reopen(t) // nothing was done: no tree
	if got := len(v.Log.Committed().LogTrees); got != 3 {
		t.Fatalf("there are %d log trees, want 3", got)
	}
	read(t, v.Log, files)
	v.Check(t)
}

func TestSyncsThatWaitShareACommit(t *testing.T) {
	t.Parallel()
	v := testlog.New(t, testlog.Options{})
	const callers = 32
	before := v.Server.Super().Hdr.Seq.Get()
	enter, hold := make(chan struct{}), make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() { // others wait behind this operation
		if err := v.Log.Update(t.Context(), txn.Allocating, func(tx *txn.Tx) error {
			close(enter)
			<-hold
			_, err := createFile(t.Context(), tx, 1, 0)
			return err
		}); err != nil {
			t.Error(err)
		}
	})
	<-enter
	for range callers {
		wait.Go(func() {
			if err := v.Log.Update(t.Context(), txn.Allocating, func(tx *txn.Tx) error {
				_, err := createFile(t.Context(), tx, 1, 0)
				return err
			}); err != nil {
				t.Error(err)
			}
			if err := v.Log.Sync(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	close(hold)
	wait.Wait()
	if supers := v.Server.Super().Hdr.Seq.Get() - before; supers == 0 || supers > callers/2 {
		t.Errorf("%d supers for %d syncs", supers, callers)
	}
	if len(v.Log.Committed().LogTrees) != 1 {
		t.Error("no log tree")
	}
	v.Check(t)
}

func TestFreedDataBlocksServeAfterACommit(t *testing.T) {
	t.Parallel()
	v := testlog.New(t, testlog.Options{DataBlocks: 256})
	free := uint64(256 - format.FirstDataBlkno)
	files := map[uint64]file{}
	create := func(want uint64) error {
		var f file
		err := v.Log.Update(t.Context(), txn.Allocating, func(tx *txn.Tx) (err error) {
			f, err = createFile(t.Context(), tx, 1, want)
			return err
		})
		if err == nil {
			files[f.ino] = f
		}
		return err
	}
	for i := free; i > 0; {
		if err := create(min(i, 10)); err != nil {
			t.Fatal(err)
		}
		i = free
		for _, f := range files {
			i -= f.blocks.Len
		}
	}
	if err := create(1); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("more data blocks than there are: %v", err)
	}
	if _, err := v.Log.ReserveData(t.Context(), 1); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("more data blocks than there are: %v", err)
	}
	for i := range 2 {
		inos := slices.Sorted(maps.Keys(files))
		f := files[inos[i]]
		if err := v.Log.Update(t.Context(), txn.Freeing, func(tx *txn.Tx) error { return deleteFile(t.Context(), tx, f) }); err != nil {
			t.Fatal(err)
		}
		delete(files, f.ino)
		if i == 0 { // by an operation that is run again after a commit
			if err := create(1); err != nil {
				t.Fatal(err)
			}
			continue
		}
		e, err := v.Log.ReserveData(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Log.Update(t.Context(), txn.Allocating, func(tx *txn.Tx) error {
			ino, err := tx.AllocIno(t.Context())
			if err != nil {
				return err
			}
			f := file{ino: ino, value: 3, blocks: e}
			tx.UseData(e)
			createFileWith(tx, f)
			files[ino] = f
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	read(t, v.Log, files)
	v.Check(t)
}

func TestReservedDataStaysReservedWhenAnOperationFails(t *testing.T) {
	t.Parallel()
	v := testlog.New(t, testlog.Options{DataBlocks: 80})
	e, err := v.Log.ReserveData(t.Context(), 1000)
	if err != nil || e.Len != 80-format.FirstDataBlkno {
		t.Fatalf("%v (%v)", e, err)
	}
	failing := errors.New("as asked for")
	if err := v.Log.Update(t.Context(), txn.Allocating, func(tx *txn.Tx) error {
		tx.UseData(e)
		return failing
	}); !errors.Is(err, failing) {
		t.Fatal(err)
	}
	if _, err := v.Log.ReserveData(t.Context(), 1); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("blocks are to be had that are reserved: %v", err)
	}
	v.Log.ReturnData(e)
	if again, err := v.Log.ReserveData(t.Context(), 1); err != nil {
		t.Fatal(err)
	} else {
		v.Log.ReturnData(again)
	}
	v.Check(t)
}

func TestFreeingWhatIsFreeFailsTheOperation(t *testing.T) {
	t.Parallel()
	v := testlog.New(t, testlog.Options{})
	err := v.Log.Update(t.Context(), txn.Freeing, func(tx *txn.Tx) error {
		if _, err := createFile(t.Context(), tx, 5, 0); err != nil {
			return err
		}
		tx.FreeData(format.Extent{Start: 1000, Len: 5})
		return nil
	})
	if damage := (*format.CorruptError)(nil); !errors.As(err, &damage) {
		t.Errorf("error %v, want damage", err)
	}
	read(t, v.Log, nil)
	v.Check(t)
}

func TestServersOwnCommitsComeBetweenTransactions(t *testing.T) {
	t.Parallel()
	const zone = 1 << 20
	v := testlog.New(t, testlog.Options{DataBlocks: 4 * zone})
	files := map[uint64]file{}
	create(t, v, files, 5)
	if err := v.Log.Exclude(t.Context(), func(ctx context.Context) error {
		return v.Server.SetDataAllocZoneBlocks(ctx, zone)
	}); err != nil {
		t.Fatal(err)
	}
	checkFiles(t, v.Log.Committed(), files)
	read(t, v.Log, files)
	create(t, v, files, 5)
	read(t, v.Log, files)
	if got := v.Log.Committed().Super.Volopt.DataAllocZoneBlocks.Get(); got != zone {
		t.Errorf("the view's super has zones of %d blocks, want %d", got, zone)
	}
	v.Reopen(t)
	read(t, v.Log, files)
	if got := v.Server.Super().Volopt.DataAllocZoneBlocks.Get(); got != zone {
		t.Errorf("the volume has zones of %d blocks, want %d", got, zone)
	}
	v.Check(t)
}

func TestClosedLogRefusesEverything(t *testing.T) {
	t.Parallel()
	v := testlog.New(t, testlog.Options{})
	v.Close(t)
	for name, err := range map[string]error{
		"update": v.Log.Update(t.Context(), txn.Freeing, func(*txn.Tx) error { return nil }),
		"sync":   v.Log.Sync(t.Context()),
	} {
		if !errors.Is(err, txn.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := v.Log.Close(t.Context()); err != nil {
		t.Errorf("closing again: %v", err)
	}
}
