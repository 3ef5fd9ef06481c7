// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scoutfs/engine/ioctl"
)

// fillTree makes /a, /a/b and files in them: three of three and a half blocks,
// and one with two names.
func fillTree(t *testing.T, v *fakeVolume) {
	t.Helper()
	v.create(t, "a", true, 0)
	b := v.create(t, "a/b", true, 0)
	for _, name := range []string{"one", "a/two", "a/b/three"} {
		in := v.create(t, name, false, 3*4096+2048)
		in.srch = "scoutfs.srch.label"
	}
	two, err := v.lookup("a/two")
	if err != nil {
		t.Fatal(err)
	}
	v.link(b, two, "zwei")
}

func mustOpen(t *testing.T, target ioctl.Target, path string, flags int) ioctl.File {
	t.Helper()
	f, err := target.OpenPath(t.Context(), path, flags)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// A walk in small steps finds every file, in order, and its paths open it.
func TestWalkIsResumedAndResolved(t *testing.T) {
	t.Parallel()
	throughEveryCarrier(t, fillTree, func(t *testing.T, target ioctl.Target, _ *fakeVolume) {
		ctx := t.Context()
		statfs, err := target.StatfsMore(ctx)
		if err != nil {
			t.Fatal(err)
		}
		q := ioctl.WalkInodes{Index: ioctl.IndexDataSeq, Last: ioctl.LastInodeEntry(), Count: 2}
		var walked []ioctl.InodeEntry
		for {
			entries, err := target.WalkInodes(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			if len(entries) == 0 {
				break
			}
			walked = append(walked, entries...)
			next, ok := entries[len(entries)-1].Next()
			if !ok {
				t.Fatal("the last entry of all was returned")
			}
			q.First = next
		}
		if !slices.IsSortedFunc(walked, compareEntries) || walked[len(walked)-1].Major != statfs.CommittedSeq {
			t.Errorf("walked %v up to committed %d", walked, statfs.CommittedSeq)
		}

		var paths []string
		for _, e := range walked {
			from := ioctl.DirPosition{}
			for {
				r, err := target.InoPath(ctx, ioctl.InoPath{Ino: e.Ino, From: from, Bytes: ioctl.MaxPathBytes})
				if errors.Is(err, syscall.ENOENT) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				stat, err := mustOpen(t, target, "/"+r.Path, os.O_RDONLY).StatMore(ctx)
				if err != nil || stat.DataSeq != e.Major {
					t.Errorf("%s has %+v, %v; the index says %+v", r.Path, stat, err, e)
				}
				paths = append(paths, r.Path)
				from, _ = r.At.Next()
			}
		}
		if diff := cmp.Diff([]string{"one", "a/two", "a/b/zwei", "a/b/three"}, paths); diff != "" {
			t.Errorf("paths (-want +got):\n%s", diff)
		}
	})
}

func TestNamesOfAnInode(t *testing.T) {
	t.Parallel()
	throughEveryCarrier(t, fillTree, func(t *testing.T, target ioctl.Target, v *fakeVolume) {
		ctx := t.Context()
		two, err := v.lookup("a/two")
		if err != nil {
			t.Fatal(err)
		}
		// 48 bytes are room for one entry, so there must be a second call.
		var names []string
		for from, last := (ioctl.DirPosition{}), false; !last; {
			entries, err := target.GetReferringEntries(ctx, ioctl.GetReferringEntries{Ino: two.ino, From: from, Bytes: 63})
			if err != nil || len(entries) == 0 {
				t.Fatal(entries, err)
			}
			for _, e := range entries {
				names = append(names, e.Name)
				last = e.Last
				from, _ = e.At.Next()
				if e.Ino != two.ino || e.Type != syscall.DT_REG {
					t.Errorf("entry %+v", e)
				}
			}
		}
		if diff := cmp.Diff([]string{"two", "zwei"}, names); diff != "" {
			t.Errorf("names (-want +got):\n%s", diff)
		}
		none, err := target.GetReferringEntries(ctx, ioctl.GetReferringEntries{Ino: rootIno, Bytes: 4096})
		if len(none) != 0 || err != nil {
			t.Errorf("the root has names %v, %v", none, err)
		}
	})
}

// The life of an archived file: released, waited for, staged in pieces, and
// finally staged by moving blocks.
func TestArchiveCycle(t *testing.T) {
	t.Parallel()
	fill := func(t *testing.T, v *fakeVolume) {
		fillTree(t, v)
		v.create(t, "copy", false, 3*4096+2048)
	}
	throughEveryCarrier(t, fill, func(t *testing.T, target ioctl.Target, v *fakeVolume) {
		ctx := t.Context()
		one, err := v.lookup("one")
		if err != nil {
			t.Fatal(err)
		}
		var archived []byte
		for _, b := range one.blocks {
			archived = append(archived, b.data[:]...)
		}
		archived = archived[:one.attr.Size]

		f := mustOpen(t, target, "one", os.O_RDWR)
		a, err := f.GetAttrX(ctx, ioctl.GetAttrX{Mask: ioctl.AttrDataVersion | ioctl.AttrSize | ioctl.AttrOnlineBlocks})
		if err != nil || a.Size != one.attr.Size || a.OnlineBlocks != 4 {
			t.Fatalf("attributes %+v, %v", a, err)
		}
		release := ioctl.Release{Length: 4 * 4096, DataVersion: a.DataVersion + 1}
		if err := f.Release(ctx, release); !errors.Is(err, syscall.ESTALE) {
			t.Errorf("release of another version: %v", err)
		}
		release.DataVersion = a.DataVersion
		if err := f.Release(ctx, release); err != nil {
			t.Fatal(err)
		}
		wantBlocks(t, f, 0, 4)
		if err := mustOpen(t, target, "one", os.O_RDONLY).Release(ctx, release); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("release without writing: %v", err)
		}

		v.waiters = []ioctl.DataWaiter{{Ino: one.ino, Block: 1, Ops: ioctl.WaitRead}, {Ino: one.ino, Block: 3, Ops: ioctl.WaitRead | ioctl.WaitWrite}}
		waiters, err := target.DataWaiting(ctx, ioctl.DataWaiting{Count: 16})
		if diff := cmp.Diff(v.waiters, waiters); diff != "" || err != nil {
			t.Errorf("waiters %v (-want +got):\n%s", err, diff)
		}
		n, err := target.DataWaitErr(ctx, ioctl.DataWaitErr{Ino: one.ino, Offset: 3 * 4096, Count: 1, Ops: ioctl.WaitWrite, Err: -int64(syscall.EIO)})
		if n != 1 || err != nil || !slices.Equal(v.failed, []int64{-5}) {
			t.Errorf("failed %d waiters, %v: %v", n, err, v.failed)
		}

		for at := 0; at < len(archived); at += 8192 {
			piece := archived[at:min(at+8192, len(archived))]
			n, err := f.Stage(ctx, ioctl.Stage{DataVersion: a.DataVersion, Offset: uint64(at), Data: piece})
			if n != len(piece) || err != nil {
				t.Fatalf("staged %d of %d bytes, %v", n, len(piece), err)
			}
		}
		wantBlocks(t, f, 4, 0)
		var staged []byte
		for _, b := range one.blocks {
			staged = append(staged, b.data[:]...)
		}
		if !bytes.Equal(staged[:len(archived)], archived) {
			t.Error("the staged data is not what was archived")
		}

		if err := f.Release(ctx, release); err != nil {
			t.Fatal(err)
		}
		move := ioctl.MoveBlocks{Length: 8192, ToOffset: 4096, DataVersion: a.DataVersion, Flags: ioctl.MoveStage}
		from := mustOpen(t, target, "copy", os.O_RDWR)
		if err := f.MoveBlocks(ctx, from, move); err != nil {
			t.Fatal(err)
		}
		wantBlocks(t, f, 2, 2)
		wantBlocks(t, from, 2, 0)
		if err := f.MoveBlocks(ctx, f, move); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("moving to itself: %v", err)
		}
		if err := f.MoveBlocks(ctx, struct{ ioctl.File }{from}, move); !errors.Is(err, syscall.EXDEV) {
			t.Errorf("moving from elsewhere: %v", err)
		}
		if err := f.PunchOffline(ctx, ioctl.PunchOffline{Offset: 3 * 4096, Length: 4096, DataVersion: a.DataVersion}); err != nil {
			t.Error(err)
		}
		extents, err := f.Fiemap(ctx, ioctl.Fiemap{Length: math.MaxUint64, Count: 100})
		want := []ioctl.FiemapExtent{
			{Logical: 0, Length: 4096, Flags: ioctl.ExtentUnknown | ioctl.ExtentDelalloc},
			{Logical: 4096, Physical: one.ino*1<<30 + 4096, Length: 4096},
			{Logical: 8192, Physical: one.ino*1<<30 + 8192, Length: 4096, Flags: ioctl.ExtentLast},
		}
		if diff := cmp.Diff(ioctl.FiemapResult{Extents: want, Mapped: 3}, extents); diff != "" || err != nil {
			t.Errorf("extents %v (-want +got):\n%s", err, diff)
		}
		counted, err := f.Fiemap(ctx, ioctl.Fiemap{Length: math.MaxUint64})
		if counted.Mapped != 3 || len(counted.Extents) != 0 || err != nil {
			t.Errorf("counted %+v, %v", counted, err)
		}
	})
}

