// SPDX-License-Identifier: GPL-2.0-or-later

package command_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"scoutfs/engine/format"
	"scoutfs/internal/testtree"
)

func TestLsShowsEveryKindOfFile(t *testing.T) {
	t.Parallel()
	v := writeVolume(t, testtree.Sample(t))
	for _, row := range []struct {
		golden string
		words  []string
	}{
		{"ls.table", []string{"-nA", "--output", "table"}},
		{"ls.jsonl", []string{"-A", "--output", "jsonl"}},
		{"ls-recursive.txt", []string{"-iR"}},
		{"ls-recursive.table", []string{"-nR", "--output", "table", "/dir"}},
	} {
		t.Run(row.golden, func(t *testing.T) {
			t.Parallel()
			got := v.ask(t.Context(), "ls", row.words...)
			golden(t, row.golden, got.Stdout)
			if got.Status != 0 || got.Stderr != "" {
				t.Errorf("status %d: %s", got.Status, got.Stderr)
			}
		})
	}
}

func TestLsOrders(t *testing.T) {
	t.Parallel()
	tree := testtree.New(t, 2)
	for i, name := range []string{"b", "a", "c"} {
		ino := tree.File(format.RootIno, name, testtree.Text(strings.Repeat("x", 10-i)))
		tree.Inode(ino).Mtime.Set(testtree.Created().Add(time.Duration(i) * time.Second))
	}
	v := writeVolume(t, tree)
	for _, row := range []struct{ flags, want string }{
		{"-1", "a b c"},
		{"-r", "c b a"},
		{"-t", "c a b"},
		{"-tr", "b a c"},
		{"-S", "b a c"},
		{"-Sr", "c a b"},
		{"-U", "b a c"},
	} {
		got := v.ask(t.Context(), "ls", row.flags)
		if names := strings.Join(strings.Fields(got.Stdout), " "); got.Status != 0 || names != row.want {
			t.Errorf("%s: got %s, want %s: %s", row.flags, names, row.want, got.Stderr)
		}
	}
}

func TestLsOperands(t *testing.T) {
	t.Parallel()
	v := writeVolume(t, testtree.Sample(t))
	for _, row := range []struct {
		name  string
		words []string
		want  string
	}{
		{"files come before directories", []string{"/dir", "/small"}, "/small\n\n/dir:\ndeep\n"},
		{"a link to a directory stands for it", []string{"/symlink"}, "file\nhard\n"},
		{"a link is itself with -d", []string{"-d", "/symlink", "/dir"}, "/dir\n/symlink\n"},
		{"a dangling link is itself", []string{"/dangling"}, "/dangling\n"},
		{"dots", []string{"-ai", "/dir"}, "1024 .\n1 ..\n1025 deep\n"},
		{"hidden names need an option", []string{"-A", "/dir", "/.hidden"}, "/.hidden\n\n/dir:\ndeep\n"},
		{"names in a pipe are as they are", []string{"/\x1b[31mred\n"}, "/\x1b[31mred\n\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got := v.ask(t.Context(), "ls", row.words...)
			if got.Status != 0 || got.Stdout != row.want {
				t.Errorf("status %d, got %q, want %q: %s", got.Status, got.Stdout, row.want, got.Stderr)
			}
		})
	}
}

func TestLsGoesOnAfterWhatIsMissing(t *testing.T) {
	t.Parallel()
	v := writeVolume(t, testtree.Sample(t))
	got := v.ask(t.Context(), "ls", "/nowhere", "/dir", "/small/x")
	want := "/nowhere: No such file or directory (2)\n/small/x: Not a directory (20)\nthere were 2 problems\n" +
		"scoutfs: ls failed: No such file or directory (2)\n"
	if got.Status != 1 || got.Stdout != "/dir:\ndeep\n" || got.Stderr != want {
		t.Errorf("status %d, %q, %s", got.Status, got.Stdout, got.Stderr)
	}
}

// A directory that is inside itself, as only damage makes it, is listed once.
func TestLsEndsInADirectoryThatContainsItself(t *testing.T) {
	t.Parallel()
	tree := testtree.New(t, 2)
	dir := tree.Dir(format.RootIno, "dir")
	tree.Entry(dir, "again", dir, format.ModeDirectory)
	got := writeVolume(t, tree).ask(t.Context(), "ls", "-R")
	if got.Status != 1 || got.Stdout != "/:\ndir\n\n/dir:\nagain\n" || !strings.Contains(got.Stderr, "/dir/again: directory 1024 was listed before") {
		t.Errorf("status %d, %q, %s", got.Status, got.Stdout, got.Stderr)
	}
}

// On a file system that is not scoutfs, nothing is known of what is offline.
func TestLsOfAnotherFileSystem(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte("content"), 0o640); err != nil {
		t.Fatal(err)
	}
	got := runCommand(t.Context(), "ls", "-l", dir)
	fields := strings.Fields(got.Stdout)
	if got.Status != 0 || len(fields) != 9 || fields[0] != "-rw-r-----" || fields[4] != "7" || fields[5] != "-" || fields[8] != "file" {
		t.Errorf("status %d, %q, %s", got.Status, got.Stdout, got.Stderr)
	}
}
