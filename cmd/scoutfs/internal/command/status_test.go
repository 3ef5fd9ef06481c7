// SPDX-License-Identifier: GPL-2.0-or-later

package command_test

import (
	"encoding/json"
	"strings"
	"testing"

	"scoutfs/cmd/scoutfs/internal/clitest"
	"scoutfs/cmd/scoutfs/internal/command"
	"scoutfs/internal/testimage"
)

// TestStatusOfImages compares what is said of volumes that upstream wrote
// with what was said of them before. Names of devices are left out.
func TestStatusOfImages(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ image, form string }{
		{"basic-v1", "text"},
		{"compacting", "text"},
		{"compacting", "table"},
		{"dirty", "text"},
		{"dirty", "json"},
		{"many", "text"},
		{"partmerge", "text"},
		{"partmerge", "table"},
		{"partmerge", "json"},
		{"two-mounts", "text"},
		{"two-mounts", "table"},
	} {
		t.Run(row.image+" "+row.form, func(t *testing.T) {
			t.Parallel()
			img := testimage.Get(t, row.image)
			words := []string{"status", "--orphans", "--output", row.form, "--meta-device", img.Meta}
			if img.Data != "" {
				words = append(words, "--data-device", img.Data)
			}
			got := clitest.Run(t.Context(), command.All(), words...)
			if got.Status != 0 || got.Stderr != "" {
				t.Errorf("status %d: %s", got.Status, got.Stderr)
			}
			if row.form == "json" && !json.Valid([]byte(got.Stdout)) {
				t.Error("no JSON")
			}
			if row.form == "table" { // that of devices is as wide as their names
				_, got.Stdout, _ = strings.Cut(got.Stdout, "\n\n")
			}
			golden(t, "status-"+row.image+"."+row.form, strings.ReplaceAll(got.Stdout, img.Dir, "IMAGE"))
		})
	}
}
