// SPDX-License-Identifier: GPL-2.0-or-later

package tree_test

import (
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scoutfs/engine"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testtree"
	"scoutfs/walk/tree"
)

// open opens a volume that is in memory.
func open(t testing.TB, pair device.Pair, opts engine.Options) *tree.Devices {
	t.Helper()
	volume, err := engine.OpenDevices(t.Context(), pair, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := volume.Close(); err != nil {
			t.Error(err)
		}
	})
	return tree.OnDevices(volume)
}

func resolve(t testing.TB, tr tree.Tree, path string) tree.Node {
	t.Helper()
	n, err := tr.Resolve(t.Context(), path, false)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// everyKind is a volume with all kinds of files.
func everyKind(t testing.TB) *testtree.Volume {
	v := testtree.New(t, 2)
	dir := v.Dir(format.RootIno, "dir")
	file := v.File(dir, "file", testtree.Text("some text"))
	in := v.Inode(file)
	in.UID.Set(1001)
	in.GID.Set(1002)
	in.Proj.Set(77)
	in.Flags.Set(format.InodeFlagRetention)
	v.Xattr(file, "user.colour", "red")
	v.Xattr(file, "scoutfs.hide.srch.vol", "tape 7")
	v.Link(format.RootIno, "link", file)
	v.Symlink(dir, "symlink", "../link")
	v.Symlink(format.RootIno, "to-dir", "dir")
	v.Device(dir, "null", format.ModeCharDevice|0o666, 1, 3)
	v.Device(dir, "disk", format.ModeBlockDevice|0o660, 259, 70000)
	v.Add(dir, "fifo", format.ModeFIFO|0o600)
	v.Add(dir, "socket", format.ModeSocket|0o600)
	v.File(dir, "offline", testtree.Offline(3))
	v.File(dir, "partial", testtree.Data(make([]byte, 8192)), testtree.Offline(1), testtree.Hole(2))
	return v
}

func TestDevicesShowEveryKindOfFile(t *testing.T) {
	t.Parallel()
	tr := open(t, everyKind(t).Memory(), engine.Options{})
	type row struct {
		kind, state string
		size        uint64
		device      string
	}
	got := map[string]row{}
	look := func(f tree.Found[tree.Attr]) {
		a := &f.Value
		r := row{kind: fmt.Sprintf("%06o", a.Mode), state: a.State().String(), size: a.Size}
		if a.RdevMajor != 0 {
			r.device = fmt.Sprintf("%d:%d", a.RdevMajor, a.RdevMinor)
		}
		got[f.Node.Path] = r
	}
	for _, f := range walkAll(t, tr, "/") {
		look(f)
	}
	want := map[string]row{
		"/":            {"040755", "", 13, ""},
		"/dir":         {"040755", "", 43, ""},
		"/dir/file":    {"100644", "online", 9, ""},
		"/dir/symlink": {"120777", "", 8, ""},
		"/dir/null":    {"020666", "", 0, "1:3"},
		"/dir/disk":    {"060660", "", 0, "259:70000"},
		"/dir/fifo":    {"010600", "", 0, ""},
		"/dir/socket":  {"140600", "", 0, ""},
		"/dir/offline": {"100644", "offline", 12288, ""},
		"/dir/partial": {"100644", "partial", 20480, ""},
		"/link":        {"100644", "online", 9, ""},
		"/to-dir":      {"120777", "", 4, ""},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(row{})); diff != "" {
		t.Error(diff)
	}
}

// walkAll walks and fails on any error.
func walkAll(t testing.TB, tr tree.Tree, path string) []tree.Found[tree.Attr] {
	t.Helper()
	var all []tree.Found[tree.Attr]
	for f, err := range tree.Walk(t.Context(), tr, resolve(t, tr, path), attrs(tr)) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
	return all
}

func TestAttributesOfAnInode(t *testing.T) {
	t.Parallel()
	tr := open(t, everyKind(t).Memory(), engine.Options{})
	n := resolve(t, tr, "/dir/file")
	got, err := tr.Stat(t.Context(), n, tree.WantArchive|tree.WantProject)
	if err != nil {
		t.Fatal(err)
	}
	at := testtree.Created()
	want := tree.Attr{
		Ino: format.FirstFreeIno + 1, Size: 9, Blocks: 8, Mode: 0o100644, Nlink: 2, UID: 1001, GID: 1002,
		Atime: at, Mtime: at, Ctime: at, Crtime: at,
		Archive: tree.Archive{
			Known: true, MetaSeq: 3, DataSeq: 3, DataVersion: 1, OnlineBlocks: 1,
			ProjectKnown: true, Project: 77, Retention: true,
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	xattrs := map[string]string{}
	for x, err := range tr.Xattrs(t.Context(), n, true) {
		if err != nil {
			t.Fatal(err)
		}
		xattrs[x.Name] = string(x.Value)
	}
	if diff := cmp.Diff(map[string]string{"user.colour": "red", "scoutfs.hide.srch.vol": "tape 7"}, xattrs); diff != "" {
		t.Error(diff)
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	tr := open(t, everyKind(t).Memory(), engine.Options{})
	tests := []struct {
		path   string
		follow bool
		want   string // path and type
		err    error
	}{
		{"", false, "/ 40000", nil},
		{"/", false, "/ 40000", nil},
		{"dir/file", false, "dir/file 100000", nil},
		{"/dir/symlink", false, "/dir/symlink 120000", nil},
		{"/dir/symlink", true, "/dir/symlink 100000", nil},
		{"/to-dir/file", false, "/to-dir/file 100000", nil},
		{"/nothing", true, "", syscall.ENOENT},
		{"/dir/file/below", true, "", syscall.ENOTDIR},
	}
	for _, test := range tests {
		n, err := tr.Resolve(t.Context(), test.path, test.follow)
		if !errors.Is(err, test.err) {
			t.Errorf("Resolve(%q): %v, want %v", test.path, err, test.err)
			continue
		}
		if got := fmt.Sprintf("%s %o", n.Path, n.Type); err == nil && got != test.want {
			t.Errorf("Resolve(%q, %v) = %s, want %s", test.path, test.follow, got, test.want)
		}
	}
}

func TestNodeNames(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/": "/", "//": "//", "a": "a", "/a/b": "b", "/a/b/": "b", ".": ".", "..": "..",
	} {
		n := tree.Node{Path: path}
		if got := n.Name(); got != want {
			t.Errorf("name of %q is %q, want %q", path, got, want)
		}
	}
	for _, test := range [][3]string{{"/", "a", "/a"}, {"a", "b", "a/b"}, {"a/", "b", "a/b"}} {
		if got := tree.Join(test[0], test[1]); got != test[2] {
			t.Errorf("Join(%q, %q) = %q, want %q", test[0], test[1], got, test[2])
		}
	}
}

// A directory that is read while the volume is written is read to its end,
// each entry once.
func TestReadingGoesOnInANewerSnapshot(t *testing.T) {
	t.Parallel()
	v := testtree.New(t, 2)
	var want []string
	for i := range 300 {
		name := fmt.Sprintf("file-%03d", i)
		v.File(format.RootIno, name)
		want = append(want, "/"+name)
	}
	pair := v.Memory()
	tr := open(t, pair, engine.Options{Live: true, CacheBytes: 1})
	var got []string
	for n, err := range tr.ReadDir(t.Context(), resolve(t, tr, "/")) {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, n.Path); len(got) == 10 {
			v.File(format.RootIno, "file-300")
			v.Later()
			overwrite(t, pair.Meta, v.Memory().Meta)
		}
	}
	want = append(want, "/file-300")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func overwrite(t *testing.T, to, from device.Device) {
	t.Helper()
	all := make([]byte, 1000*format.LargeBlockSize)
	if _, err := from.ReadAt(all, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := to.WriteAt(all, 0); err != nil {
		t.Fatal(err)
	}
}

// attrs are options that look at everything.
func attrs(tr tree.Tree) tree.WalkOptions[tree.Attr] {
	return tree.WalkOptions[tree.Attr]{Look: lookWith(tr)}
}
