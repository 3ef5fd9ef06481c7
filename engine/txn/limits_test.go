// SPDX-License-Identifier: GPL-2.0-or-later

package txn_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"scoutfs/engine/device"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/engine/txn"
	"scoutfs/internal/testlog"
)

func TestTransactionIsCommittedSomeTimeAfterItsFirstChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var meta *device.Faulty
		v := testlog.New(t, testlog.Options{
			Txn: txn.Options{Interval: 10 * time.Second},
			Wrap: func(p device.Pair) device.Pair {
				meta = device.NewFaulty(p.Meta)
				return device.Pair{Meta: meta, Data: p.Data}
			},
		})
		files := map[uint64]file{}
		supers := func() uint64 {
			synctest.Wait()
			return v.Server.Super().Hdr.Seq.Get()
		}
		start := supers()
		time.Sleep(time.Minute)
		if supers() != start {
			t.Error("nothing was done, and committed")
		}
		create(t, v, files, 1)
		time.Sleep(6 * time.Second)
		create(t, v, files, 1)
		if supers() != start {
			t.Error("committed too early")
		}
		time.Sleep(6 * time.Second)
		if supers() != start+1 {
			t.Error("not committed in time")
		}
		checkFiles(t, v.Log.Committed(), files)

		create(t, v, files, 1)
		meta.Add(device.Fault{Op: device.OpWrite, Count: 1})
		time.Sleep(11 * time.Second)
		if supers() != start+1 {
			t.Error("committed although the device failed")
		}
		time.Sleep(10 * time.Second)
		if supers() != start+2 {
			t.Error("not committed after a failure")
		}
		checkFiles(t, v.Log.Committed(), files)
		v.Check(t)
	})
}

func TestTransactionOfManyBytesIsCommitted(t *testing.T) {
	t.Parallel()
	v := testlog.New(t, testlog.Options{Txn: txn.Options{MaxBytes: 20_000}})
	start := v.Server.Super().Hdr.Seq.Get()
	files := map[uint64]file{}
	create(t, v, files, 100)
	if supers := v.Server.Super().Hdr.Seq.Get() - start; supers < 5 || supers > 20 {
		t.Errorf("%d commits of transactions of 20,000 bytes for 100 files", supers)
	}
	read(t, v.Log, files)
	v.Check(t)
}

func TestOperationsThatAllocateFailWhileMetadataRunsLow(t *testing.T) {
	t.Parallel()
	v := testlog.New(t, testlog.Options{MetaBlocks: 1500})
	if !v.Server.Low() {
		t.Fatal("1500 blocks are enough")
	}
	run := false
	if err := v.Log.Update(t.Context(), txn.Allocating, func(*txn.Tx) error {
		run = true
		return nil
	}); !errors.Is(err, syscall.ENOSPC) || run {
		t.Fatalf("allocating: %v, run %v", err, run)
	}
	// What does not count as allocating goes on, however often it copies blocks.
	var f file
	for i := range 300 {
		if err := v.Log.Update(t.Context(), txn.Freeing, func(tx *txn.Tx) (err error) {
			if i == 0 {
				f, err = createFile(t.Context(), tx, 7, 1)
				return err
			}
			return touchFile(t.Context(), tx, f)
		}); err != nil {
			t.Fatal(err)
		}
		if err := v.Log.Sync(t.Context()); err != nil {
			t.Fatalf("commit %d: %v", i, err)
		}
	}
	read(t, v.Log, map[uint64]file{f.ino: f})
	v.Check(t)
}

func TestOperationThatNoCommitCanHoldFails(t *testing.T) {
	t.Parallel()
	v := testlog.New(t, testlog.Options{MetaBlocks: 1500})
	large := func(tx *txn.Tx) error {
		for i := range uint64(30_000) {
			tx.Set(format.XattrKey(1024+i, 1, 2, 0), make([]byte, 800))
		}
		return nil
	}
	if err := v.Log.Update(t.Context(), txn.Freeing, large); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("error %v", err)
	}
	read(t, v.Log, nil)
	v.Check(t)
}

func TestSearchFileThatIsLargeIsLeftAlone(t *testing.T) {
	t.Parallel()
	v := testlog.New(t, testlog.Options{})
	for i, want := range []int{1, 1, 2} {
		if err := v.Log.Update(t.Context(), txn.Allocating, func(tx *txn.Tx) error {
			for n := range uint64(30_000) { // each twice, which is none
				e := format.SrchEntry{Hash: n * 0x9e3779b97f4a7c15, Ino: n<<40 + uint64(i), ID: n}
				tx.AddSrch(e)
				tx.AddSrch(e)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := v.Log.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := countSrchFiles(t, v); got != want {
			t.Errorf("after commit %d there are %d search files, want %d", i, got, want)
		}
	}
	v.Check(t)
}

func TestManyGoroutines(t *testing.T) {
	t.Parallel()
	v := testlog.New(t, testlog.Options{Txn: txn.Options{MaxBytes: 100_000, Interval: time.Millisecond}})
	var lock sync.Mutex
	files := map[uint64]file{}
	var wait sync.WaitGroup
	for worker := range 8 {
		wait.Go(func() {
			for i := range 60 {
				if err := work(t, v, worker, i, func(f file, exists bool) {
					lock.Lock()
					defer lock.Unlock()
					if exists {
						files[f.ino] = f
					} else {
						delete(files, f.ino)
					}
				}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
	read(t, v.Log, files)
	v.Reopen(t)
	read(t, v.Log, files)
	v.Check(t)
}

// work does one thing or another and tells of files that come and go.
func work(t *testing.T, v *testlog.Volume, worker, i int, note func(f file, exists bool)) error {
	ctx := t.Context()
	if i%20 == 19 {
		if err := v.Log.Sync(ctx); err != nil {
			return err
		}
	}
	if worker%4 == 3 {
		return v.Log.Read(ctx, func(s *forest.Snapshot) error { return sumsUp(ctx, s) })
	}
	e, err := v.Log.ReserveData(ctx, 3)
	if err != nil {
		return err
	}
	if i%7 == 6 {
		v.Log.ReturnData(e)
		return nil
	}
	var f file
	if err := v.Log.Update(ctx, txn.Allocating, func(tx *txn.Tx) error {
		ino, err := tx.AllocIno(ctx)
		if err != nil {
			return err
		}
		f = file{ino: ino, value: uint64(i), blocks: e}
		tx.UseData(e)
		createFileWith(tx, f)
		return nil
	}); err != nil {
		return err
	}
	if i%3 != 0 {
		note(f, true)
		return nil
	}
	return v.Log.Update(ctx, txn.Freeing, func(tx *txn.Tx) error { return deleteFile(ctx, tx, f) })
}

// sumsUp checks that a view holds whole operations: as many files as the total
// counts.
func sumsUp(ctx context.Context, s *forest.Snapshot) error {
	var files uint64
	var sum format.XattrTotal
	for it, err := range s.Items(ctx, format.AllKeys()) {
		if err != nil {
			return err
		}
		switch it.Key.Zone {
		case format.ZoneOrphan:
			files++
		case format.ZoneXattrTotl:
			v, err := format.ViewExact[format.XattrTotal](it.Value)
			if err != nil {
				return err
			}
			sum = *v
		}
	}
	if files != sum.Count.Get() {
		return fmt.Errorf("there are %d files, and the total counts %d", files, sum.Count.Get())
	}
	return nil
}
