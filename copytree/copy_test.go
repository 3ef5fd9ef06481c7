// SPDX-License-Identifier: GPL-2.0-or-later

package copytree_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"scoutfs/copytree"
	"scoutfs/edit"
	"scoutfs/engine/format"
	"scoutfs/internal/testwrite"
	"scoutfs/walk/tree"
)

// sample makes a tree with everything that a copy has to keep, as far as
// whoever runs the test may make it, and returns its folder.
func sample(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tree")
	must := func(errs ...error) {
		t.Helper()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	must(os.MkdirAll(in("d/e"), 0o755))
	for i := range 40 {
		must(os.WriteFile(in(fmt.Sprint("d/f", i)), []byte(strings.Repeat("x", i*300)), 0o640))
	}
	must(os.WriteFile(in("large"), bytes.Repeat([]byte("large"), 300_000), 0o600))
	sparse, err := os.Create(in("sparse"))
	must(err)
	_, err = sparse.WriteAt([]byte("middle"), 1<<20)
	must(err, sparse.Truncate(3<<20), sparse.Close())
	must(os.WriteFile(in("program"), []byte("#!"), 0o600), os.Chmod(in("program"), 0o755|os.ModeSetuid))
	must(os.WriteFile(in("two"), []byte("names"), 0o604), os.Link(in("two"), in("d/e/names")))
	must(os.Symlink("../large", in("d/link")), os.Link(in("d/link"), in("d/e/link")))
	must(unix.Mkfifo(in("d/pipe"), 0o620))
	must(os.WriteFile(in("attributes"), []byte("a"), 0o644))
	// The file system of a test need not have attributes.
	if err := unix.Setxattr(in("attributes"), "user.test", []byte("value"), 0); err != nil && !errors.Is(err, unix.EOPNOTSUPP) {
		t.Fatal(err)
	}
	then := time.Unix(1_300_000_000, 123_456_789)
	for _, name := range []string{"large", "d/f7", "d/e", "d", "."} {
		must(os.Chtimes(in(name), then.Add(time.Hour), then))
	}
	must(os.Chmod(in("d"), 0o710|os.ModeSticky))
	return dir
}

// entry is what a file has, as a copy has to keep it.
type entry struct {
	Mode, UID, GID uint32
	Size           uint64
	Mtime          time.Time
	Target         string
	Xattrs         map[string]string
	Data           string
	Extents        int // 4 KiB blocks that are no holes
	Same           string
}

// list describes all files below a path by their paths from there.
func list(t *testing.T, from tree.Tree, path string) map[string]entry {
	t.Helper()
	ctx := t.Context()
	root, err := from.Resolve(ctx, path, false)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]entry{}
	first := map[uint64]string{}
	for found, err := range tree.Walk(ctx, from, root, tree.WalkOptions[struct{}]{}) {
		if err != nil {
			t.Fatal(err)
		}
		n := found.Node
		a, err := from.Stat(ctx, n, 0)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(n.Path, root.Path)
		e := entry{Mode: a.Mode, UID: a.UID, GID: a.GID, Mtime: a.Mtime.UTC(), Xattrs: map[string]string{}}
		for x, err := range from.Xattrs(ctx, n, true) {
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(x.Name, "user.") {
				e.Xattrs[x.Name] = string(x.Value)
			}
		}
		if a.IsSymlink() {
			if e.Target, err = from.Readlink(ctx, n); err != nil {
				t.Fatal(err)
			}
		}
		if a.IsRegular() {
			e.Size = a.Size
			e.Data, e.Extents = content(t, from, n)
		}
		if a.Nlink > 1 && !a.IsDir() {
			e.Same = "shared"
			if first[a.Ino] == "" {
				first[a.Ino] = name
			}
		}
		all[name] = e
	}
	// Names of one file are named by the first of them in order.
	byIno := map[uint64][]string{}
	for name, e := range all {
		if e.Same == "" {
			continue
		}
		n, err := from.Resolve(ctx, root.Path+name, false)
		if err != nil {
			t.Fatal(err)
		}
		byIno[n.Ino] = append(byIno[n.Ino], name)
	}
	for _, names := range byIno {
		for _, name := range names {
			e := all[name]
			e.Same = slices.Min(names)
			all[name] = e
		}
	}
	return all
}