func wantBlocks(t *testing.T, f ioctl.File, online, offline uint64) {
	t.Helper()
	s, err := f.StatMore(t.Context())
	if err != nil || s.OnlineBlocks != online || s.OfflineBlocks != offline {
		t.Errorf("%d blocks online and %d offline, expected %d and %d (%v)", s.OnlineBlocks, s.OfflineBlocks, online, offline, err)
	}
}

func TestRestoredFile(t *testing.T) {
	t.Parallel()
	fill := func(t *testing.T, v *fakeVolume) {
		for _, name := range []string{"more", "x"} {
			v.create(t, name, false, 0).attr.DataVersion = 0
		}
	}
	throughEveryCarrier(t, fill, func(t *testing.T, target ioctl.Target, v *fakeVolume) {
		ctx := t.Context()
		ctime, crtime := ioctl.Timespec{Sec: 12, Nsec: 34}, ioctl.Timespec{Sec: 56, Nsec: 78}
		more := ioctl.SetattrMore{DataVersion: 9, Size: 8193, Flags: ioctl.SetattrOffline, Ctime: ctime, Crtime: crtime}
		if err := mustOpen(t, target, "more", os.O_RDONLY).SetattrMore(ctx, more); !errors.Is(err, syscall.EBADF) {
			t.Errorf("without writing: %v", err)
		}
		if err := mustOpen(t, target, "more", os.O_WRONLY).SetattrMore(ctx, more); err != nil {
			t.Fatal(err)
		}
		x := ioctl.SetAttrX{
			Mask:        ioctl.AttrDataVersion | ioctl.AttrSize | ioctl.AttrCtime | ioctl.AttrCrtime | ioctl.AttrRetention | ioctl.AttrProjectID,
			Flags:       ioctl.AttrSizeOffline,
			DataVersion: 9, Size: 8193, Ctime: ctime, Crtime: crtime, Retention: true, ProjectID: 77,
		}
		if err := mustOpen(t, target, "x", os.O_RDONLY).SetAttrX(ctx, x); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"more", "x"} {
			got, err := mustOpen(t, target, name, os.O_RDONLY).GetAttrX(ctx, ioctl.GetAttrX{Mask: ioctl.AttrAll})
			if err != nil {
				t.Fatal(err)
			}
			if got.DataVersion != 9 || got.Size != 8193 || got.OfflineBlocks != 3 || got.Ctime != ctime || got.Crtime != crtime {
				t.Errorf("%s has %+v", name, got)
			}
			if special := name == "x"; got.Retention != special || (got.ProjectID == 77) != special {
				t.Errorf("%s has %+v", name, got)
			}
		}
		v.v1 = true
		_, err := mustOpen(t, target, "x", os.O_RDONLY).GetAttrX(ctx, ioctl.GetAttrX{Mask: ioctl.AttrAll})
		if !errors.Is(err, syscall.EOPNOTSUPP) {
			t.Errorf("all attributes in format version 1: %v", err)
		}
		if _, err := mustOpen(t, target, "x", os.O_RDONLY).GetAttrX(ctx, ioctl.GetAttrX{Mask: ioctl.AttrV1}); err != nil {
			t.Errorf("the attributes of format version 1: %v", err)
		}
	})
}

