// SPDX-License-Identifier: GPL-2.0-or-later

package edit_test

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"scoutfs/edit"
	"scoutfs/engine/format"
	"scoutfs/internal/testwrite"
	"scoutfs/walk/tree"
)

// both runs a test on a mount and on devices, each with an empty directory.
func both(t *testing.T, test func(t *testing.T, f edit.Files, dir tree.Node)) {
	t.Run("mount", func(t *testing.T) {
		t.Parallel()
		f := edit.OnMount()
		test(t, f, resolve(t, f, t.TempDir()))
	})
	t.Run("devices", func(t *testing.T) {
		t.Parallel()
		v := testwrite.New(t, 2)
		f := edit.OnDevices(v.Volume, edit.Caller{UID: uint32(os.Geteuid()), GID: uint32(os.Getegid()), Umask: 0o022})
		dir, err := f.Mkdir(t.Context(), resolve(t, f, "/"), "dir", 0o755)
		if err != nil {
			t.Fatal(err)
		}
		test(t, f, dir)
		v.Check(t)
	})
}

func resolve(t *testing.T, f tree.Tree, path string) tree.Node {
	t.Helper()
	n, err := f.Resolve(t.Context(), path, false)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func stat(t *testing.T, f tree.Tree, n tree.Node) tree.Attr {
	t.Helper()
	a, err := f.Stat(t.Context(), n, 0)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// is fails the test if an error has not the number that it should.
func is(t *testing.T, what string, err error, want error) {
	t.Helper()
	if !errors.Is(err, want) || (err == nil) != (want == nil) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// names lists a directory.
func names(t *testing.T, f tree.Tree, dir tree.Node) []string {
	t.Helper()
	var list []string
	for n, err := range f.ReadDir(t.Context(), dir) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, n.Name())
	}
	slices.Sort(list)
	return list
}

func TestNamesAreMadeMovedAndRemoved(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, f edit.Files, dir tree.Node) {
		ctx := t.Context()
		file, err := f.Create(ctx, dir, "file", 0o640)
		is(t, "create", err, nil)
		_, err = f.Create(ctx, dir, "file", 0o640)
		is(t, "create again", err, syscall.EEXIST)
		sub, err := f.Mkdir(ctx, dir, "sub", 0o750)
		is(t, "mkdir", err, nil)
		_, err = f.Mkdir(ctx, dir, "sub", 0o750)
		is(t, "mkdir again", err, syscall.EEXIST)
		link, err := f.Symlink(ctx, dir, "link", "sub/../file")
		is(t, "symlink", err, nil)
		_, err = f.Mknod(ctx, dir, "pipe", format.ModeFIFO|0o600, 0, 0)
		is(t, "mknod", err, nil)
		is(t, "link", f.Link(ctx, file, sub, "hard"), nil)
		is(t, "link again", f.Link(ctx, file, sub, "hard"), syscall.EEXIST)
		if a := stat(t, f, file); a.Nlink != 2 || a.Mode != format.ModeRegular|0o640 || a.UID != uint32(os.Geteuid()) {
			t.Errorf("file: %+v", a)
		}
		if a := stat(t, f, sub); a.Mode != format.ModeDirectory|0o750 {
			t.Errorf("sub: %+v", a)
		}
		if target, err := f.Readlink(ctx, link); err != nil || target != "sub/../file" {
			t.Errorf("link leads to %q, %v", target, err)
		}
		if n, err := f.Resolve(ctx, link.Path, true); err != nil || n.Ino != file.Ino {
			t.Errorf("link leads to inode %d, %v, want %d", n.Ino, err, file.Ino)
		}
		is(t, "move onto a name", f.Rename(ctx, dir, "file", sub, "hard", true), syscall.EEXIST)
		is(t, "move", f.Rename(ctx, dir, "link", sub, "moved", true), nil)
		is(t, "move and replace", f.Rename(ctx, dir, "pipe", sub, "moved", false), nil)
		is(t, "move what is not there", f.Rename(ctx, dir, "none", sub, "x", false), syscall.ENOENT)
		if got := names(t, f, sub); !slices.Equal(got, []string{"hard", "moved"}) {
			t.Errorf("sub has %q", got)
		}
		is(t, "rmdir full", f.Rmdir(ctx, dir, "sub"), syscall.ENOTEMPTY)
		is(t, "unlink", f.Unlink(ctx, sub, "hard"), nil)
		is(t, "unlink again", f.Unlink(ctx, sub, "hard"), syscall.ENOENT)
		is(t, "unlink", f.Unlink(ctx, sub, "moved"), nil)
		is(t, "rmdir", f.Rmdir(ctx, dir, "sub"), nil)
		is(t, "rmdir of a file", f.Rmdir(ctx, dir, "file"), syscall.ENOTDIR)
		is(t, "unlink of the last", f.Unlink(ctx, dir, "file"), nil)
		if got := names(t, f, dir); len(got) != 0 {
			t.Errorf("left: %q", got)
		}
	})
}

