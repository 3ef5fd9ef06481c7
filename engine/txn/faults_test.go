// SPDX-License-Identifier: GPL-2.0-or-later

package txn_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/server"
	"scoutfs/engine/txn"
	"scoutfs/internal/testlog"
)

// create makes n files, each in an operation of its own.
func create(tb testing.TB, v *testlog.Volume, files map[uint64]file, n int) {
	tb.Helper()
	for i := range n {
		var f file
		if err := v.Log.Update(tb.Context(), txn.Allocating, func(tx *txn.Tx) (err error) {
			f, err = createFile(tb.Context(), tx, uint64(i), 1)
			return err
		}); err != nil {
			tb.Fatal(err)
		}
		files[f.ino] = f
	}
}

// faultyVolume is a volume whose devices fail on demand.
func faultyVolume(tb testing.TB) (v *testlog.Volume, meta, data *device.Faulty) {
	tb.Helper()
	v = testlog.New(tb, testlog.Options{Wrap: func(p device.Pair) device.Pair {
		meta, data = device.NewFaulty(p.Meta), device.NewFaulty(p.Data)
		return device.Pair{Meta: meta, Data: data}
	}})
	return v, meta, data
}

// superPlace limits a fault to the super block, notSuper to all that is behind.
func superPlace(f device.Fault) device.Fault {
	f.Off, f.Len = format.SuperBlkno<<format.SmallBlockShift, format.SmallBlockSize
	return f
}

func notSuper(f device.Fault) device.Fault {
	f.Off, f.Len = format.FirstMetaBlkno<<format.LargeBlockShift, 1<<60
	return f
}

func TestCommitThatFailsBeforeTheSuperIsTriedAgain(t *testing.T) {
	t.Parallel()
	faults := map[string]device.Fault{"flush": {Op: device.OpFlush, Count: 1}}
	for n := range 6 {
		faults[fmt.Sprintf("write %d", n)] = notSuper(device.Fault{Op: device.OpWrite, After: n, Count: 1})
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, meta, _ := faultyVolume(t)
			files := map[uint64]file{}
			create(t, v, files, 5)
			if err := v.Log.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			before := maps.Clone(files)
			create(t, v, files, 5)
			// Several times, so that the failed commit's blocks come again.
			for range 3 {
				meta.Add(fault)
				err := v.Log.Sync(t.Context())
				if meta.Failed() == 0 {
					t.Skip("a commit makes fewer writes")
				}
				if err == nil {
					t.Fatal("the commit succeeded")
				}
				meta.Clear()
				checkFiles(t, v.Log.Committed(), before)
				read(t, v.Log, files)
				create(t, v, files, 1)
			}
			if err := v.Log.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			checkFiles(t, v.Log.Committed(), files)
			create(t, v, files, 5)
			v.Reopen(t)
			read(t, v.Log, files)
			v.Check(t)
		})
	}
}

func TestCommitThatFailsAtTheSuperEndsEverything(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name       string
		meta, data []device.Fault
		committed  bool // what the volume shows when it is opened again
	}{
		{"write", []device.Fault{superPlace(device.Fault{Op: device.OpWrite})}, nil, false},
		{"flush", []device.Fault{{Op: device.OpFlush, After: 1}}, nil, true},
		{"flush of file data", nil, []device.Fault{{Op: device.OpFlush}}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v, meta, data := faultyVolume(t)
			files := map[uint64]file{}
			create(t, v, files, 5)
			if err := v.Log.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			before := maps.Clone(files)
			create(t, v, files, 5)
			meta.Add(test.meta...)
			data.Add(test.data...)
			uncertain := (*server.UncertainError)(nil)
			if err := v.Log.Sync(t.Context()); !errors.As(err, &uncertain) {
				t.Fatalf("error %v, want an uncertain one", err)
			}
			meta.Clear()
			data.Clear()
			for name, err := range map[string]error{
				"sync":   v.Log.Sync(t.Context()),
				"update": v.Log.Update(t.Context(), txn.Freeing, func(*txn.Tx) error { return nil }),
				"read":   v.Log.Read(t.Context(), nil),
				"close":  v.Log.Close(t.Context()),
			} {
				if !errors.As(err, &uncertain) {
					t.Errorf("%s afterwards: %v", name, err)
				}
			}
			v.Crash(t)
			if !test.committed {
				files = before
			}
			read(t, v.Log, files)
			v.Check(t)
		})
	}
}

func TestCommitOfAnEndedContextIsNone(t *testing.T) {
	t.Parallel()
	v := testlog.New(t, testlog.Options{})
	files := map[uint64]file{}
	create(t, v, files, 5)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := v.Log.Sync(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	if err := v.Log.Update(ctx, txn.Freeing, func(*txn.Tx) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	checkFiles(t, v.Log.Committed(), nil)
	read(t, v.Log, files)
	v.Crash(t)
	read(t, v.Log, nil)
	v.Check(t)
}