func TestXattrRequestsAreResumed(t *testing.T) {
	t.Parallel()
	fill := func(t *testing.T, v *fakeVolume) {
		fillTree(t, v)
		for i := range 40 {
			v.inodes[rootIno].xattrs = append(v.inodes[rootIno].xattrs, fmt.Sprintf("scoutfs.hide.n%d", i))
			v.index = append(v.index, ioctl.XattrIndexEntry{Major: uint8(i % 3), Minor: uint64(i), Ino: math.MaxUint64 - uint64(i%2)})
			v.totals = append(v.totals, ioctl.XattrTotal{Name: ioctl.TotalName{1, uint64(i), math.MaxUint64}, Total: uint64(i), Count: 1})
		}
	}
	throughEveryCarrier(t, fill, func(t *testing.T, target ioctl.Target, v *fakeVolume) {
		ctx := t.Context()
		root := mustOpen(t, target, "", os.O_RDONLY)
		var hidden []string
		for q := (ioctl.ListxattrHidden{Bytes: 256}); ; {
			r, err := root.ListxattrHidden(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Names) == 0 {
				break
			}
			hidden = append(hidden, r.Names...)
			q.From = r.Next
		}
		if diff := cmp.Diff(v.inodes[rootIno].xattrs, hidden); diff != "" {
			t.Errorf("hidden names (-want +got):\n%s", diff)
		}

		var found []uint64
		for q := (ioctl.SearchXattrs{Name: "scoutfs.srch.label", LastIno: math.MaxUint64, Count: 2}); ; {
			r, err := target.SearchXattrs(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, r.Inos...)
			if r.End {
				break
			}
			q.NextIno = r.Inos[len(r.Inos)-1] + 1
		}
		if len(found) != 3 || !slices.IsSorted(found) {
			t.Errorf("found %v", found)
		}
		if _, err := target.SearchXattrs(ctx, ioctl.SearchXattrs{Name: "user.x", LastIno: 1, Count: 1}); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("search without the tag: %v", err)
		}

		var totals []ioctl.XattrTotal
		for q := (ioctl.ReadXattrTotals{Count: 7}); ; {
			some, err := target.ReadXattrTotals(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			if len(some) == 0 {
				break
			}
			totals = append(totals, some...)
			q.From, _ = some[len(some)-1].Name.Next()
		}
		if diff := cmp.Diff(v.totals, totals); diff != "" {
			t.Errorf("totals (-want +got):\n%s", diff)
		}
		if err := target.InjectTotlDelta(ctx, ioctl.InjectTotlDelta{Name: v.totals[3].Name, Total: -4, Count: 1}); err != nil || v.totals[3].Total != math.MaxUint64 || v.totals[3].Count != 2 {
			t.Errorf("injected to %+v, %v", v.totals[3], err)
		}

		var index []ioctl.XattrIndexEntry
		for q := (ioctl.ReadXattrIndex{Last: ioctl.LastXattrIndexEntry(), Count: 7}); ; {
			some, err := target.ReadXattrIndex(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			if len(some) == 0 {
				break
			}
			index = append(index, some...)
			var ok bool
			if q.First, ok = some[len(some)-1].Next(); !ok {
				break
			}
		}
		slices.SortFunc(v.index, func(a, b ioctl.XattrIndexEntry) int {
			return slices.Compare([]uint64{uint64(a.Major), a.Minor, a.Ino}, []uint64{uint64(b.Major), b.Minor, b.Ino})
		})
		if diff := cmp.Diff(v.index, index); diff != "" {
			t.Errorf("index (-want +got):\n%s", diff)
		}
		if _, err := target.ReadXattrIndex(ctx, ioctl.ReadXattrIndex{First: ioctl.LastXattrIndexEntry()}); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("index from behind its end: %v", err)
		}
	})
}

