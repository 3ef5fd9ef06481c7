// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testvolume"
)

// tree has directories d (10) and d/e (11), files in them, a second link to
// d/f (20) from the root, and symbolic links.
func tree(tb testing.TB) *testvolume.Builder {
	tb.Helper()
	b := testvolume.New(tb)
	b.PerBlock = 4
	b.Inode(10, format.ModeDirectory|0o755, nil)
	b.Inode(11, format.ModeDirectory|0o755, nil)
	b.File(20, 0)
	b.File(21, 0)
	b.Link(1, 5, 10, format.DirentDirectory, "d")
	b.Link(1, 9, 20, format.DirentRegular, "hard")
	b.Link(10, 3, 11, format.DirentDirectory, "e")
	b.Link(10, 7, 20, format.DirentRegular, "f")
	b.Link(11, 2, 21, format.DirentRegular, "g")
	for i, link := range []struct{ name, target string }{
		{"abs", "/d/e"},
		{"rel", "d/f"},
		{"up", "../../../d"},
		{"slash", "d/"},
		{"fslash", "d/f/"},
		{"self", "self"},
		{"dangling", "nowhere"},
		{"chain", "rel"},
	} {
		b.Symlink(uint64(30+i), link.target)
		b.Link(1, uint64(20+i), uint64(30+i), format.DirentSymlink, link.name)
	}
	return b
}

func TestReaddirGoesByPosition(t *testing.T) {
	t.Parallel()
	f := load(t, tree(t))
	tests := []struct {
		dir, pos uint64
		want     []string
	}{
		{1, 0, []string{"d", "hard", "abs", "rel", "up", "slash", "fslash", "self", "dangling", "chain"}},
		{1, 5, []string{"d", "hard", "abs", "rel", "up", "slash", "fslash", "self", "dangling", "chain"}},
		{1, 26, []string{"dangling", "chain"}},
		{1, 28, nil},
		{1, 1<<64 - 1, nil},
		{10, 0, []string{"e", "f"}},
		{20, 0, nil},
		{99, 0, nil},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("directory %d from %d", test.dir, test.pos), func(t *testing.T) {
			t.Parallel()
			if got := names(all(t, f.Readdir(t.Context(), test.dir, test.pos))); !slices.Equal(got, test.want) {
				t.Errorf("names are %q, want %q", got, test.want)
			}
		})
	}
}

func TestBackrefsGoByDirectoryAndPosition(t *testing.T) {
	t.Parallel()
	f := load(t, tree(t))
	tests := []struct {
		ino, dir, pos uint64
		want          []string
	}{
		{20, 0, 0, []string{"hard", "f"}},
		{20, 1, 9, []string{"hard", "f"}},
		{20, 1, 10, []string{"f"}},
		{20, 10, 8, nil},
		{1, 0, 0, nil},
	}
	for _, test := range tests {
		if got := names(all(t, f.Backrefs(t.Context(), test.ino, test.dir, test.pos))); !slices.Equal(got, test.want) {
			t.Errorf("names of %d from %d.%d are %q, want %q", test.ino, test.dir, test.pos, got, test.want)
		}
	}
	want := fs.Entry{Dir: 10, Pos: 7, Ino: 20, Hash: format.DirentNameHash("f"), Type: format.DirentRegular, Name: []byte("f")}
	got := all(t, f.Backrefs(t.Context(), 20, 10, 0))[0]
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("entry is %+v, want %+v", got, want)
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	b := tree(t)
	longest := strings.Repeat("n", format.MaxNameLen)
	b.Link(10, 50, 60, format.DirentFIFO, longest)
	// Names with the same hash stand one behind the other.
	hash := format.DirentNameHash("twin")
	for pos, name := range []string{"not me", "nor me", "twin"} {
		b.Put(format.DirentKey(10, hash, uint64(100+pos)), withHash(testvolume.Dirent(uint64(100+pos), uint64(70+pos), format.DirentRegular, name), hash))
	}
	f := load(t, b)
	tests := []struct {
		name string
		dir  uint64
		want uint64
		err  syscall.Errno
	}{
		{"e", 10, 11, 0},
		{longest, 10, 60, 0},
		{"twin", 10, 72, 0},
		{"nor me", 10, 0, syscall.ENOENT}, // has another hash
		{"g", 10, 0, syscall.ENOENT},
		{".", 10, 0, syscall.ENOENT},
		{"", 10, 0, syscall.ENOENT},
		{"a", 20, 0, syscall.ENOENT},
		{longest + "n", 10, 0, syscall.ENAMETOOLONG},
	}
	for _, test := range tests {
		e, err := f.Lookup(t.Context(), test.dir, []byte(test.name))
		is(t, err, test.err)
		if err == nil && (e.Ino != test.want || string(e.Name) != test.name || e.Dir != test.dir) {
			t.Errorf("%q in %d is %+v, want inode %d", test.name, test.dir, e, test.want)
		}
	}
}

