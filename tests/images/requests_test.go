// SPDX-License-Identifier: GPL-2.0-or-later

package images_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"syscall"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/engine/ioctl"
	"scoutfs/internal/testimage/manifest"
	"scoutfs/internal/testsample"
)

// batch is how many results are asked for at a time: few, and no divisor of
// anything, so that every list is taken up again at many places.
const batch = 97

// checkRequests asks the archive requests of the devices, in batches, and
// compares with what the commands got on the mount.
func (v *volume) checkRequests(t *testing.T) {
	t.Helper()
	target := v.Target()
	v.askIndexes(t, target)
	v.askNames(t, target)
	v.askRules(t, target)
	v.askFiles(t, target)
	v.askNumbers(t, target)
}

// batches asks again from the next place until nothing comes.
func batches[T, P any](t *testing.T, from P, ask func(P) ([]T, error), next func(T) (P, bool)) []T {
	t.Helper()
	var every []T
	for {
		some, err := ask(from)
		if err != nil {
			t.Fatal(err)
		}
		if len(some) == 0 {
			return every
		}
		every = append(every, some...)
		var more bool
		if from, more = next(some[len(some)-1]); !more {
			return every
		}
	}
}

func convert[T, U any](list []T, as func(T) U) []U {
	var converted []U
	for _, v := range list {
		converted = append(converted, as(v))
	}
	return converted
}

func nextIno(ino uint64) (uint64, bool) { return ino + 1, ino+1 != 0 }

func (v *volume) askIndexes(t *testing.T, target ioctl.Volume) {
	t.Helper()
	ctx, m := t.Context(), v.manifest
	for index, want := range map[ioctl.InodeIndex][]manifest.IndexEntry{ioctl.IndexMetaSeq: m.MetaSeq, ioctl.IndexDataSeq: m.DataSeq} {
		got := batches(t, ioctl.InodeEntry{}, func(from ioctl.InodeEntry) ([]ioctl.InodeEntry, error) {
			return target.WalkInodes(ctx, ioctl.WalkInodes{Index: index, First: from, Last: ioctl.LastInodeEntry(), Count: batch})
		}, ioctl.InodeEntry.Next)
		same(t, index.String(), want, convert(got, func(e ioctl.InodeEntry) manifest.IndexEntry { return manifest.IndexEntry(e) }))
	}
	entries := batches(t, ioctl.XattrIndexEntry{}, func(from ioctl.XattrIndexEntry) ([]ioctl.XattrIndexEntry, error) {
		return target.ReadXattrIndex(ctx, ioctl.ReadXattrIndex{First: from, Last: ioctl.LastXattrIndexEntry(), Count: 7})
	}, ioctl.XattrIndexEntry.Next)
	same(t, "READ_XATTR_INDEX", m.XattrIndex, convert(entries, func(e ioctl.XattrIndexEntry) manifest.XattrIndexEntry { return manifest.XattrIndexEntry(e) }))
	totals := batches(t, ioctl.TotalName{}, func(from ioctl.TotalName) ([]ioctl.XattrTotal, error) {
		return target.ReadXattrTotals(ctx, ioctl.ReadXattrTotals{From: from, Count: 3})
	}, func(s ioctl.XattrTotal) (ioctl.TotalName, bool) { return s.Name.Next() })
	same(t, "READ_XATTR_TOTALS", m.Totals, convert(totals, func(s ioctl.XattrTotal) manifest.Total {
		return manifest.Total{Name: s.Name, Total: int64(s.Total), Count: int64(s.Count)}
	}))
	for _, s := range m.Searches {
		same(t, "SEARCH_XATTRS "+s.Name, s.Inos, v.search(t, target, s.Name))
	}
	same(t, "GET_ALLOCATED_INOS", m.Allocated, v.allocated(t, target))
}

