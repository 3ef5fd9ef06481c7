// SPDX-License-Identifier: GPL-2.0-or-later

// Package testblock builds metadata blocks, trees, block lists and search
// files in memory, for tests that need structures of a known shape. It
// shares no code with the packages that read or write such structures, only
// the declarations of engine/format.
package testblock

import (
	"testing"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

// FSID is the volume id in the headers of all blocks.
const FSID = 0x1122334455667788

// Volume is a metadata device with blocks written one after another from the
// first usable block number.
type Volume struct {
	Dev *device.Memory

	tb   testing.TB
	next uint64 // block number
	seq  uint64
}

// New returns a volume of so many large blocks, none of them written.
func New(tb testing.TB, blocks uint64) *Volume {
	tb.Helper()
	return &Volume{
		Dev:  device.NewMemory("meta", int64(blocks)<<format.LargeBlockShift),
		tb:   tb,
		next: format.FirstMetaBlkno,
		seq:  0x5eed,
	}
}

// Used returns the number of blocks written, numbered from FirstMetaBlkno.
func (v *Volume) Used() uint64 { return v.next - format.FirstMetaBlkno }

// NextRef returns the reference that the next Add will return.
func (v *Volume) NextRef() format.Ref {
	return format.Ref{Blkno: v.next, Seq: v.seq * 0x9e3779b97f4a7c15}
}

// Rewind makes the next block go to the first place again. The new blocks have
// other sequence numbers than those that they overwrite.
func (v *Volume) Rewind() {
	v.next = format.FirstMetaBlkno
	v.seq += 1 << 32
}

// Add writes a block to the next place, with a header for it, and returns
// the reference to it. The bytes after the header are block's.
func (v *Volume) Add(magic uint32, block []byte) format.Ref {
	v.tb.Helper()
	ref := v.NextRef()
	v.next++
	v.seq++
	v.Put(ref, magic, block)
	return ref
}

// Put writes a block, with a header, to the place that ref says.
func (v *Volume) Put(ref format.Ref, magic uint32, block []byte) {
	v.tb.Helper()
	Seal(block, ref, magic)
	v.Write(ref.Blkno, block)
}

// Write writes a block as it is.
func (v *Volume) Write(blkno uint64, block []byte) {
	v.tb.Helper()
	if _, err := v.Dev.WriteAt(block, int64(blkno)<<format.LargeBlockShift); err != nil {
		v.tb.Fatal(err)
	}
}

// Seal fills in a block's header.
func Seal(block []byte, ref format.Ref, magic uint32) {
	hdr, err := format.View[format.BlockHeader](block)
	if err != nil {
		panic(err)
	}
	hdr.Magic.Set(magic)
	hdr.FSID.Set(FSID)
	hdr.Seq.Set(ref.Seq)
	hdr.Blkno.Set(ref.Blkno)
	format.Seal(block)
}

// NewBlock returns a block of zeros.
func NewBlock() []byte { return make([]byte, format.LargeBlockSize) }
