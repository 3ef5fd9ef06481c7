// SPDX-License-Identifier: GPL-2.0-or-later

package tree_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"scoutfs/engine/fs"
	"scoutfs/engine/ioctl"
	"scoutfs/walk/tree"
)

// archived is a file of a scoutfs mount whose blocks 2 and 3 are offline if
// its name says so.
type archived struct {
	ioctl.File
	name string
}

func (a archived) offline() bool { return strings.Contains(a.name, "partial") }

func (a archived) StatMore(context.Context) (ioctl.StatMoreResult, error) {
	r := ioctl.StatMoreResult{MetaSeq: 5, DataSeq: 4, DataVersion: 3, OnlineBlocks: 4, Crtime: ioctl.Timespec{Sec: 1700000000, Nsec: 7}}
	if a.offline() {
		r.OnlineBlocks, r.OfflineBlocks = 2, 2
	}
	return r, nil
}

func (a archived) GetAttrX(_ context.Context, q ioctl.GetAttrX) (ioctl.AttrX, error) {
	if strings.Contains(a.name, "v1") {
		return ioctl.AttrX{}, &ioctl.Error{Request: ioctl.NumberGetAttrX, Errno: syscall.EOPNOTSUPP}
	}
	return ioctl.AttrX{Mask: q.Mask, ProjectID: 9, Retention: true}, nil
}

func (a archived) ListxattrHidden(_ context.Context, q ioctl.ListxattrHidden) (ioctl.ListxattrHiddenResult, error) {
	if q.From != (ioctl.XattrPosition{}) {
		return ioctl.ListxattrHiddenResult{}, nil
	}
	// The names are real attributes of the file below.
	return ioctl.ListxattrHiddenResult{Names: []string{"user.hidden"}, Next: ioctl.XattrPosition{ID: 1}}, nil
}

func (a archived) Fiemap(_ context.Context, q ioctl.Fiemap) (ioctl.FiemapResult, error) {
	all := []ioctl.FiemapExtent{
		{Logical: 0, Physical: 4096, Length: 8192},
		{Logical: 8192, Length: 8192, Flags: ioctl.ExtentUnknown | ioctl.ExtentDelalloc},
		{Logical: 20480, Physical: 40960, Length: 8192, Flags: ioctl.ExtentUnwritten | ioctl.ExtentLast},
	}
	var r ioctl.FiemapResult
	for _, e := range all {
		if e.Logical+e.Length > q.Start {
			r.Extents = append(r.Extents, e)
		}
	}
	return r, nil
}

func fake(f *os.File) ioctl.File { return archived{name: f.Name()} }

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestMountShowsWhatScoutfsAdds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "partial"), make([]byte, 22000))
	write(t, filepath.Join(dir, "v1"), nil)
	if err := os.Symlink("partial", filepath.Join(dir, "symlink")); err != nil {
		t.Fatal(err)
	}
	tr := tree.OnFakeMount(fake)
	stat := func(name string, want tree.Want) tree.Attr {
		a, err := tr.Stat(t.Context(), resolve(t, tr, filepath.Join(dir, name)), want)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	a := stat("partial", tree.WantArchive|tree.WantProject)
	want := tree.Archive{
		Known: true, MetaSeq: 5, DataSeq: 4, DataVersion: 3, OnlineBlocks: 2, OfflineBlocks: 2,
		ProjectKnown: true, Project: 9, Retention: true,
	}
	if diff := cmp.Diff(want, a.Archive); diff != "" {
		t.Error(diff)
	}
	if a.State() != tree.StatePartial || a.OnlineBytes() != 8192 || a.OfflineBytes() != 8192 || a.Size != 22000 {
		t.Errorf("state %v, %d online, %d offline, size %d", a.State(), a.OnlineBytes(), a.OfflineBytes(), a.Size)
	}
	if !a.Crtime.Equal(time.Unix(1700000000, 7)) {
		t.Errorf("crtime %v", a.Crtime)
	}
	if a := stat("v1", tree.WantArchive|tree.WantProject); !a.Archive.ProjectKnown || a.Archive.Project != 0 || a.State() != tree.StateOnline {
		t.Errorf("format version 1: %+v", a.Archive)
	}
	if a := stat("partial", 0); a.Archive.Known {
		t.Error("it was asked for more than was wanted")
	}
	if a := stat("symlink", tree.WantArchive); a.Archive.Known || !a.IsSymlink() {
		t.Errorf("symbolic link: %+v", a)
	}
}

