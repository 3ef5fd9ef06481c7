// SPDX-License-Identifier: GPL-2.0-or-later

package engine_test

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"scoutfs/engine/format"
	"scoutfs/engine/ioctl"
	"scoutfs/internal/testimage"
	"scoutfs/internal/testimage/manifest"
	"scoutfs/internal/testsample"
	"scoutfs/walk"
)

// checkedInodes is how many inodes of an image are asked for one by one,
// unless all are.
const checkedInodes = 400

// TestAnswersAreThoseOfTheKernel asks everything that a manifest knows the
// kernel module's answer to.
func TestAnswersAreThoseOfTheKernel(t *testing.T) {
	t.Parallel()
	testimage.Each(t, func(t *testing.T, img testimage.Image) {
		if img.Manifest == "" {
			return
		}
		t.Parallel()
		m := manifest.Read(t, img.Manifest)
		bothWays(t, openImage(t, img), func(t *testing.T, target ioctl.Target) {
			checkVolume(t, target, m, 0)
			checkFiles(t, target, m)
		})
	})
}

// checkVolume compares what is asked of the volume as a whole, which may have
// used so many sequence numbers since.
func checkVolume(t *testing.T, target ioctl.Target, m *manifest.Manifest, used uint64) {
	t.Helper()
	ctx := t.Context()
	for index, want := range [][]manifest.IndexEntry{ioctl.IndexMetaSeq: m.MetaSeq, ioctl.IndexDataSeq: m.DataSeq} {
		var got []manifest.IndexEntry
		for e, err := range walk.Inodes(ctx, target, ioctl.InodeIndex(index), ioctl.InodeEntry{}, ioctl.LastInodeEntry()) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, manifest.IndexEntry(e))
		}
		equal(t, ioctl.InodeIndex(index).String(), got, want)
	}
	var totals []manifest.Total
	for _, total := range all(t, walk.Totals(ctx, target, ioctl.TotalName{})) {
		totals = append(totals, manifest.Total{Name: total.Name, Total: int64(total.Total), Count: int64(total.Count)})
	}
	equal(t, "totals", totals, m.Totals)
	var index []manifest.XattrIndexEntry
	for _, e := range all(t, walk.XattrIndex(ctx, target, ioctl.XattrIndexEntry{}, ioctl.LastXattrIndexEntry())) {
		index = append(index, manifest.XattrIndexEntry(e))
	}
	equal(t, "xattr index", index, m.XattrIndex)
	for _, s := range m.Searches {
		equal(t, "search for "+s.Name, all(t, walk.SearchXattrs(ctx, target, s.Name, 0, 1<<64-1)), s.Inos)
	}
	checkRules(t, target, m)
	checkAllocated(t, target, m)

	s, err := target.StatfsMore(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if s.FSID != m.Statfs.FSID || s.TotalMetaBlocks != m.Statfs.TotalMetaBlocks || s.TotalDataBlocks != m.Statfs.TotalDataBlocks || s.RID != 0 {
		t.Errorf("statfs_more is %+v, want %+v without a rid", s, m.Statfs)
	}
	if n := len(m.MetaSeq); s.CommittedSeq < m.MetaSeq[n-1].Major || s.CommittedSeq > m.Statfs.CommittedSeq+used {
		t.Errorf("committed up to %d, want %d to %d", s.CommittedSeq, m.MetaSeq[n-1].Major, m.Statfs.CommittedSeq+used)
	}
}

func checkRules(t *testing.T, target ioctl.Target, m *manifest.Manifest) {
	t.Helper()
	if m.NoQuotas {
		_, err := target.GetQuotaRules(t.Context(), ioctl.GetQuotaRules{Count: 1})
		is(t, err, syscall.EOPNOTSUPP)
		return
	}
	var rules []format.QuotaRule
	for _, rule := range all(t, walk.QuotaRules(t.Context(), target)) {
		rules = append(rules, rule.Format())
	}
	equal(t, "quota rules", rules, m.QuotasUnsorted)
}

// checkAllocated compares the numbers in use group by group, and makes sure
// that none are beyond the groups of the manifest.
func checkAllocated(t *testing.T, target ioctl.Target, m *manifest.Manifest) {
	t.Helper()
	want := m.Allocated
	group := func(ino uint64) uint64 { return ino &^ (format.LockInodeGroup - 1) }
	for start := uint64(0); start <= group(m.Allocated[len(m.Allocated)-1]); start += format.LockInodeGroup {
		n := 0
		for n < len(want) && group(want[n]) == start {
			n++
		}
		equal(t, "allocated inodes", all(t, walk.AllocatedInos(t.Context(), target, start)), want[:n])
		want = want[n:]
	}
}

