// SPDX-License-Identifier: GPL-2.0-or-later

package stage_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/engine/ioctl"
	"scoutfs/internal/testwrite"
	"scoutfs/stage"
	"scoutfs/walk/tree"
)

const block = format.SmallBlockSize

// archive is a volume and a folder with copies of its files.
type archive struct {
	*testwrite.Volume
	t      *testing.T
	copies string
}

func newArchive(t *testing.T) *archive {
	t.Helper()
	return &archive{testwrite.New(t, 2), t, t.TempDir()}
}

// file makes a file in the root, and a copy of it in the archive.
func (a *archive) file(name string, data []byte) {
	a.t.Helper()
	w := a.Writer()
	in, err := w.Create(a.t.Context(), fs.Root(), format.RootIno, name, 0o644)
	if err == nil {
		_, err = w.Write(a.t.Context(), fs.ReadWrite(in.Ino), data, 0)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(a.copies, name), data, 0o600)
	}
	if err != nil {
		a.t.Fatal(err)
	}
}

// content is what a file holds, as far as it is online.
func (a *archive) content(name string) ([]byte, error) {
	a.t.Helper()
	var got []byte
	err := a.Read(a.t.Context(), func(f *fs.FS) error {
		in, err := f.Resolve(a.t.Context(), name, false)
		if err != nil {
			a.t.Fatal(err)
		}
		got = make([]byte, in.Size)
		n, err := f.ReadAt(a.t.Context(), in, got, 0)
		got = got[:n]
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return err
	})
	return got, err
}

func (a *archive) inode(name string) (in fs.Inode) {
	a.t.Helper()
	if err := a.Read(a.t.Context(), func(f *fs.FS) (err error) {
		in, err = f.Resolve(a.t.Context(), name, false)
		return err
	}); err != nil {
		a.t.Fatal(err)
	}
	return in
}

// copyOf is the file with its copy as source.
func (a *archive) copyOf(f stage.File) stage.File {
	f.Source = filepath.Join(a.copies, f.Path)
	return f
}

func files(list ...stage.File) iter.Seq2[stage.File, error] {
	return func(yield func(stage.File, error) bool) {
		for _, f := range list {
			if !yield(f, nil) {
				return
			}
		}
	}
}

// one works on a single file, and returns what became of it.
func one(t *testing.T, work func(context.Context, stage.Opener, iter.Seq2[stage.File, error], stage.Options) (stage.Summary, error),
	open stage.Opener, f stage.File, opts stage.Options,
) stage.Result {
	t.Helper()
	var got []stage.Result
	opts.Tell = func(r *stage.Result) { got = append(got, *r) }
	if _, err := work(t.Context(), open, files(f), opts); err != nil || len(got) != 1 {
		t.Fatalf("results %+v, %v", got, err)
	}
	return got[0]
}

func text(n int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "line %d\n", i)
	}
	return b.Bytes()[:n]
}

