// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testlog"
)

// nameTree is a volume with one of everything that an operation on names can
// stumble over.
type nameTree struct {
	*writing
	root    uint64
	dir     uint64 // anybody's, with file, sub (empty), full (with x), link, fifo
	file    uint64
	sub     uint64
	full    uint64
	inFull  uint64
	link    uint64
	sealed  uint64 // may not be searched by users, with x
	readers uint64 // may be searched, not written by users, with x and y (both twice) and d
	twice   uint64
	empty   uint64 // directory in root
	plain   uint64 // directory in dir that users may not write
	sticky  uint64 // anybody may write, with x of user 1000 and d of user 1000
	kept    uint64 // file under retention in dir
	dead    uint64 // directory that was removed and is open
	lost    uint64 // file that was unlinked and is open
	tmp     uint64 // file that never had a link and is open
}

func newTree(tb testing.TB) *nameTree {
	tb.Helper()
	v := newWriting(tb, testlog.Options{}, fs.WriterOptions{})
	t := &nameTree{writing: v, root: format.RootIno}
	t.dir = v.mkdir(t.root, "dir", 0o777)
	t.file = v.create(t.dir, "file", 0o644)
	t.sub = v.mkdir(t.dir, "sub", 0o777)
	t.full = v.mkdir(t.dir, "full", 0o777)
	t.plain = v.mkdir(t.dir, "plain", 0o755)
	t.inFull = v.create(t.full, "x", 0o644)
	t.link = v.made(v.Symlink(v.ctx, rootCaller(), t.dir, "link", "file"))
	v.made(v.Mknod(v.ctx, rootCaller(), t.dir, "fifo", format.ModeFIFO|0o666, 0))
	t.empty = v.mkdir(t.root, "empty", 0o755)
	t.sealed = v.mkdir(t.root, "sealed", 0o776)
	v.create(t.sealed, "x", 0o644)
	t.readers = v.mkdir(t.root, "readers", 0o755)
	t.twice = v.create(t.readers, "x", 0o644)
	v.made(v.Link(v.ctx, rootCaller(), t.twice, t.readers, "y"))
	v.mkdir(t.readers, "d", 0o777)
	t.sticky = v.mkdir(t.root, "sticky", 0o1777)
	v.made(v.Create(v.ctx, user(1000), t.sticky, "x", 0o644))
	v.made(v.Mkdir(v.ctx, user(1000), t.sticky, "d", 0o777))
	t.kept = v.create(t.dir, "kept", 0o666)
	v.must(v.SetAttrX(v.ctx, rootCaller(), t.kept, fs.AttrX{Mask: fs.AttrXRetention, Retention: true}))
	t.dead = v.mkdir(t.dir, "dead", 0o777)
	v.must(v.Open(v.ctx, t.dead))
	v.must(v.Rmdir(v.ctx, rootCaller(), t.dir, "dead"))
	t.lost = v.create(t.dir, "lost", 0o644)
	v.must(v.Open(v.ctx, t.lost))
	v.must(v.Unlink(v.ctx, rootCaller(), t.dir, "lost"))
	t.tmp = v.made(v.Tmpfile(v.ctx, rootCaller(), t.dir, 0o644))
	return t
}

// end closes what is open and checks the volume.
func (t *nameTree) end() {
	t.tb.Helper()
	for _, ino := range []uint64{t.dead, t.lost, t.tmp} {
		t.must(t.Close(t.ctx, ino))
	}
	t.check()
}

// refused is an operation that fails.
type refused struct {
	name string
	want syscall.Errno
	do   func(t *nameTree) error
}

// TestRefusals checks which error comes first, and that nothing is left of an
// operation that fails.
func TestRefusals(t *testing.T) {
	t.Parallel()
	tr := newTree(t)
	for _, rows := range [][]refused{refusedCreations(), refusedLinks(), refusedRemovals(), refusedRenames()} {
		for _, row := range rows {
			before := tr.items(format.AllKeys())
			err := row.do(tr)
			if !errors.Is(err, row.want) {
				t.Errorf("%s: error is %v, want %v", row.name, err, row.want)
			}
			if !sameItems(before, tr.items(format.AllKeys())) {
				t.Errorf("%s: items have changed", row.name)
			}
		}
	}
	tr.end()
}

// long is a name with a byte too much.
var long = strings.Repeat("n", 256)

