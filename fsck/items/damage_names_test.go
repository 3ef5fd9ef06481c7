// SPDX-License-Identifier: GPL-2.0-or-later

package items_test

import (
	"testing"

	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
	"scoutfs/internal/testtree"
)

func TestDamagedNamesAreFound(t *testing.T) {
	t.Parallel()
	without := func(keys ...format.Key) func(v *testtree.Volume) {
		return func(v *testtree.Volume) {
			for _, k := range keys {
				v.Item(k, nil)
			}
		}
	}
	f, s, i := fileEntry(), subEntry(), innerEntry()
	run(t, []damage{
		{name: "dirent missing", change: without(f.dirent()), want: one(problem.DirentMissing), ino: dir, of: "file"},
		{name: "readdir missing", change: without(f.readdir()), want: one(problem.ReaddirMissing), ino: dir, of: "file"},
		{name: "backref missing", change: without(f.backref()), want: one(problem.BackrefMissing), ino: dir, of: "file"},
		{name: "backref of a directory missing", change: without(s.backref()), want: one(problem.BackrefMissing), ino: dir, of: "sub"},
		{name: "dirent of a directory missing", change: without(s.dirent()), want: one(problem.DirentMissing), ino: dir, of: "sub"},
		{name: "readdir of a directory missing", change: without(s.readdir()), want: one(problem.ReaddirMissing), ino: dir, of: "sub"},
		{name: "backref of one of two names missing", change: without(i.backref()), want: one(problem.BackrefMissing), ino: sub, of: "inner"},
		{
			name: "only the backref left", change: without(f.dirent(), f.readdir()),
			want: []problem.Number{problem.DirectorySize, problem.DirentMissing, problem.ReaddirMissing}, ino: dir,
		},
		{
			name: "only the dirent left", change: without(f.backref(), f.readdir()),
			want: []problem.Number{problem.ReaddirMissing, problem.BackrefMissing}, ino: dir, of: "file",
		},
		{
			name: "no names left", change: without(f.backref(), f.readdir(), f.dirent()),
			want: []problem.Number{problem.DirectorySize, problem.InodeUnreachable}, ino: dir,
		},
		{
			name:   "hash in the key",
			change: func(v *testtree.Volume) { v.Item(f.dirent(), nil); v.Item(format.DirentKey(dir, 5, 2), f.value()) },
			want:   one(problem.DirentHash), ino: dir, of: "file",
		},
		{
			name:   "hash in the value of a dirent",
			change: func(v *testtree.Volume) { v.Item(f.dirent(), f.with(func(d *format.Dirent) { d.Hash.Set(5) })) },
			want:   one(problem.DirentHash), ino: dir, of: "file",
		},
		{
			name:   "hash in the value of a readdir item",
			change: func(v *testtree.Volume) { v.Item(f.readdir(), f.with(func(d *format.Dirent) { d.Hash.Set(5) })) },
			want:   one(problem.DirentDiffers), ino: dir, of: "file",
		},
		{
			name:   "hash in the value of a backref",
			change: func(v *testtree.Volume) { v.Item(f.backref(), f.with(func(d *format.Dirent) { d.Hash.Set(5) })) },
			want:   one(problem.DirentDiffers), ino: dir, of: "file",
		},
		{
			name:   "inode in a dirent",
			change: func(v *testtree.Volume) { v.Item(f.dirent(), f.with(func(d *format.Dirent) { d.Ino.Set(inner) })) },
			want:   one(problem.DirentDiffers), ino: dir, of: "file",
		},
		{
			name:   "inode in a readdir item",
			change: func(v *testtree.Volume) { v.Item(f.readdir(), f.with(func(d *format.Dirent) { d.Ino.Set(inner) })) },
			want:   one(problem.DirentDiffers), ino: dir, of: "file",
		},
		{
			name:   "inode in a backref",
			change: func(v *testtree.Volume) { v.Item(f.backref(), f.with(func(d *format.Dirent) { d.Ino.Set(inner) })) },
			want:   one(problem.DirentDiffers), ino: dir, of: "file",
		},
		{
			name: "backref at another inode",
			change: func(v *testtree.Volume) {
				v.Item(f.backref(), nil)
				moved := f
				moved.ino = inner
				v.Item(moved.backref(), moved.value())
			},
			want: one(problem.DirentDiffers), ino: dir, of: "file",
		},
		{
			name: "name in a readdir item",
			change: func(v *testtree.Volume) {
				other := f
				other.name = "fila"
				v.Item(f.readdir(), other.value())
			},
			want: one(problem.DirentDiffers), ino: dir, of: "fila",
		},
		{
			name: "name in a dirent",
			change: func(v *testtree.Volume) {
				other := f
				other.name = "fila"
				v.Item(f.dirent(), other.value())
			},
			want: one(problem.DirentHash), ino: dir, of: "fila",
		},
		{
			name:   "position in a dirent",
			change: func(v *testtree.Volume) { v.Item(f.dirent(), f.with(func(d *format.Dirent) { d.Pos.Set(9) })) },
			want:   one(problem.DirentPosition), ino: dir, of: "file",
		},
		{
			name:   "position in a readdir item",
			change: func(v *testtree.Volume) { v.Item(f.readdir(), f.with(func(d *format.Dirent) { d.Pos.Set(9) })) },
			want:   one(problem.DirentPosition), ino: dir, of: "file",
		},
		{
			name:   "position in a backref",
			change: func(v *testtree.Volume) { v.Item(f.backref(), f.with(func(d *format.Dirent) { d.Pos.Set(9) })) },
			want:   one(problem.DirentPosition), ino: dir, of: "file",
		},
		{
			name: "type in a dirent",
			change: func(v *testtree.Volume) {
				v.Item(f.dirent(), f.with(func(d *format.Dirent) { d.Type = format.DirentFIFO }))
			},
			want: one(problem.DirentDiffers), ino: dir, of: "file",
		},
		{
			name: "type in a readdir item",
			change: func(v *testtree.Volume) {
				v.Item(f.readdir(), f.with(func(d *format.Dirent) { d.Type = format.DirentDirectory }))
			},
			want: one(problem.DirentDiffers), ino: dir, of: "file",
		},
		{
			name: "type in a backref",
			change: func(v *testtree.Volume) {
				v.Item(f.backref(), f.with(func(d *format.Dirent) { d.Type = format.DirentFIFO }))
			},
			want: one(problem.DirentDiffers), ino: dir, of: "file",
		},
		{
			name: "type in all items",
			change: func(v *testtree.Volume) {
				other := f
				other.kind = format.DirentDirectory
				for _, k := range []format.Key{f.dirent(), f.readdir(), f.backref()} {
					v.Item(k, other.value())
				}
			},
			want: one(problem.DirentType), ino: dir, of: "file",
		},
		{
			name: "type of a directory in all items",
			change: func(v *testtree.Volume) {
				other := s
				other.kind = format.DirentRegular
				for _, k := range []format.Key{s.dirent(), s.readdir(), s.backref()} {
					v.Item(k, other.value())
				}
			},
			want: one(problem.DirentType), ino: dir, of: "sub",
		},
		{
			name:   "pad, which the check of the leaf finds",
			change: func(v *testtree.Volume) { v.Item(f.backref(), f.with(func(d *format.Dirent) { d.Pad[3] = 1 })) },
		},
		{
			name:   "name without a byte in a dirent",
			change: func(v *testtree.Volume) { v.Item(f.dirent(), f.value()[:32]) },
			want:   one(problem.DirentNameLength), ino: dir,
		},
		{
			name:   "name without a byte in a readdir item",
			change: func(v *testtree.Volume) { v.Item(f.readdir(), f.value()[:32]) },
			want:   one(problem.ReaddirNameLength), ino: dir,
		},
		{
			name:   "name without a byte in a backref",
			change: func(v *testtree.Volume) { v.Item(f.backref(), f.value()[:32]) },
			want:   one(problem.BackrefNameLength), ino: file,
		},
		{
			name:   "slash in a name",
			change: func(v *testtree.Volume) { v.File(dir, "a/b") },
			want:   one(problem.DirentName), ino: dir, of: "a/b",
		},
		{name: "name that is dots", change: func(v *testtree.Volume) { v.File(dir, "..") }, want: one(problem.DirentName), ino: dir, of: ".."},
		{name: "NUL in a name", change: func(v *testtree.Volume) { v.File(dir, "a\x00") }, want: one(problem.DirentName), ino: dir, of: "a\x00"},
		{
			name:   "name twice",
			change: func(v *testtree.Volume) { v.File(dir, "file") },
			want:   one(problem.DirentDuplicate), ino: dir, of: "file",
		},
		{
			name: "name of nothing",
			change: func(v *testtree.Volume) {
				v.Entry(dir, "gone", 5000, format.ModeRegular)
				v.Item(format.LinkBackrefKey(5000, dir, 9), nil)
			},
			want: one(problem.DirentDangling), ino: dir, of: "gone",
		},
	})
}