func TestQuotaRulesAreReadInBatches(t *testing.T) {
	t.Parallel()
	nothing := func(*testing.T, *fakeVolume) {}
	throughEveryCarrier(t, nothing, func(t *testing.T, target ioctl.Target, v *fakeVolume) {
		ctx := t.Context()
		for i := range 10 {
			rule := someRule
			rule.Limit = uint64(i)
			if err := target.AddQuotaRule(ctx, ioctl.AddQuotaRule{Rule: rule}); err != nil {
				t.Fatal(err)
			}
		}
		var rules []ioctl.QuotaRule
		for q := (ioctl.GetQuotaRules{Count: 4}); ; {
			r, err := target.GetQuotaRules(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Rules) == 0 {
				break
			}
			rules = append(rules, r.Rules...)
			q.From = r.Next
		}
		if diff := cmp.Diff(v.rules, rules); diff != "" {
			t.Errorf("rules (-want +got):\n%s", diff)
		}
		if err := target.AddQuotaRule(ctx, ioctl.AddQuotaRule{Rule: rules[0]}); !errors.Is(err, syscall.EEXIST) {
			t.Errorf("the same rule again: %v", err)
		}
		if err := target.DelQuotaRule(ctx, ioctl.DelQuotaRule{Rule: rules[0]}); err != nil {
			t.Error(err)
		}
		if err := target.DelQuotaRule(ctx, ioctl.DelQuotaRule{Rule: rules[0]}); !errors.Is(err, syscall.ENOENT) {
			t.Errorf("removing a rule that is gone: %v", err)
		}
		v.v1 = true
		if _, err := target.GetQuotaRules(ctx, ioctl.GetQuotaRules{Count: 1}); !errors.Is(err, syscall.EOPNOTSUPP) {
			t.Errorf("rules in format version 1: %v", err)
		}
	})
}

