// SPDX-License-Identifier: GPL-2.0-or-later

package format

import (
	"math/bits"
	"unsafe"
)

// AllocFlagLow in an AllocListHead or AllocRoot says that running out means
// ENOSPC, not commit and retry (docs/format.md 6.3).
const AllocFlagLow = 1

// AllocListHead heads a chain of list blocks with free meta block numbers,
// 32 bytes (docs/format.md 2.3).
type AllocListHead struct {
	Ref     BlockRef
	TotalNr U64 // block numbers in all blocks of the chain
	FirstNr U32 // block numbers in the first block
	Flags   U32 `fmt:"hex"`
}

// AllocRoot is the root of a tree of free extents, 40 bytes.
type AllocRoot struct {
	TotalLen U64 // blocks in all extents
	Flags    U32 `fmt:"hex"`
	Pad      [4]byte
	Root     BtreeRoot
}

// AllocListBlockHead is the head of a list block, 56 bytes.
type AllocListBlockHead struct {
	Hdr   BlockHeader
	Next  BlockRef // next block of the chain, zero at the end
	Start U32      // index of the first valid entry
	Nr    U32      // number of valid entries
}

// AllocListBlock is a whole list block. Valid entries are [Start, Start+Nr).
type AllocListBlock struct {
	AllocListBlockHead
	Blknos [AllocListEntries]U64
}

// ViewAllocListBlock views a block's bytes; anything but 64 KiB is an error.
func ViewAllocListBlock(b []byte) (*AllocListBlock, error) { return ViewExact[AllocListBlock](b) }

// Entries returns the valid entries; they alias the block. ok is false if
// Start and Nr reach outside the array.
func (b *AllocListBlock) Entries() (entries []U64, ok bool) {
	start, nr := uint64(b.Start.Get()), uint64(b.Nr.Get())
	if start+nr > AllocListEntries {
		return nil, false
	}
	return b.Blknos[start : start+nr], true
}

// Extent is a run of Len blocks from Start.
type Extent struct {
	Start uint64
	Len   uint64
}

// End returns the last block of the extent; it is Start-1 for Len 0.
func (e Extent) End() uint64 { return e.Start + e.Len - 1 }

// FreeOrder is the order class of a free extent's length: floor(log8(len)),
// 0 for 0 (docs/format.md 3.5).
func FreeOrder(length uint64) uint64 { return uint64(bits.Len64(length|1)-1) / 3 }

// BloomBlock is a log tree's bloom filter, a whole 64 KiB block
// (docs/format.md 2.5).
type BloomBlock struct {
	Hdr      BlockHeader
	TotalSet U64 // bits that are set
	Bits     [BloomBits / 8]byte
}

// ViewBloomBlock views a block's bytes; anything but 64 KiB is an error.
func ViewBloomBlock(b []byte) (*BloomBlock, error) { return ViewExact[BloomBlock](b) }

// Has reports whether all bits of a lock's start key are set; see
// [BloomBitsOf].
func (b *BloomBlock) Has(bits [BloomFunctions]uint32) bool {
	for _, n := range bits {
		if b.Bits[n/8]&(1<<(n%8)) == 0 {
			return false
		}
	}
	return true
}

// Add sets the bits and keeps TotalSet right.
func (b *BloomBlock) Add(bits [BloomFunctions]uint32) {
	for _, n := range bits {
		if mask := byte(1) << (n % 8); b.Bits[n/8]&mask == 0 {
			b.Bits[n/8] |= mask
			b.TotalSet.Set(b.TotalSet.Get() + 1)
		}
	}
}

// Whole blocks must be exactly one block; a wrong declaration does not
// compile.
var (
	_ = [1]struct{}{}[unsafe.Sizeof(AllocListBlock{})-LargeBlockSize]
	_ = [1]struct{}{}[unsafe.Sizeof(BloomBlock{})-LargeBlockSize]
	_ = [1]struct{}{}[unsafe.Sizeof(SrchParent{})-LargeBlockSize]
	_ = [1]struct{}{}[unsafe.Sizeof(BtreeItem{})-BtreeItemSize]
	_ = [1]struct{}{}[unsafe.Sizeof(BtreeBlockHead{})-BtreeItemsOffset]
	_ = [1]struct{}{}[unsafe.Sizeof(Super{})-SuperUsedBytes]
)
