// SPDX-License-Identifier: GPL-2.0-or-later

package usage_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scoutfs/engine"
	"scoutfs/engine/format"
	"scoutfs/internal/testimage"
	"scoutfs/internal/testimage/manifest"
	"scoutfs/internal/testtree"
	"scoutfs/walk/tree"
	"scoutfs/walk/usage"
)

func open(t testing.TB, v *testtree.Volume) *tree.Devices {
	t.Helper()
	volume, err := engine.OpenDevices(t.Context(), v.Memory(), engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = volume.Close() })
	return tree.OnDevices(volume)
}

func resolve(t testing.TB, tr tree.Tree, paths ...string) []tree.Node {
	t.Helper()
	var nodes []tree.Node
	for _, p := range paths {
		n, err := tr.Resolve(t.Context(), p, false)
		if err != nil {
			t.Fatal(err)
		}
		nodes = append(nodes, n)
	}
	return nodes
}

// sample is a volume with a file that has three links, in two directories.
func sample(t testing.TB) *testtree.Volume {
	v := testtree.New(t, 2)
	a := v.Dir(format.RootIno, "a")
	linked := v.File(a, "one", testtree.Data(make([]byte, 5000)))
	v.Link(a, "two", linked)
	b := v.Dir(a, "b")
	v.Link(b, "three", linked)
	v.Inode(v.File(b, "off", testtree.Offline(10))).UID.Set(1000)
	c := v.Dir(format.RootIno, "c")
	part := v.File(c, "part", testtree.Text("x"), testtree.Hole(100))
	v.Inode(part).Proj.Set(3)
	v.Inode(part).GID.Set(50)
	v.Symlink(c, "symlink", "part")
	return v
}

func sum(online, offline, apparent, inodes uint64) string {
	return fmt.Sprintf("%d %d %d %d", online, offline, apparent, inodes)
}

func text(s usage.Sum) string { return sum(s.Online, s.Offline, s.Apparent, s.Inodes) }

func directories(t *testing.T, tr tree.Tree, paths ...string) []string {
	t.Helper()
	var got []string
	for row, err := range usage.Directories(t.Context(), tr, resolve(t, tr, paths...), usage.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%d %s %s", row.Depth, row.Node.Path, text(row.Sum)))
	}
	return got
}

func TestDirectories(t *testing.T) {
	t.Parallel()
	tr := open(t, sample(t))
	want := []string{
		"2 /a/one 8192 0 5000 1",
		"2 /a/two 0 0 0 0",
		"3 /a/b/three 0 0 0 0",
		"3 /a/b/off 0 40960 40960 1",
		"2 /a/b 0 40960 40968 2",
		"1 /a 8192 40960 45975 4",
		"2 /c/part 4096 0 413696 1",
		"2 /c/symlink 0 0 5 1",
		"1 /c 4096 0 413712 3",
		"0 / 12288 40960 459689 8",
	}
	if diff := cmp.Diff(want, directories(t, tr, "/")); diff != "" {
		t.Error(diff)
	}
	// What was counted at one start does not count at another.
	want = []string{"1 /a/b/three 8192 0 5000 1", "1 /a/b/off 0 40960 40960 1", "0 /a/b 8192 40960 45968 3", "0 /a/one 0 0 0 0"}
	if diff := cmp.Diff(want, directories(t, tr, "/a/b", "/a/one")); diff != "" {
		t.Error(diff)
	}
}

func TestTotal(t *testing.T) {
	t.Parallel()
	tr := open(t, sample(t))
	for path, want := range map[string]string{
		"/":      "12288 40960 459689 8",
		"/a":     "8192 40960 45975 4",
		"/c/":    "4096 0 413712 3",
		"/a/two": "8192 0 5000 1",
	} {
		rows := 0
		for row, err := range usage.Total(t.Context(), tr, resolve(t, tr, path)[0], usage.Options{}) {
			if rows++; err != nil {
				t.Fatal(err)
			}
			if text(row.Sum) != want || row.Attr.Ino != row.Node.Ino {
				t.Errorf("%s takes %s, want %s (inode %d of %d)", path, text(row.Sum), want, row.Attr.Ino, row.Node.Ino)
			}
		}
		if rows != 1 {
			t.Errorf("%d rows", rows)
		}
	}
}

func TestOwners(t *testing.T) {
	t.Parallel()
	tr := open(t, sample(t))
	tests := []struct {
		by    usage.By
		start string
		want  []string
	}{
		{usage.ByUID, "/", []string{"0: 12288 0 418729 7", "1000: 0 40960 40960 1"}},
		{usage.ByGID, "/", []string{"0: 8192 40960 45993 7", "50: 4096 0 413696 1"}},
		{usage.ByProject, "/", []string{"0: 8192 40960 45993 7", "3: 4096 0 413696 1"}},
		{usage.ByUID, "/a", []string{"0: 8192 0 5015 3", "1000: 0 40960 40960 1"}},
	}
	for _, test := range tests {
		var got []string
		for row, err := range usage.Owners(t.Context(), tr, resolve(t, tr, test.start), test.by, usage.Options{}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%d: %s", row.ID, text(row.Sum)))
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%v below %s:\n%s", test.by, test.start, diff)
		}
	}
}

