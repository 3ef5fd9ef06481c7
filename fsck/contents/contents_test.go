// SPDX-License-Identifier: GPL-2.0-or-later

package contents

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"scoutfs/engine"
	"scoutfs/engine/device"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
	"scoutfs/internal/testtree"
	"scoutfs/progress"
)

func TestRequestsAreLargeAndReadNothingTwice(t *testing.T) {
	t.Parallel()
	type want struct {
		blkno, blocks uint64
		inos          []uint64
	}
	tests := []struct {
		name    string
		extents []extent // of inodes 1, 2, ...
		want    []want
	}{
		{"nothing", nil, nil},
		{"one block", []extent{{blkno: 64, blocks: 1}}, []want{{64, 1, []uint64{1}}}},
		{"neighbours are read together", []extent{{blkno: 64, blocks: 2}, {blkno: 66, blocks: 3}}, []want{{64, 5, []uint64{1, 2}}}},
		{"a gap", []extent{{blkno: 64, blocks: 2}, {blkno: 67, blocks: 3}}, []want{{64, 2, []uint64{1}}, {67, 3, []uint64{2}}}},
		{
			"a long extent",
			[]extent{{blkno: 100, blocks: 2*requestBlocks + 1}, {blkno: 100 + 2*requestBlocks + 1, blocks: 1}},
			[]want{{100, requestBlocks, []uint64{1}}, {100 + requestBlocks, requestBlocks, []uint64{1}}, {100 + 2*requestBlocks, 2, []uint64{1, 2}}},
		},
		{"the same blocks", []extent{{blkno: 64, blocks: 4}, {blkno: 64, blocks: 4}, {blkno: 66, blocks: 4}}, []want{{64, 6, []uint64{1, 2, 3}}}},
		{"within another", []extent{{blkno: 64, blocks: 9}, {blkno: 66, blocks: 1}, {blkno: 73, blocks: 1}}, []want{{64, 10, []uint64{1, 2, 3}}}},
		{"within a long one", []extent{{blkno: 64, blocks: 3 * requestBlocks}, {blkno: 65, blocks: 1}}, []want{
			{64, requestBlocks, []uint64{1}},
			{64 + requestBlocks, requestBlocks, []uint64{1}},
			{64 + 2*requestBlocks, requestBlocks, []uint64{1, 2}},
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for i := range test.extents {
				test.extents[i].ino = uint64(i + 1)
			}
			var got []want
			for q := range requests(test.extents) {
				w := want{q.blkno, q.blocks, nil}
				for _, e := range q.extents {
					w.inos = append(w.inos, e.ino)
				}
				got = append(got, w)
			}
			if diff := gocmp.Diff(test.want, got, gocmp.AllowUnexported(want{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// volume has files with all kinds of extents. The two extents of "split" do
// not follow each other on the device.
func volume(t *testing.T) (pair device.Pair, snapshot *forest.Snapshot, inos map[string]uint64) {
	t.Helper()
	v := testtree.New(t, 2)
	inos = map[string]uint64{
		"large":     v.File(format.RootIno, "large", testtree.Data(make([]byte, 600*format.SmallBlockSize))),
		"split":     v.File(format.RootIno, "split", testtree.Text("a"), testtree.Hole(9), testtree.Text("b")),
		"unwritten": v.File(format.RootIno, "unwritten", testtree.Unwritten(3)),
		"offline":   v.File(format.RootIno, "offline", testtree.Offline(5)),
		"last":      v.File(format.RootIno, "last", testtree.Text("c")),
	}
	pair = v.Memory()
	opened, err := engine.OpenDevices(t.Context(), pair, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	view, err := opened.FS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return pair, view.Snapshot(), inos
}

type findings struct {
	mu  sync.Mutex
	all []problem.Finding
}

func (f *findings) report(found problem.Finding) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, found)
}

func (f *findings) sorted() []problem.Finding {
	slices.SortFunc(f.all, func(a, b problem.Finding) int { return cmp.Compare(a.Place.Blkno, b.Place.Blkno) })
	return f.all
}

// Written blocks of the volume: 600 of large, 2 of split, 1 of last. The 3
// unwritten ones lie before the last.
const writtenBlocks = 603

func TestAllWrittenBlocksAreRead(t *testing.T) {
	t.Parallel()
	pair, snapshot, _ := volume(t)
	var found findings
	var told counter
	n, err := Read(t.Context(), Options{Snapshot: snapshot, Data: pair.Data, Report: found.report, Workers: 3, Progress: &told, Total: progress.Unknown})
	if err != nil || n != writtenBlocks*format.SmallBlockSize || len(found.all) != 0 {
		t.Errorf("read %d bytes, %v, found %v, want %d bytes", n, err, found.all, writtenBlocks*format.SmallBlockSize)
	}
	if told.n != int64(n) {
		t.Errorf("progress is %d, want %d", told.n, n)
	}
	opts := Options{Snapshot: snapshot, Data: pair.Data, Report: found.report, Workers: 1, Progress: progress.Discard{}}
	if again, err := readBatches(t.Context(), opts, 2); err != nil || again != n {
		t.Errorf("in batches of two extents it has read %d bytes, %v, want %d", again, err, n)
	}
}

type counter struct {
	progress.Discard
	mu sync.Mutex
	n  int64
}

func (c *counter) Add(n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n += n
}

func TestBlocksThatCannotBeReadAreReportedWithTheirFiles(t *testing.T) {
	t.Parallel()
	pair, snapshot, inos := volume(t)
	const block = format.SmallBlockSize
	first := int64(format.FirstDataBlkno) * block
	bad := device.NewFaulty(pair.Data,
		device.Fault{Off: first + 10*block, Len: 2 * block, Err: syscall.EIO},
		device.Fault{Off: first + 300*block + 7, Len: 1, Err: syscall.EIO},
		device.Fault{Off: first + 599*block, Len: 2 * block, Err: syscall.EIO}, // the last of large, the first of split
		device.Fault{Off: first + 602*block, Len: 3 * block, Err: syscall.EIO}, // unwritten
		device.Fault{Off: first + 605*block, Len: block, Err: syscall.ENODATA},
	)
	var found findings
	n, err := Read(t.Context(), Options{Snapshot: snapshot, Data: bad, Report: found.report, Workers: 2})
	if err != nil || n != (writtenBlocks-6)*block {
		t.Errorf("read %d bytes, %v, want %d", n, err, (writtenBlocks-6)*block)
	}
	place := func(at, blocks uint64, name string) problem.Place {
		return problem.Place{Device: problem.DataDevice, Blkno: format.FirstDataBlkno + at, Blocks: blocks, Ino: inos[name]}
	}
	eio, enodata := syscall.EIO.Error(), syscall.ENODATA.Error()
	want := []problem.Finding{
		{Number: problem.DataUnreadable, Place: place(10, 2, "large"), Found: fmt.Sprintf("%s at bytes %d to %d", eio, 10*block, 12*block-1)},
		{Number: problem.DataUnreadable, Place: place(300, 1, "large"), Found: fmt.Sprintf("%s at bytes %d to %d", eio, 300*block, 301*block-1)},
		{Number: problem.DataUnreadable, Place: place(599, 1, "large"), Found: fmt.Sprintf("%s at bytes %d to %d", eio, 599*block, 600*block-1)},
		{Number: problem.DataUnreadable, Place: place(600, 1, "split"), Found: fmt.Sprintf("%s at bytes 0 to 4095", eio)},
		{Number: problem.DataUnreadable, Place: place(605, 1, "last"), Found: fmt.Sprintf("%s at bytes 0 to 4095", enodata)},
	}
	if diff := gocmp.Diff(want, found.sorted()); diff != "" {
		t.Error(diff)
	}
}

func TestReadingStopsWithItsContext(t *testing.T) {
	t.Parallel()
	pair, snapshot, _ := volume(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := errors.New("stopped")
	cancel(stopped)
	if n, err := Read(ctx, Options{Snapshot: snapshot, Data: pair.Data}); !errors.Is(err, stopped) || n != 0 {
		t.Errorf("read %d bytes, %v", n, err)
	}
}

// What an extent's item says may be anything.
func TestImpossibleExtentsAreLeftOut(t *testing.T) {
	t.Parallel()
	const total = 1000
	item := func(start, length, blkno uint64, flags uint8) forest.Item {
		var e format.DataExtent
		e.Blkno.Set(blkno)
		e.Flags = flags
		return forest.Item{Key: format.DataExtentKey(7, format.Extent{Start: start, Len: length}), Value: format.Bytes(&e)}
	}
	tests := []struct {
		name string
		item forest.Item
		ok   bool
	}{
		{"written", item(3, 5, 64, 0), true},
		{"to the end of the device", item(3, 5, 995, 0), true},
		{"beyond the end of the device", item(3, 5, 996, 0), false},
		{"behind the device", item(3, 5, 1000, 0), false},
		{"in front of the first block", item(3, 5, 63, 0), false},
		{"without a place", item(3, 5, 0, 0), false},
		{"offline", item(3, 5, 64, format.ExtentOffline), false},
		{"unwritten", item(3, 5, 64, format.ExtentUnwritten), false},
		{"empty", item(3, 0, 64, 0), false},
		{"longer than numbers", item(3, 1<<63, 1<<63, 0), false},
		{"of another kind", forest.Item{Key: format.InodeKey(7), Value: make([]byte, 16)}, false},
		{"too short", forest.Item{Key: format.DataExtentKey(7, format.Extent{Len: 1}), Value: make([]byte, 3)}, false},
	}
	for _, test := range tests {
		e, ok := writtenExtent(test.item, total)
		if ok != test.ok || ok && e.ino != 7 {
			t.Errorf("%s: %v %v", test.name, e, ok)
		}
	}
}
