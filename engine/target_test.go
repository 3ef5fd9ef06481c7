// SPDX-License-Identifier: GPL-2.0-or-later

package engine_test

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"scoutfs/engine"
	"scoutfs/engine/format"
	"scoutfs/engine/ioctl"
	"scoutfs/internal/testvolume"
)

const most = math.MaxUint64

// sample has a little of everything that can be asked for. Its root has a
// directory d (10) with the file g (20), which the root has as f too.
func sample(tb testing.TB) *testvolume.Builder {
	tb.Helper()
	b := testvolume.New(tb)
	b.PerBlock = 5
	b.Inode(10, format.ModeDirectory|0o755, nil)
	b.Link(1, 2, 10, format.DirentDirectory, "d")
	b.Inode(20, format.ModeRegular|0o644, func(in *format.Inode) {
		for i, field := range []*format.U64{
			&in.MetaSeq, &in.DataSeq, &in.DataVersion, &in.OnlineBlocks, &in.OfflineBlocks, &in.Size, &in.Proj,
		} {
			field.Set(uint64(101 + i))
		}
		in.Nlink.Set(2)
		in.Flags.Set(format.InodeFlagRetention)
		for i, field := range []*format.Timespec{&in.Ctime, &in.Crtime} {
			field.Sec.Set(uint64(1000 + i))
			field.Nsec.Set(uint32(2000 + i))
		}
	})
	b.Link(1, 5, 20, format.DirentRegular, "f")
	b.Link(10, 3, 20, format.DirentRegular, "g")
	for i, target := range []string{"d/g", "nowhere", "self", "/d", "../.."} {
		ino := uint64(40 + i)
		b.Symlink(ino, target)
		b.Link(1, ino, ino, format.DirentSymlink, []string{"link", "dangling", "self", "abs", "up"}[i])
	}
	b.Inode(60, format.ModeFIFO|0o600, nil)
	b.Link(1, 60, 60, format.DirentFIFO, "pipe")
	b.Inode(61, format.ModeRegular, func(in *format.Inode) { in.Nlink.Set(0) }) // waits for deletion
	b.File(71, 0)                                                               // in a directory that nothing leads to
	b.Inode(70, format.ModeDirectory, nil)
	b.Link(70, 2, 71, format.DirentRegular, "lost")
	return b
}

