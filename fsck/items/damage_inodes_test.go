// SPDX-License-Identifier: GPL-2.0-or-later

package items_test

import (
	"slices"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
	"scoutfs/internal/testtree"
	"scoutfs/internal/testvolume"
)

func TestDamagedInodesAreFound(t *testing.T) {
	t.Parallel()
	set := func(ino uint64, change func(in *format.Inode)) func(v *testtree.Volume) {
		return func(v *testtree.Volume) { setInode(v, ino, change) }
	}
	run(t, []damage{
		{name: "missing", change: func(v *testtree.Volume) { v.Item(format.InodeKey(file), nil) }, want: one(problem.InodeMissing), ino: file},
		{name: "directory missing", change: func(v *testtree.Volume) { v.Item(format.InodeKey(sub), nil) }, want: one(problem.InodeMissing), ino: sub},
		{name: "root missing", change: func(v *testtree.Volume) { v.Item(format.InodeKey(format.RootIno), nil) }, want: one(problem.RootMissing), ino: format.RootIno},
		{name: "length", change: func(v *testtree.Volume) { v.Item(format.InodeKey(file), make([]byte, 164)) }, want: one(problem.InodeValue), ino: file},
		{name: "length of the root", change: func(v *testtree.Volume) { v.Item(format.InodeKey(1), make([]byte, 164)) }, want: one(problem.InodeValue), ino: 1},
		{name: "no type", change: set(file, func(in *format.Inode) { in.Mode.Set(0o644) }), want: one(problem.InodeMode), ino: file},
		{name: "no type of a directory", change: set(sub, func(in *format.Inode) { in.Mode.Set(0o030644) }), want: one(problem.InodeMode), ino: sub},
		{name: "no type of a link", change: set(long, func(in *format.Inode) { in.Mode.Set(0o170777) }), want: one(problem.InodeMode), ino: long},
		{name: "bits beyond the mode", change: set(file, func(in *format.Inode) { in.Mode.Set(0o2100644) }), want: one(problem.InodeMode), ino: file},
		{name: "root that is a file", change: set(1, func(in *format.Inode) { in.Mode.Set(0o100644) }), want: one(problem.InodeMode), ino: 1},
		{name: "directory that is a file", change: set(dir, func(in *format.Inode) { in.Mode.Set(0o100644) }), want: one(problem.DirentType), ino: 1, of: "dir"},
		{name: "file that is a directory", change: set(file, func(in *format.Inode) { in.Mode.Set(0o040644) }), want: one(problem.DirentType), ino: dir, of: "file"},
		{name: "link that is a file", change: set(long, func(in *format.Inode) { in.Mode.Set(0o100644) }), want: one(problem.DirentType), ino: dir, of: "long"},
		{name: "unknown flag", change: set(file, func(in *format.Inode) { in.Flags.Set(4) }), want: one(problem.InodeFlags), ino: file},
		{name: "retained directory", change: set(dir, func(in *format.Inode) { in.Flags.Set(2) }), want: one(problem.InodeFlags), ino: dir},
		{name: "truncated link", change: set(long, func(in *format.Inode) { in.Flags.Set(1) }), want: one(problem.InodeFlags), ino: long},
		{name: "meta_seq beyond", change: set(file, func(in *format.Inode) { in.MetaSeq.Set(1 << 40) }), want: one(problem.InodeSeq), ino: file},
		{name: "data_seq beyond", change: set(file, func(in *format.Inode) { in.DataSeq.Set(1 << 40) }), want: one(problem.InodeSeq), ino: file},
		{name: "data_seq of a directory beyond", change: set(dir, func(in *format.Inode) { in.DataSeq.Set(1 << 40) }), want: one(problem.InodeSeq), ino: dir},
		{name: "nanoseconds", change: set(file, func(in *format.Inode) { in.Ctime.Nsec.Set(1e9) }), want: one(problem.InodeTime), ino: file},
		{name: "device number of a file", change: set(file, func(in *format.Inode) { in.Rdev.Set(1) }), want: one(problem.InodeRdev), ino: file},
		{name: "size beyond any", change: set(file, func(in *format.Inode) { in.Size.Set(1 << 63) }), want: one(problem.InodeSize), ino: file},
		{name: "size of a device", change: set(char, func(in *format.Inode) { in.Size.Set(1) }), want: one(problem.InodeSize), ino: char},
		{name: "online blocks", change: set(file, func(in *format.Inode) { in.OnlineBlocks.Set(1) }), want: one(problem.OnlineBlocks), ino: file},
		{name: "offline blocks", change: set(file, func(in *format.Inode) { in.OfflineBlocks.Set(1) }), want: one(problem.OfflineBlocks), ino: file},
		{name: "online blocks of a directory", change: set(dir, func(in *format.Inode) { in.OnlineBlocks.Set(1) }), want: one(problem.OnlineBlocks), ino: dir},
		{name: "next attribute", change: set(file, func(in *format.Inode) { in.NextXattrID.Set(3) }), want: one(problem.NextXattrID), ino: file},
		{name: "next position of a file", change: set(file, func(in *format.Inode) { in.NextReaddirPos.Set(0) }), want: one(problem.NextReaddirPos), ino: file},
		{
			name: "number", change: func(v *testtree.Volume) { v.Item(format.InodeKey(7), format.Bytes(v.Inode(char))) },
			want: one(problem.InodeNumber), ino: 7,
		},
	})
}

