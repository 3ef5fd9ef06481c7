// SPDX-License-Identifier: GPL-2.0-or-later

package server_test

import (
	"maps"
	"slices"
	"testing"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/srch"
)

// searchEntries returns what searches of a volume can find, ascending.
func searchEntries(tb testing.TB, pair device.Pair) []format.SrchEntry {
	tb.Helper()
	s := loadSnapshot(tb, pair)
	odd := map[format.SrchEntry]bool{}
	for source, err := range srch.Files(tb.Context(), s.Blocks(), s.Super) {
		if err != nil {
			tb.Fatal(err)
		}
		for leaf, err := range source.File.Leaves(tb.Context(), 0) {
			if err != nil {
				tb.Fatal(err)
			}
			d := srch.NewDecoder(leaf.Leaf)
			for e, ok := d.Next(); ok; e, ok = d.Next() {
				if odd[e] {
					delete(odd, e)
				} else {
					odd[e] = true
				}
			}
			if d.Err() != nil {
				tb.Fatal(d.Err())
			}
		}
	}
	return slices.SortedFunc(maps.Keys(odd), format.SrchEntry.Compare)
}
