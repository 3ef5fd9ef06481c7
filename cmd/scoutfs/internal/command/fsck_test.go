// SPDX-License-Identifier: GPL-2.0-or-later

package command_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/clitest"
	"scoutfs/cmd/scoutfs/internal/command"
	"scoutfs/engine/device"
	"scoutfs/internal/testimage"
	"scoutfs/internal/testtree"
)

func fsck(t *testing.T, words ...string) clitest.Result {
	t.Helper()
	return clitest.Run(t.Context(), command.All(), append([]string{"fsck"}, words...)...)
}

// All volumes that the kernel module wrote are sound.
func TestFsckOfImages(t *testing.T) {
	t.Parallel()
	check := func(t *testing.T, img testimage.Image) {
		t.Parallel()
		words := []string{"--output", "json", img.Meta}
		if img.Data != "" {
			words = append(words, img.Data)
		}
		got := fsck(t, words...)
		var report struct {
			Clean    bool
			Problems []struct{ Severity string }
			Counts   struct{ Fatal, Errors, Warnings uint64 }
		}
		if err := json.Unmarshal([]byte(got.Stdout), &report); err != nil {
			t.Fatalf("%v: %s", err, got.Stderr)
		}
		if got.Status != 0 || got.Stderr != "" || !report.Clean || report.Counts != struct{ Fatal, Errors, Warnings uint64 }{} {
			t.Errorf("status %d\n%s%s", got.Status, got.Stdout, got.Stderr)
		}
		for _, p := range report.Problems {
			if p.Severity != "note" {
				t.Errorf("a problem is a %s", p.Severity)
			}
		}
	}
	testimage.Each(t, check)
}

func TestFsckSaysWhereAFileIsWrong(t *testing.T) {
	t.Parallel()
	v := testtree.New(t, 2)
	dir := v.Dir(1, "dir")
	file := v.File(dir, "a file", testtree.Text("content"))
	v.Inode(file).Nlink.Set(3)
	for i := range 7 {
		v.Inode(v.File(dir, fmt.Sprint(i))).Nlink.Set(2)
	}
	meta, data := v.Write(t.TempDir())
	got := fsck(t, meta, data)
	want := regexp.MustCompile(`(?m)^Inodes, names and links
error 706 INODE_LINK_COUNT: An inode's link count is not the number of its
  links\.
    /dir/a file \(inode \d+\).*: found 3.*, expected 1.*
(    /dir/\d \(inode \d+\).*: found 2.*, expected 1.*
){4}    and 3 more cases \(all with --verbose or --output jsonl\)
    With a count that is too low`)
	if got.Status != 4 || !want.MatchString(got.Stdout) || !strings.Contains(got.Stdout, "Found 8 errors") {
		t.Errorf("status %d\n%s%s", got.Status, got.Stdout, got.Stderr)
	}
	if verbose := fsck(t, "-v", meta, data); verbose.Status != 4 || !strings.Contains(verbose.Stdout, "    /dir/6 (inode ") {
		t.Errorf("status %d\n%s%s", verbose.Status, verbose.Stdout, verbose.Stderr)
	}
}

func TestFsckReadsFileData(t *testing.T) {
	t.Parallel()
	v := testtree.New(t, 2)
	v.File(1, "file", testtree.Data(make([]byte, 10_000)))
	meta, data := v.Write(t.TempDir())
	got := fsck(t, "--read-data", meta, data)
	if got.Status != 0 || !strings.Contains(got.Stdout, "All data of files was read: 12.00KB.\n") {
		t.Errorf("status %d\n%s%s", got.Status, got.Stdout, got.Stderr)
	}
}

