// SPDX-License-Identifier: GPL-2.0-or-later

package contents

import (
	"context"
	"iter"
	"math"

	"scoutfs/engine/forest"
	"scoutfs/engine/format"
)

// extents yields the runs of blocks that files have written, in the order of
// their inodes. Those that no device of so many blocks can have are left out.
func extents(ctx context.Context, snapshot *forest.Snapshot, total uint64) iter.Seq[extent] {
	all := format.Range{Start: format.ItemsOfInode(0).Start, End: format.ItemsOfInode(math.MaxUint64).End}
	return func(yield func(extent) bool) {
		cursor := snapshot.CursorWith(all, forest.CursorOptions{
			Whole: true,
			// It was reported by others.
			Damaged: func(forest.Tree, format.Range, error) error { return nil },
		})
		for cursor.Next(ctx) {
			if e, ok := writtenExtent(cursor.Item(), total); ok && !yield(e) {
				return
			}
		}
	}
}

// writtenExtent returns what an item says about written blocks.
func writtenExtent(it forest.Item, total uint64) (e extent, ok bool) {
	if it.Key.Zone != format.ZoneFS || it.Key.Type != format.TypeDataExtent {
		return extent{}, false
	}
	value, err := format.ViewExact[format.DataExtent](it.Value)
	if err != nil || value.Flags != 0 {
		return extent{}, false
	}
	where := it.Key.DataExtent()
	blkno := value.Blkno.Get()
	if blkno < format.FirstDataBlkno || blkno >= total || where.Len == 0 || where.Len > total-blkno || where.Start > math.MaxUint64-where.Len {
		return extent{}, false
	}
	return extent{blkno, where.Len, it.Key.First, where.Start}, true
}
