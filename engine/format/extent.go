// SPDX-License-Identifier: GPL-2.0-or-later

package format

import (
	"fmt"
	"math/bits"
)

// Extent is a run of Len blocks from Start.
type Extent struct {
	Start uint64
	Len   uint64
}

// End returns the last block of the extent; it is Start-1 for Len 0.
func (e Extent) End() uint64 { return e.Start + e.Len - 1 }

// Valid reports whether the extent has blocks and does not wrap around. One
// that was read from a damaged key may do either.
func (e Extent) Valid() bool { return e.Len != 0 && e.End() >= e.Start }

// String writes the first and last block, "[64,127]", or "[64,+0]" for an
// extent without blocks.
func (e Extent) String() string {
	if !e.Valid() {
		return fmt.Sprintf("[%d,+%d]", e.Start, e.Len)
	}
	return fmt.Sprintf("[%d,%d]", e.Start, e.End())
}

// FreeOrder is the order class of a free extent's length: floor(log8(len)),
// 0 for 0 (docs/format.md 3.5).
func FreeOrder(length uint64) uint64 { return uint64(bits.Len64(length|1)-1) / 3 }

// Flags of a data extent (docs/format.md 3.4).
const (
	ExtentOffline   = 1 // the blocks' content is in the archive
	ExtentUnwritten = 2 // allocated and never written: reads as zeros
)

// DataExtent is the value of a data extent item, 16 bytes. The key holds the
// logical place.
type DataExtent struct {
	Blkno U64  // first small block on the data device, 0 for none
	Flags byte `fmt:"hex"`
	Pad   [7]byte
}

// Online reports whether the extent's blocks count as an inode's online
// blocks: they are mapped and written (kmod/src/data.c: add_onoff).
func (d *DataExtent) Online() bool { return d.Blkno.Get() != 0 && d.Flags&ExtentUnwritten == 0 }

// Offline reports whether the extent's blocks count as offline blocks.
func (d *DataExtent) Offline() bool { return !d.Online() && d.Flags&ExtentOffline != 0 }

// Check returns a *CorruptError for a state that is never stored: nothing at
// all, unwritten without blocks, offline with written blocks, or an unknown
// flag (docs/format.md 3.4).
func (d *DataExtent) Check() error {
	mapped, flags := d.Blkno.Get() != 0, d.Flags
	switch {
	case flags&^(ExtentOffline|ExtentUnwritten) != 0:
	case mapped && flags != ExtentOffline:
		return nil
	case !mapped && flags == ExtentOffline:
		return nil
	}
	return &CorruptError{
		Structure: "data extent",
		Field:     "state",
		Found:     fmt.Sprintf("blkno %d with flags %#x", d.Blkno.Get(), flags),
		Expected:  "blocks with flags 0, 2 or 3, or no blocks with flags 1",
	}
}
