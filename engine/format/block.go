// SPDX-License-Identifier: GPL-2.0-or-later

package format

import (
	"cmp"
	"fmt"
)

// BlockHeader starts every checksummed block (docs/format.md 2.1), 32 bytes.
type BlockHeader struct {
	CRC   U32 `fmt:"hex"` // BlockCRC of the whole block
	Magic U32 `fmt:"hex"` // one of the Magic constants
	FSID  U64 `fmt:"hex"` // random volume id
	Seq   U64 // equals the reference's seq for large blocks, a write counter for the super
	Blkno U64 // own number, in small units for super and quorum blocks, else in large units
}

// BlockRef points to a large block, 16 bytes. Blkno 0 is no block.
type BlockRef struct {
	Blkno U64
	Seq   U64 // random number that the block's header repeats
}

// Ref is a BlockRef's value, usable as a map key.
type Ref struct {
	Blkno uint64
	Seq   uint64
}

// Ref returns the reference's value.
func (r *BlockRef) Ref() Ref { return Ref{r.Blkno.Get(), r.Seq.Get()} }

// Set stores v.
func (r *BlockRef) Set(v Ref) {
	r.Blkno.Set(v.Blkno)
	r.Seq.Set(v.Seq)
}

// IsZero reports whether r refers to no block.
func (r Ref) IsZero() bool { return r.Blkno == 0 }

// String names the block as error messages do.
func (r Ref) String() string { return fmt.Sprintf("meta blkno %d seq %d", r.Blkno, r.Seq) }

// Seal stores the crc of a finished block in its header. It panics on a
// block that is shorter than a header.
func Seal(block []byte) {
	crc := (*U32)(block[:Size[BlockHeader]()][:4])
	crc.Set(BlockCRC(block))
}

// BlockSize returns the bytes of a block with this magic, 0 for an unknown
// magic: super and quorum blocks are small, all others large.
func BlockSize(magic uint32) int {
	switch magic {
	case MagicSuper, MagicQuorum:
		return SmallBlockSize
	case MagicBtree, MagicAllocList, MagicBloom, MagicSrchBlock, MagicSrchParent:
		return LargeBlockSize
	}
	return 0
}

// Want is what a block's header must say. A zero FSID is not compared, so
// that a volume's first block can be read.
type Want struct {
	Magic uint32
	FSID  uint64
	Blkno uint64
	Seq   uint64
	// AnySeq skips the comparison of Seq, for supers and quorum blocks,
	// which nothing refers to.
	AnySeq bool
}

// HeaderPart is a part of a block that [VerifyBlock] looks at.
type HeaderPart uint8

// Parts of a block, in the order in which they are looked at: each explains
// what follows it.
const (
	HeaderLength HeaderPart = iota // the block's length
	HeaderCRC
	HeaderMagic
	HeaderFSID
	HeaderBlkno
	HeaderSeq
)

// String names the part as errors do.
func (p HeaderPart) String() string {
	return [...]string{"length", "crc", "magic", "fsid", "blkno", "seq"}[min(p, HeaderSeq)]
}

// HeaderError says which part of a block is not what it should be. It wraps
// the [*CorruptError] that tells the rest.
type HeaderError struct {
	Part HeaderPart
	Err  *CorruptError
}

// Error is that of the wrapped error.
func (e *HeaderError) Error() string { return e.Err.Error() }

// Unwrap returns the wrapped error.
func (e *HeaderError) Unwrap() error { return e.Err }

// VerifyBlock checks a block's crc and header. The error is a *HeaderError
// around a *CorruptError that names the block by its place ("meta blkno 7";
// for super and quorum blocks "blkno 16", the device being known to the
// caller) and the first part that is wrong, looking at length, crc, magic,
// fsid, blkno, seq in this order. A block whose seq is the only wrong field
// was written again after its reference was read (docs/format.md 12).
func VerifyBlock(block []byte, want Want) error {
	hdr, err := View[BlockHeader](block)
	if size := BlockSize(want.Magic); err != nil || size != 0 && len(block) != size {
		return headerError(want, HeaderLength, fmt.Sprint(len(block)), fmt.Sprint(max(size, Size[BlockHeader]())))
	}
	if found, sum := hdr.CRC.Get(), BlockCRC(block); found != sum {
		return headerError(want, HeaderCRC, fmt.Sprintf("%08x", found), fmt.Sprintf("%08x", sum))
	}
	if found := hdr.Magic.Get(); found != want.Magic {
		name := MagicName(found)
		if name != "" {
			name = " (" + name + ")"
		}
		return headerError(want, HeaderMagic, fmt.Sprintf("%08x%s", found, name), fmt.Sprintf("%08x", want.Magic))
	}
	if found := hdr.FSID.Get(); want.FSID != 0 && found != want.FSID {
		return headerError(want, HeaderFSID, fmt.Sprintf("%016x", found), fmt.Sprintf("%016x", want.FSID))
	}
	if found := hdr.Blkno.Get(); found != want.Blkno {
		return headerError(want, HeaderBlkno, fmt.Sprint(found), fmt.Sprint(want.Blkno))
	}
	if found := hdr.Seq.Get(); !want.AnySeq && found != want.Seq {
		return headerError(want, HeaderSeq, fmt.Sprint(found), fmt.Sprint(want.Seq))
	}
	return nil
}

func headerError(want Want, part HeaderPart, found, expected string) error {
	place := fmt.Sprintf("meta blkno %d", want.Blkno)
	if want.Magic == MagicSuper || want.Magic == MagicQuorum {
		place = fmt.Sprintf("blkno %d", want.Blkno)
	}
	return &HeaderError{part, &CorruptError{
		Structure: cmp.Or(MagicName(want.Magic), "block"),
		Place:     place,
		Field:     part.String(),
		Found:     found,
		Expected:  expected,
	}}
}