func TestEverythingBelowIsReleasedAndStagedBack(t *testing.T) {
	t.Parallel()
	a := newArchive(t)
	w, ctx := a.Writer(), t.Context()
	dir, err := w.Mkdir(ctx, fs.Root(), format.RootIno, "dir", 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(a.copies, "dir"), 0o700); err != nil {
		t.Fatal(err)
	}
	want := map[string][]byte{}
	for i, size := range []int{0, 1, block, block + 1, 10*block - 1, 3 << 20} {
		for _, below := range []bool{false, true} {
			name, parent := fmt.Sprint("f", i), uint64(format.RootIno)
			path := name
			if below {
				parent, path = dir.Ino, "dir/"+name
			}
			data := text(size)
			in, err := w.Create(ctx, fs.Root(), parent, name, 0o644)
			if err == nil {
				_, err = w.Write(ctx, fs.ReadWrite(in.Ino), data, 0)
			}
			if err == nil {
				err = os.WriteFile(filepath.Join(a.copies, path), data, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			want[path] = data
		}
	}
	below := func(source string) iter.Seq2[stage.File, error] {
		return stage.Below(ctx, tree.OnDevices(a.Volume.Volume), "/", source)
	}
	opts := stage.Options{AnyVersion: true, NeededOnly: true, Jobs: 3}
	const total = 2 * (1 + 1 + 2 + 10 + 768) * block
	got, err := stage.Release(ctx, a.Target(), below(""), opts)
	if err != nil || got != (stage.Summary{Files: 10, Skipped: 2, Bytes: total}) {
		t.Errorf("release: %+v, %v", got, err)
	}
	for path, data := range want {
		if in := a.inode(path); in.OnlineBlocks != 0 || in.OfflineBlocks != uint64(len(data)+block-1)/block {
			t.Errorf("%s released: %d online, %d offline", path, in.OnlineBlocks, in.OfflineBlocks)
		}
	}
	got, err = stage.Stage(ctx, a.Target(), below(a.copies), opts)
	if err != nil || got.Files != 10 || got.Skipped != 2 || got.Failed != 0 {
		t.Errorf("stage: %+v, %v", got, err)
	}
	for path, data := range want {
		if got, err := a.content(path); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s staged: %d bytes, %v", path, len(got), err)
		}
	}
	a.Check(t)
}

func TestResults(t *testing.T) {
	t.Parallel()
	a := newArchive(t)
	data := text(5*block + 100)
	a.file("f", data)
	a.file("other", text(block))
	sum := sha256.Sum256(data)
	right := &stage.Checksum{Algorithm: "sha256", Sum: string(sum[:])}
	wrong := &stage.Checksum{Algorithm: "sha256", Sum: strings.Repeat("x", 32)}
	short := filepath.Join(a.copies, "short")
	if err := os.WriteFile(short, data[:2*block+5], 0o600); err != nil {
		t.Fatal(err)
	}
	whole := uint64(6 * block)
	release := func(f stage.File, opts stage.Options) stage.Result { return one(t, stage.Release, a.Target(), f, opts) }
	put := func(f stage.File, opts stage.Options) stage.Result { return one(t, stage.Stage, a.Target(), f, opts) }
	f := stage.File{Path: "f", DataVersion: 1}
	source := a.copyOf(f)
	with := func(change func(*stage.File)) stage.File {
		f := source
		change(&f)
		return f
	}
	steps := []struct {
		name    string
		do      func() stage.Result
		err     error
		skipped bool
		bytes   uint64
		offline uint64 // blocks afterwards
	}{
		{"no version", func() stage.Result { return release(stage.File{Path: "f"}, stage.Options{}) }, syscall.EINVAL, false, 0, 0},
		{"another version", func() stage.Result { return release(stage.File{Path: "f", DataVersion: 2}, stage.Options{}) }, syscall.ESTALE, false, 0, 0},
		{"another version, dry", func() stage.Result {
			return release(stage.File{Path: "f", DataVersion: 2}, stage.Options{DryRun: true})
		}, syscall.ESTALE, false, 0, 0},
		{"no such file", func() stage.Result { return release(stage.File{Path: "none", DataVersion: 1}, stage.Options{}) }, syscall.ENOENT, false, 0, 0},
		{"unaligned", func() stage.Result { return release(stage.File{Path: "f", DataVersion: 1, Offset: 1}, stage.Options{}) }, syscall.EINVAL, false, 0, 0},
		{"dry release", func() stage.Result { return release(f, stage.Options{DryRun: true}) }, nil, false, whole, 0},
		{"a range", func() stage.Result {
			return release(stage.File{Path: "f", DataVersion: 1, Offset: block, Length: 2 * block}, stage.Options{})
		}, nil, false, 2 * block, 2},
		{"the rest", func() stage.Result { return release(f, stage.Options{NeededOnly: true}) }, nil, false, 4 * block, 6},
		{"nothing left", func() stage.Result { return release(f, stage.Options{NeededOnly: true}) }, nil, true, 0, 6},
		{"nothing left is fine", func() stage.Result { return release(f, stage.Options{}) }, nil, false, 0, 6},

		{"stage, no version", func() stage.Result { return put(with(func(f *stage.File) { f.DataVersion = 0 }), stage.Options{}) }, syscall.EINVAL, false, 0, 6},
		{"stage another version", func() stage.Result { return put(with(func(f *stage.File) { f.DataVersion = 3 }), stage.Options{}) }, syscall.ESTALE, false, 0, 6},
		{"stage unaligned", func() stage.Result { return put(with(func(f *stage.File) { f.Offset = 5 }), stage.Options{}) }, syscall.EINVAL, false, 0, 6},
		{"stage without copy", func() stage.Result { return put(with(func(f *stage.File) { f.Source += "x" }), stage.Options{}) }, syscall.ENOENT, false, 0, 6},
		{"wrong checksum", func() stage.Result { return put(with(func(f *stage.File) { f.Checksum = wrong }), stage.Options{}) }, syscall.EBADMSG, false, 0, 6},
		{"dry stage", func() stage.Result { return put(source, stage.Options{DryRun: true}) }, nil, false, uint64(len(data)), 6},
		{"short copy", func() stage.Result { return put(with(func(f *stage.File) { f.Source = short }), stage.Options{}) }, syscall.EIO, false, 0, 6},
		{"short copy is all", func() stage.Result {
			return put(with(func(f *stage.File) { f.Source, f.Length = short, 2*block }), stage.Options{WholeSource: true})
		}, nil, false, 2 * block, 4},
		{"only what is offline", func() stage.Result { return put(source, stage.Options{NeededOnly: true}) }, nil, false, uint64(len(data)) - 2*block, 0},
		{"nothing to stage", func() stage.Result { return put(source, stage.Options{NeededOnly: true}) }, nil, true, 0, 0},
		{"all of it, though it is there", func() stage.Result {
			return put(with(func(f *stage.File) { f.Checksum = right }), stage.Options{})
		}, nil, false, uint64(len(data)), 0},
	}
	for _, s := range steps {
		got := s.do()
		if !errors.Is(got.Err, s.err) || (got.Err == nil) != (s.err == nil) || (got.Skipped != "") != s.skipped || got.Bytes != s.bytes {
			t.Errorf("%s: %+v", s.name, got)
		}
		if in := a.inode("f"); in.OfflineBlocks != s.offline {
			t.Errorf("%s: %d blocks are offline, want %d", s.name, in.OfflineBlocks, s.offline)
		}
	}
	if got, err := a.content("f"); err != nil || !bytes.Equal(got, data) {
		t.Errorf("the file has %d bytes, %v", len(got), err)
	}
	a.Check(t)
}

// A pipe is read as far as is needed, in order. Its sum is known before the file
// changes only where staged data can be held back.
func TestPipesAreStagedFrom(t *testing.T) {
	t.Parallel()
	a := newArchive(t)
	data := text(3 * block)
	a.file("f", data)
	if r := one(t, stage.Release, a.Target(), stage.File{Path: "f", DataVersion: 1}, stage.Options{}); r.Err != nil {
		t.Fatal(r.Err)
	}
	pipe := filepath.Join(a.copies, "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	feed := func() {
		if err := os.WriteFile(pipe, append([]byte("head"), data...), 0o600); err != nil && !errors.Is(err, syscall.EPIPE) {
			t.Error(err)
		}
	}
	sum := sha256.Sum256(data)
	wrong := &stage.Checksum{Algorithm: "md5", Sum: "0123456789abcdef"}
	right := &stage.Checksum{Algorithm: "sha256", Sum: string(sum[:])}
	for _, test := range []struct {
		name     string
		open     stage.Opener
		checksum *stage.Checksum
		err      error
	}{
		{"a mount that would have to read it twice", &stubborn{Target: a.Target(), most: 1 << 20}, right, syscall.ESPIPE},
		{"the wrong checksum", a.Target(), wrong, syscall.EBADMSG},
		{"the right checksum", a.Target(), right, nil},
		{"no checksum", a.Target(), nil, nil},
	} {
		f := stage.File{Path: "f", DataVersion: 1, Source: pipe, SourceOffset: 4, Checksum: test.checksum}
		fed := make(chan struct{})
		go func() { defer close(fed); feed() }()
		r := one(t, stage.Stage, test.open, f, stage.Options{})
		<-fed
		got, err := a.content("f")
		switch {
		case !errors.Is(r.Err, test.err) || (r.Err == nil) != (test.err == nil):
			t.Errorf("%s: %+v", test.name, r)
		case test.err != nil && (r.Bytes != 0 || !errors.Is(err, syscall.ENODATA)):
			t.Errorf("%s: %+v, and the file has %d bytes, %v", test.name, r, len(got), err)
		case test.err == nil && (r.Bytes != uint64(len(data)) || err != nil || !bytes.Equal(got, data)):
			t.Errorf("%s: %+v, and the file has %d bytes, %v", test.name, r, len(got), err)
		}
		if test.err == nil {
			if r := one(t, stage.Release, a.Target(), stage.File{Path: "f", DataVersion: 1}, stage.Options{}); r.Err != nil {
				t.Fatal(r.Err)
			}
		}
	}
	a.Check(t)
}

// A run that is stopped has no failures; the same run goes on with the rest.
func TestStoppedRunsGoOn(t *testing.T) {
	t.Parallel()
	a := newArchive(t)
	var list []stage.File
	for i := range 50 {
		name := fmt.Sprint("f", i)
		a.file(name, text(2*block))
		list = append(list, a.copyOf(stage.File{Path: name, DataVersion: 1}))
	}
	ctx, stop := context.WithCancelCause(t.Context())
	reason := errors.New("enough")
	opts := stage.Options{NeededOnly: true, Jobs: 2, Tell: func(*stage.Result) { stop(reason) }}
	first, err := stage.Release(ctx, a.Target(), files(list...), opts)
	if !errors.Is(err, reason) || first.Failed > 0 || first.Files == 0 || first.Files == 50 {
		t.Errorf("stopped: %+v, %v", first, err)
	}
	second, err := stage.Release(t.Context(), a.Target(), files(list...), opts)
	if err != nil || second.Failed > 0 || second.Files+second.Skipped != 50 || second.Skipped < first.Files {
		t.Errorf("again: %+v, %v", second, err)
	}
	a.Check(t)
}

// stubborn is a file system that stages little at a time, and shows no extents.
type stubborn struct {
	ioctl.Target
	most  int
	calls atomic.Int64
}

func (s *stubborn) OpenPath(ctx context.Context, path string, flags int) (ioctl.File, error) {
	f, err := s.Target.OpenPath(ctx, path, flags)
	return &stubbornFile{f, s}, err
}

type stubbornFile struct {
	ioctl.File
	s *stubborn
}

func (f *stubbornFile) Stage(ctx context.Context, q ioctl.Stage) (int, error) {
	f.s.calls.Add(1)
	q.Data = q.Data[:min(len(q.Data), f.s.most)]
	if len(q.Data) < block {
		return len(q.Data), nil // less than it needs to go on
	}
	return f.File.Stage(ctx, q)
}

func (f *stubbornFile) Fiemap(context.Context, ioctl.Fiemap) (ioctl.FiemapResult, error) {
	return ioctl.FiemapResult{}, syscall.EOPNOTSUPP
}

func TestShortStagingGoesOn(t *testing.T) {
	t.Parallel()
	a := newArchive(t)
	data := text(6 * block)
	a.file("f", data)
	f := a.copyOf(stage.File{Path: "f", DataVersion: 1})
	if r := one(t, stage.Release, a.Target(), f, stage.Options{}); r.Err != nil {
		t.Fatal(r.Err)
	}
	s := &stubborn{Target: a.Target(), most: 2 * block}
	r := one(t, stage.Stage, s, f, stage.Options{NeededOnly: true})
	if r.Err != nil || r.Bytes != uint64(len(data)) || s.calls.Load() != 3 {
		t.Errorf("%+v in %d requests", r, s.calls.Load())
	}
	if got, err := a.content("f"); err != nil || !bytes.Equal(got, data) {
		t.Errorf("the file has %d bytes, %v", len(got), err)
	}
	s.most = 100
	if r := one(t, stage.Stage, s, f, stage.Options{}); !errors.Is(r.Err, syscall.EIO) || r.Bytes != 0 {
		t.Errorf("less than a block at a time: %+v", r)
	}
	a.Check(t)
}

func TestParseChecksum(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"md5:d41d8cd98f00b204e9800998ecf8427e",
		"sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709",
		"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	} {
		sum, err := stage.ParseChecksum(text)
		if err != nil || sum.String() != text {
			t.Errorf("%s: %s, %v", text, sum, err)
		}
	}
	for _, text := range []string{"", "md5", "md5:", "md5:00", "crc:00000000", "sha1:d41d8cd98f00b204e9800998ecf8427e", "md5:zz1d8cd98f00b204e9800998ecf8427e"} {
		if sum, err := stage.ParseChecksum(text); err == nil {
			t.Errorf("%q: %s", text, sum)
		}
	}
}
