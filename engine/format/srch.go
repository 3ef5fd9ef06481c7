// SPDX-License-Identifier: GPL-2.0-or-later

package format

import (
	"cmp"
	"encoding/binary"
)

// DiskSrchEntry is a search entry as stored in files' first and last
// fields, 24 bytes. Entries order by hash, ino, id.
type DiskSrchEntry struct {
	Hash U64 `fmt:"hex"`
	Ino  U64
	ID   U64
}

// SrchEntry is a search entry's value: xattr name hash, inode number and
// xattr id (docs/format.md 2.4).
type SrchEntry struct {
	Hash, Ino, ID uint64
}

// Entry returns the entry's value.
func (d *DiskSrchEntry) Entry() SrchEntry {
	return SrchEntry{d.Hash.Get(), d.Ino.Get(), d.ID.Get()}
}

// Set stores e.
func (d *DiskSrchEntry) Set(e SrchEntry) {
	d.Hash.Set(e.Hash)
	d.Ino.Set(e.Ino)
	d.ID.Set(e.ID)
}

// Compare orders entries by hash, ino, id.
func (e SrchEntry) Compare(o SrchEntry) int {
	if c := cmp.Compare(e.Hash, o.Hash); c != 0 {
		return c
	}
	if c := cmp.Compare(e.Ino, o.Ino); c != 0 {
		return c
	}
	return cmp.Compare(e.ID, o.ID)
}

// SrchFile describes a file of search entries, 88 bytes.
type SrchFile struct {
	First   DiskSrchEntry // smallest entry
	Last    DiskSrchEntry // greatest entry
	Ref     BlockRef      // root block
	Blocks  U64           // leaf blocks
	Entries U64           // encoded entries
	Height  byte          // 0 empty, 1 the root is a leaf
	Pad     [7]byte
}

// SrchParent is an inner block of a search file's radix tree, a whole block.
type SrchParent struct {
	Hdr  BlockHeader
	Refs [SrchParentRefs]BlockRef
}

// ViewSrchParent views a block's bytes; anything but 64 KiB is an error.
func ViewSrchParent(b []byte) (*SrchParent, error) { return ViewExact[SrchParent](b) }

// SrchBlockHead is the head of a search file's leaf, 112 bytes. The encoded
// entries follow.
type SrchBlockHead struct {
	Hdr        BlockHeader
	First      DiskSrchEntry // smallest entry of the block
	Last       DiskSrchEntry // greatest entry of the block
	Tail       DiskSrchEntry // last encoded entry, the base of the next one
	EntryNr    U32
	EntryBytes U32
}

// SrchBlock is a whole search file leaf.
type SrchBlock struct {
	SrchBlockHead
	Data [LargeBlockSize - 112]byte
}

// ViewSrchBlock views a block's bytes; anything but 64 KiB is an error.
func ViewSrchBlock(b []byte) (*SrchBlock, error) { return ViewExact[SrchBlock](b) }

// DecodeSrchEntry decodes the entry at the start of b, which follows prev in
// its block (docs/format.md 8.2). n is its encoded length. ok is false if b
// ends before the entry does. Encodings that are longer than needed are
// accepted, and byte counts over 8 count as 8.
func DecodeSrchEntry(b []byte, prev SrchEntry) (e SrchEntry, n int, ok bool) {
	if len(b) < SrchEntryMaxBytes {
		var whole [SrchEntryMaxBytes]byte
		there := copy(whole[:], b)
		e, n = decodeSrchEntry(&whole, prev)
		if n > there {
			return SrchEntry{}, 0, false
		}
		return e, n, true
	}
	e, n = decodeSrchEntry((*[SrchEntryMaxBytes]byte)(b), prev)
	return e, n, true
}

// decodeSrchEntry reads each number with one load; b is long enough for the
// longest entry.
func decodeSrchEntry(b *[SrchEntryMaxBytes]byte, prev SrchEntry) (SrchEntry, int) {
	head := uint(binary.LittleEndian.Uint16(b[:]))
	n := 2
	for i, field := range [...]*uint64{&prev.Hash, &prev.Ino, &prev.ID} {
		size := min(head>>(4*i)&0xf, 8)
		z := binary.LittleEndian.Uint64(b[n:]) & (1<<(8*size) - 1)
		*field += z>>1 ^ -(z & 1)
		n += int(size)
	}
	return prev, n
}

// AppendSrchEntry appends the shortest encoding of e after prev to b; it is
// at most SrchEntryMaxBytes long (docs/format.md 8.2).
func AppendSrchEntry(b []byte, prev, e SrchEntry) []byte {
	start := len(b)
	b = append(b, 0, 0)
	var head uint
	for i, delta := range [3]uint64{e.Hash - prev.Hash, e.Ino - prev.Ino, e.ID - prev.ID} {
		z := delta<<1 ^ -(delta >> 63)
		size := 0
		for ; z != 0; z >>= 8 {
			b = append(b, byte(z))
			size++
		}
		head |= uint(size) << (4 * i)
	}
	b[start], b[start+1] = byte(head), byte(head>>8)
	return b
}

// Flags of a SrchCompact.
const (
	SrchCompactLog    = 1
	SrchCompactSorted = 2
	SrchCompactDelete = 4
	SrchCompactDone   = 0x10
	SrchCompactError  = 0x20
)

// SrchCompactInput is one input file of a compaction, 104 bytes.
type SrchCompactInput struct {
	File SrchFile
	Blk  U64 // leaf of the next entry; while deleting, progress (docs/format.md 6.6)
	Pos  U64 // byte offset of the next entry in that leaf; while deleting, the level
}

// SrchCompact describes a compaction, 584 bytes (docs/format.md 2.4, 8.6).
type SrchCompact struct {
	MetaAvail AllocListHead
	MetaFreed AllocListHead
	ID        U64  // root blkno of the first input
	Nr        byte // inputs in use, at most SrchCompactInputs
	Flags     byte `fmt:"hex"`
	Pad       [6]byte
	Out       SrchFile
	In        [SrchCompactInputs]SrchCompactInput
}

// Inputs returns the inputs in use; a Nr that is too great is cut.
func (c *SrchCompact) Inputs() []SrchCompactInput {
	return c.In[:min(int(c.Nr), SrchCompactInputs)]
}
