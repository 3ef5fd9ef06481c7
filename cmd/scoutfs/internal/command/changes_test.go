// SPDX-License-Identifier: GPL-2.0-or-later

package command_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/clitest"
	"scoutfs/cmd/scoutfs/internal/command"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
	"scoutfs/internal/testimage"
	"scoutfs/internal/testvolume"
)

// changing is a volume on files, in the making.
type changing struct {
	*testvolume.Builder
	meta string
	pos  uint64
}

func newChanging(t *testing.T) *changing {
	t.Helper()
	c := &changing{Builder: testvolume.New(t), meta: filepath.Join(t.TempDir(), "meta"), pos: 1}
	c.Super.Hdr.FSID.Set(testblock.FSID)
	if err := device.CreateSparse(c.meta, testvolume.MetaBlocks*format.LargeBlockSize, 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

// add makes an inode that changed at seq, with names in the root.
func (c *changing) add(ino, seq uint64, mode uint32, more func(*format.Inode), names ...string) {
	c.Inode(ino, mode, func(in *format.Inode) {
		in.MetaSeq.Set(seq)
		in.Nlink.Set(uint32(len(names)))
		for i, ts := range []*format.Timespec{&in.Atime, &in.Mtime, &in.Ctime, &in.Crtime} {
			ts.Set(time.Unix(1_700_000_000+int64(i), 5))
		}
		if more != nil {
			more(in)
		}
	})
	c.Put(format.InodeIndexKey(format.TypeMetaSeq, seq, ino), nil)
	for _, name := range names {
		c.pos++
		c.Link(format.RootIno, c.pos, ino, format.DirentRegular, name)
	}
}

// commit writes the volume as of a sequence number, its super last.
func (c *changing) commit(t *testing.T, seq uint64) {
	t.Helper()
	c.Super.Seq.Set(seq)
	c.Super.Hdr.Seq.Set(c.Super.Hdr.Seq.Get() + 1)
	from := c.Devices(t).Meta
	to, err := os.OpenFile(c.meta, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	block, zero := make([]byte, format.LargeBlockSize), make([]byte, format.LargeBlockSize)
	for off := from.Size() - format.LargeBlockSize; off >= 0; off -= format.LargeBlockSize {
		if _, err := from.ReadAt(block, off); err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(block, zero) {
			continue
		}
		if _, err := to.WriteAt(block, off); err != nil {
			t.Fatal(err)
		}
	}
}

// everyKind is a volume with an inode of every kind, and damage.
func everyKind(t *testing.T) *changing {
	t.Helper()
	c := newChanging(t)
	rdev, _ := format.MakeRdev(8, 17)
	c.add(2000, 2, format.ModeRegular|0o4644, func(in *format.Inode) {
		in.Size.Set(5000)
		in.OnlineBlocks.Set(1)
		in.OfflineBlocks.Set(1)
		in.DataSeq.Set(2)
		in.DataVersion.Set(3)
		in.Proj.Set(9)
		in.Flags.Set(format.InodeFlagRetention)
	}, "file", "link\nof it")
	c.Xattr(2000, 0, "user.text", []byte("value"))
	c.Xattr(2000, 1, "scoutfs.hide.bytes", []byte{0xff, 0})
	c.add(2001, 2, format.ModeSymlink|0o777, nil, "symlink")
	c.add(2002, 2, format.ModeBlockDevice|0o2600, func(in *format.Inode) { in.Rdev.Set(rdev) }, "block")
	c.add(2003, 2, format.ModeCharDevice|0o600, func(in *format.Inode) { in.Rdev.Set(rdev) }, "char")
	c.add(2004, 2, format.ModeFIFO|0o610, nil, "fifo")
	c.add(2005, 2, format.ModeSocket|0o601, nil, "socket \xff\xfe")
	c.add(2006, 2, format.ModeDirectory|0o1777, nil, "directory")
	c.add(2007, 3, format.ModeRegular, nil) // no names: gone
	c.Put(format.InodeIndexKey(format.TypeMetaSeq, 4, 2008), nil)
	c.add(2009, 5, 0o7000, nil, "of no kind")
	c.commit(t, 6)
	return c
}

func TestChangesOfEveryKind(t *testing.T) {
	t.Parallel()
	c := everyKind(t)
	for _, row := range []struct {
		golden string
		words  []string
	}{
		{"changes.txt", nil},
		{"changes-all.txt", []string{"--all-paths", "--xattrs"}},
		{"changes-all.jsonl", []string{"--all-paths", "--xattrs", "--output", "jsonl"}},
		{"changes.jsonl", []string{"--output", "jsonl"}},
		{"changes.table", []string{"--output", "table"}},
	} {
		t.Run(row.golden, func(t *testing.T) {
			t.Parallel()
			got := clitest.Run(t.Context(), command.All(), append([]string{"changes", "--meta-device", c.meta}, row.words...)...)
			golden(t, row.golden, got.Stdout)
			if got.Status != 1 || !strings.Contains(got.Stderr, "found 1 damaged inode") {
				t.Errorf("status %d: %s", got.Status, got.Stderr)
			}
		})
	}
}

// TestChangesOfImages compares what is said of volumes that upstream wrote
// with what was said of them before.
func TestChangesOfImages(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ image, form string }{{"archive", "jsonl"}, {"dirty", "text"}} {
		t.Run(row.image, func(t *testing.T) {
			t.Parallel()
			got := clitest.Run(t.Context(), command.All(), "changes", "--meta-device", testimage.Get(t, row.image).Meta,
				"--all-paths", "--xattrs", "--output", row.form)
			if got.Status != 0 || got.Stderr != "" {
				t.Errorf("status %d: %s", got.Status, got.Stderr)
			}
			golden(t, "changes-"+row.image+"."+row.form, got.Stdout)
		})
	}
}

// record is what tests look at in a line.
type record struct {
	Type     string  `json:"type"`
	Position string  `json:"position"`
	Path     string  `json:"path"`
	Next     *uint64 `json:"next"`
	Records  *uint64 `json:"records"`
}

// TestAFollowerOfChanges runs beside a volume that changes, until it is
// interrupted.
func TestAFollowerOfChanges(t *testing.T) {
	t.Parallel()
	c := newChanging(t)
	c.add(2000, 2, format.ModeRegular, nil, "first")
	c.commit(t, 3)
	lines, stdout := io.Pipe()
	ctx, interrupt := context.WithCancelCause(t.Context())
	defer interrupt(nil)
	ended := make(chan clitest.Result, 1)
	go func() {
		ended <- clitest.Process{Commands: command.All(), Stdout: stdout}.Run(ctx, "changes",
			"--meta-device", c.meta, "--live", "--follow", "--interval", "1ms", "--output", "jsonl")
		stdout.Close()
	}()
	scanner := bufio.NewScanner(lines)
	next := func() record {
		t.Helper()
		var r record
		if !scanner.Scan() {
			t.Fatalf("no more lines: %v", scanner.Err())
		}
		if err := json.Unmarshal(scanner.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	expect := func(want record) {
		t.Helper()
		if diff := cmp.Diff(want, next()); diff != "" {
			t.Error(diff)
		}
	}
	expect(record{Type: "change", Position: "2.2000", Path: "/first"})
	c.add(2001, 5, format.ModeRegular, nil, "second")
	c.commit(t, 5)
	expect(record{Type: "change", Position: "5.2001", Path: "/second"})
	c.add(2002, 8, format.ModeRegular, nil, "third")
	c.commit(t, 9)
	expect(record{Type: "change", Position: "8.2002", Path: "/third"})
	interrupt(&cli.Interrupted{Signal: syscall.SIGINT})
	end := next()
	if end.Type != "end" || end.Next == nil || *end.Next < 7 || *end.Next > 9 || end.Records == nil || *end.Records != 3 {
		t.Errorf("the end is %+v", end)
	}
	if scanner.Scan() {
		t.Errorf("after the end comes %s", scanner.Text())
	}
	if got := <-ended; got.Status != 0 || got.Stderr != "" {
		t.Errorf("status %d: %s", got.Status, got.Stderr)
	}
	rest := clitest.Run(t.Context(), command.All(), "changes", "--meta-device", c.meta, "--from", end.Position)
	if rest.Stdout != "end 9 9.18446744073709551615\n" {
		t.Errorf("from its position on: %s", rest.Stdout)
	}
}

// cutAfter ends a context once so many bytes were written.
type cutAfter struct {
	bytes  int
	cut    context.CancelCauseFunc
	output strings.Builder
}

func (w *cutAfter) Write(p []byte) (int, error) {
	if w.output.Len()+len(p) >= w.bytes {
		w.cut(&cli.Interrupted{Signal: syscall.SIGTERM})
	}
	return w.output.Write(p)
}

// TestInterruptedChangesTellWhereToGoOn interrupts a run in the middle.
func TestInterruptedChangesTellWhereToGoOn(t *testing.T) {
	t.Parallel()
	c := newChanging(t)
	const files = 5000
	for i := range uint64(files) {
		c.add(10_000+i, 2+i%10, format.ModeRegular, nil, "f")
	}
	c.PerBlock = 150
	c.commit(t, 20)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	cut := &cutAfter{bytes: 300_000, cut: cancel}
	got := clitest.Process{Commands: command.All(), Stdout: cut}.Run(ctx, "changes", "--meta-device", c.meta, "--output", "jsonl")
	if got.Status != 128+int(syscall.SIGTERM) {
		t.Errorf("status %d: %s", got.Status, got.Stderr)
	}
	lines := strings.Split(strings.TrimSuffix(cut.output.String(), "\n"), "\n")
	var end record
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &end); err != nil || end.Type != "end" {
		t.Fatalf("the last line is %s", lines[len(lines)-1])
	}
	whole := clitest.Run(t.Context(), command.All(), "changes", "--meta-device", c.meta, "--output", "jsonl")
	rest := clitest.Run(t.Context(), command.All(), "changes", "--meta-device", c.meta, "--output", "jsonl", "--from", end.Position)
	want := strings.Split(whole.Stdout, "\n")
	together := slices.Concat(lines[:len(lines)-1], strings.Split(rest.Stdout, "\n"))
	if len(lines) < 100 || len(lines) > files || len(together) != len(want) || !slices.Equal(together[:len(want)-2], want[:len(want)-2]) {
		t.Errorf("%d lines and %d, want %d", len(lines), len(together)-len(lines), len(want))
	}
}