func TestDamagedSymlinksAreFound(t *testing.T) {
	t.Parallel()
	part := func(nr uint64, value []byte) func(v *testtree.Volume) {
		return func(v *testtree.Volume) { v.Item(format.SymlinkKey(long, nr), value) }
	}
	text := append(slices.Repeat([]byte("x/"), 1000), 0) // 896, 896, 209
	run(t, []damage{
		{name: "no size", change: func(v *testtree.Volume) { v.Inode(long).Size.Set(0) }, want: one(problem.SymlinkSize), ino: long},
		{name: "size beyond any", change: func(v *testtree.Volume) { v.Inode(long).Size.Set(4097) }, want: one(problem.SymlinkSize), ino: long},
		{name: "size of another target", change: func(v *testtree.Volume) { v.Inode(long).Size.Set(2000) }, want: one(problem.SymlinkPartSize), ino: long},
		{name: "size of fewer parts", change: func(v *testtree.Volume) { v.Inode(long).Size.Set(100) }, want: one(problem.SymlinkPartSize), ino: long},
		{name: "size of more parts", change: func(v *testtree.Volume) { v.Inode(long).Size.Set(3000) }, want: one(problem.SymlinkPartSize), ino: long},
		{name: "first part missing", change: part(0, nil), want: one(problem.SymlinkPartMissing), ino: long},
		{name: "middle part missing", change: part(1, nil), want: one(problem.SymlinkPartMissing), ino: long},
		{name: "last part missing", change: part(2, nil), want: one(problem.SymlinkPartMissing), ino: long},
		{name: "only part missing", change: func(v *testtree.Volume) { v.Item(format.SymlinkKey(short, 0), nil) }, want: one(problem.SymlinkPartMissing), ino: short},
		{name: "short part", change: part(1, text[896:1000]), want: one(problem.SymlinkPartSize), ino: long},
		{name: "last part without its end", change: part(2, text[1792:1900]), want: one(problem.SymlinkPartSize), ino: long},
		{name: "part behind the end", change: part(3, text[:10]), want: one(problem.SymlinkPartExtra), ino: long},
		{name: "part far behind the end", change: part(1<<40, text[:10]), want: one(problem.SymlinkPartExtra), ino: long},
		{name: "end without NUL", change: part(2, slices.Repeat([]byte("y"), 209)), want: one(problem.SymlinkEnd), ino: long},
		{name: "NUL before the end", change: part(1, make([]byte, 896)), want: one(problem.SymlinkEnd), ino: long},
		{name: "target of a file", change: func(v *testtree.Volume) { v.Item(format.SymlinkKey(file, 0), []byte("x\x00")) }, want: one(problem.InodeItems), ino: file},
	})
}

