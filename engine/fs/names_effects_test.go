// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"maps"
	"slices"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
)

// moved is what an operation does to the fields of an inode. Every one of them
// also gets the transaction's meta_seq.
type moved struct {
	c, m  bool // ctime, mtime
	ver   int
	nlink int
	size  int
	pos   int // next_readdir_pos
	mode  uint32
}

func (d moved) apply(in *fs.Inode, v *writing, seq uint64) {
	in.MetaSeq = seq
	in.Version += uint64(d.ver)
	in.Nlink = uint32(int(in.Nlink) + d.nlink)
	in.Size = uint64(int(in.Size) + d.size)
	in.NextReaddirPos += uint64(d.pos)
	if d.c {
		in.Ctime = v.time()
	}
	if d.m {
		in.Mtime = v.time()
	}
	if d.mode != 0 {
		in.Mode = in.Mode&format.ModeTypeMask | d.mode
	}
}

// effect is an operation with all that it changes.
type effect struct {
	name string
	do   func(t *nameTree) (made fs.Inode, err error)
	on   func(t *nameTree) map[uint64]moved
	gone func(t *nameTree) []uint64
	made fs.Inode // without number, seqs and times
}

// TestEffects checks every field of every inode, before an operation and
// after it.
func TestEffects(t *testing.T) {
	t.Parallel()
	for _, e := range slices.Concat(creations(), linksAndRemovals(), renames()) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			tr := newTree(t)
			e.run(tr)
			tr.end()
		})
	}
}

func (e *effect) run(t *nameTree) {
	t.tb.Helper()
	t.sync() // so that the operation has a transaction of its own
	want := t.inodes()
	t.tick()
	made, err := e.do(t)
	t.must(err)
	got := t.inodes()
	seq := uint64(0)
	for _, in := range got {
		seq = max(seq, in.MetaSeq)
	}
	for ino, d := range e.on(t) {
		in := want[ino]
		if in.MetaSeq >= seq {
			t.tb.Fatalf("meta_seq of inode %d is %d before and %d is the greatest after", ino, in.MetaSeq, seq)
		}
		d.apply(&in, t.writing, seq)
		want[ino] = in
	}
	if e.gone != nil {
		for _, ino := range e.gone(t) {
			delete(want, ino)
		}
	}
	if e.made.Mode != 0 {
		in := e.made
		in.Ino, in.MetaSeq, in.DataSeq, in.NextReaddirPos = made.Ino, seq, seq, format.FirstReaddirPos
		in.Atime, in.Mtime, in.Ctime, in.Crtime = t.time(), t.time(), t.time(), t.time()
		want[in.Ino] = in
		if got[in.Ino] != made {
			t.tb.Errorf("returned is\n%+v, stored\n%+v", made, got[in.Ino])
		}
	}
	if !maps.Equal(got, want) {
		for ino, in := range want {
			if in != got[ino] {
				t.tb.Errorf("inode %d is\n%+v, want\n%+v", ino, got[ino], in)
			}
		}
		if len(got) != len(want) {
			t.tb.Errorf("there are %d inodes, want %d", len(got), len(want))
		}
	}
}

func (v *writing) inodes() map[uint64]fs.Inode {
	v.tb.Helper()
	found := make(map[uint64]fs.Inode)
	v.view(func(f *fs.FS) {
		for _, in := range all(v.tb, f.Inodes(v.ctx, 0)) {
			found[in.Ino] = in
		}
	})
	return found
}

