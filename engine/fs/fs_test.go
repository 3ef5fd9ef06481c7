// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"syscall"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testblock"
	"scoutfs/internal/testvolume"
)

// load writes the volume and reads its filesystem.
func load(tb testing.TB, b *testvolume.Builder) *fs.FS {
	tb.Helper()
	pair := b.Devices(tb)
	return loadDevices(tb, pair)
}

func loadDevices(tb testing.TB, pair device.Pair) *fs.FS {
	tb.Helper()
	f, err := tryLoad(tb.Context(), pair)
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

func tryLoad(ctx context.Context, pair device.Pair) (*fs.FS, error) {
	_, super, err := block.ReadSuper(pair.Meta)
	if err != nil {
		return nil, err
	}
	blocks := block.NewReader(pair.Meta, block.Options{FSID: testblock.FSID, Workers: -1})
	snapshot, err := forest.Load(ctx, blocks, super)
	if err != nil {
		return nil, err
	}
	return fs.New(snapshot, pair.Data), nil
}

// all returns what a sequence yields without error.
func all[T any](tb testing.TB, seq iter.Seq2[T, error]) []T {
	tb.Helper()
	var values []T
	for v, err := range seq {
		if err != nil {
			tb.Fatal(err)
		}
		values = append(values, v)
	}
	return values
}

// inode returns an inode that must be there.
func inode(tb testing.TB, f *fs.FS, ino uint64) fs.Inode {
	tb.Helper()
	in, err := f.Inode(tb.Context(), ino)
	if err != nil {
		tb.Fatal(err)
	}
	return in
}

// names returns the names of entries.
func names(entries []fs.Entry) []string {
	var list []string
	for _, e := range entries {
		list = append(list, string(e.Name))
	}
	return list
}

// is fails tb unless err is an errno, or nil for 0.
func is(tb testing.TB, err error, want syscall.Errno) {
	tb.Helper()
	if want == 0 && err != nil || want != 0 && !errors.Is(err, want) {
		tb.Errorf("error is %v, want %v", err, want)
	}
}

func TestInodeFields(t *testing.T) {
	t.Parallel()
	b := testvolume.New(t)
	b.Inode(7, format.ModeRegular|0o6755, func(in *format.Inode) {
		for i, field := range []*format.U64{
			&in.Size, &in.MetaSeq, &in.DataSeq, &in.DataVersion, &in.OnlineBlocks, &in.OfflineBlocks,
			&in.NextReaddirPos, &in.NextXattrID, &in.Version, &in.Proj,
		} {
			field.Set(uint64(100 + i))
		}
		in.Nlink.Set(3)
		in.UID.Set(1<<32 - 1)
		in.GID.Set(5)
		in.Rdev.Set(6)
		in.Flags.Set(format.InodeFlagRetention)
		for i, field := range []*format.Timespec{&in.Atime, &in.Ctime, &in.Mtime, &in.Crtime} {
			field.Sec.Set(uint64(int64(i - 1)))
			field.Nsec.Set(uint32(i))
		}
	})
	in := inode(t, load(t, b), 7)
	got := []uint64{
		in.Size, in.MetaSeq, in.DataSeq, in.DataVersion, in.OnlineBlocks, in.OfflineBlocks,
		in.NextReaddirPos, in.NextXattrID, in.Version, in.Proj,
		in.Ino, uint64(in.Nlink), uint64(in.UID), uint64(in.GID), uint64(in.Rdev), uint64(in.Flags), uint64(in.Mode), in.Blocks(),
	}
	want := []uint64{100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 7, 3, 1<<32 - 1, 5, 6, 2, 0o106755, 209 * 8}
	if !slices.Equal(got, want) {
		t.Errorf("fields are %d, want %d", got, want)
	}
	if !in.IsRegular() || in.IsDir() || in.IsSymlink() || !in.Retention() {
		t.Error("is no regular file under retention")
	}
	if in.Atime.UnixNano() != -1e9 || in.Ctime.UnixNano() != 1 || in.Mtime.UnixNano() != 1e9+2 || in.Crtime.UnixNano() != 2e9+3 {
		t.Errorf("times are %v, %v, %v, %v", in.Atime, in.Ctime, in.Mtime, in.Crtime)
	}
}

func TestInodeSizesOfFormatVersions(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		version uint64
		length  int
		proj    uint64
		want    syscall.Errno
	}{
		{"version 1 writes 160 bytes", 1, 160, 0, 0},
		{"version 1 has no 168 bytes", 1, 168, 0, syscall.EIO},
		{"version 2 writes 168 bytes", 2, 168, 9, 0},
		{"version 2 still has inodes of 160 bytes", 2, 160, 0, 0},
		{"161 bytes are damage", 2, 161, 0, syscall.EIO},
		{"no bytes are damage", 2, 0, 0, syscall.EIO},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := testvolume.New(t)
			b.Super.FmtVers.Set(test.version)
			b.Inode(5, format.ModeRegular, func(in *format.Inode) { in.Proj.Set(9) })
			b.Put(format.InodeKey(5), b.Items[format.InodeKey(5)][:test.length])
			in, err := load(t, b).Inode(t.Context(), 5)
			is(t, err, test.want)
			if err == nil && in.Proj != test.proj {
				t.Errorf("project is %d, want %d", in.Proj, test.proj)
			}
		})
	}
}

