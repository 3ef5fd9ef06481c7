// SPDX-License-Identifier: GPL-2.0-or-later

package command_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"scoutfs/internal/testtree"
)

// Every test of find is given to the program in each of its ways of looking
// that can answer it, which must find the same.
func TestFindTests(t *testing.T) {
	t.Parallel()
	v := writeVolume(t, testtree.Sample(t))
	for _, row := range []struct {
		name  string
		words []string
		want  string // paths, sorted
	}{
		{"name", []string{"--name", "[sp]*l*"}, "/partial /small /symlink"},
		{"name in any case", []string{"--iname", "SMALL"}, "/small"},
		{"whole path", []string{"--wholename", "/dir/*d*"}, "/dir/deep /dir/deep/file /dir/deep/hard"},
		{"type", []string{"--type", "d,p"}, "/ /dir /dir/deep /fifo"},
		{"size", []string{"--type", "f", "--size", "+4K"}, "/offline /partial /sparse"},
		{"size exactly", []string{"--size", "13"}, "/dir/deep/file"},
		{"age", []string{"--type", "f", "--mtime", "+700"}, "/dir/deep/file"},
		{"older than", []string{"--older-than", "2024-05-01"}, "/dir/deep/file"},
		{"newer than", []string{"--newer-than", "2024-05-07"}, ""},
		{"atime", []string{"--atime", "-1"}, ""},
		{"ctime", []string{"--ctime", "+1", "--name", "small"}, "/small"},
		{"crtime", []string{"--crtime", "2024-05-06..2024-05-07", "--name", "small"}, "/small"},
		{"owner", []string{"--uid", "3000000001"}, "/dir /dir/deep/file"},
		{"owner by name", []string{"--user", "root", "--name", "small"}, "/small"},
		{"owner by number", []string{"--user", "3000000001"}, "/dir /dir/deep/file"},
		{"group", []string{"--gid", "3000000002..", "--type", "d"}, "/dir"},
		{"group by name", []string{"--group", "3000000002"}, "/dir /dir/deep/file"},
		{"project", []string{"--project", "7"}, "/dir/deep/hard /small"},
		{"offline", []string{"--state", "offline"}, "/offline"},
		{"several states", []string{"--state", "offline,partial"}, "/offline /partial"},
		{"data version", []string{"--data-version", "1", "--name", "sparse"}, "/sparse"},
		{"xattr", []string{"--xattr", "scoutfs.hide.archive"}, "/offline"},
		{"xattr with a value", []string{"--xattr", "user.comment=of the small file"}, "/dir/deep/hard /small"},
		{"xattr with another value", []string{"--xattr", "user.comment=of"}, ""},
		{"tag", []string{"--tag", "indx"}, "/dir/deep/hard /small"},
		{"meta_seq", []string{"--meta-seq", "..3"}, "/ /dir /dir/deep"},
		{"data_seq", []string{"--data-seq", "7..8"}, "/offline /partial"},
		{"links", []string{"--type", "f", "--links", "+1"}, "/dir/deep/hard /small"},
		{"inode number", []string{"--inum", "1026"}, "/dir/deep/file"},
		{"not", []string{"--not", "--type", "f", "-!", "--type", "l", "--uid", "0", "--not", "--name", "[bcs]*"}, "/ /dir/deep /fifo"},
		{"depth", []string{"--max-depth", "1", "--type", "d"}, "/ /dir"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			for _, plan := range []string{"auto", "scan", "walk"} {
				got := v.ask(t.Context(), "find", slices.Concat(row.words, []string{"--plan", plan})...)
				paths := strings.Fields(got.Stdout)
				slices.Sort(paths)
				if found := strings.Join(paths, " "); got.Status != 0 || found != row.want {
					t.Errorf("%s: status %d, got %s, want %s: %s", plan, got.Status, found, row.want, got.Stderr)
				}
			}
		})
	}
}

func TestFindForms(t *testing.T) {
	t.Parallel()
	v := writeVolume(t, testtree.Sample(t))
	for _, row := range []struct {
		golden string
		words  []string
	}{
		{"find.table", []string{"--output", "table", "--type", "f,b", "/", "/dir"}},
		{"find.jsonl", []string{"--output", "jsonl", "--plan", "walk", "--name", "[!a-z]*"}},
	} {
		got := v.ask(t.Context(), "find", row.words...)
		golden(t, row.golden, got.Stdout)
		if got.Status != 0 || got.Stderr != "" {
			t.Errorf("status %d: %s", got.Status, got.Stderr)
		}
	}
	got := v.ask(t.Context(), "find", "-0", "--type", "s,c")
	if got.Stdout != "/socket\x00/char\x00" {
		t.Errorf("with -0: %q", got.Stdout)
	}
	got = v.ask(t.Context(), "find", "--limit", "3", "--type", "f")
	if n := strings.Count(got.Stdout, "\n"); n != 3 {
		t.Errorf("with --limit 3 there are %d paths", n)
	}
}

