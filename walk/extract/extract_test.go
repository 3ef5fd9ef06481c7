// SPDX-License-Identifier: GPL-2.0-or-later

package extract_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"scoutfs/engine"
	"scoutfs/engine/format"
	"scoutfs/internal/testtree"
	"scoutfs/progress"
	"scoutfs/walk/extract"
	"scoutfs/walk/tree"
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

// events keeps what an extraction told, one line each.
type events []string

func (e *events) tell(ev extract.Event) {
	text := ev.Kind.String() + " " + ev.Path
	switch ev.Kind {
	case extract.Offline:
		text += fmt.Sprintf(" %d/%d", ev.OnlineBytes, ev.OfflineBytes)
		for _, r := range ev.Ranges {
			text += fmt.Sprintf(" %d+%d", r.Offset, r.Length)
		}
		if ev.Skipped {
			text += " skipped"
		}
	case extract.NotKept:
		text += " " + ev.What
	default:
		var errno syscall.Errno
		errors.As(ev.Err, &errno)
		text += " " + unix.ErrnoName(errno)
	}
	*e = append(*e, text)
}

func run(t testing.TB, src tree.Tree, into string, opts extract.Options, paths ...string) (extract.Result, events) {
	t.Helper()
	if len(paths) == 0 {
		paths = []string{"/"}
	}
	var told events
	opts.Tell = told.tell
	opts.NoSync = true
	r, err := extract.Run(t.Context(), src, paths, into, opts)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(told)
	return r, told
}

// row is what of a file an extraction keeps.
type row struct {
	Mode         string
	Owner        string
	Size         uint64
	Links        uint32
	Mtime, Atime time.Time
	Target       string
	Device       string
	Content      string
	Xattrs       map[string]string
	SameAs       string // the first path of the inode
}

// look returns the rows of a tree by paths from a start. Owners count only
// for root; xattrs that no other file system has do not count.
func look(t testing.TB, tr tree.Tree, start string) map[string]row {
	t.Helper()
	root, err := tr.Resolve(t.Context(), start, false)
	if err != nil {
		t.Fatal(err)
	}
	opts := tree.WalkOptions[tree.Attr]{Look: func(ctx context.Context, n tree.Node, _ int) (tree.Attr, error) {
		return tr.Stat(ctx, n, tree.WantArchive)
	}}
	rows := map[string]row{}
	inos, first := map[string]uint64{}, map[uint64]string{}
	for f, err := range tree.Walk(t.Context(), tr, root, opts) {
		if err != nil {
			t.Fatal(err)
		}
		a := &f.Value
		path := strings.TrimPrefix(strings.TrimPrefix(f.Node.Path, root.Path), "/")
		r := row{Mode: fmt.Sprintf("%o", a.Mode), Size: a.Size, Mtime: a.Mtime.UTC(), Atime: a.Atime.UTC(), Xattrs: map[string]string{}}
		if os.Geteuid() == 0 {
			r.Owner = fmt.Sprintf("%d:%d", a.UID, a.GID)
		}
		if !a.IsDir() {
			r.Links = a.Nlink
			if first[a.Ino] == "" || path < first[a.Ino] {
				first[a.Ino] = path
			}
			inos[path] = a.Ino
		}
		switch {
		case a.IsDir():
			r.Size, r.Atime = 0, time.Time{} // reading changes it
		case a.IsSymlink():
			r.Size = 0
			if r.Target, err = tr.Readlink(t.Context(), f.Node); err != nil {
				t.Fatal(err)
			}
			r.Atime = time.Time{}
		case a.IsRegular():
			r.Content = content(t, tr, f.Node)
			r.Atime = time.Time{}
		default:
			r.Device = fmt.Sprintf("%d:%d", a.RdevMajor, a.RdevMinor)
		}
		for x, err := range tr.Xattrs(t.Context(), f.Node, true) {
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(x.Name, "scoutfs.") && (os.Geteuid() == 0 || strings.HasPrefix(x.Name, "user.")) {
				r.Xattrs[x.Name] = string(x.Value)
			}
		}
		rows[path] = r
	}
	for path, ino := range inos {
		r := rows[path]
		r.SameAs = first[ino]
		rows[path] = r
	}
	return rows
}

