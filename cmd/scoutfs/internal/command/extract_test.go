// SPDX-License-Identifier: GPL-2.0-or-later

package command_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/clitest"
	"scoutfs/cmd/scoutfs/internal/command"
	"scoutfs/engine/format"
	"scoutfs/internal/testtree"
)

// plainFiles is a volume that whoever runs the test can extract as it is.
func plainFiles(t *testing.T) *testtree.Volume {
	t.Helper()
	v := testtree.New(t, 2)
	dir := v.Dir(format.RootIno, "dir")
	file := v.File(dir, "file", testtree.Text("content"))
	v.Link(format.RootIno, "link", file)
	v.Symlink(format.RootIno, "symlink", "dir")
	v.File(dir, "sparse", testtree.Hole(1), testtree.Text("end"))
	for ino := uint64(format.FirstFreeIno); ino < format.FirstFreeIno+4; ino++ {
		v.Inode(ino).UID.Set(uint32(os.Getuid()))
		v.Inode(ino).GID.Set(uint32(os.Getgid()))
	}
	v.Inode(format.RootIno).UID.Set(uint32(os.Getuid()))
	v.Inode(format.RootIno).GID.Set(uint32(os.Getgid()))
	return v
}

// withOffline adds files with data in the archive.
func withOffline(t *testing.T) *testtree.Volume {
	t.Helper()
	v := plainFiles(t)
	for _, ino := range []uint64{
		v.File(format.RootIno, "offline", testtree.Offline(3)),
		v.File(format.RootIno, "partial", testtree.Text(strings.Repeat("x", format.SmallBlockSize)), testtree.Offline(1), testtree.Hole(1), testtree.Offline(1)),
	} {
		v.Inode(ino).UID.Set(uint32(os.Getuid()))
		v.Inode(ino).GID.Set(uint32(os.Getgid()))
	}
	return v
}

// contents returns the paths below a folder with what is in them.
func contents(t *testing.T, folder string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, e os.DirEntry, err error) error {
		if err != nil || path == folder {
			return err
		}
		name := strings.TrimPrefix(path, folder)
		switch e.Type() {
		case os.ModeDir:
			all[name] = "directory"
		case os.ModeSymlink:
			target, err := os.Readlink(path)
			all[name] = "-> " + target
			return err
		default:
			content, err := os.ReadFile(path)
			all[name] = string(content)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestExtract(t *testing.T) {
	t.Parallel()
	v := writeVolume(t, plainFiles(t))
	into := filepath.Join(t.TempDir(), "into")
	got := v.ask(t.Context(), "extract", "/", into)
	want := "Extracted:\n  files:                  2 (10)\n  directories:            2\n  symbolic links:         1\n  further names:          1\n"
	if got.Status != 0 || got.Stdout != want || got.Stderr != "" {
		t.Errorf("status %d, %q, %s", got.Status, got.Stdout, got.Stderr)
	}
	files := map[string]string{
		"/dir": "directory", "/dir/file": "content", "/link": "content", "/symlink": "-> dir",
		"/dir/sparse": strings.Repeat("\x00", format.SmallBlockSize) + "end",
	}
	if diff := cmp.Diff(files, contents(t, into)); diff != "" {
		t.Error(diff)
	}
	got = v.ask(t.Context(), "extract", "/", into, "--output", "jsonl")
	if !strings.Contains(got.Stdout, `{"type":"end","complete":true,"files":0,`) || !strings.Contains(got.Stdout, `"already_there":4,`) {
		t.Errorf("for the second time: status %d, %q, %s", got.Status, got.Stdout, got.Stderr)
	}
}

func TestExtractSomePaths(t *testing.T) {
	t.Parallel()
	v := writeVolume(t, plainFiles(t))
	into := filepath.Join(t.TempDir(), "into")
	got := v.ask(t.Context(), "extract", "/dir/sparse", "/nowhere", "link", into)
	if got.Status != 1 || !strings.HasPrefix(got.Stderr, "/nowhere: No such file or directory (2)\nnot extracted: 1 file\n") {
		t.Errorf("status %d, %q, %s", got.Status, got.Stdout, got.Stderr)
	}
	files := map[string]string{"/dir": "directory", "/link": "content", "/dir/sparse": strings.Repeat("\x00", format.SmallBlockSize) + "end"}
	if diff := cmp.Diff(files, contents(t, into)); diff != "" {
		t.Error(diff)
	}
}

func TestExtractListsWhatIsOffline(t *testing.T) {
	t.Parallel()
	v := writeVolume(t, withOffline(t))
	for _, row := range []struct {
		name   string
		golden string
		words  []string
		status int
		files  map[string]string // some of what is there then
	}{
		{"written with holes", "extract.txt", nil, 2, map[string]string{
			"/offline": strings.Repeat("\x00", 3*format.SmallBlockSize),
			"/partial": strings.Repeat("x", format.SmallBlockSize) + strings.Repeat("\x00", 3*format.SmallBlockSize),
		}},
		{"left out", "extract-skip.txt", []string{"--skip-offline"}, 0, map[string]string{"/offline": "", "/partial": ""}},
		{"in a table", "extract.table", []string{"--output", "table"}, 2, nil},
		{"in JSON", "extract.jsonl", []string{"--output", "jsonl"}, 2, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			into := filepath.Join(t.TempDir(), "into")
			// One job at a time tells of files in their order.
			got := v.ask(t.Context(), "extract", slices.Concat(row.words, []string{"-j", "1", "/", into})...)
			if got.Status != row.status || got.Stderr != "" {
				t.Errorf("status %d: %s", got.Status, got.Stderr)
			}
			golden(t, row.golden, got.Stdout)
			have := contents(t, into)
			for name, content := range row.files {
				if have[name] != content {
					t.Errorf("%s has %d bytes, want %d", name, len(have[name]), len(content))
				}
			}
		})
	}
}

func TestExtractDoesNotTouchWhatIsThere(t *testing.T) {
	t.Parallel()
	v := writeVolume(t, plainFiles(t))
	into := t.TempDir()
	link := filepath.Join(into, "link")
	if err := os.WriteFile(link, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := v.ask(t.Context(), "extract", "/", into)
	if got.Status != 1 || !strings.Contains(got.Stderr, link+": another file is there: file exists\n") {
		t.Errorf("status %d, %q, %s", got.Status, got.Stdout, got.Stderr)
	}
	if have := contents(t, into); have["/link"] != "mine" || have["/dir/file"] != "content" {
		t.Errorf("there is %q", have)
	}
	if got := v.ask(t.Context(), "extract", "--overwrite", "/", into); got.Status != 0 {
		t.Errorf("with --overwrite: status %d, %s", got.Status, got.Stderr)
	}
	if have := contents(t, into); have["/link"] != "content" {
		t.Errorf("with --overwrite there is %q", have)
	}
}

func TestExtractRefuses(t *testing.T) {
	t.Parallel()
	v := writeVolume(t, plainFiles(t))
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name   string
		words  []string
		status int
		stderr string
	}{
		{"no operands", []string{"--meta-device", v.meta}, 64, "extract: missing operand\n"},
		{"no folder", []string{"--meta-device", v.meta, "/"}, 64, "extract: missing folder to extract '/' to\n"},
		{"no data", []string{"--meta-device", v.meta, "/", file}, 64, "extract: file data needs --data-device\n"},
		{"no jobs", []string{"-j", "0", "/", file}, 64, "extract: --jobs must be from 1 to 256\n"},
		{
			"a file to extract to",
			[]string{"--meta-device", v.meta, "--data-device", v.data, "/", file},
			1,
			file + ": Not a directory (20)\nscoutfs: extract failed: Not a directory (20)\n",
		},
		{
			"a folder that cannot be made",
			[]string{"--meta-device", v.meta, "--data-device", v.data, "/", file + ".d/x"},
			1,
			file + ".d/x: No such file or directory (2)\n",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got := runCommand(t.Context(), append([]string{"extract"}, row.words...)...)
			if got.Status != row.status || got.Stdout != "" || !strings.HasPrefix(got.Stderr, row.stderr) {
				t.Errorf("status %d, %q, %s", got.Status, got.Stdout, got.Stderr)
			}
		})
	}
}

