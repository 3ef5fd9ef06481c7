// SPDX-License-Identifier: GPL-2.0-or-later

package command_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"scoutfs/internal/testtree"
)

func TestDu(t *testing.T) {
	t.Parallel()
	v := writeVolume(t, testtree.Sample(t))
	for _, row := range []struct {
		name  string
		words []string
		want  string
	}{
		{"each directory with what is below it", nil, "8192\t0\t/dir/deep\n8192\t0\t/dir\n20480\t20480\t/\n"},
		{"files too", []string{"-a", "/dir"}, "4096\t0\t/dir/deep/file\n4096\t0\t/dir/deep/hard\n8192\t0\t/dir/deep\n8192\t0\t/dir\n"},
		{"no deeper than asked for", []string{"-d", "1"}, "8192\t0\t/dir\n20480\t20480\t/\n"},
		{"the whole volume in one line", []string{"-s"}, "20480\t20480\t/\n"},
		{"a file with two names counts once", []string{"-sc", "/small", "/dir"}, "4096\t0\t/small\n4096\t0\t/dir\n8192\t0\ttotal\n"},
		{"for people", []string{"-sh", "/", "/partial"}, "20K\t20K\t/\n4.0K\t8.0K\t/partial\n"},
		{"by owner", []string{"--by", "uid", "-n"}, "16384\t20480\t0\n4096\t0\t3000000001\n"},
		{"by owner with names", []string{"--by", "uid"}, "16384\t20480\t0\troot\n4096\t0\t3000000001\n"},
		{"by group of one directory", []string{"--by", "gid", "-nc", "/dir"}, "4096\t0\t0\n4096\t0\t3000000002\n8192\t0\ttotal\n"},
		{"by project", []string{"--by", "project"}, "16384\t20480\t0\n4096\t0\t7\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got := v.ask(t.Context(), "du", row.words...)
			if got.Status != 0 || got.Stdout != row.want || got.Stderr != "" {
				t.Errorf("status %d, %q, %s", got.Status, got.Stdout, got.Stderr)
			}
		})
	}
}

func TestDuForms(t *testing.T) {
	t.Parallel()
	v := writeVolume(t, testtree.Sample(t))
	for _, row := range []struct {
		golden string
		words  []string
	}{
		{"du.table", []string{"--output", "table", "-c", "/dir", "/partial"}},
		{"du.jsonl", []string{"--output", "jsonl", "-ac", "/dir"}},
		{"du-project.table", []string{"--output", "table", "--by", "project", "-c"}},
		{"du-gid.json", []string{"--output", "json", "--by", "gid", "-n"}},
	} {
		got := v.ask(t.Context(), "du", row.words...)
		golden(t, row.golden, got.Stdout)
		if got.Status != 0 || got.Stderr != "" {
			t.Errorf("status %d: %s", got.Status, got.Stderr)
		}
	}
}

func TestDuRefuses(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ words, stderr string }{
		{"-a -s", "du: --all and --summarize cannot be combined"},
		{"-s -d 1", "du: --summarize and --max-depth cannot be combined"},
		{"-a --by uid", "du: --all cannot be combined with --by uid"},
		{"-s --by gid", "du: --summarize cannot be combined with --by gid"},
		{"-d 0 --by project", "du: --max-depth cannot be combined with --by project"},
		{"-n", "du: --numeric-uid-gid needs --by uid or --by gid"},
		{"--by size", "unknown word 'size', use one of directory, uid, gid, project"},
		{"--live", "du: --live needs --meta-device"},
	} {
		got := runCommand(t.Context(), append([]string{"du"}, strings.Fields(row.words)...)...)
		if stderr, _, _ := strings.Cut(got.Stderr, "\n"); got.Status != 64 || stderr != row.stderr {
			t.Errorf("%s: status %d: %s", row.words, got.Status, got.Stderr)
		}
	}
}

func TestDuGoesOnAfterWhatIsMissing(t *testing.T) {
	t.Parallel()
	v := writeVolume(t, testtree.Sample(t))
	got := v.ask(t.Context(), "du", "/nowhere", "/partial")
	if got.Status != 1 || got.Stdout != "4096\t8192\t/partial\n" || !strings.HasPrefix(got.Stderr, "/nowhere: No such file or directory (2)\n") {
		t.Errorf("status %d, %q, %s", got.Status, got.Stdout, got.Stderr)
	}
}

// On another file system everything is online and has no project.
func TestDuOfAnotherFileSystem(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte("content"), 0o644); err != nil {
		t.Fatal(err)
	}
	got := runCommand(t.Context(), "du", "--by", "project", "--output", "json", dir)
	if got.Status != 0 || !strings.Contains(got.Stdout, `{"type":"project","id":null,"online_bytes":`) || !strings.Contains(got.Stdout, `"offline_bytes":0,`) {
		t.Errorf("status %d, %q, %s", got.Status, got.Stdout, got.Stderr)
	}
}