func creations() []effect {
	dir := func(length, nlink int) func(*nameTree) map[uint64]moved {
		return func(t *nameTree) map[uint64]moved {
			return map[uint64]moved{t.dir: {c: true, m: true, ver: 1, size: length, nlink: nlink, pos: 1}}
		}
	}
	who := fs.Caller{UID: 7, GID: 8, Umask: 0o027}
	admin := fs.Caller{UID: 7, GID: 8, Umask: 0o027, Admin: true}
	return []effect{
		{
			name: "create",
			do:   func(t *nameTree) (fs.Inode, error) { return t.Create(t.ctx, who, t.dir, "new", 0o6775) },
			on:   dir(3, 0),
			made: fs.Inode{Mode: 0o106750, UID: 7, GID: 8, Nlink: 1, Version: 1},
		},
		{
			name: "create with the longest name",
			do: func(t *nameTree) (fs.Inode, error) {
				return t.Create(t.ctx, who, t.dir, long[:255], 0o666)
			},
			on:   dir(255, 0),
			made: fs.Inode{Mode: 0o100640, UID: 7, GID: 8, Nlink: 1, Version: 1},
		},
		{
			name: "mkdir",
			do:   func(t *nameTree) (fs.Inode, error) { return t.Mkdir(t.ctx, who, t.dir, "new", 0o7777) },
			on:   dir(3, 1),
			made: fs.Inode{Mode: 0o041750, UID: 7, GID: 8, Nlink: 2, Version: 1},
		},
		{
			name: "mknod of a device",
			do: func(t *nameTree) (fs.Inode, error) {
				rdev, _ := format.MakeRdev(8, 1)
				return t.Mknod(t.ctx, admin, t.dir, "sda1", format.ModeBlockDevice|0o660, rdev)
			},
			on:   dir(4, 0),
			made: fs.Inode{Mode: 0o060640, UID: 7, GID: 8, Nlink: 1, Version: 1, Rdev: 8<<20 | 1},
		},
		{
			name: "mknod of a socket, without a device number",
			do: func(t *nameTree) (fs.Inode, error) {
				return t.Mknod(t.ctx, who, t.dir, "s", format.ModeSocket|0o777, 5)
			},
			on:   dir(1, 0),
			made: fs.Inode{Mode: 0o140750, UID: 7, GID: 8, Nlink: 1, Version: 1},
		},
		{
			name: "mknod without a type",
			do:   func(t *nameTree) (fs.Inode, error) { return t.Mknod(t.ctx, who, t.dir, "f", 0o600, 5) },
			on:   dir(1, 0),
			made: fs.Inode{Mode: 0o100600, UID: 7, GID: 8, Nlink: 1, Version: 1},
		},
		{
			name: "symlink",
			do:   func(t *nameTree) (fs.Inode, error) { return t.Symlink(t.ctx, who, t.dir, "new", "/target") },
			on:   dir(3, 0),
			made: fs.Inode{Mode: 0o120777, UID: 7, GID: 8, Nlink: 1, Version: 1, Size: 8},
		},
		{
			name: "tmpfile",
			do:   func(t *nameTree) (fs.Inode, error) { return t.Tmpfile(t.ctx, who, t.dir, 0o666) },
			on:   func(t *nameTree) map[uint64]moved { return map[uint64]moved{t.dir: {}} },
			made: fs.Inode{Mode: 0o100640, UID: 7, GID: 8, Version: 1},
		},
	}
}

func linksAndRemovals() []effect {
	return []effect{
		{
			name: "link",
			do: func(t *nameTree) (fs.Inode, error) {
				return t.Link(t.ctx, user(5), t.file, t.sub, "another")
			},
			on: func(t *nameTree) map[uint64]moved {
				return map[uint64]moved{
					t.file: {c: true, ver: 1, nlink: 1},
					t.sub:  {c: true, m: true, ver: 1, size: 7, pos: 1},
				}
			},
		},
		{
			name: "link of a symbolic link",
			do: func(t *nameTree) (fs.Inode, error) {
				return t.Link(t.ctx, user(5), t.link, t.sub, "another")
			},
			on: func(t *nameTree) map[uint64]moved {
				return map[uint64]moved{
					t.link: {c: true, ver: 1, nlink: 1},
					t.sub:  {c: true, m: true, ver: 1, size: 7, pos: 1},
				}
			},
		},
		{
			name: "link of a file that never had one",
			do:   func(t *nameTree) (fs.Inode, error) { return t.Link(t.ctx, user(5), t.tmp, t.dir, "was tmp") },
			on: func(t *nameTree) map[uint64]moved {
				return map[uint64]moved{
					t.tmp: {c: true, ver: 1, nlink: 1},
					t.dir: {c: true, m: true, ver: 1, size: 7, pos: 1},
				}
			},
		},
		{
			name: "unlink of the last link",
			do:   func(t *nameTree) (fs.Inode, error) { return fs.Inode{}, t.Unlink(t.ctx, user(5), t.dir, "file") },
			on: func(t *nameTree) map[uint64]moved {
				return map[uint64]moved{t.dir: {c: true, m: true, ver: 1, size: -4}}
			},
			gone: func(t *nameTree) []uint64 { return []uint64{t.file} },
		},
		{
			name: "unlink of an open file",
			do: func(t *nameTree) (fs.Inode, error) {
				t.must(t.Open(t.ctx, t.file))
				return fs.Inode{}, t.Unlink(t.ctx, user(5), t.dir, "file")
			},
			on: func(t *nameTree) map[uint64]moved {
				return map[uint64]moved{
					t.dir:  {c: true, m: true, ver: 1, size: -4},
					t.file: {c: true, ver: 1, nlink: -1},
				}
			},
		},
		{
			name: "rmdir",
			do:   func(t *nameTree) (fs.Inode, error) { return fs.Inode{}, t.Rmdir(t.ctx, user(5), t.dir, "sub") },
			on: func(t *nameTree) map[uint64]moved {
				return map[uint64]moved{t.dir: {c: true, m: true, ver: 1, size: -3, nlink: -1}}
			},
			gone: func(t *nameTree) []uint64 { return []uint64{t.sub} },
		},
	}
}

