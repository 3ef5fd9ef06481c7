// SPDX-License-Identifier: GPL-2.0-or-later

package print

import (
	"iter"

	"scoutfs/engine/format"
)

// runs joins consecutive block numbers, in array order, into extents.
func runs(entries []format.U64) iter.Seq[format.Extent] {
	return func(yield func(format.Extent) bool) {
		var e format.Extent
		for i := range entries {
			blkno := entries[i].Get()
			if e.Len > 0 && blkno == e.Start+e.Len {
				e.Len++
				continue
			}
			if e.Len > 0 && !yield(e) {
				return
			}
			e = format.Extent{Start: blkno, Len: 1}
		}
		if e.Len > 0 {
			yield(e)
		}
	}
}

// encodedEntry is a search entry and its encoded length in bytes.
type encodedEntry struct {
	entry format.SrchEntry
	size  int
}

// entriesOf decodes a search block's entries until the count is reached or
// the encoding ends; checkSrch says which.
func entriesOf(b *format.SrchBlock) iter.Seq2[int, encodedEntry] {
	return func(yield func(int, encodedEntry) bool) {
		var prev format.SrchEntry
		pos := 0
		for i := range int(b.EntryNr.Get()) {
			if pos > format.SrchBlockSafeBytes {
				return
			}
			e, n, ok := format.DecodeSrchEntry(b.Data[pos:], prev)
			if !ok || !yield(i, encodedEntry{e, n}) {
				return
			}
			pos += n
			prev = e
		}
	}
}
