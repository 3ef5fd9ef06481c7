// SPDX-License-Identifier: GPL-2.0-or-later

package tree_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scoutfs/engine"
	"scoutfs/engine/format"
	"scoutfs/internal/testsample"
	"scoutfs/internal/testtree"
	"scoutfs/walk/tree"
)

func lookWith(tr tree.Tree) func(context.Context, tree.Node, int) (tree.Attr, error) {
	return func(ctx context.Context, n tree.Node, _ int) (tree.Attr, error) {
		return tr.Stat(ctx, n, tree.WantArchive)
	}
}

// grow makes a random tree and returns the paths in the order of a walk.
func grow(v *testtree.Volume, random *rand.Rand, dir uint64, path string, left *int) []string {
	var paths []string
	for range random.IntN(40) {
		if *left == 0 {
			break
		}
		*left--
		name := fmt.Sprintf("%x", random.Uint64())
		below := tree.Join(path, name)
		paths = append(paths, below)
		if random.IntN(3) == 0 {
			paths = append(paths, grow(v, random, v.Dir(dir, name), below, left)...)
		} else {
			v.File(dir, name)
		}
	}
	return paths
}

func TestWalkIsInOrderWhateverTheNumberOfWorkers(t *testing.T) {
	t.Parallel()
	for seed := range uint64(testsample.Few(3, 10)) {
		random := rand.New(rand.NewPCG(seed, 1))
		v := testtree.New(t, 2)
		left := 1500
		want := append([]string{"/"}, grow(v, random, format.RootIno, "/", &left)...)
		// Directories of more than one batch.
		big := v.Dir(format.RootIno, "big")
		want = append(want, "/big")
		for i := range 1000 {
			name := fmt.Sprintf("/big/%d", i)
			want = append(want, name)
			if i%50 == 7 {
				v.File(v.Dir(big, fmt.Sprint(i)), "inside")
				want = append(want, name+"/inside")
			} else {
				v.File(big, fmt.Sprint(i))
			}
		}
		tr := open(t, v.Memory(), engine.Options{})
		for _, workers := range []int{1, 2, 16} {
			opts := attrs(tr)
			opts.Workers = workers
			var got []string
			for f, err := range tree.Walk(t.Context(), tr, resolve(t, tr, "/"), opts) {
				if err != nil {
					t.Fatal(err)
				}
				if f.Value.Ino != f.Node.Ino {
					t.Fatalf("%s has the attributes of inode %d, not %d", f.Node.Path, f.Value.Ino, f.Node.Ino)
				}
				got = append(got, f.Node.Path)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("seed %d, %d workers:\n%s", seed, workers, diff)
			}
		}
	}
}

func TestWalkLeavesEveryDirectoryAfterWhatIsBelow(t *testing.T) {
	t.Parallel()
	v := testtree.New(t, 2)
	a := v.Dir(format.RootIno, "a")
	v.File(v.Dir(a, "b"), "c")
	v.Dir(a, "empty")
	tr := open(t, v.Memory(), engine.Options{})
	opts := attrs(tr)
	opts.Leave = true
	var got []string
	for f, err := range tree.Walk(t.Context(), tr, resolve(t, tr, "/a"), opts) {
		if err != nil {
			t.Fatal(err)
		}
		sign := "+"
		if f.Left {
			sign = "-"
		}
		got = append(got, fmt.Sprintf("%s%d %s", sign, f.Depth, f.Node.Path))
	}
	want := []string{"+0 /a", "+1 /a/b", "+2 /a/b/c", "-1 /a/b", "+1 /a/empty", "-1 /a/empty", "-0 /a"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWalkEntersWhatItIsToldTo(t *testing.T) {
	t.Parallel()
	v := testtree.New(t, 2)
	for _, name := range []string{"in", "out"} {
		v.File(v.Dir(format.RootIno, name), "file")
	}
	tr := open(t, v.Memory(), engine.Options{})
	opts := attrs(tr)
	opts.Enter = func(f *tree.Found[tree.Attr], _ error) bool { return f.Value.IsDir() && f.Node.Name() != "out" }
	var got []string
	for f, err := range tree.Walk(t.Context(), tr, resolve(t, tr, "/"), opts) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, f.Node.Path)
	}
	if diff := cmp.Diff([]string{"/", "/in", "/in/file", "/out"}, got); diff != "" {
		t.Error(diff)
	}
}

