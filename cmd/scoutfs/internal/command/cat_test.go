// SPDX-License-Identifier: GPL-2.0-or-later

package command_test

import (
	"strings"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/internal/testtree"
)

func TestCat(t *testing.T) {
	t.Parallel()
	v := writeVolume(t, testtree.Sample(t))
	zeros := strings.Repeat("\x00", format.SmallBlockSize)
	for _, row := range []struct {
		name   string
		words  []string
		want   string
		status int
		stderr string // its first line
	}{
		{name: "one after the other", words: []string{"/small", "/dir/deep/file"}, want: "small content\ndeep content\n"},
		{
			name: "holes are zeros", words: []string{"/sparse"},
			want: zeros + zeros + "in the middle" + strings.Repeat("\x00", format.SmallBlockSize-len("in the middle")) + zeros,
		},
		{name: "links are followed", words: []string{"/symlink/file"}, want: "deep content\n"},
		{
			name: "up to what is offline, then the next file", words: []string{"/partial", "/small"}, want: zeros + "small content\n", status: 1,
			stderr: "/partial: bytes 4096 to 12287 are offline: stage the file, or take it from the archive",
		},
		{
			name: "nothing of what is offline", words: []string{"/offline"}, status: 1,
			stderr: "/offline: bytes 0 to 12287 are offline: stage the file, or take it from the archive",
		},
		{name: "directories have no contents", words: []string{"/dir"}, status: 1, stderr: "/dir: Is a directory (21)"},
		{name: "what is missing", words: []string{"/nowhere"}, status: 1, stderr: "/nowhere: No such file or directory (2)"},
		{name: "pipes have no contents", words: []string{"/fifo"}, status: 1, stderr: "/fifo is no regular file: invalid argument"},
		{name: "no operand", status: 64, stderr: "cat: missing operand"},
		{name: "nothing stages files on devices", words: []string{"--wait", "/small"}, status: 64, stderr: "cat: --wait needs a mount: nothing stages files on devices"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got := v.ask(t.Context(), "cat", row.words...)
			stderr, _, _ := strings.Cut(got.Stderr, "\n")
			if got.Status != row.status || got.Stdout != row.want || stderr != row.stderr {
				t.Errorf("status %d, %q, %s", got.Status, got.Stdout, got.Stderr)
			}
		})
	}
}

func TestCatNeedsTheDataDevice(t *testing.T) {
	t.Parallel()
	v := writeVolume(t, testtree.Sample(t))
	got := runCommand(t.Context(), "cat", "--meta-device", v.meta, "/small")
	if got.Status != 64 || !strings.HasPrefix(got.Stderr, "cat: file data needs --data-device\n") {
		t.Errorf("status %d: %s", got.Status, got.Stderr)
	}
}