func refusedCreations() []refused {
	create := func(who fs.Caller, dir func(*nameTree) uint64, name string) func(*nameTree) error {
		return func(t *nameTree) error {
			_, err := t.Create(t.ctx, who, dir(t), name, 0o666)
			return err
		}
	}
	mknod := func(who fs.Caller, name string, mode uint32) func(*nameTree) error {
		return func(t *nameTree) error {
			_, err := t.Mknod(t.ctx, who, t.dir, name, mode, 5)
			return err
		}
	}
	symlink := func(name, target string) func(*nameTree) error {
		return func(t *nameTree) error {
			_, err := t.Symlink(t.ctx, rootCaller(), t.dir, name, target)
			return err
		}
	}
	dir := func(t *nameTree) uint64 { return t.dir }
	root := rootCaller()
	return []refused{
		{"empty name", syscall.ENOENT, create(root, dir, "")},
		{"dot", syscall.EEXIST, create(root, dir, ".")},
		{"two dots", syscall.EEXIST, create(root, dir, "..")},
		{"long name", syscall.ENAMETOOLONG, create(root, dir, long)},
		{"long name before the directory", syscall.ENAMETOOLONG, create(root, func(t *nameTree) uint64 { return t.file }, long)},
		{"slash", syscall.EINVAL, create(root, dir, "a/b")},
		{"NUL", syscall.EINVAL, create(root, dir, "a\x00b")},
		{"no directory", syscall.ENOENT, create(root, func(*nameTree) uint64 { return 99 }, "new")},
		{"file as directory", syscall.ENOTDIR, create(root, func(t *nameTree) uint64 { return t.file }, "new")},
		{"symbolic link as directory", syscall.ENOTDIR, create(root, func(t *nameTree) uint64 { return t.link }, "new")},
		{"no search permission", syscall.EACCES, create(user(1000), func(t *nameTree) uint64 { return t.sealed }, "x")},
		{"taken", syscall.EEXIST, create(root, dir, "file")},
		{"taken before permission", syscall.EEXIST, create(user(1000), func(t *nameTree) uint64 { return t.readers }, "x")},
		{"no write permission", syscall.EACCES, create(user(1000), func(t *nameTree) uint64 { return t.readers }, "new")},
		{"deleted directory", syscall.ENOENT, create(user(1000), func(t *nameTree) uint64 { return t.dead }, "new")},
		{"mkdir of what there is", syscall.EEXIST, func(t *nameTree) error {
			_, err := t.Mkdir(t.ctx, root, t.dir, "sub", 0o755)
			return err
		}},
		{"mknod of a directory", syscall.EPERM, mknod(root, "file", format.ModeDirectory|0o755)},
		{"mknod of a symbolic link", syscall.EINVAL, mknod(root, "file", format.ModeSymlink|0o755)},
		{"mknod of no type", syscall.EINVAL, mknod(root, "file", 0o030000)},
		{"device by a user", syscall.EPERM, mknod(user(1000), "new", format.ModeCharDevice|0o666)},
		{"block device by a user", syscall.EPERM, mknod(user(1000), "new", format.ModeBlockDevice|0o666)},
		{"taken before the device", syscall.EEXIST, mknod(user(1000), "file", format.ModeCharDevice|0o666)},
		{"empty target", syscall.ENOENT, symlink("new", "")},
		{"empty target before name", syscall.ENOENT, symlink(long, "")},
		{"long target", syscall.ENAMETOOLONG, symlink("file", strings.Repeat("t", 4096))},
		{"target with NUL", syscall.EINVAL, symlink("new", "a\x00")},
		{"link where there is one", syscall.EEXIST, symlink("link", "x")},
		{"tmpfile in a file", syscall.ENOTDIR, func(t *nameTree) error {
			_, err := t.Tmpfile(t.ctx, root, t.file, 0o600)
			return err
		}},
		{"tmpfile without permission", syscall.EACCES, func(t *nameTree) error {
			_, err := t.Tmpfile(t.ctx, user(1000), t.readers, 0o600)
			return err
		}},
	}
}