// content returns the hash of a file's content, offline parts as zeros.
func content(t testing.TB, tr tree.Tree, n tree.Node) string {
	t.Helper()
	f, err := tr.Open(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sum := sha256.New()
	at := uint64(0)
	zeros := func(until uint64) {
		zero := make([]byte, 1<<16)
		for at < until {
			n := min(until-at, uint64(len(zero)))
			sum.Write(zero[:n])
			at += n
		}
	}
	for x, err := range f.Extents(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if x.Offline {
			continue
		}
		zeros(x.Offset)
		buf := make([]byte, x.Length)
		if n, err := f.ReadAt(t.Context(), buf, x.Offset); n < len(buf) {
			t.Fatal(err)
		}
		sum.Write(buf)
		at = x.End()
	}
	zeros(f.Attr().Size)
	return fmt.Sprintf("%x", sum.Sum(nil))
}

// same compares what is below a path of a volume with what is in a folder.
func same(t testing.TB, src tree.Tree, start, folder string) {
	t.Helper()
	if diff := cmp.Diff(look(t, src, start), look(t, tree.OnMount(), folder)); diff != "" {
		t.Errorf("%s (-) is not what was extracted (+):\n%s", start, diff)
	}
	if _, err := os.Lstat(filepath.Join(folder, ".scoutfs-extract")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what was kept meanwhile is still there: %v", err)
	}
}

// everything is a volume with all that can be extracted.
func everything(t testing.TB) *testtree.Volume {
	v := testtree.New(t, 2)
	v.Inode(format.RootIno).Mtime.Set(testtree.Created().Add(-time.Hour))
	v.Inode(format.RootIno).Mode.Set(format.ModeDirectory | 0o751)
	dir := v.Dir(format.RootIno, "dir")
	v.Inode(dir).Mode.Set(format.ModeDirectory | 0o1555)
	v.Xattr(dir, "user.dir", "x")
	empty := v.Dir(dir, "empty")
	v.Inode(empty).UID.Set(1234)
	v.Inode(empty).GID.Set(4321)
	big := make([]byte, 3<<20+1234)
	for i := range big {
		big[i] = byte(i * 7 / 5)
	}
	v.File(dir, "big", testtree.Data(big))
	file := v.File(dir, "file", testtree.Text("some text"))
	v.Inode(file).Mode.Set(format.ModeRegular | 0o4750)
	v.Inode(file).UID.Set(1000)
	v.Inode(file).Mtime.Set(time.Unix(-5, 17))
	v.Inode(file).Atime.Set(time.Unix(1234567890, 999999999))
	v.Xattr(file, "user.large", strings.Repeat("v", 3000))
	v.Xattr(file, "user.none", "")
	v.Link(format.RootIno, "hard", file)
	v.Link(dir, "hard too", file)
	v.File(dir, "holes", testtree.Hole(100), testtree.Text(strings.Repeat("y", 5000)), testtree.Hole(0), testtree.Unwritten(50))
	v.File(dir, "nothing")
	long := strings.Repeat("t", 2000)
	v.Symlink(dir, "symlink", long)
	v.Link(dir, "symlink too", v.Symlink(dir, "out", "/etc/passwd"))
	v.Add(dir, "fifo", format.ModeFIFO|0o640)
	v.Add(dir, "socket", format.ModeSocket|0o600)
	v.File(dir, "\xff\x01 name\nwith bytes", testtree.Text("z"))
	v.File(dir, strings.Repeat("n", 255), testtree.Text("long"))
	return v
}

func withDevices(v *testtree.Volume) *testtree.Volume {
	v.Device(format.RootIno, "null", format.ModeCharDevice|0o666, 1, 3)
	v.Device(format.RootIno, "disk", format.ModeBlockDevice|0o660, 259, 70000)
	return v
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away and make devices")
	}
}

