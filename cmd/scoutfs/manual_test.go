// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/command"
	"scoutfs/cmd/scoutfs/internal/manual"
)

var update = flag.Bool("update", false, "write the expected files anew")

// The page is made from the commands. To renew it after they changed:
//
//	go test ./cmd/scoutfs -run TestManual -update
func TestManual(t *testing.T) {
	t.Parallel()
	const page = "../../man/scoutfs.8"
	var got bytes.Buffer
	if err := manual.Write(&got, cli.NewProgram(command.All())); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(page, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("%s is not what the commands say; run this test with -update\n%s", page, diff)
	}
}
