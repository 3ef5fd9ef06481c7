// SPDX-License-Identifier: GPL-2.0-or-later

package command_test

import (
	"os"
	"strings"
	"testing"

	"scoutfs/cmd/scoutfs/internal/clitest"
	"scoutfs/cmd/scoutfs/internal/command"
	"scoutfs/internal/testimage"
)

// section is a part of a manifest: a command as it was given to upstream's
// tool on a mount, and what it printed.
type section struct {
	command string
	output  string
}

// readSections returns the sections of a manifest that are about upstream's
// commands.
func readSections(t *testing.T, path string) []section {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []section
	inside, start, at := false, 0, 0
	end := func() {
		if inside {
			all[len(all)-1].output = string(text[start:at])
		}
	}
	for line := range strings.Lines(string(text)) {
		next := at + len(line)
		if strings.HasPrefix(line, "[") {
			end()
			_, comment, _ := strings.Cut(line, "] ")
			words := strings.TrimSpace(comment)
			if inside = strings.HasPrefix(words, "scoutfs "); inside {
				all = append(all, section{command: words})
			}
			start = next
		}
		at = next
	}
	end()
	return all
}

// offline turns a command on a mount into the same one on devices.
func offline(words string, meta string) []string {
	var args []string
	fields := strings.Fields(words)[1:]
	for i := 0; i < len(fields); i++ {
		if fields[i] == "-p" {
			i++
			args = append(args, "--meta-device", meta)
			continue
		}
		args = append(args, fields[i])
	}
	return args
}

// TestCommandsSayWhatUpstreamsSaidOnAMount compares text byte for byte with
// what upstream's tool printed of the same volume through the kernel module.
// statfs and df have numbers of the mount itself; they are compared field by
// field in tests/images.
func TestCommandsSayWhatUpstreamsSaidOnAMount(t *testing.T) {
	t.Parallel()
	testimage.Each(t, func(t *testing.T, img testimage.Image) {
		t.Parallel()
		if img.Manifest == "" {
			return
		}
		compared := 0
		for _, s := range readSections(t, img.Manifest) {
			words := offline(s.command, img.Meta)
			if words[0] == "statfs" || words[0] == "df" {
				continue
			}
			got := clitest.Run(t.Context(), command.All(), words...)
			compared++
			if text := got.Stdout + got.Stderr; text != s.output {
				t.Errorf("%s: %s", s.command, difference(text, s.output))
			}
		}
		if compared < 4 {
			t.Errorf("only %d commands in the manifest", compared)
		}
	})
}

// difference is the first line that differs.
func difference(got, want string) string {
	g, w := strings.SplitAfter(got, "\n"), strings.SplitAfter(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return "got line " + g[i] + "want line " + w[i]
		}
	}
	return "one ends before the other"
}
