// SPDX-License-Identifier: GPL-2.0-or-later

package structure

import (
	"scoutfs/engine/format"
)

// owner is something that blocks belong to.
type owner struct {
	name string
	// fs is fs_root; merging is a finished part of a merge that fs_root will
	// take up, which shares blocks with it (docs/format.md 6.6).
	fs, merging bool
}

// claim is what came of claiming a block.
type claim uint8

const (
	claimNew    claim = iota // nobody had it
	claimTwice               // somebody has it already
	claimShared              // fs_root has it, and may
)

// claims takes notes of whose each block is.
type claims interface {
	// use claims a block that is in use. Its number is one of the device.
	use(o *owner, ref format.Ref, magic uint32) claim
	// free claims blocks that are free, all of the device.
	free(o *owner, e format.Extent)
	// expectMerging prepares for owners that share blocks with fs_root.
	expectMerging()
}

// ledger is the claims that say for every block of the device whether it is
// in use or free, and whether there is a quarrel about it.
type ledger struct {
	used, unused bitmap // claimed by use and by free
	quarrel      bitmap // claimed more than once
	// While a part of a merge waits for being taken up: blocks that fs_root
	// uses, and that the part says will be free.
	fs, freeSoon bitmap
}

func newLedger(blocks uint64) *ledger {
	return &ledger{used: newBitmap(blocks), unused: newBitmap(blocks), quarrel: newBitmap(blocks)}
}

func (l *ledger) expectMerging() {
	if l.fs == nil {
		l.fs, l.freeSoon = make(bitmap, len(l.used)), make(bitmap, len(l.used))
	}
}

func (l *ledger) use(o *owner, ref format.Ref, _ uint32) claim {
	if l.fs != nil {
		if o.fs {
			l.fs.set(ref.Blkno)
		}
		if o.merging && l.fs.has(ref.Blkno) {
			return claimShared
		}
	}
	if l.used.set(ref.Blkno) {
		return claimNew
	}
	l.quarrel.set(ref.Blkno)
	return claimTwice
}

func (l *ledger) free(o *owner, e format.Extent) {
	to := l.unused
	if o.merging && l.freeSoon != nil {
		to = l.freeSoon
	}
	words(e, func(i, mask uint64) {
		l.quarrel[i] |= to[i] & mask
		to[i] |= mask
	})
}

// settle ends the claims: it finds the quarrels between those who use blocks
// and those who have them as free, and counts both.
func (l *ledger) settle() {
	for i := range l.used {
		if l.fs != nil {
			// What fs_root gives up when it takes up the merge is its own.
			soon := l.freeSoon[i] &^ l.fs[i]
			l.quarrel[i] |= soon & l.unused[i]
			l.unused[i] |= soon
		}
		l.quarrel[i] |= l.used[i] & l.unused[i]
	}
}

// witness is the claims of a second walk, which takes down who quarrels about
// a block.
type witness struct {
	first   *ledger // of the first walk
	again   *ledger // makes this walk go the same ways
	records []record
	full    bool // there are more than records can hold
}

// record is a claim to a block that there is a quarrel about.
type record struct {
	blkno uint64
	owner *owner
	used  bool
	ref   format.Ref // of a block that is used
	magic uint32
}

// maxRecords bounds the memory for quarrels to some 60 MiB.
const maxRecords = 1 << 20

func newWitness(l *ledger) *witness {
	return &witness{first: l, again: newLedger(uint64(len(l.used)) * 64)}
}

func (w *witness) expectMerging() { w.again.expectMerging() }

func (w *witness) use(o *owner, ref format.Ref, magic uint32) claim {
	c := w.again.use(o, ref, magic)
	if c != claimShared && w.first.quarrel.has(ref.Blkno) {
		w.add(record{ref.Blkno, o, true, ref, magic})
	}
	return c
}

func (w *witness) free(o *owner, e format.Extent) {
	ranges(e.Start, e.Start+e.Len, func(i uint64) uint64 { return w.first.quarrel[i] }, func(e format.Extent) {
		for blkno := e.Start; blkno <= e.End(); blkno++ {
			if o.merging && w.first.fs != nil && w.first.fs.has(blkno) {
				continue
			}
			if !w.add(record{blkno: blkno, owner: o}) {
				return
			}
		}
	})
}

func (w *witness) add(r record) bool {
	w.full = w.full || len(w.records) == maxRecords
	if !w.full {
		w.records = append(w.records, r)
	}
	return !w.full
}