// checkFiles compares what is asked of files and names.
func checkFiles(t *testing.T, target ioctl.Target, m *manifest.Manifest) {
	t.Helper()
	paths := make(map[uint64][]string)
	for i := range m.Inodes {
		if in := &m.Inodes[i]; in.Path != "." {
			paths[in.Ino] = append(paths[in.Ino], in.Path)
		}
	}
	mapped := slices.ContainsFunc(m.Inodes, func(in manifest.Inode) bool { return in.Extents >= 0 })
	for _, i := range testsample.Indexes(len(m.Inodes), checkedInodes) {
		in := &m.Inodes[i]
		checkNames(t, target, in, paths[in.Ino])
		byPath, err := target.OpenPath(t.Context(), in.Path, os.O_RDONLY)
		if in.More == nil && in.Target == nil {
			is(t, err, syscall.ENOTTY)
			continue
		}
		if in.Target != nil {
			continue // leads elsewhere
		}
		byIno, inoErr := target.OpenIno(t.Context(), in.Ino, os.O_RDONLY)
		if err := cmp.Or(err, inoErr); err != nil {
			t.Fatalf("%s: %v", in.Path, err)
		}
		checkFile(t, byPath, in, mapped)
		checkFile(t, byIno, in, mapped)
	}
}

// checkNames compares paths and directory entries of an inode.
func checkNames(t *testing.T, target ioctl.Target, in *manifest.Inode, paths []string) {
	t.Helper()
	var got, names, want []string
	for _, p := range all(t, walk.Paths(t.Context(), target, in.Ino, ioctl.DirPosition{})) {
		got = append(got, p.Path)
	}
	entries := all(t, walk.ReferringEntries(t.Context(), target, in.Ino, ioctl.DirPosition{}))
	for i, e := range entries {
		names = append(names, e.Name)
		if e.Ino != in.Ino || e.Last != (i == len(entries)-1) || uint32(e.Type)<<12 != in.Mode&format.ModeTypeMask {
			t.Errorf("%s: entry %d of %d is %+v", in.Path, i, len(entries), e)
		}
	}
	for _, p := range got {
		want = append(want, p[strings.LastIndexByte(p, '/')+1:])
	}
	equal(t, "names of "+in.Path, names, want)
	slices.Sort(got)
	slices.Sort(paths)
	equal(t, "paths of "+in.Path, got, paths)
}

// checkFile compares what is asked of an open file or directory.
func checkFile(t *testing.T, f ioctl.File, in *manifest.Inode, mapped bool) {
	t.Helper()
	ctx := t.Context()
	more, err := f.StatMore(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got := (manifest.More{
		MetaSeq: more.MetaSeq, DataSeq: more.DataSeq, DataVersion: more.DataVersion,
		OnlineBlocks: more.OnlineBlocks, OfflineBlocks: more.OfflineBlocks, Crtime: more.Crtime.Time(),
	}); !gocmp.Equal(got, *in.More) {
		t.Errorf("%s: stat_more is %+v, want %+v", in.Path, got, *in.More)
	}
	if in.AttrX != nil {
		a, err := f.GetAttrX(ctx, ioctl.GetAttrX{Mask: ioctl.AttrAll})
		if err != nil {
			t.Fatal(err)
		}
		got := manifest.AttrX{Mask: uint64(a.Mask), Size: a.Size, ProjectID: a.ProjectID, Ctime: a.Ctime.Time(), Crtime: a.Crtime.Time()}
		if a.Retention {
			got.Bits = 1
		}
		if !gocmp.Equal(got, *in.AttrX) {
			t.Errorf("%s: attributes are %+v, want %+v", in.Path, got, *in.AttrX)
		}
	}
	var hidden []string
	for _, x := range in.Hidden {
		hidden = append(hidden, x.Name)
	}
	equal(t, "hidden xattrs of "+in.Path, all(t, walk.HiddenXattrs(ctx, f)), hidden)
	if mapped && in.Mode&format.ModeTypeMask == format.ModeRegular {
		checkExtents(t, f, in)
	}
}

func checkExtents(t *testing.T, f ioctl.File, in *manifest.Inode) {
	t.Helper()
	var got []manifest.Extent
	sum := sha256.New()
	for _, e := range all(t, walk.Extents(t.Context(), f, 0, 1<<64-1)) {
		got = append(got, manifest.Extent{Logical: e.Logical, Physical: e.Physical, Length: e.Length, Flags: uint32(e.Flags)})
		b := binary.LittleEndian.AppendUint64(nil, e.Logical)
		b = binary.LittleEndian.AppendUint64(b, e.Physical)
		b = binary.LittleEndian.AppendUint64(b, e.Length)
		sum.Write(binary.LittleEndian.AppendUint32(b, uint32(e.Flags)))
	}
	equal(t, "extents of "+in.Path, got[:min(len(got), len(in.Map))], in.Map)
	if len(got) != in.Extents || len(got) > 0 && hex.EncodeToString(sum.Sum(nil)) != in.MapSHA256 {
		t.Errorf("%s: %d extents, want %d, or another hash", in.Path, len(got), in.Extents)
	}
}

// equal compares lists, and shows where they begin to differ.
func equal[T comparable](t *testing.T, name string, got, want []T) {
	t.Helper()
	if slices.Equal(got, want) {
		return
	}
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	t.Errorf("%s: %d, want %d; at index %d %+v, want %+v", name, len(got), len(want), i,
		got[i:min(i+1, len(got))], want[i:min(i+1, len(want))])
}
