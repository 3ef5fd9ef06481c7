// SPDX-License-Identifier: GPL-2.0-or-later

package mkfs

import (
	"iter"

	"scoutfs/engine/format"
)

// Block numbers of the metadata that a new volume starts with, in 64 KiB
// blocks (docs/format.md 11.1).
const (
	fsRootBlkno    = format.FirstMetaBlkno
	availBlkno     = fsRootBlkno + 1
	firstAvail     = availBlkno + 1
	dataAllocBlkno = firstAvail + format.MkfsAvailBlocks
	metaAllocBlkno = dataAllocBlkno + 1 // of the first of the two
	firstFree      = metaAllocBlkno + 2
)

// blockSeq is the seq in every header and reference that mkfs writes.
const blockSeq = 1

// dataExtent is the free space of the data device.
func (p *Plan) dataExtent() format.Extent {
	return format.Extent{Start: format.FirstDataBlkno, Len: p.DataBlocks - format.FirstDataBlkno}
}

// metaExtent is one of the two halves of the free space of the metadata
// device; the first one gets the odd block.
func (p *Plan) metaExtent(half int) format.Extent {
	free := p.MetaBlocks - firstFree
	first := (free + 1) / 2
	if half == 0 {
		return format.Extent{Start: firstFree, Len: first}
	}
	return format.Extent{Start: firstFree + first, Len: free - first}
}

// placed is a finished run of bytes and its place on a device.
type placed struct {
	offset int64
	bytes  []byte
}

// metaBlocks yields all blocks of the metadata device but the super. The
// bytes are valid until the next one is asked for.
func (p *Plan) metaBlocks() iter.Seq[placed] {
	return func(yield func(placed) bool) {
		block := new(format.BtreeBlock)
		large := func(blkno uint64, magic uint32, fill func(*format.BtreeBlock)) bool {
			clear(block[:])
			fill(block)
			p.seal(block[:], magic, blkno)
			return yield(placed{int64(blkno) << format.LargeBlockShift, block[:]})
		}
		extent := func(e format.Extent) func(*format.BtreeBlock) {
			return func(b *format.BtreeBlock) { fillExtentLeaf(b, e) }
		}
		_ = large(fsRootBlkno, format.MagicBtree, p.fillFSRoot) &&
			large(availBlkno, format.MagicAllocList, fillAvailList) &&
			large(dataAllocBlkno, format.MagicBtree, extent(p.dataExtent())) &&
			large(metaAllocBlkno, format.MagicBtree, extent(p.metaExtent(0))) &&
			large(metaAllocBlkno+1, format.MagicBtree, extent(p.metaExtent(1))) &&
			yield(placed{format.QuorumBlkno << format.SmallBlockShift, p.quorumBlocks()})
	}
}

// quorumBlocks returns the blocks of all slots, which lie side by side, empty
// but for their headers.
func (p *Plan) quorumBlocks() []byte {
	run := make([]byte, format.QuorumSlots*format.SmallBlockSize)
	for slot := range format.QuorumSlots {
		block := run[slot*format.SmallBlockSize:][:format.SmallBlockSize]
		p.seal(block, format.MagicQuorum, uint64(format.QuorumBlkno+slot))
	}
	return run
}

// seal finishes a block: its header, and last the checksum over all of it.
func (p *Plan) seal(block []byte, magic uint32, blkno uint64) {
	hdr, err := format.View[format.BlockHeader](block)
	if err != nil {
		panic(err) // every block of this package is longer than a header
	}
	hdr.Magic.Set(magic)
	hdr.FSID.Set(p.FSID)
	hdr.Seq.Set(blockSeq)
	hdr.Blkno.Set(blkno)
	format.Seal(block)
}
