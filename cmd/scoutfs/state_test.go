// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"scoutfs/engine"
	"scoutfs/engine/format"
	"scoutfs/walk"
	"scoutfs/walk/tree"
)

// volume is the devices of a volume, as files.
type volume struct{ meta, data string }

func volumeIn(dir string) volume {
	return volume{filepath.Join(dir, "meta"), filepath.Join(dir, "data")}
}

// options are the words that tell a command where the volume is.
func (v volume) options() []string {
	return []string{"--meta-device", v.meta, "--data-device", v.data}
}

// makeVolume makes an empty volume on devices of a size.
func makeVolume(t *testing.T, meta, data string) volume {
	t.Helper()
	v := volumeIn(t.TempDir())
	for device, size := range map[string]string{v.meta: meta, v.data: data} {
		if out, err := exec.Command("truncate", "-s", size, device).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	succeed(t, program(t, "", "mkfs", "-A", "-Q", "0,127.0.0.1,42000", v.meta, v.data))
	return v
}

// clone copies the devices to a new place, without their holes.
func (v volume) clone(t *testing.T) volume {
	t.Helper()
	to := volumeIn(t.TempDir())
	for from, to := range map[string]string{v.meta: to.meta, v.data: to.data} {
		copySparse(t, from, to)
	}
	return to
}

func copySparse(t *testing.T, from, to string) {
	t.Helper()
	if err := func() (err error) {
		in, err := os.Open(from)
		if err != nil {
			return err
		}
		defer in.Close()
		out, err := os.Create(to)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, out.Close()) }()
		end, err := in.Seek(0, io.SeekEnd)
		if err != nil {
			return err
		}
		if err := out.Truncate(end); err != nil {
			return err
		}
		for off := int64(0); ; {
			start, err := in.Seek(off, unix.SEEK_DATA)
			if errors.Is(err, unix.ENXIO) {
				return nil
			}
			if err != nil {
				return err
			}
			if off, err = in.Seek(start, unix.SEEK_HOLE); err != nil {
				return err
			}
			if _, err := in.Seek(start, io.SeekStart); err != nil {
				return err
			}
			if _, err := out.Seek(start, io.SeekStart); err != nil {
				return err
			}
			if _, err := io.CopyN(out, in, off-start); err != nil {
				return err
			}
		}
	}(); err != nil {
		t.Fatal(err)
	}
}

// program is a run of the program, with a standard input.
func program(t *testing.T, stdin string, words ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("scoutfs", words...)
	cmd.Env = append(os.Environ(), "SCOUTFS_CONFIG="+os.DevNull, "GORACE=atexit_sleep_ms=0")
	cmd.Stdin = strings.NewReader(stdin)
	return cmd
}

// succeed runs a command that is to end with status 0, and returns its output.
func succeed(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", strings.Join(cmd.Args, " "), err, out)
	}
	return string(out)
}

// filesOf is what files there are, by path: all of each that a change could
// touch. Times of change are not in it, nor what the number of entries in a
// directory makes of its attributes.
type filesOf map[string]fileState

type fileState struct {
	mode     uint32
	owner    string
	size     uint64
	nlink    uint32
	same     string // first of its names, if there are several
	rdev     string
	times    string
	content  string // data, holes and what is offline; or a link's target
	xattrs   string
	version  uint64 // of the data, where that is known
	contents bool   // it is a directory
	ino      uint64 // 0 once same is known
}

// mounted returns the files at a path of this machine and below it.
func mounted(t *testing.T, path string) filesOf {
	t.Helper()
	return collect(t, tree.OnMount(), path)
}

// files returns the files of the volume, its quota rules and its size.
func (v volume) files(t *testing.T) filesOf {
	t.Helper()
	opened, err := engine.Open(t.Context(), v.meta, v.data, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	}()
	all := collect(t, tree.OnDevices(opened), "/")
	rules := 0
	for r, err := range walk.QuotaRules(t.Context(), opened.Target()) {
		if err != nil {
			t.Fatal(err)
		}
		all[fmt.Sprintf("rule %+v", r)] = fileState{}
		rules++
	}
	view, err := opened.FS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	super := view.Super()
	all["size"] = fileState{content: fmt.Sprint(super.TotalMetaBlocks.Get(), super.TotalDataBlocks.Get())}
	return all
}