func refusedLinks() []refused {
	link := func(who fs.Caller, ino func(*nameTree) uint64, name string) func(*nameTree) error {
		return func(t *nameTree) error {
			_, err := t.Link(t.ctx, who, ino(t), t.dir, name)
			return err
		}
	}
	file := func(t *nameTree) uint64 { return t.file }
	root := rootCaller()
	return []refused{
		{"link to dot", syscall.EEXIST, link(root, file, ".")},
		{"link of nothing", syscall.ENOENT, link(root, func(*nameTree) uint64 { return 99 }, "new")},
		{"link to a long name", syscall.ENAMETOOLONG, link(root, file, long)},
		{"link to what there is", syscall.EEXIST, link(root, file, "file")},
		{"link of a directory", syscall.EPERM, link(root, func(t *nameTree) uint64 { return t.sub }, "new")},
		{"taken before a directory", syscall.EEXIST, link(root, func(t *nameTree) uint64 { return t.sub }, "file")},
		{"link of what lost its last", syscall.ENOENT, link(root, func(t *nameTree) uint64 { return t.lost }, "new")},
		{"link without permission", syscall.EACCES, func(t *nameTree) error {
			_, err := t.Link(t.ctx, user(1000), t.file, t.readers, "new")
			return err
		}},
		{"link into a file", syscall.ENOTDIR, func(t *nameTree) error {
			_, err := t.Link(t.ctx, root, t.file, t.file, "new")
			return err
		}},
	}
}

func refusedRemovals() []refused {
	unlink := func(who fs.Caller, dir func(*nameTree) uint64, name string) func(*nameTree) error {
		return func(t *nameTree) error { return t.Unlink(t.ctx, who, dir(t), name) }
	}
	rmdir := func(who fs.Caller, dir func(*nameTree) uint64, name string) func(*nameTree) error {
		return func(t *nameTree) error { return t.Rmdir(t.ctx, who, dir(t), name) }
	}
	dir := func(t *nameTree) uint64 { return t.dir }
	sticky := func(t *nameTree) uint64 { return t.sticky }
	root := rootCaller()
	return []refused{
		{"unlink nothing", syscall.ENOENT, unlink(root, dir, "")},
		{"unlink dot", syscall.EISDIR, unlink(root, dir, ".")},
		{"unlink two dots", syscall.EISDIR, unlink(root, dir, "..")},
		{"unlink a long name", syscall.ENAMETOOLONG, unlink(root, dir, long)},
		{"unlink a slash", syscall.EINVAL, unlink(root, dir, "sub/")},
		{"unlink in a file", syscall.ENOTDIR, unlink(root, func(t *nameTree) uint64 { return t.file }, "x")},
		{"unlink in nothing", syscall.ENOENT, unlink(root, func(*nameTree) uint64 { return 99 }, "x")},
		{"unlink what is not there", syscall.ENOENT, unlink(root, dir, "none")},
		{"unlink unseen", syscall.EACCES, unlink(user(1000), func(t *nameTree) uint64 { return t.sealed }, "x")},
		{"unlink without permission", syscall.EACCES, unlink(user(1000), func(t *nameTree) uint64 { return t.readers }, "x")},
		{"permission before type", syscall.EACCES, unlink(user(1000), func(t *nameTree) uint64 { return t.readers }, "d")},
		{"unlink of others in a sticky directory", syscall.EPERM, unlink(user(1001), sticky, "x")},
		{"sticky before type", syscall.EPERM, unlink(user(1001), sticky, "d")},
		{"unlink a directory", syscall.EISDIR, unlink(root, dir, "sub")},
		{"unlink a retained file", syscall.EPERM, unlink(root, dir, "kept")},
		{"rmdir dot", syscall.EINVAL, rmdir(root, dir, ".")},
		{"rmdir two dots", syscall.ENOTEMPTY, rmdir(root, dir, "..")},
		{"rmdir a file", syscall.ENOTDIR, rmdir(root, dir, "file")},
		{"rmdir a symbolic link", syscall.ENOTDIR, rmdir(root, dir, "link")},
		{"rmdir a directory with entries", syscall.ENOTEMPTY, rmdir(root, dir, "full")},
		{"rmdir what is not there", syscall.ENOENT, rmdir(root, dir, "none")},
		{"rmdir of others in a sticky directory", syscall.EPERM, rmdir(user(1001), sticky, "d")},
		{"rmdir without permission", syscall.EACCES, rmdir(user(1000), func(t *nameTree) uint64 { return t.readers }, "d")},
	}
}