func TestAttributesAreChanged(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, f edit.Files, dir tree.Node) {
		ctx := t.Context()
		file, err := f.Create(ctx, dir, "file", 0o600)
		is(t, "create", err, nil)
		link, err := f.Symlink(ctx, dir, "link", "file")
		is(t, "symlink", err, nil)
		follow, err := f.Resolve(ctx, link.Path, true)
		is(t, "follow", err, nil)
		then := time.Unix(1_600_000_000, 123_000_000)
		later := then.Add(time.Hour)
		mode, id := uint32(0o4751), uint32(os.Geteuid())
		is(t, "all", f.SetAttr(ctx, follow, edit.Attr{Mode: &mode, UID: &id, Atime: &then, Mtime: &later}), nil)
		if a := stat(t, f, file); a.Mode&0o7777 != mode || !a.Atime.Equal(then) || !a.Mtime.Equal(later) {
			t.Errorf("file: %+v", a)
		}
		is(t, "one time", f.SetAttr(ctx, link, edit.Attr{Mtime: &then}), nil)
		if a := stat(t, f, link); !a.Mtime.Equal(then) || a.Atime.Equal(then) {
			t.Errorf("link: %+v", a)
		}
		if a := stat(t, f, file); !a.Mtime.Equal(later) {
			t.Errorf("the link's time went to the file: %+v", a)
		}
		is(t, "mode of a link", f.SetAttr(ctx, link, edit.Attr{Mode: &mode}), syscall.EOPNOTSUPP)

		is(t, "set xattr", f.SetXattr(ctx, follow, "user.a", []byte("1"), unix.XATTR_CREATE), nil)
		is(t, "create it again", f.SetXattr(ctx, file, "user.a", []byte("2"), unix.XATTR_CREATE), syscall.EEXIST)
		is(t, "replace it", f.SetXattr(ctx, file, "user.a", []byte("3"), unix.XATTR_REPLACE), nil)
		is(t, "replace another", f.SetXattr(ctx, file, "user.b", nil, unix.XATTR_REPLACE), syscall.ENODATA)
		got := map[string]string{}
		for x, err := range f.Xattrs(ctx, file, true) {
			is(t, "xattrs", err, nil)
			if strings.HasPrefix(x.Name, "user.") {
				got[x.Name] = string(x.Value)
			}
		}
		if !maps.Equal(got, map[string]string{"user.a": "3"}) {
			t.Errorf("xattrs are %v", got)
		}
		is(t, "remove xattr", f.RemoveXattr(ctx, follow, "user.a"), nil)
		is(t, "remove it again", f.RemoveXattr(ctx, file, "user.a"), syscall.ENODATA)
	})
}