func collect(t *testing.T, from tree.Tree, path string) filesOf {
	t.Helper()
	ctx := t.Context()
	start, err := from.Resolve(ctx, path, true)
	if err != nil {
		t.Fatal(err)
	}
	all := filesOf{}
	look := func(ctx context.Context, n tree.Node, _ int) (fileState, error) { return stateOf(ctx, from, n) }
	enter := func(f *tree.Found[fileState], err error) bool { return err == nil && f.Value.contents }
	for f, err := range tree.Walk(ctx, from, start, tree.WalkOptions[fileState]{Look: look, Enter: enter}) {
		if err != nil {
			t.Fatalf("%s: %v", f.Node.Path, err)
		}
		all[strings.Trim(strings.TrimPrefix(f.Node.Path, path), "/")] = f.Value
	}
	first := map[uint64]string{}
	for _, path := range slices.Sorted(maps.Keys(all)) {
		s := all[path]
		if !s.contents && s.nlink > 1 {
			if first[s.ino] == "" {
				first[s.ino] = path
			}
			s.same = first[s.ino]
		}
		s.ino = 0
		all[path] = s
	}
	return all
}

func stateOf(ctx context.Context, from tree.Tree, n tree.Node) (fileState, error) {
	a, err := from.Stat(ctx, n, tree.WantArchive)
	if err != nil {
		return fileState{}, err
	}
	n.Type = a.Type()
	s := fileState{
		mode: a.Mode, owner: fmt.Sprint(a.UID, ":", a.GID), nlink: a.Nlink, rdev: fmt.Sprint(a.RdevMajor, ":", a.RdevMinor),
		times: fmt.Sprint(a.Atime.UnixNano(), " ", a.Mtime.UnixNano()), contents: a.IsDir(), ino: a.Ino,
	}
	switch {
	case a.IsRegular():
		s.size, s.version = a.Size, a.Archive.DataVersion
		s.content, err = contentOf(ctx, from, n)
	case a.IsSymlink():
		s.content, err = from.Readlink(ctx, n)
	}
	if err != nil {
		return s, err
	}
	var xattrs []string
	for x, err := range from.Xattrs(ctx, n, true) {
		if err != nil {
			return s, err
		}
		xattrs = append(xattrs, fmt.Sprintf("%s=%x", x.Name, x.Value))
	}
	slices.Sort(xattrs)
	s.xattrs = strings.Join(xattrs, " ")
	return s, nil
}

// contentOf tells data from holes and offline data, and hashes the data. The
// borders are those of blocks.
func contentOf(ctx context.Context, from tree.Tree, n tree.Node) (_ string, err error) {
	file, err := from.Open(ctx, n)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	var text strings.Builder
	sum := sha256.New()
	buf := make([]byte, 256<<10)
	var last tree.Extent
	for x, err := range file.Extents(ctx, 0) {
		if err != nil {
			return "", err
		}
		if last.Length > 0 && (last.End() != x.Offset || last.Offline != x.Offline) {
			fmt.Fprintf(&text, "to %d ", last.End())
			last.Length = 0
		}
		if last.Length == 0 {
			fmt.Fprintf(&text, "from %d offline %v ", x.Offset, x.Offline)
		}
		last = x
		for off := x.Offset; off < x.End() && !x.Offline; {
			part := buf[:min(uint64(len(buf)), x.End()-off)]
			if got, err := file.ReadAt(ctx, part, off); got < len(part) {
				return "", fmt.Errorf("read %d bytes at %d: %w", got, off, err)
			}
			sum.Write(part)
			off += uint64(len(part))
		}
	}
	end := (last.End() + format.SmallBlockSize - 1) / format.SmallBlockSize * format.SmallBlockSize
	return fmt.Sprintf("%sto %d, %x", text.String(), end, sum.Sum(nil)), nil
}

// differences says how files differ that should be the same, in a few lines.
func (all filesOf) differences(want filesOf) string {
	var lines []string
	for path, s := range all {
		if w, found := want[path]; !found {
			lines = append(lines, path+" should not be there")
		} else if s != w {
			lines = append(lines, fmt.Sprintf("%s is %+v, not %+v", path, s, w))
		}
	}
	for path := range want {
		if _, found := all[path]; !found {
			lines = append(lines, path+" is not there")
		}
	}
	slices.Sort(lines)
	return few(lines)
}

// few are the first lines, and how many more there are.
func few(lines []string) string {
	const most = 5
	if len(lines) > most {
		lines = append(lines[:most:most], fmt.Sprintf("and %d more", len(lines)-most))
	}
	return strings.Join(lines, "\n")
}

// only returns the state of files without what depends on when a command ran,
// which drop takes away.
func (all filesOf) only(drop func(path string, s fileState) fileState) filesOf {
	kept := make(filesOf, len(all))
	for path, s := range all {
		kept[path] = drop(path, s)
	}
	return kept
}
