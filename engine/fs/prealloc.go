// SPDX-License-Identifier: GPL-2.0-or-later

package fs

// preallocation says how many blocks a write allocates beyond those that it
// fills (kmod/src/data.c: scoutfs_data_alloc_block).
type preallocation struct {
	blocks   uint64 // at most so many for each block that is written to, at least 1
	anywhere bool   // in holes too, not only where a file grows
}

// gap is a run of blocks that have none on the device, from start to before
// end.
type gap struct {
	start, end uint64
	offline    bool
	last       bool // no extent is behind it
}

// region returns the run of blocks, from lo to before hi, that upstream would
// allocate to write the blocks from first to before end, one after the other.
// They are inside the gap. online is how many blocks of the file are online
// when the first of them is written.
func (p preallocation) region(g gap, first, end, online uint64) (lo, hi uint64) {
	lo = first
	for hi = first; hi < end; {
		start, count := p.one(g, hi, online)
		if hi == first {
			lo = start
		}
		online += min(start+count, end) - hi
		g.start, hi = start+count, start+count
	}
	return lo, hi
}

// one returns the run that is allocated to write a block, which it contains.
func (p preallocation) one(g gap, block, online uint64) (start, count uint64) {
	switch {
	case g.offline:
		// Who stages a part of an offline extent will stage the rest.
		return block, min(g.end-block, p.blocks)
	case p.anywhere:
		return p.aligned(g, block, online)
	case block > 1 && block == online:
		count = p.blocks
		if !g.last {
			count = g.end - block
		}
		return block, min(count, block, p.blocks, g.end-block)
	}
	return block, 1
}

// aligned returns a run within the aligned region of the block: from its
// start, if no extent is in the region before the block.
func (p preallocation) aligned(g gap, block, online uint64) (start, count uint64) {
	start, end := block-block%p.blocks, g.end
	if end-start > p.blocks {
		end = start + p.blocks
	}
	if g.start > start {
		start = block
	}
	count = max(1, min(end-start, online))
	if start+count <= block {
		start = block - count + 1
	}
	return start, count
}
