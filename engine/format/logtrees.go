// SPDX-License-Identifier: GPL-2.0-or-later

package format

import (
	"iter"
	"math/bits"
)

// LogTreesFinalized in LogTrees.Flags says that no mount writes the trees
// any more.
const LogTreesFinalized = 1

// LogTrees is the value of a logs_root item: everything one mount has logged
// in one generation, 472 bytes (docs/format.md 2.5, 7.1).
type LogTrees struct {
	MetaAvail           AllocListHead // meta blocks the mount may allocate
	MetaFreed           AllocListHead // meta blocks the mount freed
	ItemRoot            BtreeRoot     // logged fs items
	BloomRef            BlockRef
	DataAvail           AllocRoot // data blocks the mount may allocate
	DataFreed           AllocRoot // data blocks the mount freed
	SrchFile            SrchFile  // search log being appended
	DataAllocZoneBlocks U64       // zone size of DataAllocZones, 0 is none
	DataAllocZones      DataZoneBitmap
	InodeCountDelta     U64 `fmt:"signed"` // not yet in the super's inode count
	GetTransSeq         U64 // newest opened transaction
	CommitTransSeq      U64 // newest committed transaction
	MaxItemSeq          U64 // greatest item seq of the last item write
	FinalizeSeq         U64 // 0 unless finalized
	RID                 U64 `fmt:"hex"` // owning mount
	Nr                  U64 // generation, from 1
	Flags               U64 `fmt:"hex"`
}

// DataZoneBitmap has bit n set for data allocation zone n.
type DataZoneBitmap [DataZones / 64]U64

// All returns the set bits in ascending order.
func (z *DataZoneBitmap) All() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range z {
			for w := z[i].Get(); w != 0; w &= w - 1 {
				if !yield(i*64 + bits.TrailingZeros64(w)) {
					return
				}
			}
		}
	}
}
