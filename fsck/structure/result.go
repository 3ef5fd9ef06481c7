// SPDX-License-Identifier: GPL-2.0-or-later

package structure

import (
	"context"
	"iter"

	"scoutfs/engine/alloc"
	"scoutfs/engine/block"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
)

// Result is what Trees found out about the volume, for the checks that build
// on it.
type Result struct {
	Super  *format.Super
	Reader *block.Reader
	// Snapshot is the merged view as far as it can be read: fs_root and the
	// log trees whose records could be.
	Snapshot *forest.Snapshot
	// Unknown are the keys of the merged view about which nothing can be
	// said. It grows as leaves turn out to be unusable.
	Unknown *Unknown
	// LogsUnknown says that the records of some log trees could not be read.
	// Their items and their part of the inode count are missing; all keys
	// are Unknown then.
	LogsUnknown bool
	// FreeDataUnknown says that some free extents of the data device could
	// not be read, so that blocks without an owner may be free.
	FreeDataUnknown bool
	// SearchUnknown says that some entries of search files could not be read.
	SearchUnknown bool
	// DataBlocks is the number of small blocks of the data device, all of
	// which from format.FirstDataBlkno on are owned once. It is the super's
	// unless that is wrong, which has been reported then.
	DataBlocks uint64

	freeData []freeTree
}

// FreeExtent is a free extent of the data device.
type FreeExtent struct {
	format.Extent
	// Tree is the log tree whose mount holds the extent; zero for the server.
	Tree TreeID
	// Field is the allocator: "data_alloc", "data_avail" or "data_freed".
	Field string
}

// freeTree is an allocator of the data device.
type freeTree struct {
	root  format.AllocRoot
	tree  TreeID
	field string
	// extra are extents that have an item by size only.
	extra []format.Extent
}

// FreeData yields the free extents of the data device, allocator by allocator,
// without those and parts of those that no device can have or that an
// allocator has twice, and without what cannot be read: FreeDataUnknown tells.
// The error is that of the context. Each call reads the allocators anew, from
// the cache if they fit.
func (r *Result) FreeData(ctx context.Context) iter.Seq2[FreeExtent, error] {
	return func(yield func(FreeExtent, error) bool) {
		for i := range r.freeData {
			if !r.freeData[i].extents(ctx, r, yield) {
				return
			}
		}
	}
}

// extents yields an allocator's extents, and reports whether to go on.
func (t *freeTree) extents(ctx context.Context, r *Result, yield func(FreeExtent, error) bool) bool {
	give := func(e format.Extent) bool {
		e = clip(e, format.FirstDataBlkno, r.DataBlocks)
		return e.Len == 0 || yield(FreeExtent{e, t.tree, t.field}, nil)
	}
	for _, e := range t.extra {
		if !give(e) {
			return false
		}
	}
	var last format.Extent
	for e, err := range alloc.OpenExtents(r.Reader, &t.root).All(ctx) {
		if ctx.Err() != nil {
			yield(FreeExtent{}, context.Cause(ctx))
			return false
		}
		if !e.Valid() {
			continue // also an error of the tree, which ends the walk
		}
		_ = err // has been reported; an overlap is cut off
		for _, part := range without(e, last) {
			if part.Len > 0 && !give(part) {
				return false
			}
		}
		last = e
	}
	return true
}

// clip cuts an extent to [first, end).
func clip(e format.Extent, first, end uint64) format.Extent {
	start, stop := max(e.Start, first), min(e.Start+e.Len, end)
	if start >= stop {
		return format.Extent{}
	}
	return format.Extent{Start: start, Len: stop - start}
}

// without returns what of an extent is before and behind another, both valid
// or the other without blocks.
func without(e, other format.Extent) [2]format.Extent {
	if other.Len == 0 || other.End() < e.Start || e.End() < other.Start {
		return [2]format.Extent{e}
	}
	var parts [2]format.Extent
	if e.Start < other.Start {
		parts[0] = format.Extent{Start: e.Start, Len: other.Start - e.Start}
	}
	if other.End() < e.End() {
		parts[1] = format.Extent{Start: other.End() + 1, Len: e.End() - other.End()}
	}
	return parts
}
