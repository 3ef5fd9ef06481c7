// SPDX-License-Identifier: GPL-2.0-or-later

package items

import (
	"context"

	"scoutfs/engine/forest"
	"scoutfs/engine/format"
)

const (
	// partLeaves is how many leaves of the biggest tree a part has, more or
	// less: many enough that the leaf at its border, which is looked at
	// twice, does not matter.
	partLeaves = 256
	// minParts is how many parts there are for each worker, so that none has
	// nothing to do while the last parts are read, if there are enough
	// leaves.
	minParts = 8
	// maxParts bounds the memory for parts.
	maxParts = 1 << 14
)

// partition splits all keys into ranges that can be checked one by one: none
// divides an inode's items. It returns how many leaves there are as well.
func partition(ctx context.Context, s *forest.Snapshot, workers int) (parts []format.Range, leaves int64) {
	var borders []format.Key
	every := int64(1)
	for keys := range s.Leaves(ctx) {
		leaves++
		if border, ok := borderBefore(keys.Start); ok && leaves%every == 0 {
			borders = append(borders, border)
		}
		if len(borders) == 2*maxParts {
			borders, every = thin(borders, 2), every*2
		}
	}
	// Now each stands for so many leaves; take fewer of them.
	wanted := max(min(partLeaves, leaves/int64(minParts*workers)), 1)
	borders = thin(borders, int(max(wanted/every, 1)))
	start := format.Key{}
	for _, border := range borders {
		if start.Less(border) {
			parts = append(parts, format.Range{Start: start, End: border.Prev()})
			start = border
		}
	}
	return append(parts, format.Range{Start: start, End: format.MaxKey()}), leaves
}

// thin keeps one of every n.
func thin(borders []format.Key, n int) []format.Key {
	kept := borders[:0]
	for i := 0; i < len(borders); i += n {
		kept = append(kept, borders[i])
	}
	return kept
}

// borderBefore returns the place at or before a key where work can be
// divided, if there is one in its zone.
func borderBefore(k format.Key) (format.Key, bool) {
	switch k.Zone {
	case format.ZoneFS:
		return format.ItemsOfInode(k.First).Start, true
	case format.ZoneInodeIndex, format.ZoneXattrTotl, format.ZoneXattrIndx:
		return k, true
	}
	return format.Key{}, false
}