func TestDataIsWritten(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, f edit.Files, dir tree.Node) {
		ctx := t.Context()
		file, err := f.Create(ctx, dir, "file", 0o600)
		is(t, "create", err, nil)
		w, err := f.Write(ctx, file)
		is(t, "open", err, nil)
		long := bytes.Repeat([]byte("0123456789"), 300_000)
		is(t, "stream", w.WriteFrom(ctx, 4096, uint64(len(long)), bytes.NewReader(long)), nil)
		is(t, "write", w.WriteAt(ctx, []byte("begin"), 5), nil)
		is(t, "a short stream", w.WriteFrom(ctx, 1<<30, 10, strings.NewReader("short")), io.ErrUnexpectedEOF)
		is(t, "close", w.Close(), nil)
		is(t, "truncate", f.Truncate(ctx, file, 4096+uint64(len(long))+1), nil)
		want := make([]byte, 4096, 4096+len(long)+1)
		copy(want[5:], "begin")
		want = append(append(want, long...), 0)
		r, err := f.Open(ctx, file)
		is(t, "open", err, nil)
		got := make([]byte, len(want))
		if n, err := r.ReadAt(ctx, got, 0); n != len(want) || err != nil && !errors.Is(err, io.EOF) || !bytes.Equal(got, want) {
			t.Errorf("read %d bytes, %v; equal is %v", n, err, bytes.Equal(got, want))
		}
		is(t, "close", r.Close(), nil)
		size := uint64(len(want))
		is(t, "fallocate inside", f.Fallocate(ctx, file, size, 1<<20, true), nil)
		if a := stat(t, f, file); a.Size != size {
			t.Errorf("size is %d, want %d", a.Size, size)
		}
		is(t, "fallocate", f.Fallocate(ctx, file, 0, 8<<20, false), nil)
		if a := stat(t, f, file); a.Size != 8<<20 {
			t.Errorf("size is %d, want %d", a.Size, 8<<20)
		}
		_, err = f.Write(ctx, dir)
		is(t, "writing to a directory", err, map[bool]error{true: syscall.EINVAL, false: syscall.EISDIR}[isDevices(f)])
	})
}

func isDevices(f edit.Files) bool { _, ok := f.(*edit.Devices); return ok }

// New files come whole, and an error says how many there are before it.
func TestManyFilesAtOnce(t *testing.T) {
	t.Parallel()
	v := testwrite.New(t, 2)
	f := edit.OnDevices(v.Volume, edit.Caller{Umask: 0o077})
	root := resolve(t, f, "/")
	then := time.Unix(1_500_000_000, 9)
	var all []edit.NewFile
	for _, name := range []string{"a", "b", "c"} {
		all = append(all, edit.NewFile{Dir: root, Name: name, Data: []byte(name), Mode: 0o666, UID: 3, GID: 4, Atime: then, Mtime: then})
	}
	if n, err := f.CreateFiles(t.Context(), all); n != 3 || err != nil {
		t.Fatalf("%d files, %v", n, err)
	}
	for _, name := range []string{"a", "b", "c"} {
		a := stat(t, f, resolve(t, f, "/"+name))
		if a.Mode != format.ModeRegular|0o666 || a.UID != 3 || a.GID != 4 || a.Size != 1 || !a.Mtime.Equal(then) {
			t.Errorf("%s: %+v", name, a)
		}
	}
	if n, err := f.CreateFiles(t.Context(), all[:1]); n != 0 || !errors.Is(err, syscall.EEXIST) {
		t.Errorf("again: %d files, %v", n, err)
	}
	v.Check(t)
}

func TestSplit(t *testing.T) {
	t.Parallel()
	for path, want := range map[string][2]string{
		"": {"", ""}, "/": {"", ""}, "a": {"", "a"}, "/a": {"/", "a"}, "a/b": {"a", "b"}, "/a//b//": {"/a", "b"}, "//": {"", ""}, "a/.": {"a", "."}, "../a": {"..", "a"},
	} {
		if dir, name := edit.Split(path); dir != want[0] || name != want[1] {
			t.Errorf("%q: %q, %q, want %q", path, dir, name, want)
		}
	}
}

func TestParent(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, f edit.Files, dir tree.Node) {
		ctx := t.Context()
		_, err := f.Create(ctx, dir, "file", 0o600)
		is(t, "create", err, nil)
		_, err = f.Symlink(ctx, dir, "link", ".")
		is(t, "symlink", err, nil)
		for path, want := range map[string]error{
			dir.Path + "/x": nil, dir.Path + "/link/x/": nil, dir.Path + "/file/x": syscall.ENOTDIR, dir.Path + "/none/x": syscall.ENOENT,
			dir.Path + "/.": syscall.EBUSY, dir.Path + "/..": syscall.EBUSY, "/": syscall.EBUSY, "": syscall.EBUSY,
			dir.Path + "/" + strings.Repeat("x", 256): syscall.ENAMETOOLONG,
		} {
			up, name, err := edit.Parent(ctx, f, path, syscall.EBUSY)
			is(t, path, err, want)
			if err == nil && (up.Ino != dir.Ino && !isDevices(f) || name != "x") {
				t.Errorf("%s: %q in %+v", path, name, up)
			}
		}
	})
}