func withHash(dirent []byte, hash uint64) []byte {
	d, err := format.View[format.Dirent](dirent)
	if err != nil {
		panic(err)
	}
	d.Hash.Set(hash)
	return dirent
}

func TestResolve(t *testing.T) {
	t.Parallel()
	b := tree(t)
	// A chain of 41 links, of which 40 may be followed.
	for i := range uint64(41) {
		b.Symlink(200+i, fmt.Sprintf("c%d", i+1))
		b.Link(1, 200+i, 200+i, format.DirentSymlink, fmt.Sprintf("c%d", i))
	}
	b.Link(1, 300, 20, format.DirentRegular, "c41")
	b.Symlink(400, "")
	b.Link(1, 400, 400, format.DirentSymlink, "empty")
	b.Link(1, 401, 999, format.DirentRegular, "gone")
	b.Symlink(402, "/d")
	b.Link(11, 402, 402, format.DirentSymlink, "back")
	f := load(t, b)
	tests := []struct {
		path     string
		nofollow bool
		want     uint64
		err      syscall.Errno
	}{
		{path: "", want: 1},
		{path: "/", want: 1},
		{path: "///", want: 1},
		{path: ".", want: 1},
		{path: "..", want: 1},
		{path: "/../..", want: 1},
		{path: "d", want: 10},
		{path: "/d/", want: 10},
		{path: "//d//e//", want: 11},
		{path: "d/e/g", want: 21},
		{path: "d/e/../f", want: 20},
		{path: "d/./e/./../../hard", want: 20},
		{path: "d/f/", err: syscall.ENOTDIR},
		{path: "d/f/.", err: syscall.ENOTDIR},
		{path: "d/f/..", err: syscall.ENOTDIR},
		{path: "d/f/x", err: syscall.ENOTDIR},
		{path: "d/x", err: syscall.ENOENT},
		{path: "d/x/", err: syscall.ENOENT},
		{path: "d/x/..", err: syscall.ENOENT},
		{path: "abs", want: 11},
		{path: "abs", nofollow: true, want: 30},
		{path: "abs/", nofollow: true, want: 11},
		{path: "abs/g", want: 21},
		{path: "abs/..", want: 10},
		{path: "d/e/back", want: 10},
		{path: "d/e/back/..", want: 1},
		{path: "rel", want: 20},
		{path: "rel/", err: syscall.ENOTDIR},
		{path: "up", want: 10},
		{path: "d/../up/e", want: 11},
		{path: "slash", want: 10},
		{path: "fslash", err: syscall.ENOTDIR},
		{path: "chain", want: 20},
		{path: "self", err: syscall.ELOOP},
		{path: "self", nofollow: true, want: 35},
		{path: "dangling", err: syscall.ENOENT},
		{path: "dangling", nofollow: true, want: 36},
		{path: "c1", want: 20},
		{path: "c0", err: syscall.ELOOP},
		{path: "empty", err: syscall.ENOENT},
		{path: "gone", err: syscall.ENOENT},
		{path: "d/" + strings.Repeat("n", 256), err: syscall.ENAMETOOLONG},
	}
	for _, test := range tests {
		in, err := f.Resolve(t.Context(), test.path, !test.nofollow)
		is(t, err, test.err)
		if err == nil && in.Ino != test.want {
			t.Errorf("%q is inode %d, want %d", test.path, in.Ino, test.want)
		}
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	f := load(t, tree(t))
	tests := []struct {
		ino, dir, pos uint64
		want          []string
	}{
		{20, 0, 0, []string{"hard", "d/f"}},
		{20, 1, 10, []string{"d/f"}},
		{20, 10, 8, nil},
		{21, 0, 0, []string{"d/e/g"}},
		{10, 0, 0, []string{"d"}},
		{1, 0, 0, nil},
		{99, 0, 0, nil},
	}
	for _, test := range tests {
		var got []string
		for _, p := range all(t, f.Paths(t.Context(), test.ino, test.dir, test.pos)) {
			got = append(got, string(p.Name))
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("paths of %d from %d.%d are %q, want %q", test.ino, test.dir, test.pos, got, test.want)
		}
	}
	for ino, want := range map[uint64]string{1: "/", 11: "/d/e", 20: "/hard", 99: ""} {
		got, err := f.PathOf(t.Context(), ino)
		if got != want || (want == "") != errors.Is(err, syscall.ENOENT) {
			t.Errorf("path of %d is %q (%v), want %q", ino, got, err, want)
		}
	}
}

func TestPathsThatDoNotReachTheRoot(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*testvolume.Builder)
		place  string
	}{
		{"directory without a link", func(b *testvolume.Builder) { delete(b.Items, format.LinkBackrefKey(10, 1, 5)) }, "directory 10"},
		{"directory in itself", func(b *testvolume.Builder) {
			delete(b.Items, format.LinkBackrefKey(10, 1, 5))
			b.Link(10, 80, 10, format.DirentDirectory, "me")
		}, "directory 10"},
		{"circle of two", func(b *testvolume.Builder) {
			delete(b.Items, format.LinkBackrefKey(10, 1, 5))
			b.Link(11, 80, 10, format.DirentDirectory, "d")
		}, "directory 1"},
		{"circle of many, entered from outside", func(b *testvolume.Builder) {
			delete(b.Items, format.LinkBackrefKey(10, 1, 5))
			for i := range uint64(100) {
				b.Link(1000+(i+1)%100, 80, 1000+i, format.DirentDirectory, "x")
			}
			b.Link(1050, 81, 10, format.DirentDirectory, "d")
		}, "directory 10"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := tree(t)
			test.change(b)
			var got []string
			var failure error
			for p, err := range load(t, b).Paths(t.Context(), 20, 0, 0) {
				if err == nil {
					got = append(got, string(p.Name))
				} else {
					failure = err
				}
			}
			if !slices.Equal(got, []string{"hard"}) {
				t.Errorf("paths are %q, want that which reaches the root", got)
			}
			var corrupt *format.CorruptError
			if !errors.Is(failure, syscall.ELOOP) || !errors.As(failure, &corrupt) || !strings.Contains(corrupt.Place, test.place) {
				t.Errorf("error is %v, want ELOOP and damage at %s", failure, test.place)
			}
		})
	}
}

func TestReadlink(t *testing.T) {
	t.Parallel()
	b := testvolume.New(t)
	b.File(5, 3)
	targets := []string{"a", strings.Repeat("x", 895), strings.Repeat("y", 896), strings.Repeat("z", 1791), strings.Repeat("w", 4095)}
	for i, target := range targets {
		b.Symlink(uint64(10+i), target)
	}
	f := load(t, b)
	for i, want := range targets {
		got, err := f.Readlink(t.Context(), inode(t, f, uint64(10+i)))
		if string(got) != want || err != nil {
			t.Errorf("target is %d bytes (%v), want %d", len(got), err, len(want))
		}
	}
	_, err := f.Readlink(t.Context(), inode(t, f, 5))
	is(t, err, syscall.EINVAL)
}

func TestSequencesStopWithTheirContext(t *testing.T) {
	t.Parallel()
	f := load(t, tree(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	n := 0
	for _, err := range f.Readdir(ctx, 1, 0) {
		if n++; !errors.Is(err, context.Canceled) {
			t.Errorf("error is %v", err)
		}
	}
	if n != 1 {
		t.Errorf("sequence has %d errors, want 1", n)
	}
	_, err := f.Resolve(ctx, "d/e/g", true)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}