func TestEverythingIsKept(t *testing.T) {
	t.Parallel()
	needRoot(t)
	src := open(t, withDevices(everything(t)))
	into := filepath.Join(t.TempDir(), "new")
	r, told := run(t, src, into, extract.Options{})
	want := extract.Result{Files: 6, Directories: 3, Symlinks: 2, Specials: 4, HardLinks: 3, Bytes: 3<<20 + 1234 + 9 + 8192 + 1 + 4}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
	if len(told) > 0 {
		t.Errorf("told: %q", told)
	}
	same(t, src, "/", into)
	var st unix.Stat_t
	if err := unix.Stat(filepath.Join(into, "dir/holes"), &st); err != nil || st.Blocks*512 > 16<<10 {
		t.Errorf("the file with holes takes %d bytes, %v", st.Blocks*512, err)
	}
}

// Doing it again finds everything complete, and changes nothing.
func TestSecondTime(t *testing.T) {
	t.Parallel()
	needRoot(t)
	src := open(t, everything(t))
	into := t.TempDir()
	run(t, src, into, extract.Options{})
	before := look(t, tree.OnMount(), into)
	r, told := run(t, src, into, extract.Options{})
	if r.Complete != 13 || r.Files+r.Symlinks+r.Specials+r.HardLinks+r.Failed+r.Bytes != 0 || len(told) > 0 {
		t.Errorf("%+v, told %q", r, told)
	}
	after := look(t, tree.OnMount(), into)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
	if _, err := os.Lstat(filepath.Join(into, ".scoutfs-extract")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func TestPartsOfAVolume(t *testing.T) {
	t.Parallel()
	v := testtree.New(t, 2)
	a := v.Dir(format.RootIno, "a")
	v.Inode(a).Mode.Set(format.ModeDirectory | 0o711)
	b := v.Dir(a, "b")
	v.File(b, "file", testtree.Text("text"))
	v.File(b, "other", testtree.Text("more"))
	v.File(a, "beside")
	v.Symlink(format.RootIno, "way", "a")
	src := open(t, v)
	tests := []struct {
		paths []string
		want  string
		told  string
	}{
		{[]string{"/a/b/file"}, "a a/b a/b/file", ""},
		{[]string{"a/b/file", "/a/b/other"}, "a a/b a/b/file a/b/other", ""},
		{[]string{"/a/b", "/a"}, "a a/b a/b/file a/b/other a/beside", ""},
		{[]string{"/a/../a/./b//file"}, "a a/b a/b/file", ""},
		{[]string{"/../../a/beside"}, "a a/beside", ""},
		{[]string{"way"}, "way", ""},
		{[]string{"way/b"}, "", "failed way/b ELOOP"},
		{[]string{"nothing", "a/beside"}, "a a/beside", "failed nothing ENOENT"},
		{[]string{"a/beside/x"}, "a", "failed a/beside/x ENOTDIR"},
	}
	for _, test := range tests {
		into := t.TempDir()
		_, told := run(t, src, into, extract.Options{}, test.paths...)
		var got []string
		for path := range look(t, tree.OnMount(), into) {
			if path != "" {
				got = append(got, path)
			}
		}
		slices.Sort(got)
		if text := strings.Join(got, " "); text != test.want || strings.Join(told, " ") != test.told {
			t.Errorf("%q: %s, told %q, want %s, told %q", test.paths, text, told, test.want, test.told)
		}
		if info, err := os.Stat(filepath.Join(into, "a")); err == nil && info.Mode().Perm() != 0o711 {
			t.Errorf("%q: a has the mode %v", test.paths, info.Mode())
		}
	}
}

func TestOffline(t *testing.T) {
	t.Parallel()
	v := testtree.New(t, 2)
	v.File(format.RootIno, "online", testtree.Text("on"))
	v.File(format.RootIno, "offline", testtree.Offline(3), testtree.Hole(1), testtree.Offline(1))
	partial := v.File(format.RootIno, "partial", testtree.Data(bytes.Repeat([]byte("p"), 4096)), testtree.Offline(2), testtree.Text("end"))
	v.Link(format.RootIno, "partial too", partial)
	src := open(t, v)
	into := t.TempDir()
	want := events{
		"offline /offline 0/16384 0+12288 16384+4096",
		"offline /partial 8192/8192 4096+8192",
		"offline /partial too 8192/8192 4096+8192",
	}
	for _, again := range []bool{false, true} {
		r, told := run(t, src, into, extract.Options{})
		if diff := cmp.Diff(want, told); diff != "" {
			t.Errorf("again %v:\n%s", again, diff)
		}
		if r.Offline != 1 || r.Failed != 0 {
			t.Errorf("again %v: %+v", again, r)
		}
		if !again {
			same(t, src, "/", into)
		}
	}

	into = t.TempDir()
	r, told := run(t, src, into, extract.Options{SkipOffline: true})
	if diff := cmp.Diff(events{"offline /offline 0/16384 skipped", "offline /partial 8192/8192 skipped", "offline /partial too 8192/8192 skipped"}, told); diff != "" {
		t.Error(diff)
	}
	if r.Files != 1 || r.OfflineSkipped != 3 {
		t.Errorf("%+v", r)
	}
	if names, err := os.ReadDir(into); err != nil || len(names) != 1 || names[0].Name() != "online" {
		t.Errorf("extracted %v, %v", names, err)
	}
}

func TestWhatIsThereIsLeftAlone(t *testing.T) {
	t.Parallel()
	build := func() (tree.Tree, string) {
		v := testtree.New(t, 2)
		for _, name := range []string{"file", "in the way", "symlink", "free"} {
			v.File(format.RootIno, name, testtree.Text("new "+name))
		}
		dir := v.Dir(format.RootIno, "dir")
		v.Inode(dir).Mode.Set(format.ModeDirectory | 0o700)
		v.File(dir, "inside", testtree.Text("new"))
		v.File(v.Dir(format.RootIno, "no dir"), "lost", testtree.Text("new"))
		into := t.TempDir()
		for name, text := range map[string]string{"file": "old", "other": "old", "no dir": "old"} {
			if err := os.WriteFile(filepath.Join(into, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range []string{"in the way", "dir"} {
			if err := os.Mkdir(filepath.Join(into, name), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Symlink("other", filepath.Join(into, "symlink")); err != nil {
			t.Fatal(err)
		}
		return open(t, v), into
	}
	read := func(into string) map[string]string {
		got := map[string]string{}
		for _, name := range []string{"file", "other", "symlink", "free", "no dir", "dir/inside", "no dir/lost"} {
			if text, err := os.ReadFile(filepath.Join(into, name)); err == nil {
				got[name] = string(text)
			}
		}
		return got
	}

	src, into := build()
	_, told := run(t, src, into, extract.Options{})
	if diff := cmp.Diff(events{"failed /file EEXIST", "failed /in the way EISDIR", "failed /no dir ENOTDIR", "failed /symlink EEXIST"}, told); diff != "" {
		t.Error(diff)
	}
	want := map[string]string{"file": "old", "other": "old", "symlink": "old", "no dir": "old", "free": "new free", "dir/inside": "new"}
	if diff := cmp.Diff(want, read(into)); diff != "" {
		t.Error(diff)
	}
	if info, err := os.Stat(filepath.Join(into, "dir")); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("the folder that was there: %v, %v", info, err)
	}

	src, into = build()
	_, told = run(t, src, into, extract.Options{Overwrite: true})
	if diff := cmp.Diff(events{"failed /in the way EISDIR"}, told); diff != "" {
		t.Error(diff)
	}
	want = map[string]string{"file": "new file", "other": "old", "symlink": "new symlink", "free": "new free", "dir/inside": "new", "no dir/lost": "new"}
	if diff := cmp.Diff(want, read(into)); diff != "" {
		t.Error(diff)
	}
	if info, err := os.Stat(filepath.Join(into, "dir")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder that was there: %v, %v", info, err)
	}
}

// A volume made to write elsewhere writes nowhere else.
func TestNothingIsWrittenOutside(t *testing.T) {
	t.Parallel()
	outside := t.TempDir()
	v := testtree.New(t, 2)
	// A link and a directory of one name.
	v.Symlink(format.RootIno, "twin", outside)
	twin := v.Dir(format.RootIno, "twin")
	v.File(twin, "escaped", testtree.Text("x"))
	other := v.Dir(format.RootIno, "other")
	v.File(other, "kept", testtree.Text("x"))
	v.Symlink(format.RootIno, "other", outside) // comes after the directory
	// Names that lead up, and out.
	for _, name := range []string{".", ".."} {
		up := v.Add(format.RootIno, name, format.ModeDirectory|0o755)
		v.File(up, "escaped", testtree.Text("x"))
		v.File(other, name, testtree.Text("x"))
	}
	v.File(other, "a/b", testtree.Text("x"))
	v.Symlink(other, "up", "../..")
	v.File(format.RootIno, "\x00", testtree.Text("x"))
	v.File(v.Dir(format.RootIno, "linked"), "escaped", testtree.Text("x"))
	src := open(t, v)
	base := t.TempDir()
	into := filepath.Join(base, "into")
	if err := os.Mkdir(into, 0o755); err != nil {
		t.Fatal(err)
	}
	// Links of the target's owner are not followed either.
	if err := os.Symlink(outside, filepath.Join(into, "linked")); err != nil {
		t.Fatal(err)
	}
	_, told := run(t, src, into, extract.Options{})
	want := events{
		"failed / EIO", "failed /. EINVAL", "failed /.. EINVAL", "failed /linked ENOTDIR",
		"failed /other EIO", "failed /other EISDIR", "failed /other/. EINVAL", "failed /other/.. EINVAL",
	}
	// Of the twins, the one that comes second fails.
	told = slices.DeleteFunc(told, func(s string) bool { return strings.HasPrefix(s, "failed /twin E") })
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
	if names, err := os.ReadDir(outside); err != nil || len(names) > 0 {
		t.Errorf("outside: %v, %v", names, err)
	}
	if names, err := os.ReadDir(base); err != nil || len(names) != 1 {
		t.Errorf("above: %v, %v", names, err)
	}
	for path := range look(t, tree.OnMount(), into) {
		if strings.Contains(path, "escaped") && path != "twin/escaped" {
			t.Errorf("extracted %s", path)
		}
	}
}

// Damage of one file is told, and all others are extracted.
func TestDamage(t *testing.T) {
	t.Parallel()
	v := testtree.New(t, 2)
	dir := v.Dir(format.RootIno, "dir")
	v.File(dir, "before", testtree.Text("1"))
	extents := v.File(dir, "bad extent", testtree.Text("2"), testtree.Text("3"))
	v.Item(format.DataExtentKey(extents, format.Extent{Start: 1, Len: 1}), []byte("?"))
	v.Item(format.InodeKey(v.File(dir, "bad inode", testtree.Text("4"))), []byte("?"))
	xattr := v.File(dir, "bad xattr", testtree.Text("5"))
	v.Xattr(xattr, "user.good", "good")
	v.Xattr(xattr, "user.bad", "bad")
	v.Item(format.XattrKey(xattr, format.XattrNameHash("user.bad"), 1, 0), []byte("?"))
	v.Item(format.SymlinkKey(v.Symlink(dir, "bad symlink", "x"), 0), nil)
	sub := v.Dir(format.RootIno, "bad directory")
	v.File(sub, "below", testtree.Text("6"))
	v.Item(format.InodeKey(sub), []byte("?"))
	v.Entry(dir, "gone", 7777, format.ModeRegular)
	v.Entry(sub, "round", dir, format.ModeDirectory)
	v.Add(dir, "no type", 0o644)
	v.File(dir, "after", testtree.Text("7"))
	src := open(t, v)
	into := t.TempDir()
	r, told := run(t, src, into, extract.Options{})
	want := events{
		"failed /bad directory EIO", "failed /bad directory/round ELOOP",
		"failed /dir/bad extent EIO", "failed /dir/bad inode EIO", "failed /dir/bad symlink EIO", "failed /dir/bad xattr EIO",
		"failed /dir/gone ENOENT", "failed /dir/no type EINVAL",
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
	if r.Failed != uint64(len(want)) {
		t.Errorf("%d failures", r.Failed)
	}
	got := map[string]string{}
	for _, name := range []string{"dir/before", "dir/after", "dir/bad xattr", "bad directory/below"} {
		text, err := os.ReadFile(filepath.Join(into, name))
		if err != nil {
			t.Error(err)
		}
		got[name] = string(text)
	}
	if diff := cmp.Diff(map[string]string{"dir/before": "1", "dir/after": "7", "dir/bad xattr": "5", "bad directory/below": "6"}, got); diff != "" {
		t.Error(diff)
	}
	if entries, err := os.ReadDir(filepath.Join(into, "dir")); err != nil || len(entries) != 3 {
		t.Errorf("extracted %v, %v", entries, err)
	}
}

func TestTwoAtOnceAreRefused(t *testing.T) {
	t.Parallel()
	src := open(t, everything(t))
	into := t.TempDir()
	var second error
	var once sync.Once
	opts := extract.Options{NoSync: true, Progress: &sink{add: func(int64) {
		once.Do(func() {
			_, second = extract.Run(t.Context(), src, []string{"/"}, into, extract.Options{NoSync: true})
		})
	}}, Jobs: 1}
	if _, err := extract.Run(t.Context(), src, []string{"/dir/big"}, into, opts); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(second, syscall.EBUSY) {
		t.Errorf("the second: %v, want EBUSY", second)
	}
}

func TestTargetThatCannotBe(t *testing.T) {
	t.Parallel()
	src := open(t, everything(t))
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{
		file:                   syscall.ENOTDIR,
		file + "/x":            syscall.ENOTDIR,
		t.TempDir() + "/x/y":   syscall.ENOENT,
		"/proc/self/something": nil,
	} {
		_, err := extract.Run(t.Context(), src, []string{"/"}, path, extract.Options{})
		if err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
}

// The volume may have a file that is called as the extraction's own.
func TestNameOfTheExtractionItself(t *testing.T) {
	t.Parallel()
	v := testtree.New(t, 2)
	v.File(format.RootIno, ".scoutfs-extract", testtree.Text("mine"))
	src := open(t, v)
	into := t.TempDir()
	if _, told := run(t, src, into, extract.Options{}); len(told) > 0 {
		t.Error(told)
	}
	entries, err := os.ReadDir(into)
	if err != nil || len(entries) != 1 || !entries[0].Type().IsRegular() {
		t.Errorf("extracted %v, %v", entries, err)
	}
}

func TestAttributesOfTheVolumeAreTold(t *testing.T) {
	t.Parallel()
	needRoot(t)
	v := testtree.New(t, 2)
	for i := range 3 {
		ino := v.File(format.RootIno, fmt.Sprint("f", i))
		v.Inode(ino).Proj.Set(5)
		v.Inode(ino).Flags.Set(format.InodeFlagRetention)
		v.Xattr(ino, "scoutfs.hide.srch.x", "y")
		v.Xattr(ino, "trusted.t", "kept")
	}
	into := t.TempDir()
	r, told := run(t, open(t, v), into, extract.Options{Jobs: 1})
	if diff := cmp.Diff(events{"not-kept /f0 project", "not-kept /f0 retention", "not-kept /f0 xattr scoutfs.*"}, told); diff != "" {
		t.Error(diff)
	}
	want := []extract.Loss{
		{What: "project", Reason: "projects belong to the volume", Files: 3},
		{What: "retention", Reason: "retention belongs to the volume", Files: 3},
		{What: "xattr scoutfs.*", Reason: "operation not supported", Files: 3},
	}
	if diff := cmp.Diff(want, r.NotKept); diff != "" {
		t.Error(diff)
	}
	value := make([]byte, 10)
	if n, err := unix.Lgetxattr(filepath.Join(into, "f2"), "trusted.t", value); err != nil || string(value[:n]) != "kept" {
		t.Errorf("trusted.t is %q, %v", value[:max(n, 0)], err)
	}
}

// sink hears of progress.
type sink struct{ add func(int64) }

func (s *sink) Phase(string, progress.Unit, int64) {}
func (s *sink) Add(n int64)                        { s.add(n) }
func (s *sink) Grow(int64)                         {}
