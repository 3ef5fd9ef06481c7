// SPDX-License-Identifier: GPL-2.0-or-later

package format

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