func TestMissingInode(t *testing.T) {
	t.Parallel()
	b := testvolume.New(t)
	b.Xattr(5, 0, "user.a", nil)
	f := load(t, b)
	for _, ino := range []uint64{0, 5, 6, 1<<64 - 1} {
		_, err := f.Inode(t.Context(), ino)
		is(t, err, syscall.ENOENT)
	}
}

func TestWalksOfInodes(t *testing.T) {
	t.Parallel()
	const last = 1<<64 - 1
	b := testvolume.New(t)
	b.PerBlock = 3
	for _, ino := range []uint64{5, 6, 1023, 1024, last} {
		b.Inode(ino, format.ModeRegular, nil)
	}
	// A directory with more entries than are stepped over one by one.
	b.Inode(6, format.ModeDirectory, nil)
	for pos := range uint64(40) {
		b.Link(6, pos+2, 1000, format.DirentRegular, string(rune('A'+pos)))
	}
	b.Xattr(7, 0, "user.of no inode", nil) // an inode whose deletion is half done
	for id := range uint64(20) {
		b.Xattr(last, id, "user.of the last", nil)
	}
	b.Put(format.Key{Zone: format.ZoneFS, First: 1023, Type: 1}, nil) // before the inode, of a type that there is not
	b.Put(format.OrphanKey(5), nil)
	b.Put(format.OrphanKey(last), nil)
	f := load(t, b)
	ctx := t.Context()

	tests := []struct {
		name string
		seq  iter.Seq2[uint64, error]
		want []uint64
	}{
		{"all inodes", inos(f.Inodes(ctx, 0)), []uint64{1, 5, 6, 1023, 1024, last}},
		{"inodes from one on", inos(f.Inodes(ctx, 6)), []uint64{6, 1023, 1024, last}},
		{"inodes from a gap on", inos(f.Inodes(ctx, 7)), []uint64{1023, 1024, last}},
		{"the last inode", inos(f.Inodes(ctx, last)), []uint64{last}},
		{"all numbers", f.AllocatedInos(ctx, 0, last), []uint64{1, 5, 6, 7, 1000, 1023, 1024, last}},
		{"numbers of a group", f.AllocatedInos(ctx, 6, 1023), []uint64{6, 7, 1000, 1023}},
		{"numbers of a gap", f.AllocatedInos(ctx, 8, 999), nil},
		{"all orphans", f.Orphans(ctx, 0), []uint64{5, last}},
		{"orphans from one on", f.Orphans(ctx, 6), []uint64{last}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for range 2 { // a sequence can be ranged over again
				if got := all(t, test.seq); !slices.Equal(got, test.want) {
					t.Errorf("got %d, want %d", got, test.want)
				}
			}
		})
	}
}

func inos(seq iter.Seq2[fs.Inode, error]) iter.Seq2[uint64, error] {
	return func(yield func(uint64, error) bool) {
		for in, err := range seq {
			if !yield(in.Ino, err) {
				return
			}
		}
	}
}