// search asks until the End flag, in at most ten batches.
func (v *volume) search(t *testing.T, target ioctl.Volume, name string) []uint64 {
	t.Helper()
	var found []uint64
	q := ioctl.SearchXattrs{Name: name, LastIno: 1<<64 - 1, Count: max(len(v.manifest.Allocated)/7, 2)}
	for {
		r, err := target.SearchXattrs(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, r.Inos...)
		if r.End {
			return found
		}
		if len(r.Inos) == 0 {
			t.Fatalf("search for %s found nothing more from %d on and did not end", name, q.NextIno)
		}
		q.NextIno = r.Inos[len(r.Inos)-1] + 1
	}
}

// allocated asks for one group after the other, as the manifest's maker did.
func (v *volume) allocated(t *testing.T, target ioctl.Volume) []uint64 {
	t.Helper()
	last := v.manifest.Allocated[len(v.manifest.Allocated)-1]
	var every []uint64
	for start := uint64(0); start <= last; start += format.LockInodeGroup {
		group := batches(t, start, func(from uint64) ([]uint64, error) {
			if from > start|(format.LockInodeGroup-1) {
				return nil, nil // the last number of the group was returned
			}
			return target.GetAllocatedInos(t.Context(), ioctl.GetAllocatedInos{Start: from, Count: batch})
		}, nextIno)
		if n := len(group); n > 0 && group[n-1] > start|(format.LockInodeGroup-1) {
			t.Errorf("inode %d is not in the group from %d on", group[n-1], start)
		}
		every = append(every, group...)
	}
	return every
}

// askNames compares INO_PATH and GET_REFERRING_ENTRIES with the paths.
func (v *volume) askNames(t *testing.T, target ioctl.Volume) {
	t.Helper()
	paths := make(map[uint64][]string)
	for i := range v.manifest.Inodes {
		if in := &v.manifest.Inodes[i]; in.Ino != format.RootIno {
			paths[in.Ino] = append(paths[in.Ino], in.Path)
		}
	}
	inos := testsample.Of(slices.Sorted(maps.Keys(paths)), checkedInodes)
	for _, ino := range inos {
		want := paths[ino]
		got, places, err := inoPaths(t.Context(), target, ino)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(want)
		sorted := slices.Sorted(slices.Values(got))
		if !slices.Equal(want, sorted) {
			t.Fatalf("paths of inode %d are %q, want %q", ino, sorted, want)
		}
		// Room for two entries at most, so that many links take several calls.
		entries := batches(t, ioctl.DirPosition{}, func(from ioctl.DirPosition) ([]ioctl.ReferringEntry, error) {
			return target.GetReferringEntries(t.Context(), ioctl.GetReferringEntries{Ino: ino, From: from, Bytes: 2 * 288})
		}, func(e ioctl.ReferringEntry) (ioctl.DirPosition, bool) { return e.At.Next() })
		for i, e := range entries {
			path := "/" + got[i]
			if e.At != places[i] || e.Ino != ino || e.Last != (i == len(entries)-1) || "/"+e.Name != path[len(path)-len(e.Name)-1:] {
				t.Fatalf("entry %d of inode %d is %+v, want the last name of %q at %+v", i, ino, e, got[i], places[i])
			}
		}
		if len(entries) != len(want) {
			t.Fatalf("%d entries of inode %d, want %d", len(entries), ino, len(want))
		}
	}
}

// inoPaths asks for one path after the other until ENOENT.
func inoPaths(ctx context.Context, target ioctl.Volume, ino uint64) (paths []string, places []ioctl.DirPosition, err error) {
	q := ioctl.InoPath{Ino: ino, Bytes: ioctl.MaxPathBytes}
	for {
		r, err := target.InoPath(ctx, q)
		if errors.Is(err, syscall.ENOENT) {
			return paths, places, nil
		}
		if err != nil {
			return nil, nil, err
		}
		paths, places = append(paths, r.Path), append(places, r.At)
		var more bool
		if q.From, more = r.At.Next(); !more {
			return paths, places, nil
		}
	}
}