func TestFilesAreOpened(t *testing.T) {
	t.Parallel()
	target := build(t, sample(t))
	tests := []struct {
		path  string
		flags int
		want  syscall.Errno
	}{
		{"", os.O_RDONLY, 0},
		{"/", os.O_RDONLY, 0},
		{"d", os.O_RDONLY, 0},
		{"/d/g", os.O_RDONLY, 0},
		{"//d//./g", os.O_RDONLY, 0},
		{"d/../f", os.O_RDONLY, 0},
		{"link", os.O_RDONLY, 0},
		{"abs/g", os.O_RDONLY, 0},
		{"up/d/g", os.O_RDONLY, 0},
		{"dangling", os.O_RDONLY, syscall.ENOENT},
		{"self", os.O_RDONLY, syscall.ELOOP},
		{"nothing", os.O_RDONLY, syscall.ENOENT},
		{"d/nothing/g", os.O_RDONLY, syscall.ENOENT},
		{"f/g", os.O_RDONLY, syscall.ENOTDIR},
		{"f/", os.O_RDONLY, syscall.ENOTDIR},
		{strings.Repeat("n", 256), os.O_RDONLY, syscall.ENAMETOOLONG},
		{"pipe", os.O_RDONLY, syscall.ENOTTY},
		{"f", os.O_WRONLY, syscall.EROFS},
		{"f", os.O_RDWR, syscall.EROFS},
		{"nothing", os.O_RDWR, syscall.EROFS},
		{"f", os.O_RDONLY | os.O_CREATE, syscall.EINVAL},
		{"f", os.O_RDONLY | os.O_APPEND, syscall.EINVAL},
		{"f", os.O_WRONLY | os.O_RDWR, syscall.EINVAL},
	}
	for _, test := range tests {
		f, err := target.OpenPath(t.Context(), test.path, test.flags)
		is(t, err, test.want)
		if err != nil {
			continue
		}
		if _, err := f.StatMore(t.Context()); err != nil {
			t.Errorf("%q is open and fails: %v", test.path, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	for ino, want := range map[uint64]syscall.Errno{
		1: 0, 10: 0, 20: 0, 71: 0,
		0: syscall.ESTALE, 99: syscall.ESTALE, most: syscall.ESTALE, // do not exist
		61: syscall.ESTALE,                     // has no name
		40: syscall.ENOTTY, 60: syscall.ENOTTY, // take no requests
	} {
		_, err := target.OpenIno(t.Context(), ino, os.O_RDONLY)
		is(t, err, want)
	}
	_, err := target.OpenIno(t.Context(), 20, os.O_RDWR)
	is(t, err, syscall.EROFS)
}

// openFile opens a file of a volume that must have it.
func openFile(t *testing.T, target ioctl.Target, path string) ioctl.File {
	t.Helper()
	f, err := target.OpenPath(t.Context(), path, os.O_RDONLY)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAttributes(t *testing.T) {
	t.Parallel()
	bothWays(t, build(t, sample(t)), func(t *testing.T, target ioctl.Target) {
		f := openFile(t, target, "f")
		more, err := f.StatMore(t.Context())
		if want := (ioctl.StatMoreResult{
			MetaSeq: 101, DataSeq: 102, DataVersion: 103, OnlineBlocks: 104, OfflineBlocks: 105,
			Crtime: ioctl.Timespec{Sec: 1001, Nsec: 2001},
		}); err != nil || more != want {
			t.Errorf("stat_more is %+v, error %v, want %+v", more, err, want)
		}
		a, err := f.GetAttrX(t.Context(), ioctl.GetAttrX{Mask: ioctl.AttrAll})
		if want := (ioctl.AttrX{
			Mask: ioctl.AttrAll, MetaSeq: 101, DataSeq: 102, DataVersion: 103, OnlineBlocks: 104, OfflineBlocks: 105, Size: 106, ProjectID: 107,
			Ctime: ioctl.Timespec{Sec: 1000, Nsec: 2000}, Crtime: ioctl.Timespec{Sec: 1001, Nsec: 2001}, Retention: true,
		}); err != nil || a != want {
			t.Errorf("attributes are %+v, error %v, want %+v", a, err, want)
		}
		a, err = openFile(t, target, "").GetAttrX(t.Context(), ioctl.GetAttrX{Mask: ioctl.AttrRetention})
		if err != nil || a.Retention {
			t.Errorf("the root is retained: %v, error %v", a.Retention, err)
		}
	})
}

func TestAttributeMasks(t *testing.T) {
	t.Parallel()
	old := sample(t)
	old.Super.FmtVers.Set(1)
	for k, value := range old.Items { // inodes of version 1 have no project
		if k.Type == format.TypeInode {
			old.Items[k] = value[:160]
		}
	}
	volumes := map[uint64]*engine.Target{1: build(t, old), 2: build(t, sample(t))}
	tests := []struct {
		version uint64
		q       ioctl.GetAttrX
		want    syscall.Errno
	}{
		{2, ioctl.GetAttrX{Mask: ioctl.AttrAll}, 0},
		{2, ioctl.GetAttrX{Mask: ioctl.AttrAll, Flags: ioctl.AttrSizeOffline}, 0},
		{2, ioctl.GetAttrX{Mask: ioctl.AttrAll + 1}, syscall.EINVAL},
		{2, ioctl.GetAttrX{Mask: 1 << 63}, syscall.EINVAL},
		{2, ioctl.GetAttrX{Mask: ioctl.AttrSize, Flags: 2}, syscall.EINVAL},
		{2, ioctl.GetAttrX{Flags: 2}, 0}, // nothing asked for, nothing checked
		{1, ioctl.GetAttrX{Mask: ioctl.AttrV1}, 0},
		{1, ioctl.GetAttrX{Mask: ioctl.AttrRetention}, syscall.EOPNOTSUPP},
		{1, ioctl.GetAttrX{Mask: ioctl.AttrSize | ioctl.AttrProjectID}, syscall.EOPNOTSUPP},
		{1, ioctl.GetAttrX{Mask: ioctl.AttrProjectID, Flags: 2}, syscall.EINVAL},
		{1, ioctl.GetAttrX{}, 0},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("version %d %+v", test.version, test.q), func(t *testing.T) {
			t.Parallel()
			bothWays(t, volumes[test.version], func(t *testing.T, target ioctl.Target) {
				a, err := openFile(t, target, "f").GetAttrX(t.Context(), test.q)
				is(t, err, test.want)
				if err == nil && a.Mask != test.q.Mask {
					t.Errorf("answered %b, asked for %b", a.Mask, test.q.Mask)
				}
			})
		})
	}
}

func TestPathsNeedRoom(t *testing.T) {
	t.Parallel()
	const head = 24
	at := func(dir, pos uint64) ioctl.DirPosition { return ioctl.DirPosition{Dir: dir, Pos: pos} }
	tests := []struct {
		ino   uint64
		from  ioctl.DirPosition
		bytes int
		want  ioctl.InoPathResult
		err   syscall.Errno
	}{
		{20, at(0, 0), ioctl.MaxPathBytes, ioctl.InoPathResult{At: at(1, 5), Path: "f"}, 0},
		{20, at(1, 5), head + 2, ioctl.InoPathResult{At: at(1, 5), Path: "f"}, 0},
		{20, at(1, 5), head + 1, ioctl.InoPathResult{}, syscall.ENAMETOOLONG},
		{20, at(1, 6), head + 4, ioctl.InoPathResult{At: at(10, 3), Path: "d/g"}, 0},
		{20, at(1, 6), head + 3, ioctl.InoPathResult{}, syscall.ENAMETOOLONG},
		{20, at(1, 6), 0, ioctl.InoPathResult{}, syscall.ENAMETOOLONG},
		{20, at(10, 4), ioctl.MaxPathBytes, ioctl.InoPathResult{}, syscall.ENOENT},
		{20, at(10, 4), 0, ioctl.InoPathResult{}, syscall.ENOENT},
		{20, at(most, most), ioctl.MaxPathBytes, ioctl.InoPathResult{}, syscall.ENOENT},
		{10, at(0, 0), ioctl.MaxPathBytes, ioctl.InoPathResult{At: at(1, 2), Path: "d"}, 0},
		{1, at(0, 0), ioctl.MaxPathBytes, ioctl.InoPathResult{}, syscall.ENOENT},
		{61, at(0, 0), ioctl.MaxPathBytes, ioctl.InoPathResult{}, syscall.ENOENT},
		{999, at(0, 0), ioctl.MaxPathBytes, ioctl.InoPathResult{}, syscall.ENOENT},
		{71, at(0, 0), ioctl.MaxPathBytes, ioctl.InoPathResult{}, syscall.ELOOP},
	}
	bothWays(t, build(t, sample(t)), func(t *testing.T, target ioctl.Target) {
		for _, test := range tests {
			got, err := target.InoPath(t.Context(), ioctl.InoPath{Ino: test.ino, From: test.from, Bytes: test.bytes})
			is(t, err, test.err)
			if got != test.want {
				t.Errorf("inode %d from %v in %d bytes: %+v, want %+v", test.ino, test.from, test.bytes, got, test.want)
			}
		}
	})
}

// TestPathsAreBounded has a path that is longer than any answer.
func TestPathsAreBounded(t *testing.T) {
	t.Parallel()
	b := testvolume.New(t)
	name := strings.Repeat("n", 255)
	dir := uint64(1)
	for ino := uint64(10); ino < 300; ino++ {
		b.Inode(ino, format.ModeDirectory, nil)
		b.Link(dir, 2, ino, format.DirentDirectory, name)
		dir = ino
	}
	bothWays(t, build(t, b), func(t *testing.T, target ioctl.Target) {
		for ino, want := range map[uint64]syscall.Errno{264: 0, 265: syscall.ENAMETOOLONG, 299: syscall.ENAMETOOLONG} {
			got, err := target.InoPath(t.Context(), ioctl.InoPath{Ino: ino, Bytes: 1 << 20})
			is(t, err, want)
			if depth := int(ino - 9); err == nil && got.Path != strings.Repeat(name+"/", depth-1)+name {
				t.Errorf("inode %d has a path of %d bytes", ino, len(got.Path))
			}
		}
	})
}

func TestReferringEntriesNeedRoom(t *testing.T) {
	t.Parallel()
	b := sample(t)
	longer := strings.Repeat("n", 18) // 48 bytes, of which the NUL is the last
	longest := strings.Repeat("m", 255)
	b.Link(10, 4, 20, format.DirentRegular, longer)
	b.Link(10, 5, 20, format.DirentRegular, longest)
	entry := func(dir, pos uint64, name string) ioctl.ReferringEntry {
		return ioctl.ReferringEntry{At: ioctl.DirPosition{Dir: dir, Pos: pos}, Ino: 20, Type: 8, Name: name}
	}
	every := []ioctl.ReferringEntry{entry(1, 5, "f"), entry(10, 3, "g"), entry(10, 4, longer), entry(10, 5, longest)}
	last := slices.Clone(every)
	last[3].Last = true
	tests := []struct {
		ino   uint64
		from  ioctl.DirPosition
		bytes int
		want  []ioctl.ReferringEntry
		err   syscall.Errno
	}{
		{20, ioctl.DirPosition{}, 1 << 20, last, 0},
		{20, ioctl.DirPosition{}, 32 + 32 + 48 + 288, last, 0},
		{20, ioctl.DirPosition{}, 32 + 32 + 48 + 287, every[:3], 0},
		{20, ioctl.DirPosition{}, 32 + 32 + 47, every[:2], 0},
		{20, ioctl.DirPosition{}, 32, every[:1], 0},
		{20, ioctl.DirPosition{}, 31, nil, syscall.EINVAL},
		{20, ioctl.DirPosition{}, 0, nil, syscall.EINVAL},
		{20, ioctl.DirPosition{Dir: 10, Pos: 5}, 288, last[3:], 0},
		{20, ioctl.DirPosition{Dir: 10, Pos: 5}, 287, nil, syscall.EINVAL},
		{20, ioctl.DirPosition{Dir: 10, Pos: 6}, 1 << 20, nil, 0},
		{20, ioctl.DirPosition{Dir: 10, Pos: 6}, 0, nil, 0},
		{1, ioctl.DirPosition{}, 1 << 20, nil, 0},
		{999, ioctl.DirPosition{}, 1 << 20, nil, 0},
	}
	bothWays(t, build(t, b), func(t *testing.T, target ioctl.Target) {
		for _, test := range tests {
			got, err := target.GetReferringEntries(t.Context(), ioctl.GetReferringEntries{Ino: test.ino, From: test.from, Bytes: test.bytes})
			is(t, err, test.err)
			if !slices.Equal(got, test.want) {
				t.Errorf("inode %d from %v in %d bytes: %+v, want %+v", test.ino, test.from, test.bytes, got, test.want)
			}
		}
	})
}

func TestHiddenXattrsNeedRoom(t *testing.T) {
	t.Parallel()
	b := sample(t)
	names := []string{"scoutfs.hide.a", "scoutfs.hide.bb", "scoutfs.hide.srch.ccc", "scoutfs.hide." + strings.Repeat("d", 242)}
	slices.SortFunc(names, func(x, y string) int { return cmp.Compare(format.XattrNameHash(x), format.XattrNameHash(y)) })
	for i, name := range slices.Concat(names, []string{"user.hide.x", "scoutfs.srch.x", "scoutfs.hide.", "scoutfs.hide.hide.x"}) {
		b.Xattr(20, uint64(i), name, []byte("value"))
	}
	at := func(i int) ioctl.XattrPosition {
		return ioctl.XattrPosition{Hash: uint32(format.XattrNameHash(names[i])), ID: uint64(i)}
	}
	behind := func(i int) ioctl.XattrPosition {
		p := at(i)
		p.ID++
		return p
	}
	size := func(names ...string) (n int) {
		for _, name := range names {
			n += len(name) + 1
		}
		return n
	}
	none := ioctl.XattrPosition{}
	tests := []struct {
		from  ioctl.XattrPosition
		bytes int
		names []string
		next  ioctl.XattrPosition
	}{
		{none, 1 << 16, names, behind(3)},
		{none, size(names...), names, behind(3)},
		{none, size(names...) - 1, names[:3], behind(2)},
		{none, size(names[0]), names[:1], behind(0)},
		{none, size(names[0]) - 1, nil, none},
		{none, 0, nil, none},
		{at(1), 1 << 16, names[1:], behind(3)},
		{behind(1), 1 << 16, names[2:], behind(3)},
		{behind(3), 1 << 16, nil, behind(3)},
		{ioctl.XattrPosition{Hash: math.MaxUint32, ID: most}, 1 << 16, nil, ioctl.XattrPosition{Hash: math.MaxUint32, ID: most}},
	}
	bothWays(t, build(t, b), func(t *testing.T, target ioctl.Target) {
		f := openFile(t, target, "f")
		for _, test := range tests {
			got, err := f.ListxattrHidden(t.Context(), ioctl.ListxattrHidden{From: test.from, Bytes: test.bytes})
			is(t, err, 0)
			if !slices.Equal(got.Names, test.names) || got.Next != test.next {
				t.Errorf("from %v in %d bytes: %+v, want %q, then %v", test.from, test.bytes, got, test.names, test.next)
			}
		}
	})
}

func TestExtentRanges(t *testing.T) {
	t.Parallel()
	const blk = format.SmallBlockSize
	b := sample(t)
	b.Extent(20, 0, 2, 100, 0)
	b.Extent(20, 2, 1, 0, format.ExtentOffline)
	b.Extent(20, 5, 3, 200, format.ExtentUnwritten)
	b.Extent(20, 100, 1, 300, 0) // behind the end of the file
	every := []ioctl.FiemapExtent{
		{Logical: 0, Physical: 100 * blk, Length: 2 * blk},
		{Logical: 2 * blk, Length: blk, Flags: ioctl.ExtentUnknown | ioctl.ExtentDelalloc},
		{Logical: 5 * blk, Physical: 200 * blk, Length: 3 * blk, Flags: ioctl.ExtentUnwritten},
		{Logical: 100 * blk, Physical: 300 * blk, Length: blk, Flags: ioctl.ExtentLast},
	}
	tests := []struct {
		path string
		q    ioctl.Fiemap
		want []ioctl.FiemapExtent
		err  syscall.Errno
	}{
		{"f", ioctl.Fiemap{Length: most, Count: 100}, every, 0},
		{"f", ioctl.Fiemap{Length: most, Count: 100, Flags: ioctl.FiemapSync}, every, 0},
		{"f", ioctl.Fiemap{Length: most, Count: 4}, every, 0},
		{"f", ioctl.Fiemap{Length: most, Count: 3}, every[:3], 0},
		{"f", ioctl.Fiemap{Start: 1, Length: 1, Count: 100}, every[:1], 0},
		{"f", ioctl.Fiemap{Start: blk, Length: blk, Count: 100}, every[:1], 0},
		{"f", ioctl.Fiemap{Start: blk, Length: blk + 1, Count: 100}, every[:2], 0},
		{"f", ioctl.Fiemap{Start: 2 * blk, Length: 1, Count: 100}, every[1:2], 0},
		{"f", ioctl.Fiemap{Start: 3 * blk, Length: 2 * blk, Count: 100}, nil, 0},
		{"f", ioctl.Fiemap{Start: 7*blk + 5, Length: most, Count: 100}, every[2:], 0},
		{"f", ioctl.Fiemap{Start: 101 * blk, Length: most, Count: 100}, nil, 0},
		{"f", ioctl.Fiemap{Start: math.MaxInt64 - 1, Length: 1, Count: 100}, nil, 0},
		{"f", ioctl.Fiemap{Start: math.MaxInt64, Length: 1, Count: 100}, nil, syscall.EFBIG},
		{"f", ioctl.Fiemap{Count: 100}, nil, syscall.EINVAL},
		{"f", ioctl.Fiemap{Start: math.MaxInt64, Flags: 2}, nil, syscall.EINVAL},
		{"f", ioctl.Fiemap{Length: 1, Flags: 2, Count: 100}, nil, syscall.EBADR}, // FIEMAP_FLAG_XATTR
		{"d", ioctl.Fiemap{Length: most, Count: 100}, nil, syscall.EOPNOTSUPP},
		{"d", ioctl.Fiemap{}, nil, syscall.EOPNOTSUPP},
	}
	bothWays(t, build(t, b), func(t *testing.T, target ioctl.Target) {
		for _, test := range tests {
			f := openFile(t, target, test.path)
			got, err := f.Fiemap(t.Context(), test.q)
			is(t, err, test.err)
			if !slices.Equal(got.Extents, test.want) || int(got.Mapped) != len(test.want) {
				t.Errorf("%+v: %+v, want %+v", test.q, got, test.want)
			}
			if err != nil || test.q.Count < 100 {
				continue
			}
			test.q.Count = 0 // only counts
			if got, err := f.Fiemap(t.Context(), test.q); err != nil || len(got.Extents) > 0 || int(got.Mapped) != len(test.want) {
				t.Errorf("counting %+v: %+v, error %v, want %d", test.q, got, err, len(test.want))
			}
		}
	})
}

func TestAllocatedInosStayInTheirGroup(t *testing.T) {
	t.Parallel()
	b := testvolume.New(t)
	for _, ino := range []uint64{5, 1023, 1024, 1030, 2047, 2048, most - 1023, most} {
		b.File(ino, 0)
	}
	tests := []struct {
		start uint64
		count int
		want  []uint64
		err   syscall.Errno
	}{
		{0, 1024, []uint64{1, 5, 1023}, 0},
		{0, 1 << 30, []uint64{1, 5, 1023}, 0},
		{0, 2, []uint64{1, 5}, 0},
		{6, 1024, []uint64{1023}, 0},
		{1023, 1024, []uint64{1023}, 0},
		{1024, 1024, []uint64{1024, 1030, 2047}, 0},
		{1031, 1024, []uint64{2047}, 0},
		{2049, 1024, nil, 0},
		{4096, 1024, nil, 0},
		{most - 1023, 1024, []uint64{most - 1023, most}, 0},
		{most, 1024, []uint64{most}, 0},
		{0, 0, nil, syscall.EINVAL},
		{4096, 0, nil, syscall.EINVAL},
	}
	bothWays(t, build(t, b), func(t *testing.T, target ioctl.Target) {
		for _, test := range tests {
			got, err := target.GetAllocatedInos(t.Context(), ioctl.GetAllocatedInos{Start: test.start, Count: test.count})
			is(t, err, test.err)
			if !slices.Equal(got, test.want) {
				t.Errorf("%d from %d on: %d, want %d", test.count, test.start, got, test.want)
			}
		}
	})
}

// TestChangesAreRefused lists every request that changes a volume.
func TestChangesAreRefused(t *testing.T) {
	t.Parallel()
	target := build(t, sample(t))
	bothWays(t, target, func(t *testing.T, v ioctl.Target) {
		f := openFile(t, v, "f")
		for name, ask := range map[string]func(context.Context) error{
			"RESIZE_DEVICES":    func(ctx context.Context) error { return v.ResizeDevices(ctx, ioctl.ResizeDevices{}) },
			"INJECT_TOTL_DELTA": func(ctx context.Context) error { return v.InjectTotlDelta(ctx, ioctl.InjectTotlDelta{}) },
			"ADD_QUOTA_RULE":    func(ctx context.Context) error { return v.AddQuotaRule(ctx, ioctl.AddQuotaRule{}) },
			"DEL_QUOTA_RULE":    func(ctx context.Context) error { return v.DelQuotaRule(ctx, ioctl.DelQuotaRule{}) },
			"SET_ATTR_X":        func(ctx context.Context) error { return f.SetAttrX(ctx, ioctl.SetAttrX{Mask: ioctl.AttrSize}) },
			"SETATTR_MORE":      func(ctx context.Context) error { return f.SetattrMore(ctx, ioctl.SetattrMore{}) },
			"RELEASE":           func(ctx context.Context) error { return f.Release(ctx, ioctl.Release{Length: 4096}) },
			"PUNCH_OFFLINE":     func(ctx context.Context) error { return f.PunchOffline(ctx, ioctl.PunchOffline{Length: 4096}) },
			"MOVE_BLOCKS":       func(ctx context.Context) error { return f.MoveBlocks(ctx, f, ioctl.MoveBlocks{Length: 4096}) },
			"STAGE": func(ctx context.Context) error {
				_, err := f.Stage(ctx, ioctl.Stage{Data: make([]byte, 4096)})
				return err
			},
		} {
			err := ask(t.Context())
			is(t, err, syscall.EROFS)
			if err == nil || !strings.HasPrefix(err.Error(), name+" ") {
				t.Errorf("the error %q is not about %s", err, name)
			}
		}
		_, err := v.DataWaiting(t.Context(), ioctl.DataWaiting{Count: 1})
		is(t, err, syscall.EOPNOTSUPP)
		_, err = v.DataWaitErr(t.Context(), ioctl.DataWaitErr{Count: 1, Ops: ioctl.WaitRead, Err: -5})
		is(t, err, syscall.EOPNOTSUPP)
	})
}
