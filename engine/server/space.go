// SPDX-License-Identifier: GPL-2.0-or-later

package server

import (
	"scoutfs/engine/format"
)

// reservedMeta is how many free metadata blocks are kept back from operations
// that allocate: what the server and one mount need to go on deleting
// (docs/format.md 6.3).
const reservedMeta = 2*format.AllocListEntries + reservedPerMount

const reservedPerMount = 2*format.AllocListEntries + 1028 + 913

// Low reports whether operations that allocate must fail with ENOSPC, so that
// what is left is enough for those that free space.
func (s *Server) Low() bool {
	c := s.super.Load()
	return c.super.MetaAlloc[c.larger()].TotalLen.Get() <= reservedMeta
}

// Room returns how many metadata blocks the coming commit can still take for
// its caller's trees. What the server needs itself is subtracted, including
// what it takes to commit the changes of [Server.Data] so far. If it is 0, a
// commit without changes may make room: it moves blocks to where the next one
// takes them from.
func (s *Server) Room() int {
	c := s.super.Load()
	return room(c.super.ServerMetaAvail[c.active].TotalNr.Get(), c.needs(s.data.Changes()))
}

// room returns what is left of some blocks without those that are needed.
func room(blocks, needed uint64) int {
	if blocks <= needed {
		return 0
	}
	return int(min(blocks-needed, maxRoom))
}

// maxRoom keeps a count from a damaged volume in range.
const maxRoom = 1 << 30

// changeBlocks is how many blocks of a tree of free extents one change can
// dirty at worst (docs/format.md 6.3).
func changeBlocks(height uint64) uint64 { return 15 * (1 + height) }

// changesBlocks is how many blocks so many changes can dirty at worst, in a
// tree of so many blocks. Each block is dirtied once, whatever the number of
// changes, and split once before there is room in it for hundreds of items, of
// which a change is six at most.
func changesBlocks(changes, blocks, height uint64) uint64 {
	if changes == 0 {
		return 0
	}
	all := 2*blocks + changes/50 + 2*height + 4
	apart := 15*changes + blocks/100 + 4*height + 4
	return min(all, apart)
}

// listBlocks is how many blocks of lists a commit can write: two of each pair,
// one more when a list goes on in another block, and one to spare. Those that
// freed blocks fill come on top.
const listBlocks = 6

// filledBlocks is how many blocks of a list so many entries can fill.
func filledBlocks(entries uint64) uint64 { return entries / format.AllocListEntries }

// needs is what a commit takes at worst that changes so many extents of the
// data device, besides its caller's blocks.
func (c *committed) needs(dataChanges int) uint64 {
	// Space that is freed in bulk, filling a list and emptying one take turns
	// at a change each at least.
	return c.needsOfData(dataChanges) + 3*changeBlocks(c.metaHeight()) + listBlocks + c.keep()
}

func (c *committed) needsOfData(changes int) uint64 {
	return changesBlocks(uint64(changes), uint64(c.dataBlocks), uint64(c.super.DataAlloc.Root.Height))
}

// metaHeight is the height that a tree of free metadata extents can get.
func (c *committed) metaHeight() uint64 {
	return 1 + uint64(max(c.super.MetaAlloc[0].Root.Height, c.super.MetaAlloc[1].Root.Height))
}

// keep is how many blocks stay in the list that a commit allocates from, so
// that the server of the next mount can make its first commit, which fills the
// other list.
func (c *committed) keep() uint64 { return max(100, changeBlocks(c.metaHeight())+25) }
