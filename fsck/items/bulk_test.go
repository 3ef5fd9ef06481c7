// SPDX-License-Identifier: GPL-2.0-or-later

package items_test

import (
	"testing"

	"scoutfs/engine/device"
	"scoutfs/fsck/items"
	"scoutfs/internal/testbulk"
)

// A volume of some thousand files with log trees is clean however it is
// shared out, and counts the same.
func TestGeneratedVolumeIsClean(t *testing.T) {
	t.Parallel()
	o := testbulk.Options{Files: 4000, Seed: 5, LogTrees: 3, Scatter: true}
	meta, data := testbulk.Sizes(o)
	pair := device.Pair{Meta: device.NewMemory("meta", meta), Data: device.NewMemory("data", data)}
	if err := testbulk.Write(t.Context(), pair, o); err != nil {
		t.Fatal(err)
	}
	var first items.Facts
	for _, workers := range []int{1, 3, 40} {
		facts, found := whole(t, pair.Meta, items.Options{Workers: workers})
		for _, f := range found.wrong() {
			t.Errorf("%d workers: %d %v: found %s, expected %s", workers, f.Number, &f.Place, f.Found, f.Expected)
		}
		if workers == 1 {
			first = *facts
		}
		if *facts != first || facts.Files == 0 || facts.Xattrs == 0 || facts.Extents == 0 {
			t.Errorf("%d workers count %+v, one counts %+v", workers, *facts, first)
		}
	}
}