func TestFindExplainsHowItLooked(t *testing.T) {
	t.Parallel()
	v := writeVolume(t, testtree.Sample(t))
	for _, row := range []struct {
		name  string
		words []string
		want  []string
	}{
		{"an index of the volume", []string{"--meta-seq", "7"}, []string{"plan for /: index (meta_seq index)", "  test: meta_seq 7", "  inodes in the index: 1", "  found: 1"}},
		{"an inode number", []string{"--inum", "1026"}, []string{"plan for /: index (inode numbers)", "  looked at: 1", "  found: 1"}},
		{"one pass over all inodes", []string{"--type", "l"}, []string{"plan for /: scan (no test that an index answers)", "  found: 2"}},
		{"directories below a start", []string{"--type", "f", "/dir"}, []string{"plan for /dir: walk (", "  looked at: 4", "  found: 2"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got := v.ask(t.Context(), "find", slices.Concat(row.words, []string{"--explain"})...)
			for _, line := range row.want {
				if !strings.Contains(got.Stderr, line) {
					t.Errorf("no %q in:\n%s", line, got.Stderr)
				}
			}
			var explained struct {
				Type  string   `json:"type"`
				Plan  string   `json:"plan"`
				Tests []string `json:"tests"`
				Found int      `json:"found"`
			}
			got = v.ask(t.Context(), "find", slices.Concat(row.words, []string{"--explain", "--output", "jsonl"})...)
			if err := json.Unmarshal([]byte(got.Stderr), &explained); err != nil {
				t.Fatal(err)
			}
			if explained.Type != "explain" || !strings.Contains(row.want[0], ": "+explained.Plan+" ") || len(explained.Tests) != 1 || explained.Found != strings.Count(got.Stdout, "\n") {
				t.Errorf("%+v", explained)
			}
		})
	}
}

func TestFindRefuses(t *testing.T) {
	t.Parallel()
	v := writeVolume(t, testtree.Sample(t))
	for _, row := range []struct {
		name   string
		words  []string
		status int
		stderr string // its first line
	}{
		{"not without a test", []string{"--type", "f", "--not"}, 64, "find: --not needs a test behind it"},
		{"no paths at all", []string{"--limit", "0"}, 64, "find: --limit must be at least 1"},
		{"NUL characters in a table", []string{"-0", "--output", "table"}, 64, "find: --null is text, it cannot be combined with --output table"},
		{"a type that does not exist", []string{"--type", "x"}, 64, "unknown type 'x', use one of f, d, l, p, s, c, b"},
		{"a state that does not exist", []string{"--state", "lost"}, 64, "unknown state 'lost', use one of online, offline, partial"},
		{"a tag that does not exist", []string{"--tag", "x"}, 64, "unknown tag 'x', use one of hide, indx, srch, totl"},
		{"a user that does not exist", []string{"--user", "no such user"}, 64, "unknown user: 'no such user'"},
		{"an xattr without a name", []string{"--xattr", "=x"}, 64, "invalid xattr name: ''"},
		{"an index for what none answers", []string{"--plan", "index", "--type", "f"}, 1, ""},
		{"what is missing", []string{"/nowhere"}, 1, "/nowhere: No such file or directory (2)"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got := v.ask(t.Context(), "find", row.words...)
			stderr, _, _ := strings.Cut(got.Stderr, "\n")
			if got.Status != row.status || got.Stdout != "" || row.stderr != "" && stderr != row.stderr {
				t.Errorf("status %d, %q, %s", got.Status, got.Stdout, got.Stderr)
			}
		})
	}
}

func TestFindOnAnotherFileSystem(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "sub", "file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	got := runCommand(t.Context(), "find", "--type", "f", dir)
	if got.Status != 0 || got.Stdout != filepath.Join(dir, "sub", "file")+"\n" {
		t.Errorf("status %d, %q, %s", got.Status, got.Stdout, got.Stderr)
	}
	// What is not known fails a test and its opposite.
	for _, words := range [][]string{{"--meta-seq", "1.."}, {"--not", "--meta-seq", "1.."}} {
		got := runCommand(t.Context(), slices.Concat([]string{"find", dir}, words)...)
		if got.Status != 0 || got.Stdout != "" {
			t.Errorf("%s: status %d, %q, %s", words, got.Status, got.Stdout, got.Stderr)
		}
	}
}