func TestDamagedExtentsAreFound(t *testing.T) {
	t.Parallel()
	// The file has blocks [0] at 64, [3,5] at 65, [6,10] in the archive and
	// [11,14] at 68, unwritten.
	place := func(start, length uint64) format.Key {
		return format.DataExtentKey(file, format.Extent{Start: start, Len: length})
	}
	put := func(k format.Key, blkno uint64, flags uint8) func(v *testtree.Volume) {
		return func(v *testtree.Volume) { v.Item(k, testvolume.Extent(blkno, flags)) }
	}
	all := func(changes ...func(v *testtree.Volume)) func(v *testtree.Volume) {
		return func(v *testtree.Volume) {
			for _, c := range changes {
				c(v)
			}
		}
	}
	without := func(k format.Key) func(v *testtree.Volume) { return func(v *testtree.Volume) { v.Item(k, nil) } }
	run(t, []damage{
		{name: "offline with written blocks", change: put(place(0, 1), 64, format.ExtentOffline), want: one(problem.ExtentState), ino: file},
		{name: "neither blocks nor archive", change: put(place(6, 5), 0, 0), want: one(problem.ExtentState), ino: file},
		{name: "unwritten without blocks", change: put(place(6, 5), 0, format.ExtentUnwritten), want: one(problem.ExtentState), ino: file},
		{name: "unknown flag", change: put(place(0, 1), 64, 8), want: one(problem.ExtentState), ino: file},
		{
			name: "overlap in the file", change: all(without(place(6, 5)), put(place(5, 6), 0, format.ExtentOffline)),
			want: one(problem.ExtentOverlap), ino: file,
		},
		{name: "no blocks in the key", change: all(without(place(6, 5)), put(place(11, 0), 0, format.ExtentOffline)), want: one(problem.ExtentKey), ino: file},
		{name: "more blocks than before the end", change: all(without(place(6, 5)), put(place(1<<63, 1<<63+11), 0, format.ExtentOffline)), want: one(problem.ExtentKey), ino: file},
		{name: "before the first block", change: put(place(0, 1), 63, 0), want: one(problem.ExtentRange), ino: file},
		{name: "beyond the device", change: put(place(11, 4), dataBlocks-3, format.ExtentUnwritten), want: one(problem.ExtentRange), ino: file},
		{name: "far beyond the device", change: put(place(11, 4), 1<<64-2, format.ExtentUnwritten), want: one(problem.ExtentRange), ino: file},
		{name: "behind the end of the file", change: func(v *testtree.Volume) { v.Inode(file).Size.Set(5 * 4096) }, want: one(problem.ExtentPastEnd), ino: file},
		{name: "within the last block", change: func(v *testtree.Volume) { v.Inode(file).Size.Set(5*4096 + 1) }},
		{
			name: "behind the end of a file that is being truncated",
			change: func(v *testtree.Volume) {
				v.Inode(file).Size.Set(5 * 4096)
				v.Inode(file).Flags.Set(format.InodeFlagTruncate)
			},
		},
		{
			name: "extent of a directory", change: all(without(place(0, 1)), func(v *testtree.Volume) {
				v.Item(format.DataExtentKey(dir, format.Extent{Start: 0, Len: 1}), testvolume.Extent(64, 0))
				v.Inode(file).OnlineBlocks.Set(3)
			}),
			want: one(problem.InodeItems), ino: dir,
		},
		{
			name: "extents of an inode that is being deleted", change: func(v *testtree.Volume) {
				in := v.Inode(orphan)
				in.OnlineBlocks.Set(100)
				in.OfflineBlocks.Set(5)
			},
		},
		{name: "used twice", change: put(place(3, 3), 66, 0), want: []problem.Number{problem.DataBlockTwice, problem.DataBlockLeaked}, ino: file},
		{name: "leaked", data: dataBlocks + 3, want: one(problem.DataBlockLeaked)},
		{
			name: "extent missing", change: without(place(3, 3)),
			want: []problem.Number{problem.DataBlockLeaked, problem.OnlineBlocks},
		},
	})
}
