// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"flag"
	"io"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/command"
	"scoutfs/cmd/scoutfs/internal/manual"
)

var update = flag.Bool("update", false, "write the expected files anew")

// The pages are made from the commands and from the table of problems. To renew
// them after a change:
//
//	go test ./cmd/scoutfs -run TestManual -update
func TestManual(t *testing.T) {
	t.Parallel()
	pages := map[string]func(io.Writer) error{
		"../../man/scoutfs.8":      func(w io.Writer) error { return manual.Write(w, cli.NewProgram(command.All())) },
		"../../man/scoutfs-fsck.7": manual.WriteProblems,
	}
	for page, write := range pages {
		var got bytes.Buffer
		if err := write(&got); err != nil {
			t.Fatal(err)
		}
		if *update {
			if err := os.WriteFile(page, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got.String()); diff != "" {
			t.Errorf("%s is not what the program says; run this test with -update\n%s", page, diff)
		}
	}
}
