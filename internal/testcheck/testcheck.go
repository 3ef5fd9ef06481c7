// SPDX-License-Identifier: GPL-2.0-or-later

// Package testcheck lets a test end with a check of the volume that it made.
package testcheck

import (
	"strings"
	"testing"

	"scoutfs/engine/device"
	"scoutfs/fsck"
	"scoutfs/fsck/problem"
)

// Clean fails the test if anything is wrong with a volume, or if a part of it
// could not be checked. A pair without data device is checked as far as that
// goes.
func Clean(tb testing.TB, pair device.Pair) {
	tb.Helper()
	summary, err := fsck.Check(tb.Context(), fsck.Options{Pair: pair, Memory: fsck.MinMemory, TempDir: tb.TempDir()})
	if err != nil {
		tb.Fatalf("the check of %s failed: %v", pair.Meta.Name(), err)
	}
	if text := Problems(summary); text != "" {
		tb.Errorf("%s is not clean:\n%s", pair.Meta.Name(), text)
	}
}

// CleanFiles is Clean of devices that are files. An empty path is no device.
func CleanFiles(tb testing.TB, meta, data string) {
	tb.Helper()
	pair, err := device.OpenPair(meta, data, device.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	Clean(tb, pair)
	if err := pair.Close(); err != nil {
		tb.Error(err)
	}
}

// Problems returns what a check has found beside notes, a line for each case,
// and the parts that were not checked if the devices were there.
func Problems(summary *fsck.Summary) string {
	var lines []string
	for i := range summary.Tallies {
		t := &summary.Tallies[i]
		if t.Severity == problem.Note && (t.Number != problem.CheckIncomplete || !summary.WithData) {
			continue
		}
		for _, c := range t.Cases {
			lines = append(lines, strings.Join([]string{t.Name, c.Place.String(), c.Found, c.Expected, c.Path}, " | "))
		}
	}
	return strings.Join(lines, "\n")
}