// An extraction that was interrupted says so, and goes on when it is run
// again.
func TestExtractGoesOnAfterASignal(t *testing.T) {
	t.Parallel()
	tree := testtree.New(t, 2)
	const files = 300
	for i := range files { // with long names, so that what is told of them fills the output's buffer
		ino := tree.File(format.RootIno, fmt.Sprintf("%0200d", i), testtree.Offline(1))
		tree.Inode(ino).UID.Set(uint32(os.Getuid()))
		tree.Inode(ino).GID.Set(uint32(os.Getgid()))
	}
	v := writeVolume(t, tree)
	into := filepath.Join(t.TempDir(), "into")
	words := []string{"extract", "--meta-device", v.meta, "--data-device", v.data, "--no-sync", "--output", "jsonl", "/", into}
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	first := clitest.Process{Commands: command.All(), Stdout: &cutAfter{bytes: 1, cut: func(error) { cancel(&cli.Interrupted{Signal: syscall.SIGINT}) }}}
	got := first.Run(ctx, words...)
	if got.Status != 128+int(syscall.SIGINT) || !strings.HasPrefix(got.Stderr, `{"type":"warning","message":"to go on, run the same command again"}`) {
		t.Errorf("status %d, %s", got.Status, got.Stderr)
	}
	got = runCommand(t.Context(), words...)
	lines := strings.Split(strings.TrimSpace(got.Stdout), "\n")
	var end struct {
		Complete bool `json:"complete"`
		Files    int  `json:"files"`
		There    int  `json:"already_there"`
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &end); err != nil {
		t.Fatal(err)
	}
	if got.Status != 2 || !end.Complete || end.Files+end.There != files || end.Files == 0 {
		t.Errorf("status %d, %+v, %s", got.Status, end, got.Stderr)
	}
	if have := contents(t, into); len(have) != files {
		t.Errorf("there are %d files", len(have))
	}
}

// Extracting from a mount to a folder inside of it ends.
func TestExtractFromAMountIntoItself(t *testing.T) {
	t.Parallel()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	into := filepath.Join(dir, "into")
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte("content"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(filepath.Join(dir, "file"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	got := runCommand(t.Context(), "extract", dir, into)
	if got.Status != 1 || !strings.Contains(got.Stderr, into+": it is the folder that is extracted to") {
		t.Errorf("status %d, %q, %s", got.Status, got.Stdout, got.Stderr)
	}
	have := contents(t, into+dir)
	if diff := cmp.Diff(map[string]string{"/file": "content", "/link": "content"}, have); diff != "" {
		t.Error(diff)
	}
}
