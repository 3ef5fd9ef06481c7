// SPDX-License-Identifier: GPL-2.0-or-later

package print

import "scoutfs/engine/format"

// listBlock shows runs of consecutive block numbers as extents. Upstream's
// width count restarts at 9 after a line break.
func (textEncoder) listBlock(dst []byte, u *unit, b *format.AllocListBlock, sum uint32) []byte {
	t := text(dst).s(u.label).s(" alloc_list_block blkno ").u(u.ref.Blkno).nl().
		header(&b.Hdr, sum)
	start, nr := b.Start.Get(), b.Nr.Get()
	t = t.s("  next ").ref(&b.Next).s(" start ").u(uint64(start)).s(" nr ").u(uint64(nr)).nl()
	entries, ok := b.Entries()
	if !ok || start >= format.AllocListEntries {
		return t.s("  (invalid start and nr fields)\n")
	}
	if len(entries) == 0 {
		return t
	}
	t = t.s("  exts: ")
	width := 8
	for e := range runs(entries) {
		if width >= 72 {
			t = t.s("\n        ")
			width = 9
		}
		before := len(t)
		t = t.u(e.Start).s(",").u(e.Len).s(" ")
		width += len(t) - before
	}
	return t.nl()
}

func (textEncoder) srchParent(dst []byte, u *unit, b *format.SrchParent, sum uint32) []byte {
	t := text(dst).s("srch parent block blkno ").u(u.ref.Blkno).nl().header(&b.Hdr, sum)
	for i := range b.Refs {
		ref := &b.Refs[i]
		if ref.Blkno.Get() == 0 {
			continue
		}
		t = t.s("  [").u(uint64(i)).s("]: ").ref(ref).nl()
	}
	return t
}

func (textEncoder) srchBlock(dst []byte, u *unit, b *format.SrchBlock, sum uint32) []byte {
	t := text(dst).s("srch block blkno ").u(u.ref.Blkno).nl().header(&b.Hdr, sum)
	t = t.s("  first ").srchEntry(b.First.Entry()).
		s(" last ").srchEntry(b.Last.Entry()).
		s(" tail ").srchEntry(b.Tail.Entry()).
		s("\n  entry_nr ").u(uint64(b.EntryNr.Get())).
		s(" entry_bytes ").u(uint64(b.EntryBytes.Get())).nl()
	for i, e := range entriesOf(b) {
		t = t.s("  [").u(uint64(i)).s("]: (").u(uint64(e.size)).s(") ").srchEntry(e.entry).nl()
	}
	return t
}

func (textEncoder) bloomBlock(dst []byte, u *unit, b *format.BloomBlock, sum uint32) []byte {
	return text(dst).s("bloom block blkno ").u(u.ref.Blkno).nl().header(&b.Hdr, sum).
		s("  total_set ").u(b.TotalSet.Get()).s(" of ").u(format.BloomBits).s(" bits\n")
}