// A directory that is its own grandchild, and one with two names, are
// entered once.
func TestWalkEndsInDamagedTrees(t *testing.T) {
	t.Parallel()
	v := testtree.New(t, 2)
	a := v.Dir(format.RootIno, "a")
	b := v.Dir(a, "b")
	v.Entry(b, "again", a, format.ModeDirectory)
	v.Entry(format.RootIno, "twice", b, format.ModeDirectory)
	v.Entry(format.RootIno, "gone", 4444, format.ModeRegular)
	v.File(b, "file")
	tr := open(t, v.Memory(), engine.Options{})
	got := map[string]error{}
	loops := 0
	for f, err := range tree.Walk(t.Context(), tr, resolve(t, tr, "/"), attrs(tr)) {
		if got[f.Node.Path] = err; errors.Is(err, syscall.ELOOP) {
			loops++
		}
	}
	if !errors.Is(got["/gone"], syscall.ENOENT) {
		t.Errorf("/gone: %v, want ENOENT", got["/gone"])
	}
	// Which of the two names counts is not said.
	if loops != 2 {
		t.Errorf("%d directories are said to come twice, want 2: %v", loops, got)
	}
	_, one := got["/a/b/file"]
	_, two := got["/twice/file"]
	if one == two {
		t.Errorf("the file is found at /a/b: %v, at /twice: %v", one, two)
	}
}

func TestWalkReportsADamagedEntryAndGoesOn(t *testing.T) {
	t.Parallel()
	v := testtree.New(t, 2)
	dir := v.Dir(format.RootIno, "dir")
	v.File(dir, "before")
	v.File(dir, "damaged")
	v.File(dir, "behind")
	v.Item(format.ReaddirKey(dir, 3), []byte("short"))
	tr := open(t, v.Memory(), engine.Options{})
	var got []string
	for f, err := range tree.Walk(t.Context(), tr, resolve(t, tr, "/"), attrs(tr)) {
		text := f.Node.Path
		if err != nil {
			text += " damaged"
		}
		got = append(got, text)
	}
	if diff := cmp.Diff([]string{"/", "/dir", "/dir/before", "/dir damaged", "/dir/behind"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestWalkStops(t *testing.T) {
	t.Parallel()
	v := testtree.New(t, 2)
	left := 1000
	random := rand.New(rand.NewPCG(7, 7))
	for left > 0 {
		grow(v, random, format.RootIno, "/", &left)
	}
	tr := open(t, v.Memory(), engine.Options{})
	root := resolve(t, tr, "/")

	t.Run("when the caller does", func(t *testing.T) {
		t.Parallel()
		for stop := range 40 {
			var running atomic.Int64
			opts := attrs(tr)
			look := opts.Look
			opts.Look = func(ctx context.Context, n tree.Node, depth int) (tree.Attr, error) {
				running.Add(1)
				defer running.Add(-1)
				return look(ctx, n, depth)
			}
			seen := 0
			for range tree.Walk(t.Context(), tr, root, opts) {
				if seen++; seen > stop*7 {
					break
				}
			}
			if n := running.Load(); n != 0 {
				t.Fatalf("%d goroutines still look after the walk", n)
			}
		}
	})
	t.Run("with its context", func(t *testing.T) {
		t.Parallel()
		why := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		seen := 0
		var last error
		for _, err := range tree.Walk(ctx, tr, root, attrs(tr)) {
			if seen++; seen == 100 {
				cancel(why)
			}
			last = err
		}
		if !errors.Is(last, why) || seen > 101 {
			t.Errorf("after %d files the last error is %v", seen, last)
		}
	})
}

// The system's files are walked as those of a volume, also where a path is
// longer than a system call takes.
func TestWalkOnAMount(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	want := []string{root}
	for _, name := range []string{"one/two/file", "one/other", "zero"} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"one", "one/two", "one/two/file", "one/other", "zero"} {
		want = append(want, filepath.Join(root, name))
	}
	deep := deepTree(t, root, 40)
	want = append(want, deep...)
	tr := tree.OnMount()
	var got []string
	for _, f := range walkAll(t, tr, root) {
		got = append(got, f.Node.Path)
		if f.Node.Name() == "bottom" && f.Value.Size != 4 {
			t.Errorf("%s has %d bytes, want 4", f.Node.Path, f.Value.Size)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// deepTree makes folders with names of 200 characters inside each other and
// a file at the bottom, and returns their paths.
func deepTree(t *testing.T, root string, depth int) []string {
	t.Helper()
	name := "deep" + string(slices.Repeat([]byte("."), 196))
	dir, err := os.OpenRoot(root)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	path := root
	for range depth {
		path += "/" + name
		paths = append(paths, path)
		if err := dir.Mkdir(name, 0o755); err != nil {
			t.Fatal(err)
		}
		next, err := dir.OpenRoot(name)
		if err != nil {
			t.Fatal(err)
		}
		dir.Close()
		dir = next
	}
	defer dir.Close()
	if err := dir.WriteFile("bottom", []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	return append(paths, path+"/bottom")
}