func TestMountOfAnotherFileSystem(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	write(t, path, make([]byte, 5000))
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		t.Fatal(err)
	}
	tr := tree.OnMount()
	a, err := tr.Stat(t.Context(), resolve(t, tr, path), tree.WantArchive|tree.WantProject)
	if err != nil {
		t.Fatal(err)
	}
	if a.Archive.Known || a.State() != tree.StateUnknown || a.Ino != st.Ino || a.Size != 5000 || a.OnlineBytes() != uint64(st.Blocks)*512 {
		t.Errorf("%+v", a)
	}
	if !a.Mtime.Equal(time.Unix(st.Mtim.Unix())) {
		t.Errorf("mtime %v, want %v", a.Mtime, time.Unix(st.Mtim.Unix()))
	}
}

func TestMountXattrs(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, nil)
	long := strings.Repeat("x", 3000)
	want := map[string]string{"user.a": "1", "user.long": long, "user.hidden": "2"}
	for name, value := range map[string]string{"user.a": "1", "user.long": long} {
		if err := unix.Lsetxattr(path, name, []byte(value), 0); err != nil {
			t.Skipf("the file system of the temporary folder has no xattrs of users: %v", err)
		}
	}
	names := func(tr tree.Tree) map[string]string {
		got := map[string]string{}
		for x, err := range tr.Xattrs(t.Context(), resolve(t, tr, path), true) {
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(x.Name, "user.") {
				got[x.Name] = string(x.Value)
			}
		}
		return got
	}
	if diff := cmp.Diff(map[string]string{"user.a": "1", "user.long": long}, names(tree.OnMount())); diff != "" {
		t.Error(diff)
	}
	// A name that is listed and gone by the time it is read is left out.
	if diff := cmp.Diff(map[string]string{"user.a": "1", "user.long": long}, names(tree.OnFakeMount(fake))); diff != "" {
		t.Error(diff)
	}
	if err := unix.Lsetxattr(path, "user.hidden", []byte("2"), 0); err != nil {
		t.Fatal(err)
	}
	for x, err := range tree.OnFakeMount(fake).Xattrs(t.Context(), tree.Node{Path: path}, false) {
		if err != nil || x.Value != nil {
			t.Errorf("%s: value of %d bytes, %v", x.Name, len(x.Value), err)
		}
		delete(want, x.Name)
	}
	if len(want) > 0 {
		t.Errorf("not listed: %v", want)
	}
}

func TestMountFollowsOnlyWhatItIsToldTo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "dir"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "dir", "file"), []byte("text"))
	if err := os.Symlink("dir", filepath.Join(dir, "symlink")); err != nil {
		t.Fatal(err)
	}
	tr := tree.OnMount()
	list := func(follow bool) (names []string, last error) {
		n, err := tr.Resolve(t.Context(), filepath.Join(dir, "symlink"), follow)
		if err != nil {
			t.Fatal(err)
		}
		for e, err := range tr.ReadDir(t.Context(), n) {
			names, last = append(names, e.Name()), err
		}
		return names, last
	}
	if names, err := list(true); err != nil || len(names) != 1 || names[0] != "file" {
		t.Errorf("followed: %q, %v", names, err)
	}
	if _, err := list(false); !errors.Is(err, syscall.ENOTDIR) {
		t.Errorf("not followed: %v, want ENOTDIR", err)
	}
	n := resolve(t, tr, filepath.Join(dir, "symlink"))
	if target, err := tr.Readlink(t.Context(), n); target != "dir" || err != nil {
		t.Errorf("target %q, %v", target, err)
	}
	if _, err := tr.Resolve(t.Context(), filepath.Join(dir, "gone"), true); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("a path to nothing: %v", err)
	}
}

func TestMountDoesNotOpenWhatIsNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	tr := tree.OnMount()
	for path, want := range map[string]error{fifo: syscall.EINVAL, dir: syscall.EISDIR} {
		if _, err := tr.Open(t.Context(), resolve(t, tr, path)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
}

// A file with offline parts is read up to the first of them, and not waited
// for unless asked.
func TestMountStreamsUpToWhatIsOffline(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "partial")
	content := bytes.Repeat([]byte("0123456789"), 2200)
	write(t, path, content)
	tr := tree.OnFakeMount(fake)
	f, err := tr.Open(t.Context(), resolve(t, tr, path))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var got bytes.Buffer
	n, err := tree.Stream(t.Context(), f, &got, tree.StreamOptions{})
	var offline *fs.OfflineError
	if !errors.As(err, &offline) || offline.Offset != 8192 || offline.Length != 8192 || offline.Ino != f.Attr().Ino {
		t.Errorf("%v, want the offline range", err)
	}
	if n != 8192 || !bytes.Equal(got.Bytes(), content[:8192]) {
		t.Errorf("%d bytes were written", n)
	}
	got.Reset()
	if _, err := tree.Stream(t.Context(), f, &got, tree.StreamOptions{Wait: true}); err != nil {
		t.Fatal(err)
	}
	// The hole that the map says there is reads as zeros.
	copy(content[16384:20480], make([]byte, 4096))
	if !bytes.Equal(got.Bytes(), content) {
		t.Error("what was waited for is not the content")
	}
}
