// SPDX-License-Identifier: GPL-2.0-or-later

package items

import (
	"fmt"

	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// extents is what a worker knows of the extents of the current inode.
type extents struct {
	any             bool
	end             uint64 // last file block of the one before
	online, offline uint64 // small blocks
	writtenEnd      uint64 // after the last file block that is written
	written         format.Key
	// bad: one is wrong in itself, so that blocks cannot be counted.
	bad bool
}

// extent takes an extent of a file.
func (w *worker) extent(it *forest.Item) {
	in, x, k := &w.in, &w.in.extents, it.Key
	in.belongs(k, format.DirentRegular)
	place := k.DataExtent()
	w.facts.Extents++
	if !place.Valid() || place.End() > format.MaxSmallBlkno {
		w.lostExtent(problem.ExtentKey, k, fmt.Sprintf("%d blocks that end with block %d", k.Third, k.Second),
			fmt.Sprintf("at least one block, and none beyond %d", uint64(format.MaxSmallBlkno)))
		return
	}
	value, err := format.ViewExact[format.DataExtent](it.Value)
	if err != nil {
		w.lostExtent(problem.ExtentState, k, fmt.Sprintf("%d bytes", len(it.Value)), fmt.Sprint(format.Size[format.DataExtent]()))
		return
	}
	if x.any && place.Start <= x.end {
		w.badExtent(problem.ExtentOverlap, k, "file blocks "+place.String(), fmt.Sprintf("none before block %d", x.end+1))
	}
	x.any, x.end = true, place.End()
	if value.Check() != nil {
		w.badExtent(problem.ExtentState, k, fmt.Sprintf("block %d with flags %#x", value.Blkno.Get(), value.Flags),
			"blocks with flags 0, 2 or 3, or no blocks with flags 1")
	}
	if value.Online() {
		x.online += place.Len
		w.facts.Online += place.Len
		x.writtenEnd, x.written = place.End()+1, k
	} else if value.Offline() {
		x.offline += place.Len
		w.facts.Offline += place.Len
	}
	if value.Blkno.Get() != 0 {
		w.mapped(k, place, value)
	}
}

// lostExtent reports an extent that could be of any blocks.
func (w *worker) lostExtent(n problem.Number, k format.Key, found, expected string) {
	w.lists.lostExtent = true
	w.badExtent(n, k, found, expected)
}

func (w *worker) badExtent(n problem.Number, k format.Key, found, expected string) {
	w.in.extents.bad = true
	w.find(n, k, "", found, expected)
}

// mapped takes the blocks of an extent that has some.
func (w *worker) mapped(k format.Key, place format.Extent, value *format.DataExtent) {
	blocks := format.Extent{Start: value.Blkno.Get(), Len: place.Len}
	if blocks.Start < format.FirstDataBlkno || !blocks.Valid() || blocks.End() >= w.dataBlocks {
		w.lists.lostBlocks += min(place.Len, w.dataBlocks)
		w.find(problem.ExtentRange, k, "", "blocks "+blocks.String(), fmt.Sprintf("between %d and %d", format.FirstDataBlkno, w.dataBlocks-1))
		return
	}
	if value.Flags&format.ExtentUnwritten != 0 {
		w.facts.Unwritten += place.Len
	}
	if w.detail != nil {
		w.detail.used(blocks, w.in.ino, place.Start)
		return
	}
	w.sums.tiling.Add(&w.mixer, blocks.Start, blocks.Start+blocks.Len)
}

// judgeExtents compares an inode's counts of blocks and its size with its
// extents.
func (w *worker) judgeExtents() {
	in, x := &w.in, &w.in.extents
	if x.bad || in.misplaced != (format.Key{}) && in.misplaced.Type == format.TypeDataExtent {
		return
	}
	v := in.value
	if in.deleting() && v.OnlineBlocks.Get() >= x.online && v.OfflineBlocks.Get() >= x.offline {
		// The deletion of an inode does not count down
		// (kmod/src/inode.c: delete_inode_items).
		return
	}
	if found := v.OnlineBlocks.Get(); found != x.online {
		w.findIn(problem.OnlineBlocks, "online_blocks", fmt.Sprint(found), fmt.Sprintf("%d, the blocks of its extents", x.online))
	}
	if found := v.OfflineBlocks.Get(); found != x.offline {
		w.findIn(problem.OfflineBlocks, "offline_blocks", fmt.Sprint(found), fmt.Sprintf("%d, the blocks of its extents", x.offline))
	}
	size := v.Size.Get()
	if !in.is(format.DirentRegular) || size > maxFileSize {
		return
	}
	if end := (size + format.SmallBlockSize - 1) / format.SmallBlockSize; x.writtenEnd > end && v.Flags.Get()&format.InodeFlagTruncate == 0 {
		w.find(problem.ExtentPastEnd, x.written, "", fmt.Sprintf("written up to block %d", x.writtenEnd-1), fmt.Sprintf("none from block %d on, with %d bytes", end, size))
	}
}