func TestVolumeRequests(t *testing.T) {
	t.Parallel()
	fill := func(t *testing.T, v *fakeVolume) {
		fillTree(t, v)
		for i := range 3000 {
			v.alloc = append(v.alloc, ioctl.AllocDetailEntry{ID: uint64(i), Blocks: uint64(i * i), Meta: i%2 == 0, Avail: i%3 == 0})
		}
	}
	throughEveryCarrier(t, fill, func(t *testing.T, target ioctl.Target, v *fakeVolume) {
		ctx := t.Context()
		if _, err := target.AllocDetail(ctx, ioctl.AllocDetail{Count: 2999}); !errors.Is(err, syscall.EOVERFLOW) {
			t.Errorf("too little room: %v", err)
		}
		entries, err := ioctl.AllocDetails(ctx, target)
		if diff := cmp.Diff(v.alloc, entries); diff != "" || err != nil {
			t.Errorf("free blocks %v (-want +got):\n%s", err, diff)
		}

		if err := target.ResizeDevices(ctx, ioctl.ResizeDevices{TotalMetaBlocks: 999}); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("shrinking: %v", err)
		}
		if err := target.ResizeDevices(ctx, ioctl.ResizeDevices{TotalDataBlocks: 10000}); err != nil {
			t.Error(err)
		}
		got, err := target.StatfsMore(ctx)
		want := ioctl.StatfsMoreResult{
			FSID: 0xf51d, RID: 0x21d, CommittedSeq: v.seq, TotalMetaBlocks: 1000, TotalDataBlocks: 10000, ReservedMetaBlocks: 34681,
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("statfs %v (-want +got):\n%s", err, diff)
		}

		inos, err := target.GetAllocatedInos(ctx, ioctl.GetAllocatedInos{Start: 1025, Count: 2})
		if !slices.Equal(inos, []uint64{1025, 1026}) || err != nil {
			t.Errorf("allocated %v, %v", inos, err)
		}
		if _, err := target.GetAllocatedInos(ctx, ioctl.GetAllocatedInos{}); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("room for nothing: %v", err)
		}
	})
}

func TestOpenIno(t *testing.T) {
	t.Parallel()
	v := newFakeVolume()
	fillTree(t, v)
	target := newRemote(v)
	f, err := target.OpenIno(t.Context(), 1026, os.O_RDONLY)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := f.StatMore(t.Context()); err != nil || s.MetaSeq != v.inodes[1026].attr.MetaSeq {
		t.Errorf("opened %+v, %v", s, err)
	}
	if _, err := target.OpenIno(t.Context(), 5, os.O_RDONLY); !errors.Is(err, syscall.ESTALE) {
		t.Errorf("an inode that is not there: %v", err)
	}
}

