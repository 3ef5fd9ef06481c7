// SPDX-License-Identifier: GPL-2.0-or-later

package testvolume

import (
	"net/netip"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

// account gives the volume what a sound one has besides items: a quorum slot,
// quorum blocks, and all blocks that nobody uses in its allocators. It comes
// after all trees: what it writes is the last that is in use.
func (b *Builder) account(tb testing.TB, super *format.Super, trees uint64) {
	tb.Helper()
	super.Qconf.Version.Set(1)
	super.Qconf.SetAddrs(format.QuorumAddrs{netip.MustParseAddrPort("127.0.0.1:42000")})
	for slot := range format.QuorumSlots {
		block := make([]byte, format.SmallBlockSize)
		blkno := uint64(format.QuorumBlkno + slot)
		testblock.Seal(block, format.Ref{Blkno: blkno}, format.MagicQuorum)
		if _, err := b.Blocks.Dev.WriteAt(block, int64(blkno)<<format.SmallBlockShift); err != nil {
			tb.Fatal(err)
		}
	}
	super.DataAlloc = b.Blocks.FreeTree(b.PerBlock, between(format.FirstDataBlkno+b.DataUsed, DataBlocks)...)
	// The tree of the free metadata blocks is a leaf, as few as there are.
	last := format.FirstMetaBlkno + b.Blocks.Used() + 1
	super.MetaAlloc[0] = b.Blocks.FreeTree(b.PerBlock, append(between(format.FirstMetaBlkno, trees), between(last, MetaBlocks)...)...)
	if got := format.FirstMetaBlkno + b.Blocks.Used(); got != last {
		tb.Fatalf("the tree of free blocks ends at block %d, want %d", got, last)
	}
}

// between returns the extent of the blocks from start to end, none if there
// are none.
func between(start, end uint64) []format.Extent {
	if start >= end {
		return nil
	}
	return []format.Extent{{Start: start, Len: end - start}}
}
