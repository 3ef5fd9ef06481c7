// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"slices"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testvolume"
)

// setList gives a list head a number of blocks. Nothing reads the list.
func setList(head *format.AllocListHead, n uint64) { head.TotalNr.Set(n) }

// stocked has free blocks in every store there is, each with another number.
func stocked(tb testing.TB) *testvolume.Builder {
	tb.Helper()
	b := testvolume.New(tb)
	s := &b.Super
	s.MetaAlloc[0].TotalLen.Set(1)
	s.MetaAlloc[1].TotalLen.Set(2)
	s.DataAlloc.TotalLen.Set(3)
	setList(&s.ServerMetaAvail[0], 4)
	setList(&s.ServerMetaAvail[1], 5)
	setList(&s.ServerMetaFreed[0], 6)
	setList(&s.ServerMetaFreed[1], 7)
	s.InodeCount.Set(50)
	n := uint64(10)
	next := func() uint64 { n++; return n }
	for _, rid := range []uint64{900, 800} {
		lt := new(format.LogTrees)
		lt.RID.Set(rid)
		lt.Nr.Set(1)
		setList(&lt.MetaAvail, next())
		setList(&lt.MetaFreed, next())
		lt.DataAvail.TotalLen.Set(next())
		lt.DataFreed.TotalLen.Set(next())
		lt.InodeCountDelta.Set(uint64(int64(rid) - 860)) // +40 and -60
		b.LogTrees[format.LogTreesKey(rid, 1)] = format.Bytes(lt)
	}
	for _, k := range []format.Key{format.SrchPendingKey(70), format.SrchBusyKey(900, 60)} {
		sc := new(format.SrchCompact)
		sc.ID.Set(max(k.Second%100, k.Third))
		setList(&sc.MetaAvail, next())
		setList(&sc.MetaFreed, next())
		b.Srch[k] = format.Bytes(sc)
	}
	b.Srch[format.SrchLogKey(5)] = format.Bytes(new(format.SrchFile))
	b.Merge[format.LogMergeStatusKey()] = format.Bytes(new(format.LogMergeStatus))
	b.Merge[format.LogMergeRangeKey(format.Key{})] = format.Bytes(new(format.LogMergeRange))
	b.Merge[format.LogMergeFreeingKey(9)] = format.Bytes(new(format.LogMergeFreeing))
	request := new(format.LogMergeRequest)
	request.RID.Set(900)
	setList(&request.MetaAvail, next())
	setList(&request.MetaFreed, next())
	b.Merge[format.LogMergeRequestKey(900, 1)] = format.Bytes(request)
	complete := new(format.LogMergeComplete)
	complete.RID.Set(800)
	setList(&complete.MetaAvail, next())
	setList(&complete.MetaFreed, next())
	b.Merge[format.LogMergeCompleteKey(2)] = format.Bytes(complete)
	return b
}

func TestAllocDetail(t *testing.T) {
	t.Parallel()
	f := load(t, stocked(t))
	const meta, avail = true, true
	want := []fs.FreeBlocks{
		{0, 1, meta, avail},
		{0, 2, meta, avail},
		{0, 3, false, avail},
		{1, 4, meta, avail},
		{1, 5, meta, avail},
		{1, 6, meta, false},
		{1, 7, meta, false},
		{800, 15, meta, avail},
		{800, 16, meta, false},
		{800, 17, false, avail},
		{800, 18, false, false},
		{900, 11, meta, avail},
		{900, 12, meta, false},
		{900, 13, false, avail},
		{900, 14, false, false},
		{70, 19, meta, avail},
		{70, 20, meta, false},
		{60, 21, meta, avail},
		{60, 22, meta, false},
		{900, 23, meta, avail},
		{900, 24, meta, false},
		{800, 25, meta, avail},
		{800, 26, meta, false},
	}
	got := all(t, f.AllocDetail(t.Context()))
	if !slices.Equal(got, want) {
		t.Errorf("stores are\n%v, want\n%v", got, want)
	}
	for n := range want { // stopped anywhere
		i := 0
		for range f.AllocDetail(t.Context()) {
			if i++; i > n {
				break
			}
		}
	}
}