func TestFsckOfDevicesThatAreWritten(t *testing.T) {
	t.Parallel()
	meta, data := testtree.Sample(t).Write(t.TempDir())
	writer, err := device.Open(data, device.Options{Write: true})
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	got := fsck(t, meta, data)
	if got.Status != 8 || got.Stdout != "" || !strings.Contains(got.Stderr, data+" is in use by this process") ||
		!strings.Contains(got.Stderr, "use --live to check a volume that is in use") {
		t.Errorf("status %d\n%s%s", got.Status, got.Stdout, got.Stderr)
	}
	if live := fsck(t, "--live", meta, data); live.Status != 0 {
		t.Errorf("with --live: status %d\n%s%s", live.Status, live.Stdout, live.Stderr)
	}
}

// fsck(8) passes a file descriptor for progress.
func TestFsckTellsProgressAsE2fsckDoes(t *testing.T) {
	t.Parallel()
	meta, data := testtree.Sample(t).Write(t.TempDir())
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	told := make(chan string)
	go func() {
		text, _ := io.ReadAll(read)
		told <- string(text)
	}()
	got := fsck(t, "-C", fmt.Sprint(write.Fd()), meta, data)
	if err := write.Close(); err != nil {
		t.Fatal(err)
	}
	if got.Status != 0 {
		t.Fatalf("status %d\n%s%s", got.Status, got.Stdout, got.Stderr)
	}
	text := <-told
	line := regexp.MustCompile(`^[1-9] \d+ \d+ ` + regexp.QuoteMeta(meta) + `\n$`)
	n := 0
	for l := range strings.Lines(text) {
		n++
		if !line.MatchString(l) {
			t.Errorf("line %q", l)
		}
	}
	if n < 2 {
		t.Errorf("told %q", text)
	}
}

func TestFsckCanBeInterrupted(t *testing.T) {
	t.Parallel()
	meta, data := testtree.Sample(t).Write(t.TempDir())
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(&cli.Interrupted{Signal: syscall.SIGINT})
	for form, want := range map[string]string{"text": "until the check was broken off.", "json": `"clean": false`, "jsonl": `"clean":false,"complete":false,"exit_status":32`} {
		got := clitest.Run(ctx, command.All(), "fsck", "--output", form, meta, data)
		if got.Status != 32 || !strings.Contains(got.Stdout, want) || !strings.Contains(got.Stderr, "interrupt") {
			t.Errorf("%s: status %d\n%s%s", form, got.Status, got.Stdout, got.Stderr)
		}
	}
}

func TestFsckNeedsItsTemporaryFolderOnlyToSort(t *testing.T) {
	t.Parallel()
	meta, data := testtree.Sample(t).Write(t.TempDir())
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	if got := fsck(t, "--tmpdir", nowhere, meta, data); got.Status != 0 {
		t.Errorf("status %d\n%s%s", got.Status, got.Stdout, got.Stderr)
	}
}

// Whatever is in the JSON forms stands in docs/fsck.md.
func TestFsckJSONIsDocumented(t *testing.T) {
	t.Parallel()
	docs, err := os.ReadFile("../../../../docs/fsck.md")
	if err != nil {
		t.Fatal(err)
	}
	v := testtree.New(t, 2)
	v.Inode(v.File(1, "file", testtree.Text("content"))).Nlink.Set(3)
	v.Entry(1, "dangling", 9999, 0o100644)
	meta, data := v.Write(t.TempDir())
	members := make(map[string]bool)
	for _, form := range []string{"json", "jsonl"} {
		got := fsck(t, "--output", form, meta, data)
		decoder := json.NewDecoder(strings.NewReader(got.Stdout))
		for {
			var value any
			err := decoder.Decode(&value)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%v in %s", err, got.Stdout)
			}
			addMembers(members, value)
		}
	}
	if len(members) < 40 {
		t.Errorf("only %d members", len(members))
	}
	for member := range members {
		if !strings.Contains(string(docs), "`"+member+"`") {
			t.Errorf("docs/fsck.md does not have %s", member)
		}
	}
}

func addMembers(members map[string]bool, value any) {
	switch value := value.(type) {
	case []any:
		for _, element := range value {
			addMembers(members, element)
		}
	case map[string]any:
		for name, element := range value {
			members[name] = true
			addMembers(members, element)
		}
	}
}