func TestNextCarriesAndEnds(t *testing.T) {
	t.Parallel()
	const most = math.MaxUint64
	check := func(name string, got, want any, ok, wantOK bool) {
		if got != want || ok != wantOK {
			t.Errorf("%s: %v %v, expected %v %v", name, got, ok, want, wantOK)
		}
	}
	for _, row := range []struct{ at, next ioctl.InodeEntry }{
		{ioctl.InodeEntry{Major: 1, Minor: 2, Ino: 3}, ioctl.InodeEntry{Major: 1, Minor: 2, Ino: 4}},
		{ioctl.InodeEntry{Major: 1, Minor: 2, Ino: most}, ioctl.InodeEntry{Major: 1, Minor: 3}},
		{ioctl.InodeEntry{Major: 1, Minor: math.MaxUint32, Ino: most}, ioctl.InodeEntry{Major: 2}},
	} {
		next, ok := row.at.Next()
		check("inode entry", next, row.next, ok, true)
	}
	_, ok := ioctl.LastInodeEntry().Next()
	check("last inode entry", nil, nil, ok, false)

	for _, row := range []struct{ at, next ioctl.DirPosition }{
		{ioctl.DirPosition{Dir: 1, Pos: 2}, ioctl.DirPosition{Dir: 1, Pos: 3}},
		{ioctl.DirPosition{Dir: 1, Pos: most}, ioctl.DirPosition{Dir: 2}},
	} {
		next, ok := row.at.Next()
		check("position", next, row.next, ok, true)
	}
	_, ok = ioctl.DirPosition{Dir: most, Pos: most}.Next()
	check("last position", nil, nil, ok, false)

	for _, row := range []struct{ at, next ioctl.TotalName }{
		{ioctl.TotalName{1, 2, 3}, ioctl.TotalName{1, 2, 4}},
		{ioctl.TotalName{1, 2, most}, ioctl.TotalName{1, 3, 0}},
		{ioctl.TotalName{1, most, most}, ioctl.TotalName{2, 0, 0}},
	} {
		next, ok := row.at.Next()
		check("total", next, row.next, ok, true)
	}
	_, ok = ioctl.TotalName{most, most, most}.Next()
	check("last total", nil, nil, ok, false)

	for _, row := range []struct{ at, next ioctl.XattrIndexEntry }{
		{ioctl.XattrIndexEntry{Major: 1, Minor: 2, Ino: 3}, ioctl.XattrIndexEntry{Major: 1, Minor: 2, Ino: 4}},
		{ioctl.XattrIndexEntry{Major: 1, Minor: 2, Ino: most}, ioctl.XattrIndexEntry{Major: 1, Minor: 3}},
		{ioctl.XattrIndexEntry{Major: 1, Minor: most, Ino: most}, ioctl.XattrIndexEntry{Major: 2}},
	} {
		next, ok := row.at.Next()
		check("index entry", next, row.next, ok, true)
	}
	_, ok = ioctl.LastXattrIndexEntry().Next()
	check("last index entry", nil, nil, ok, false)
}

func TestQuotaRulesAreRanked(t *testing.T) {
	t.Parallel()
	// Each rule differs from the one before in one field, which outranks all
	// that follow.
	greatest := ioctl.QuotaName{Value: math.MaxUint64, Source: math.MaxUint8, Flags: math.MaxUint8}
	ranked := []ioctl.QuotaRule{{}}
	for _, raise := range []func(r *ioctl.QuotaRule){
		func(r *ioctl.QuotaRule) { r.Flags = math.MaxUint8 },
		func(r *ioctl.QuotaRule) { r.Limit = math.MaxUint64; r.Flags = 0 },
		func(r *ioctl.QuotaRule) { r.Op = math.MaxUint8; r.Limit = 0 },
		func(r *ioctl.QuotaRule) { r.Names[2].Flags = math.MaxUint8; r.Op = 0 },
		func(r *ioctl.QuotaRule) { r.Names[2] = ioctl.QuotaName{Source: math.MaxUint8} },
		func(r *ioctl.QuotaRule) { r.Names[2] = ioctl.QuotaName{Value: math.MaxUint64} },
		func(r *ioctl.QuotaRule) { r.Names[1].Flags = math.MaxUint8; r.Names[2] = ioctl.QuotaName{} },
		func(r *ioctl.QuotaRule) { r.Names[0].Flags = math.MaxUint8; r.Names[1] = ioctl.QuotaName{} },
		func(r *ioctl.QuotaRule) { r.Names[0] = greatest },
		func(r *ioctl.QuotaRule) { r.Prio = 1; r.Names[0] = ioctl.QuotaName{} },
	} {
		next := ranked[len(ranked)-1]
		raise(&next)
		ranked = append(ranked, next)
	}
	for i, a := range ranked {
		for j, b := range ranked {
			if got, want := a.Compare(b), max(-1, min(1, i-j)); got != want {
				t.Errorf("rule %d to %d is %d, expected %d", i, j, got, want)
			}
		}
	}
}
