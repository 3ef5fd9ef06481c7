// SPDX-License-Identifier: GPL-2.0-or-later

package format

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
type DataZoneBitmap = Bitmap1024

// Finalized reports whether no mount writes the trees any more.
func (l *LogTrees) Finalized() bool { return l.Flags.Get()&LogTreesFinalized != 0 }

// Open reports whether the mount has an open transaction
// (docs/format.md 7.1).
func (l *LogTrees) Open() bool { return l.GetTransSeq.Get() > l.CommitTransSeq.Get() }