func (v *volume) askRules(t *testing.T, target ioctl.Volume) {
	t.Helper()
	var rules []format.QuotaRule
	q := ioctl.GetQuotaRules{Count: 2}
	for {
		r, err := target.GetQuotaRules(t.Context(), q)
		if v.manifest.NoQuotas && errors.Is(err, syscall.EOPNOTSUPP) {
			break
		}
		if err != nil || v.manifest.NoQuotas {
			t.Fatalf("GET_QUOTA_RULES: %v, and without quotas is %v", err, v.manifest.NoQuotas)
		}
		if len(r.Rules) == 0 {
			break
		}
		rules = append(rules, convert(r.Rules, ioctl.QuotaRule.Format)...)
		q.From = r.Next
	}
	same(t, "GET_QUOTA_RULES", v.manifest.QuotasUnsorted, rules)
}

// askFiles compares STAT_MORE, GET_ATTR_X, LISTXATTR_HIDDEN and FIEMAP of
// paths. What is neither a file nor a directory takes no requests.
func (v *volume) askFiles(t *testing.T, target ioctl.Target) {
	t.Helper()
	lines := testsample.Of(v.manifest.Inodes, checkedInodes)
	for i := range lines {
		in := &lines[i]
		f, err := target.OpenIno(t.Context(), in.Ino, os.O_RDONLY)
		if in.More == nil && errors.Is(err, syscall.ENOTTY) {
			continue
		}
		if err == nil {
			err = v.askFile(t.Context(), f, in)
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			t.Fatalf("%s: %v", in.Path, err)
		}
	}
	for _, ino := range v.manifest.Unlinked {
		if _, err := target.OpenIno(t.Context(), ino, os.O_RDONLY); !errors.Is(err, syscall.ESTALE) {
			t.Errorf("open of unlinked inode %d: %v, want ESTALE", ino, err)
		}
	}
}

func (v *volume) askFile(ctx context.Context, f ioctl.File, want *manifest.Inode) error {
	more, err := f.StatMore(ctx)
	if err != nil {
		return err
	}
	if got := statMore(more); want.More == nil || got != *want.More {
		return fmt.Errorf("STAT_MORE is %+v, want %+v", got, want.More)
	}
	mask := ioctl.AttrAll
	if want.AttrX == nil {
		if _, err := f.GetAttrX(ctx, ioctl.GetAttrX{Mask: ioctl.AttrProjectID}); !errors.Is(err, syscall.EOPNOTSUPP) {
			return fmt.Errorf("GET_ATTR_X of a project: %w", err)
		}
		mask = ioctl.AttrV1
	}
	attrs, err := f.GetAttrX(ctx, ioctl.GetAttrX{Mask: mask})
	if err != nil {
		return err
	}
	if err := checkAttrs(&attrs, want); err != nil {
		return err
	}
	if want.Extents >= 0 {
		if err := checkFiemap(ctx, f, want); err != nil {
			return err
		}
	}
	return checkHidden(ctx, f, want)
}

func statMore(r ioctl.StatMoreResult) manifest.More {
	return manifest.More{
		MetaSeq: r.MetaSeq, DataSeq: r.DataSeq, DataVersion: r.DataVersion,
		OnlineBlocks: r.OnlineBlocks, OfflineBlocks: r.OfflineBlocks, Crtime: r.Crtime.Time().Local(),
	}
}

func checkAttrs(a *ioctl.AttrX, want *manifest.Inode) error {
	both := manifest.More{
		MetaSeq: a.MetaSeq, DataSeq: a.DataSeq, DataVersion: a.DataVersion,
		OnlineBlocks: a.OnlineBlocks, OfflineBlocks: a.OfflineBlocks, Crtime: a.Crtime.Time().Local(),
	}
	if both != *want.More || a.Size != want.Size || !a.Ctime.Time().Equal(want.Ctime) {
		return fmt.Errorf("GET_ATTR_X is %+v", a)
	}
	if want.AttrX == nil {
		return nil
	}
	got := manifest.AttrX{Mask: uint64(a.Mask), Flags: uint64(a.Flags), Size: a.Size, ProjectID: a.ProjectID, Ctime: a.Ctime.Time().Local(), Crtime: a.Crtime.Time().Local()}
	if a.Retention {
		got.Bits = 1
	}
	if got != *want.AttrX {
		return fmt.Errorf("GET_ATTR_X is %+v, want %+v", got, want.AttrX)
	}
	return nil
}