func refusedRenames() []refused {
	type at struct {
		dir  func(*nameTree) uint64
		name string
	}
	rename := func(who fs.Caller, from, to at, flags uint32) func(*nameTree) error {
		return func(t *nameTree) error {
			return t.Rename(t.ctx, who, from.dir(t), from.name, to.dir(t), to.name, flags)
		}
	}
	in := func(dir func(*nameTree) uint64) func(string) at {
		return func(name string) at { return at{dir, name} }
	}
	dir := in(func(t *nameTree) uint64 { return t.dir })
	root := in(func(t *nameTree) uint64 { return t.root })
	full := in(func(t *nameTree) uint64 { return t.full })
	sub := in(func(t *nameTree) uint64 { return t.sub })
	sealed := in(func(t *nameTree) uint64 { return t.sealed })
	readers := in(func(t *nameTree) uint64 { return t.readers })
	sticky := in(func(t *nameTree) uint64 { return t.sticky })
	dead := in(func(t *nameTree) uint64 { return t.dead })
	file := in(func(t *nameTree) uint64 { return t.file })
	admin := rootCaller()
	return []refused{
		{"rename with exchange", syscall.EINVAL, rename(admin, dir("."), dir("new"), 2)},
		{"rename with whiteout", syscall.EINVAL, rename(admin, dir("file"), dir("new"), 4)},
		{"rename dot", syscall.EBUSY, rename(admin, dir("."), dir("new"), 0)},
		{"rename two dots", syscall.EBUSY, rename(admin, dir(".."), dir("new"), 0)},
		{"rename to dot", syscall.EBUSY, rename(admin, dir("file"), dir("."), 0)},
		{"rename to two dots, no replace", syscall.EEXIST, rename(admin, dir("file"), dir(".."), fs.RenameNoReplace)},
		{"rename a long name", syscall.ENAMETOOLONG, rename(admin, dir(long), dir("new"), 0)},
		{"rename to a long name", syscall.ENAMETOOLONG, rename(admin, dir("none"), dir(long), 0)},
		{"rename to a slash", syscall.EINVAL, rename(admin, dir("file"), dir("a/"), 0)},
		{"rename to nothing", syscall.ENOENT, rename(admin, dir("file"), dir(""), 0)},
		{"rename in a file", syscall.ENOTDIR, rename(admin, file("x"), dir("new"), 0)},
		{"rename to a file's", syscall.ENOTDIR, rename(admin, dir("file"), file("x"), 0)},
		{"rename unseen", syscall.EACCES, rename(user(1000), sealed("x"), dir("new"), 0)},
		{"rename to unseen", syscall.EACCES, rename(user(1000), dir("file"), sealed("new"), 0)},
		{"rename what is not there", syscall.ENOENT, rename(admin, dir("none"), dir("new"), 0)},
		{"no replace", syscall.EEXIST, rename(admin, dir("file"), dir("fifo"), fs.RenameNoReplace)},
		{"no replace of itself", syscall.EEXIST, rename(admin, dir("file"), dir("file"), fs.RenameNoReplace)},
		{"no replace before type", syscall.EEXIST, rename(admin, dir("file"), dir("sub"), fs.RenameNoReplace)},
		{"rename below itself", syscall.EINVAL, rename(admin, root("dir"), sub("new"), 0)},
		{"rename into itself", syscall.EINVAL, rename(admin, dir("sub"), sub("new"), 0)},
		{"rename below itself before permission", syscall.EINVAL, rename(user(1000), root("dir"), sub("new"), 0)},
		{"rename to its ancestor", syscall.ENOTEMPTY, rename(admin, full("x"), dir("full"), 0)},
		{"rename without permission", syscall.EACCES, rename(user(1000), readers("x"), dir("new"), 0)},
		{"rename to where there is no permission", syscall.EACCES, rename(user(1000), dir("file"), readers("new"), 0)},
		{"rename of others in a sticky directory", syscall.EPERM, rename(user(1001), sticky("x"), dir("new"), 0)},
		{"replacing others in a sticky directory", syscall.EPERM, rename(user(1001), dir("file"), sticky("x"), 0)},
		{"file over directory", syscall.EISDIR, rename(admin, dir("file"), dir("sub"), 0)},
		{"directory over file", syscall.ENOTDIR, rename(admin, dir("sub"), dir("file"), 0)},
		{"directory over link", syscall.ENOTDIR, rename(admin, dir("sub"), dir("link"), 0)},
		{"rename into a deleted directory", syscall.ENOENT, rename(admin, dir("file"), dead("new"), 0)},
		{"other's directory to another parent", syscall.EACCES, rename(user(1001), dir("plain"), full("new"), 0)},
		{"directory over one with entries", syscall.ENOTEMPTY, rename(admin, dir("sub"), dir("full"), 0)},
		{"rename a retained file", syscall.EPERM, rename(admin, dir("kept"), dir("new"), 0)},
		{"rename over a retained file", syscall.EPERM, rename(admin, dir("file"), dir("kept"), 0)},
	}
}