func renames() []effect {
	rename := func(from func(*nameTree) uint64, name string, to func(*nameTree) uint64, newName string) func(*nameTree) (fs.Inode, error) {
		return func(t *nameTree) (fs.Inode, error) {
			return fs.Inode{}, t.Rename(t.ctx, rootCaller(), from(t), name, to(t), newName, 0)
		}
	}
	root := func(t *nameTree) uint64 { return t.root }
	dir := func(t *nameTree) uint64 { return t.dir }
	full := func(t *nameTree) uint64 { return t.full }
	return []effect{
		{
			name: "rename in a directory",
			do:   rename(dir, "file", dir, "renamed"),
			on: func(t *nameTree) map[uint64]moved {
				return map[uint64]moved{t.dir: {c: true, m: true, ver: 1, size: 3, pos: 1}, t.file: {c: true, ver: 1}}
			},
		},
		{
			name: "rename to another directory",
			do:   rename(dir, "file", full, "renamed"),
			on: func(t *nameTree) map[uint64]moved {
				return map[uint64]moved{
					t.dir:  {c: true, m: true, ver: 1, size: -4},
					t.full: {c: true, m: true, ver: 1, size: 7, pos: 1},
					t.file: {c: true, ver: 1},
				}
			},
		},
		{
			name: "rename over a file",
			do:   rename(dir, "file", full, "x"),
			on: func(t *nameTree) map[uint64]moved {
				return map[uint64]moved{
					t.dir:  {c: true, m: true, ver: 1, size: -4},
					t.full: {c: true, m: true, ver: 1, pos: 1},
					t.file: {c: true, ver: 1},
				}
			},
			gone: func(t *nameTree) []uint64 { return []uint64{t.inFull} },
		},
		{
			name: "rename a directory over an empty one",
			do:   rename(dir, "full", dir, "sub"),
			on: func(t *nameTree) map[uint64]moved {
				return map[uint64]moved{
					t.dir:  {c: true, m: true, ver: 1, size: -4, nlink: -1, pos: 1},
					t.full: {c: true, ver: 1},
				}
			},
			gone: func(t *nameTree) []uint64 { return []uint64{t.sub} },
		},
		{
			name: "rename a directory to another parent",
			do:   rename(dir, "sub", full, "moved"),
			on: func(t *nameTree) map[uint64]moved {
				return map[uint64]moved{
					t.dir:  {c: true, m: true, ver: 1, size: -3, nlink: -1},
					t.full: {c: true, m: true, ver: 1, size: 5, nlink: 1, pos: 1},
					t.sub:  {c: true, ver: 1},
				}
			},
		},
		{
			name: "rename a directory to another name and parent",
			do:   rename(dir, "full", root, "readers2"),
			on: func(t *nameTree) map[uint64]moved {
				return map[uint64]moved{
					t.dir:  {c: true, m: true, ver: 1, size: -4, nlink: -1},
					t.root: {c: true, m: true, ver: 1, nlink: 1, size: 8, pos: 1},
					t.full: {c: true, ver: 1},
				}
			},
		},
		{
			name: "rename a directory over one of another parent",
			do:   rename(dir, "full", root, "empty"),
			on: func(t *nameTree) map[uint64]moved {
				return map[uint64]moved{
					t.dir:  {c: true, m: true, ver: 1, size: -4, nlink: -1},
					t.root: {c: true, m: true, ver: 1, pos: 1},
					t.full: {c: true, ver: 1},
				}
			},
			gone: func(t *nameTree) []uint64 { return []uint64{t.empty} },
		},
		{
			name: "rename to another link",
			do: func(t *nameTree) (fs.Inode, error) {
				return fs.Inode{}, t.Rename(t.ctx, user(1000), t.readers, "x", t.readers, "y", 0)
			},
			on: func(t *nameTree) map[uint64]moved { return nil },
		},
		{
			name: "rename over one of several links",
			do:   rename(dir, "file", func(t *nameTree) uint64 { return t.readers }, "y"),
			on: func(t *nameTree) map[uint64]moved {
				return map[uint64]moved{
					t.dir:     {c: true, m: true, ver: 1, size: -4},
					t.readers: {c: true, m: true, ver: 1, pos: 1},
					t.file:    {c: true, ver: 1},
					t.twice:   {c: true, ver: 1, nlink: -1},
				}
			},
		},
		{
			name: "rename to itself",
			do:   rename(dir, "file", dir, "file"),
			on:   func(t *nameTree) map[uint64]moved { return nil },
		},
		{
			name: "rename no replace",
			do: func(t *nameTree) (fs.Inode, error) {
				return fs.Inode{}, t.Rename(t.ctx, rootCaller(), t.dir, "link", t.dir, "free", fs.RenameNoReplace)
			},
			on: func(t *nameTree) map[uint64]moved {
				return map[uint64]moved{t.dir: {c: true, m: true, ver: 1, pos: 1}, t.link: {c: true, ver: 1}}
			},
		},
	}
}