// checkHidden asks for names with room for one long one, or a few short ones.
func checkHidden(ctx context.Context, f ioctl.File, want *manifest.Inode) error {
	q := ioctl.ListxattrHidden{Bytes: 256}
	var names []string
	for {
		r, err := f.ListxattrHidden(ctx, q)
		if err != nil {
			return err
		}
		if len(r.Names) == 0 {
			break
		}
		names = append(names, r.Names...)
		q.From = r.Next
	}
	if wanted := convert(want.Hidden, func(x manifest.Xattr) string { return x.Name }); !slices.Equal(names, wanted) {
		return fmt.Errorf("hidden xattrs are %q, want %q", names, wanted)
	}
	return nil
}

func checkFiemap(ctx context.Context, f ioctl.File, want *manifest.Inode) error {
	if want.Mode&format.ModeTypeMask != format.ModeRegular {
		return nil
	}
	counted, err := f.Fiemap(ctx, ioctl.Fiemap{Length: 1<<64 - 1})
	if err != nil || int(counted.Mapped) != want.Extents || counted.Extents != nil {
		return fmt.Errorf("FIEMAP counts %d extents, want %d (%w)", counted.Mapped, want.Extents, err)
	}
	var extents []manifest.Extent
	for from := uint64(0); ; {
		r, err := f.Fiemap(ctx, ioctl.Fiemap{Start: from, Length: 1<<64 - 1, Count: 5})
		if err != nil {
			return err
		}
		extents = append(extents, convert(r.Extents, func(e ioctl.FiemapExtent) manifest.Extent {
			return manifest.Extent{Logical: e.Logical, Physical: e.Physical, Length: e.Length, Flags: uint32(e.Flags)}
		})...)
		if len(r.Extents) == 0 || r.Extents[len(r.Extents)-1].Flags&ioctl.ExtentLast != 0 {
			break
		}
		last := r.Extents[len(r.Extents)-1]
		from = last.Logical + last.Length
	}
	if mapSHA256(extents) != want.MapSHA256 {
		return fmt.Errorf("FIEMAP has %d extents, want %d, or others", len(extents), want.Extents)
	}
	return nil
}

// askNumbers compares STATFS_MORE and ALLOC_DETAIL with what the filesystem
// says, which is compared with the kernel elsewhere.
func (v *volume) askNumbers(t *testing.T, target ioctl.Volume) {
	t.Helper()
	ctx := t.Context()
	got, err := target.StatfsMore(ctx)
	if err != nil {
		t.Fatal(err)
	}
	m := v.manifest.Statfs
	if got.FSID != m.FSID || got.TotalMetaBlocks != m.TotalMetaBlocks || got.TotalDataBlocks != m.TotalDataBlocks {
		t.Errorf("STATFS_MORE is %+v, want %+v", got, m)
	}
	committed, err := v.fs.CommittedSeq(ctx)
	if err != nil || got.CommittedSeq != committed {
		t.Errorf("committed seq is %d, want %d (%v)", got.CommittedSeq, committed, err)
	}
	s, err := v.fs.Statfs(ctx)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := target.AllocDetail(ctx, ioctl.AllocDetail{Count: 1000})
	if err != nil {
		t.Fatal(err)
	}
	var meta, data uint64
	for _, e := range entries {
		if e.Meta {
			meta += e.Blocks
		} else {
			data += e.Blocks
		}
	}
	if meta != s.FreeMetaBlocks || data != s.FreeDataBlocks {
		t.Errorf("ALLOC_DETAIL has %d and %d free blocks, want %d and %d", meta, data, s.FreeMetaBlocks, s.FreeDataBlocks)
	}
	if _, err := target.AllocDetail(ctx, ioctl.AllocDetail{Count: len(entries) - 1}); !errors.Is(err, syscall.EOVERFLOW) {
		t.Errorf("ALLOC_DETAIL with too little room: %v, want EOVERFLOW", err)
	}
}