func TestStatfs(t *testing.T) {
	t.Parallel()
	f := load(t, stocked(t))
	got, err := f.Statfs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var meta, data uint64
	for _, s := range all(t, f.AllocDetail(t.Context())) {
		if s.Meta {
			meta += s.Blocks
		} else {
			data += s.Blocks
		}
	}
	want := fs.Statfs{
		TotalMetaBlocks: testvolume.MetaBlocks, TotalDataBlocks: testvolume.DataBlocks,
		FreeMetaBlocks: meta, FreeDataBlocks: data, Inodes: 30, UUID: f.Super().UUID,
	}
	if got != want {
		t.Errorf("statfs is %+v, want %+v", got, want)
	}
	const metaBlocks, dataBlocks = testvolume.MetaBlocks, testvolume.DataBlocks
	if got.Blocks() != metaBlocks*16+dataBlocks || got.FreeBlocks() != meta*16+data ||
		got.Files() != metaBlocks*32 || got.FreeFiles() != metaBlocks*32-30 {
		t.Errorf("blocks %d, free %d, files %d, free %d", got.Blocks(), got.FreeBlocks(), got.Files(), got.FreeFiles())
	}
	// "a test's volume!" as four little-endian numbers.
	if id, want := got.FSID(), [2]uint32{0x65742061 ^ 0x73277473, 0x6c6f7620 ^ 0x21656d75}; id != want {
		t.Errorf("fsid is %x, want %x", id, want)
	}
}

func TestReservedMetaBlocks(t *testing.T) {
	t.Parallel()
	for clients, want := range map[uint64]uint64{0: 34681, 1: 34681, 2: 52992, 5: 107925} {
		if got := fs.ReservedMetaBlocks(clients); got != want {
			t.Errorf("%d clients reserve %d, want %d", clients, got, want)
		}
	}
}

func TestCommittedSeq(t *testing.T) {
	t.Parallel()
	type logs struct{ rid, nr, get, commit, maxItem uint64 }
	tests := []struct {
		name    string
		logs    []logs
		mounted []uint64
		want    uint64
	}{
		{"nothing logged", nil, nil, 100},
		{"all committed", []logs{{5, 1, 90, 90, 80}}, []uint64{5}, 100},
		{"open transaction of a mount", []logs{{5, 1, 90, 80, 80}}, []uint64{5}, 89},
		{"open transaction of nobody", []logs{{5, 1, 90, 80, 80}}, []uint64{6}, 100},
		{"the oldest of several open transactions", []logs{{5, 1, 90, 80, 80}, {6, 1, 70, 60, 0}, {7, 3, 95, 60, 0}}, []uint64{5, 6, 7}, 69},
		{"only the newest log of a mount counts", []logs{{5, 1, 50, 40, 0}, {5, 2, 90, 80, 0}}, []uint64{5}, 89},
		{"items beyond the super's number", []logs{{5, 1, 90, 90, 120}}, []uint64{5}, 120},
		{"open transaction beyond it", []logs{{5, 1, 130, 90, 120}}, []uint64{5}, 120},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := testvolume.New(t)
			for _, l := range test.logs {
				lt := new(format.LogTrees)
				lt.RID.Set(l.rid)
				lt.Nr.Set(l.nr)
				lt.GetTransSeq.Set(l.get)
				lt.CommitTransSeq.Set(l.commit)
				lt.MaxItemSeq.Set(l.maxItem)
				b.LogTrees[format.LogTreesKey(l.rid, l.nr)] = format.Bytes(lt)
			}
			for _, rid := range test.mounted {
				b.Mounts[format.MountedClientKey(rid)] = format.Bytes(new(format.MountedClient))
			}
			f := load(t, b)
			if got, err := f.CommittedSeq(t.Context()); got != test.want || err != nil {
				t.Errorf("committed seq is %d (%v), want %d", got, err, test.want)
			}
			var rids []uint64
			for _, m := range all(t, f.Mounts(t.Context(), 0)) {
				rids = append(rids, m.RID)
			}
			if !slices.Equal(rids, test.mounted) {
				t.Errorf("mounts are %d, want %d", rids, test.mounted)
			}
		})
	}
}