// content returns a file's data, short of zeros, and how many blocks it has.
func content(t *testing.T, from tree.Tree, n tree.Node) (string, int) {
	t.Helper()
	f, err := from.Open(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	blocks := 0
	for x, err := range f.Extents(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		blocks += int((x.End()+format.SmallBlockSize-1)/format.SmallBlockSize - x.Offset/format.SmallBlockSize)
	}
	data := make([]byte, f.Attr().Size)
	if n, err := f.ReadAt(t.Context(), data, 0); n < len(data) || err != nil && !errors.Is(err, io.EOF) {
		t.Fatalf("%d bytes, %v", n, err)
	}
	return string(bytes.Trim(data, "\x00")), blocks
}

func target(t *testing.T) (*testwrite.Volume, *edit.Devices) {
	t.Helper()
	v := testwrite.New(t, 2)
	return v, edit.OnDevices(v.Volume, edit.Caller{UID: 1, GID: 1, Umask: 0o077})
}

func run(t *testing.T, dst edit.Files, from, to string, opts copytree.Options) copytree.Result {
	t.Helper()
	opts.Tell = func(ev copytree.Event) {
		if ev.Kind != copytree.Copied {
			t.Errorf("%s %s: %s %v", ev.Kind, ev.Path, ev.What, ev.Err)
		}
	}
	r, err := copytree.Copy(t.Context(), tree.OnMount(), dst, []copytree.Source{{Path: from, To: to}}, opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCopyKeepsEverything(t *testing.T) {
	t.Parallel()
	from := sample(t)
	want := list(t, tree.OnMount(), from)
	v, dst := target(t)
	r := run(t, dst, from, "/copy", copytree.Options{Jobs: 3})
	if r.Files != 45 || r.Directories != 3 || r.Symlinks != 1 || r.Specials != 1 || r.HardLinks != 2 || r.AlreadyThere != 0 {
		t.Errorf("%+v", r)
	}
	if diff := cmp.Diff(want, list(t, dst, "/copy")); diff != "" {
		t.Error(diff)
	}
	v.Reopen(t)
	if diff := cmp.Diff(want, list(t, edit.OnDevices(v.Volume, edit.Caller{}), "/copy")); diff != "" {
		t.Errorf("opened again: %s", diff)
	}
	v.Check(t)

	// The same to another file system, which is none of ours.
	mount := filepath.Join(t.TempDir(), "copy")
	run(t, edit.OnMount(), from, mount, copytree.Options{})
	if diff := cmp.Diff(want, list(t, tree.OnMount(), mount)); diff != "" {
		t.Errorf("on a mount: %s", diff)
	}
}

// What is there is left, what is missing or differs is copied.
func TestCopyAgain(t *testing.T) {
	t.Parallel()
	from := sample(t)
	want := list(t, tree.OnMount(), from)
	v, dst := target(t)
	ctx := t.Context()
	run(t, dst, from, "/copy", copytree.Options{})
	if r := run(t, dst, from, "/copy", copytree.Options{}); r.Files+r.Symlinks+r.HardLinks+r.Specials != 0 || r.AlreadyThere != 49 || r.Bytes != 0 {
		t.Errorf("again: %+v", r)
	}
	at := func(path string) tree.Node {
		n, err := dst.Resolve(ctx, path, false)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	mode := uint32(0o111)
	other := time.Unix(5, 0)
	for _, err := range []error{
		dst.Unlink(ctx, at("/copy"), "two"),
		dst.Unlink(ctx, at("/copy/d"), "link"),
		dst.Unlink(ctx, at("/copy"), "large"),
		dst.SetAttr(ctx, at("/copy/d/f3"), edit.Attr{Mode: &mode}),
		dst.SetAttr(ctx, at("/copy/d/f4"), edit.Attr{Mtime: &other}),
		dst.Truncate(ctx, at("/copy/d/f5"), 1),
		dst.SetAttr(ctx, at("/copy/d"), edit.Attr{Mode: &mode, Mtime: &other}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if r := run(t, dst, from, "/copy", copytree.Options{NoClobber: true}); r.Files+r.Symlinks+r.HardLinks != 3 || r.AlreadyThere != 46 {
		t.Errorf("without replacing anything: %+v", r)
	}
	// Which name of a file comes first depends on the directories' order, and
	// so does whether a further name has to be made again.
	if r := run(t, dst, from, "/copy", copytree.Options{}); r.Files != 2 || r.HardLinks > 2 || r.AlreadyThere != 47-r.HardLinks {
		t.Errorf("completed: %+v", r)
	}
	if diff := cmp.Diff(want, list(t, dst, "/copy")); diff != "" {
		t.Error(diff)
	}
	v.Check(t)
}

// A copy that is stopped is completed by the same copy.
func TestStoppedCopiesAreCompleted(t *testing.T) {
	t.Parallel()
	from := sample(t)
	want := list(t, tree.OnMount(), from)
	v, dst := target(t)
	reason := errors.New("enough")
	for after := int64(1); after < 60; after += 13 {
		ctx, stop := context.WithCancelCause(t.Context())
		var seen atomic.Int64
		_, err := copytree.Copy(ctx, tree.OnMount(), dst, []copytree.Source{{Path: from, To: "/copy"}}, copytree.Options{
			Jobs: 2, Every: true,
			Tell: func(ev copytree.Event) {
				if ev.Kind == copytree.Failed {
					t.Errorf("%s: %v", ev.Path, ev.Err)
				}
				if seen.Add(1) == after {
					stop(reason)
				}
			},
		})
		if err != nil && !errors.Is(err, reason) {
			t.Fatal(err)
		}
		stop(nil)
	}
	run(t, dst, from, "/copy", copytree.Options{})
	if diff := cmp.Diff(want, list(t, dst, "/copy")); diff != "" {
		t.Error(diff)
	}
	v.Check(t)
}

// Files inherit no ACL that the source does not have.
func TestCopyIntoDirectoriesWithACLs(t *testing.T) {
	t.Parallel()
	from := sample(t)
	want := list(t, tree.OnMount(), from)
	v, dst := target(t)
	ctx := t.Context()
	root, err := dst.Resolve(ctx, "/", true)
	if err != nil {
		t.Fatal(err)
	}
	// u::rwx,u:7:rwx,g::---,m::rwx,o::---
	acl := []byte{
		2, 0, 0, 0,
		1, 0, 7, 0, 0xff, 0xff, 0xff, 0xff,
		2, 0, 7, 0, 7, 0, 0, 0,
		4, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
		16, 0, 7, 0, 0xff, 0xff, 0xff, 0xff,
		32, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
	}
	if err := dst.SetXattr(ctx, root, format.XattrACLDefault, acl, 0); err != nil {
		t.Fatal(err)
	}
	run(t, dst, from, "/copy", copytree.Options{})
	if diff := cmp.Diff(want, list(t, dst, "/copy")); diff != "" {
		t.Error(diff)
	}
	for name := range want {
		n, err := dst.Resolve(ctx, "/copy"+name, false)
		if err != nil {
			t.Fatal(err)
		}
		for x, err := range dst.Xattrs(ctx, n, false) {
			if err != nil || x.Name == format.XattrACLAccess || x.Name == format.XattrACLDefault {
				t.Errorf("%s has %s, %v", name, x.Name, err)
			}
		}
	}
	v.Check(t)
}

func TestWhatCannotBeCopied(t *testing.T) {
	t.Parallel()
	from := sample(t)
	v, dst := target(t)
	ctx := t.Context()
	run(t, dst, from, "/copy", copytree.Options{})
	n, err := dst.Resolve(ctx, "/copy", true)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		dst.Unlink(ctx, n, "two"), second(dst.Mkdir(ctx, n, "two", 0o700)),
		dst.Rename(ctx, n, "d", n, "elsewhere", true), second(dst.Create(ctx, n, "d", 0o600)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	failed := map[string]error{}
	tell := func(ev copytree.Event) { failed[strings.TrimPrefix(ev.Path, from)] = ev.Err }
	sources := []copytree.Source{{Path: from, To: "/copy"}, {Path: from + "/none", To: "/none"}, {Path: from, To: "/none/below"}, {Path: from + "/two", To: "/"}}
	r, err := copytree.Copy(ctx, tree.OnMount(), dst, sources, copytree.Options{Tell: tell})
	if err != nil || r.Failed != 5 {
		t.Errorf("%+v, %v", r, err)
	}
	for path, want := range map[string]error{"/two": syscall.EISDIR, "/d": syscall.ENOTDIR, "/none": syscall.ENOENT, "": syscall.ENOENT} {
		if !errors.Is(failed[path], want) {
			t.Errorf("%q: %v, want %v", path, failed[path], want)
		}
	}
	if paths := slices.Sorted(maps.Keys(failed)); len(paths) != 4 {
		t.Errorf("failed: %q", paths)
	}
	v.Check(t)

	// Not into itself, on a mount.
	inside := filepath.Join(from, "d", "inside")
	into := map[string]error{}
	r, err = copytree.Copy(ctx, tree.OnMount(), edit.OnMount(), []copytree.Source{{Path: from, To: inside}}, copytree.Options{
		Tell: func(ev copytree.Event) { into[ev.Path] = ev.Err },
	})
	if err != nil || !errors.Is(into[inside], syscall.EINVAL) || r.Failed != 1 {
		t.Errorf("into itself: %+v, %v, %v", r, err, into)
	}
	if _, err := os.Stat(filepath.Join(inside, "d", "inside")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it was copied into itself: %v", err)
	}
	if got, err := os.ReadFile(filepath.Join(inside, "two")); err != nil || string(got) != "names" {
		t.Errorf("%q, %v", got, err)
	}
}

func second[T any](_ T, err error) error { return err }

// full is a target that is full after a while.
type full struct {
	*edit.Devices
	left atomic.Int64
}

func (f *full) CreateFiles(ctx context.Context, files []edit.NewFile) (int, error) {
	if f.left.Add(-int64(len(files))) < 0 {
		return 0, fmt.Errorf("no blocks: %w", syscall.ENOSPC)
	}
	return f.Devices.CreateFiles(ctx, files)
}

// Files that are copied when the device is full, or when the copy is stopped,
// leave nothing behind.
func TestNoPartOfAFileIsLeft(t *testing.T) {
	t.Parallel()
	from := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(from, bytes.Repeat([]byte("large"), 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	v, dst := target(t)
	ctx, stop := context.WithCancelCause(t.Context())
	reason := errors.New("enough")
	broken := &halting{Devices: dst, halt: func() error { return fmt.Errorf("no blocks: %w", syscall.ENOSPC) }}
	stopped := &halting{Devices: dst, halt: func() error { stop(reason); return context.Cause(ctx) }}
	for _, test := range []struct {
		ctx  context.Context
		dst  edit.Files
		want error
	}{{t.Context(), broken, syscall.ENOSPC}, {ctx, stopped, reason}} {
		_, err := copytree.Copy(test.ctx, tree.OnMount(), test.dst, []copytree.Source{{Path: from, To: "/copy"}}, copytree.Options{})
		if !errors.Is(err, test.want) {
			t.Errorf("%v, want %v", err, test.want)
		}
		if n, err := dst.Resolve(t.Context(), "/copy", false); !errors.Is(err, syscall.ENOENT) {
			t.Errorf("%+v is left, %v", n, err)
		}
	}
	v.Check(t)
}

// halting is a target that takes only the beginning of a file.
type halting struct {
	*edit.Devices
	halt func() error
}

func (h *halting) Write(ctx context.Context, n tree.Node) (edit.Writer, error) {
	w, err := h.Devices.Write(ctx, n)
	return haltingWriter{w, h.halt}, err
}

type haltingWriter struct {
	edit.Writer
	halt func() error
}

func (w haltingWriter) WriteFrom(ctx context.Context, off, length uint64, from io.Reader) error {
	if err := w.Writer.WriteFrom(ctx, off, length/2, from); err != nil {
		return err
	}
	return w.halt()
}

func TestFullTargetsEndACopy(t *testing.T) {
	t.Parallel()
	from := sample(t)
	v, dst := target(t)
	f := &full{Devices: dst}
	f.left.Store(10)
	r, err := copytree.Copy(t.Context(), tree.OnMount(), f, []copytree.Source{{Path: from, To: "/copy"}}, copytree.Options{Jobs: 1})
	if !errors.Is(err, syscall.ENOSPC) || r.Failed != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	v.Check(t)
}

// picky takes no file called so together with others, nor alone.
type picky struct {
	*edit.Devices
	name string
}

func (p *picky) CreateFiles(ctx context.Context, files []edit.NewFile) (int, error) {
	for i := range files {
		if files[i].Name == p.name {
			return 0, syscall.EPERM
		}
	}
	return p.Devices.CreateFiles(ctx, files)
}

func TestOneFileThatFailsKeepsNoOtherFromBeingCopied(t *testing.T) {
	t.Parallel()
	from := sample(t)
	v, dst := target(t)
	failed := map[string]error{}
	r, err := copytree.Copy(t.Context(), tree.OnMount(), &picky{dst, "f11"}, []copytree.Source{{Path: from, To: "/copy"}}, copytree.Options{
		Jobs: 1, Tell: func(ev copytree.Event) { failed[ev.To] = ev.Err },
	})
	if err != nil || r.Failed != 1 || r.Files != 44 || !errors.Is(failed["/copy/d/f11"], syscall.EPERM) {
		t.Errorf("%+v, %v, %v", r, err, failed)
	}
	v.Check(t)
}