func TestDamagedDirectoriesAreFound(t *testing.T) {
	t.Parallel()
	set := func(ino uint64, change func(in *format.Inode)) func(v *testtree.Volume) {
		return func(v *testtree.Volume) { change(v.Inode(ino)) }
	}
	run(t, []damage{
		{name: "size", change: set(dir, func(in *format.Inode) { in.Size.Set(1) }), want: one(problem.DirectorySize), ino: dir},
		{name: "size of an empty one", change: set(empty, func(in *format.Inode) { in.Size.Set(1) }), want: one(problem.DirectorySize), ino: empty},
		{name: "next position", change: set(dir, func(in *format.Inode) { in.NextReaddirPos.Set(8) }), want: one(problem.NextReaddirPos), ino: dir},
		{name: "next position of an empty one", change: set(empty, func(in *format.Inode) { in.NextReaddirPos.Set(1) }), want: one(problem.NextReaddirPos), ino: empty},
		{name: "links", change: set(dir, func(in *format.Inode) { in.Nlink.Set(3) }), want: one(problem.InodeLinkCount), ino: dir},
		{name: "no links", change: set(dir, func(in *format.Inode) { in.Nlink.Set(0) }), want: one(problem.InodeLinkCount), ino: dir},
		{name: "links of the root", change: set(format.RootIno, func(in *format.Inode) { in.Nlink.Set(2) }), want: one(problem.InodeLinkCount), ino: format.RootIno},
		{name: "no links of the root", change: set(format.RootIno, func(in *format.Inode) { in.Nlink.Set(0) }), want: one(problem.InodeLinkCount), ino: format.RootIno},
		{name: "links of a file", change: set(file, func(in *format.Inode) { in.Nlink.Set(2) }), want: one(problem.InodeLinkCount), ino: file},
		{name: "no links of a file", change: set(file, func(in *format.Inode) { in.Nlink.Set(0) }), want: one(problem.InodeLinkCount), ino: file},
		{name: "links of a file with two names", change: set(inner, func(in *format.Inode) { in.Nlink.Set(1) }), want: one(problem.InodeLinkCount), ino: inner},
		{name: "links of an orphan", change: set(orphan, func(in *format.Inode) { in.Nlink.Set(1) }), want: one(problem.InodeLinkCount), ino: orphan},
		{
			name: "second name", change: func(v *testtree.Volume) {
				v.Entry(dir, "second", empty, format.ModeDirectory)
				v.Inode(dir).Nlink.Set(5)
			},
			want: one(problem.DirectoryLinks), ino: empty,
		},
		{
			name: "name of the root", change: func(v *testtree.Volume) {
				v.Entry(dir, "root", format.RootIno, format.ModeDirectory)
				v.Inode(dir).Nlink.Set(5)
			},
			want: one(problem.RootHasName), ino: format.RootIno,
		},
		{
			name: "in itself", change: func(v *testtree.Volume) {
				unlink(v, dir, empty, "empty")
				v.Inode(dir).Nlink.Set(3)
				v.Entry(empty, "empty", empty, format.ModeDirectory)
				v.Inode(empty).Nlink.Set(3)
			},
			want: one(problem.DirectoryCycle), ino: empty,
		},
		{
			name: "in one that it contains", change: func(v *testtree.Volume) {
				a := v.Dir(empty, "a")
				v.Dir(a, "b")
				unlink(v, dir, empty, "empty")
				v.Inode(dir).Nlink.Set(3)
				v.Entry(a+1, "empty", empty, format.ModeDirectory)
				v.Inode(a + 1).Nlink.Set(3)
			},
			want: one(problem.DirectoryCycle), ino: empty,
		},
		{
			name: "entries of a removed one", change: func(v *testtree.Volume) {
				unlink(v, dir, empty, "empty")
				v.Inode(dir).Nlink.Set(3)
				v.Inode(empty).Nlink.Set(0)
				v.Item(format.OrphanKey(empty), []byte{})
				v.File(empty, "left")
			},
			want: one(problem.InodeLinkCount), ino: empty,
		},
		{
			name: "directory that does not exist", change: func(v *testtree.Volume) {
				e := entry{7000, file, 4, "elsewhere", format.DirentRegular}
				v.Item(e.backref(), e.value())
				v.Inode(file).Nlink.Set(2)
			},
			want: one(problem.InodeUnreachable), ino: file,
		},
		{
			name: "entry in a file", change: func(v *testtree.Volume) {
				e := entry{file, inner, 2, "below", format.DirentRegular}
				v.Item(e.readdir(), e.value())
			},
			want: one(problem.InodeItems), ino: file,
		},
		{
			name: "entries in a file", change: func(v *testtree.Volume) {
				v.File(file, "below")
				v.Inode(file).NextReaddirPos.Set(2)
				v.Inode(file).Size.Set(10 * 4096)
			},
			want: one(problem.InodeItems), ino: file,
		},
	})
}