// Damage is told, and what is left is counted.
func TestDamage(t *testing.T) {
	t.Parallel()
	v := sample(t)
	v.Item(format.InodeKey(v.File(format.RootIno, "broken", testtree.Text("x"))), []byte("short"))
	v.Entry(format.RootIno, "gone", 99999, format.ModeRegular)
	tr := open(t, v)
	problems, last := 0, ""
	for row, err := range usage.Directories(t.Context(), tr, resolve(t, tr, "/"), usage.Options{}) {
		if err != nil {
			problems++
		}
		last = text(row.Sum)
	}
	if want := "12288 40960 459699 8"; problems != 2 || last != want {
		t.Errorf("%d problems, sum %s, want %s", problems, last, want)
	}
}

// GNU du counts the same blocks.
func TestMountIsCountedAsDuDoes(t *testing.T) {
	t.Parallel()
	du, err := exec.LookPath("du")
	if err != nil {
		t.Skip("there is no du to compare with")
	}
	root := t.TempDir()
	for i, name := range []string{"a/one", "a/b/two", "c"} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, make([]byte, 10_000*i+1), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link(filepath.Join(root, "c"), filepath.Join(root, "a/b/hard")); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(du, "--block-size=1", root).Output()
	if err != nil {
		t.Skipf("du does not know its option: %v", err)
	}
	want := map[string]string{}
	for line := range strings.Lines(string(out)) {
		size, path, _ := strings.Cut(strings.TrimSpace(line), "\t")
		want[path] = size
	}
	got := map[string]string{}
	for row, err := range usage.Directories(t.Context(), tree.OnMount(), resolve(t, tree.OnMount(), root), usage.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		if row.Attr.IsDir() {
			got[row.Node.Path] = fmt.Sprint(row.Sum.Online)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A scan, a walk and the kernel's numbers agree.
func TestImages(t *testing.T) {
	t.Parallel()
	testimage.Each(t, func(t *testing.T, img testimage.Image) {
		if img.Manifest == "" {
			t.Skip("the image has no manifest")
		}
		t.Parallel()
		var want usage.Sum
		seen := map[uint64]bool{}
		for _, in := range manifest.Read(t, img.Manifest).Inodes {
			if seen[in.Ino] {
				continue
			}
			seen[in.Ino] = true
			want.Apparent += in.Size
			want.Inodes++
			if in.More != nil {
				want.Online += in.More.OnlineBlocks * format.SmallBlockSize
				want.Offline += in.More.OfflineBlocks * format.SmallBlockSize
			}
		}
		volume, err := engine.Open(t.Context(), img.Meta, img.Data, engine.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer volume.Close()
		tr := tree.OnDevices(volume)
		root := resolve(t, tr, "/")
		last := func(rows func(func(usage.Row, error) bool)) (sum usage.Sum) {
			for row, err := range rows {
				if err != nil {
					t.Error(err)
				}
				sum = row.Sum
			}
			return sum
		}
		if diff := cmp.Diff(want, last(usage.Total(t.Context(), tr, root[0], usage.Options{}))); diff != "" {
			t.Errorf("total:\n%s", diff)
		}
		if diff := cmp.Diff(want, last(usage.Directories(t.Context(), tr, root, usage.Options{}))); diff != "" {
			t.Errorf("directories:\n%s", diff)
		}
		var owners usage.Sum
		for row, err := range usage.Owners(t.Context(), tr, root, usage.ByProject, usage.Options{}) {
			if err != nil {
				t.Error(err)
			}
			owners.Online += row.Sum.Online
			owners.Offline += row.Sum.Offline
			owners.Apparent += row.Sum.Apparent
			owners.Inodes += row.Sum.Inodes
		}
		if diff := cmp.Diff(want, owners); diff != "" {
			t.Errorf("owners:\n%s", diff)
		}
	})
}

func TestStartThatIsGone(t *testing.T) {
	t.Parallel()
	tr := open(t, sample(t))
	n := 0
	for _, err := range usage.Directories(t.Context(), tr, []tree.Node{{Path: "/x", Ino: 4242}}, usage.Options{}) {
		if n++; !errors.Is(err, syscall.ENOENT) {
			t.Error(err)
		}
	}
	if n != 1 {
		t.Errorf("%d rows", n)
	}
}

func BenchmarkUsage(b *testing.B) {
	img := testimage.Get(b, "many")
	volume, err := engine.Open(b.Context(), img.Meta, "", engine.Options{CacheBytes: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	defer volume.Close()
	tr := tree.OnDevices(volume)
	root := resolve(b, tr, "/")
	b.Run("total", func(b *testing.B) {
		inodes := uint64(0)
		for b.Loop() {
			for row, err := range usage.Total(b.Context(), tr, root[0], usage.Options{}) {
				if err != nil {
					b.Fatal(err)
				}
				inodes += row.Sum.Inodes
			}
		}
		b.ReportMetric(float64(inodes)/b.Elapsed().Seconds(), "inodes/s")
	})
	b.Run("directories", func(b *testing.B) {
		inodes := 0
		for b.Loop() {
			for _, err := range usage.Directories(b.Context(), tr, root, usage.Options{}) {
				if err != nil {
					b.Fatal(err)
				}
				inodes++
			}
		}
		b.ReportMetric(float64(inodes)/b.Elapsed().Seconds(), "inodes/s")
	})
}
