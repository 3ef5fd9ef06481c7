// SPDX-License-Identifier: GPL-2.0-or-later

package print

import "scoutfs/engine/format"

// jsonEncoder writes one JSON object a line for every structure and item;
// docs/print.md lists the members. Identifiers, hashes and checksums are
// hexadecimal strings, as are flag words; all other integers numbers of up to 64 bits.
type jsonEncoder struct {
	superLayout, quorumLayout, btreeLayout *format.Layout
	listLayout, srchLayout, headerLayout   *format.Layout
	inodeV1Layout, refLayout               *format.Layout
	values                                 [format.ItemKinds]*format.Layout
}

func newJSONEncoder() *jsonEncoder {
	e := &jsonEncoder{
		superLayout:   format.LayoutOf[format.Super](),
		quorumLayout:  format.LayoutOf[format.QuorumBlock](),
		btreeLayout:   format.LayoutOf[format.BtreeBlockHead](),
		listLayout:    format.LayoutOf[format.AllocListBlockHead](),
		srchLayout:    format.LayoutOf[format.SrchBlockHead](),
		headerLayout:  format.LayoutOf[format.BlockHeader](),
		inodeV1Layout: format.LayoutOf[format.InodeV1](),
		refLayout:     format.LayoutOf[format.BlockRef](),
	}
	for kind := range format.ItemKinds {
		if value := kind.Describe().Value; value != nil {
			e.values[kind] = value()
		}
	}
	return e
}

func (e *jsonEncoder) super(dst []byte, s *format.Super, sum uint32) []byte {
	t := text(dst).open("super").memberUint("blkno", format.SuperBlkno).sum(sum)
	return t.fields(e.superLayout, format.Bytes(s)).s("}\n")
}

func (e *jsonEncoder) quorum(dst []byte, slot int, q *format.QuorumBlock, sum uint32) []byte {
	t := text(dst).open("quorum_block").memberUint("blkno", uint64(format.QuorumBlkno+slot)).
		memberUint("slot", uint64(slot)).sum(sum).
		member("hdr").object(e.headerLayout, format.Bytes(&q.Hdr)).
		memberUint("write_nr", q.WriteNr.Get()).member("events").s("{")
	event := e.quorumLayout.Fields[len(e.quorumLayout.Fields)-1].Sub
	for i := range q.Events {
		if i > 0 {
			t = t.s(",")
		}
		t = t.s(`"`).s(format.QuorumEventName(i)).s(`":`).object(event, format.Bytes(&q.Events[i]))
	}
	return t.s("}}\n")
}

// sum appends the checksum that the block should have.
func (t text) sum(sum uint32) text { return t.member("calculated_crc").hexString(uint64(sum), 4) }

func (e *jsonEncoder) listBlock(dst []byte, u *unit, b *format.AllocListBlock, sum uint32) []byte {
	t := text(dst).open("alloc_list_block").memberString("list", u.label).
		memberUint("blkno", u.ref.Blkno).sum(sum).
		fields(e.listLayout, format.Bytes(&b.AllocListBlockHead)).
		member("extents").s("[")
	entries, _ := b.Entries()
	first := true
	for r := range runs(entries) {
		if !first {
			t = t.s(",")
		}
		first = false
		t = t.s("[").u(r.Start).s(",").u(r.Len).s("]")
	}
	return t.s("]}\n")
}

func (e *jsonEncoder) srchParent(dst []byte, u *unit, b *format.SrchParent, sum uint32) []byte {
	t := text(dst).open("srch_parent").memberUint("blkno", u.ref.Blkno).sum(sum).
		member("hdr").object(e.headerLayout, format.Bytes(&b.Hdr)).
		member("refs").s("[")
	first := true
	for i := range b.Refs {
		ref := b.Refs[i].Ref()
		if ref.IsZero() {
			continue
		}
		if !first {
			t = t.s(",")
		}
		first = false
		t = t.s(`{"index":`).u(uint64(i)).memberUint("blkno", ref.Blkno).memberUint("seq", ref.Seq).s("}")
	}
	return t.s("]}\n")
}

func (e *jsonEncoder) srchBlock(dst []byte, u *unit, b *format.SrchBlock, sum uint32) []byte {
	t := text(dst).open("srch_block").memberUint("blkno", u.ref.Blkno).sum(sum).
		fields(e.srchLayout, format.Bytes(&b.SrchBlockHead)).s("}\n")
	for i, entry := range entriesOf(b) {
		t = t.open("srch_entry").memberUint("blkno", u.ref.Blkno).memberUint("index", uint64(i)).
			memberUint("encoded_bytes", uint64(entry.size)).
			member("hash").hexString(entry.entry.Hash, 8).
			memberUint("ino", entry.entry.Ino).
			memberUint("id", entry.entry.ID).s("}\n")
	}
	return t
}

func (e *jsonEncoder) bloomBlock(dst []byte, u *unit, b *format.BloomBlock, sum uint32) []byte {
	return text(dst).open("bloom_block").memberUint("blkno", u.ref.Blkno).sum(sum).
		member("hdr").object(e.headerLayout, format.Bytes(&b.Hdr)).
		memberUint("total_set", b.TotalSet.Get()).s("}\n")
}
