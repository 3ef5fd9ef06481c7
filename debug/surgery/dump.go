// SPDX-License-Identifier: GPL-2.0-or-later

package surgery

import (
	"fmt"
	"iter"

	"scoutfs/engine/format"
)

// Line is a field of a block: where it is, what it is called, and what it
// says.
type Line struct {
	Offset, Size int    // bytes, from the block's start
	Name         string // as Set takes it: "hdr.seq", "items[3].value.nlink"
	Value        string // empty for bytes that mean nothing
}

// Dump yields the fields of a block of either size by its magic number, in
// the order in which they belong together: an item is followed by its value.
// Bytes that are in no field are left out, as are entries of tables that are
// zero. A block of an unknown magic number has only a header. Any bytes are
// safe, and the lines are bounded by the block's size.
func Dump(block []byte) iter.Seq[Line] {
	return func(yield func(Line) bool) {
		d := dumper{block: block, yield: yield}
		d.dump()
	}
}

type dumper struct {
	block   []byte
	yield   func(Line) bool
	stopped bool
}

func (d *dumper) dump() {
	hdr, err := format.View[format.BlockHeader](d.block)
	if err != nil || format.BlockSize(hdr.Magic.Get()) != len(d.block) {
		d.layout(format.LayoutOf[wholeHeader](), 0, "")
		return
	}
	switch hdr.Magic.Get() {
	case format.MagicSuper:
		d.layout(format.LayoutOf[format.Super](), 0, "")
	case format.MagicQuorum:
		d.layout(format.LayoutOf[format.QuorumBlock](), 0, "")
	case format.MagicBtree:
		d.btree((*format.BtreeBlock)(d.block))
	case format.MagicAllocList:
		d.list()
	case format.MagicBloom:
		d.bloom()
	case format.MagicSrchBlock:
		d.srchLeaf()
	case format.MagicSrchParent:
		d.srchParent()
	}
}

// wholeHeader gives the fields of a header the names that they have in every
// block.
type wholeHeader struct{ Hdr format.BlockHeader }

func (d *dumper) line(l Line) {
	if !d.stopped && l.Offset+l.Size <= len(d.block) {
		d.stopped = !d.yield(l)
	}
}

// layout yields the fields of a structure at an offset. Fields that mean
// nothing and are zero are left out.
func (d *dumper) layout(l *format.Layout, at int, prefix string) {
	for _, f := range l.Fields {
		if f.Count == 0 {
			d.field(f, at+f.Offset, prefix+f.Name)
			continue
		}
		for i := range f.Count {
			d.field(f, at+f.Offset+i*f.Size, fmt.Sprintf("%s%s[%d]", prefix, f.Name, i))
		}
	}
}

func (d *dumper) field(f format.Field, at int, name string) {
	if d.stopped || at+f.Size > len(d.block) {
		return
	}
	bytes := d.block[at : at+f.Size]
	switch {
	case f.Kind == format.FieldPad && isZero(bytes):
	case f.Kind == format.FieldStruct:
		d.layout(f.Sub, at, name+".")
	default:
		d.line(Line{at, f.Size, name, valueText(f, bytes)})
	}
}

func isZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

func (d *dumper) btree(b *format.BtreeBlock) {
	d.layout(format.LayoutOf[format.BtreeBlockHead](), 0, "")
	item := format.LayoutOf[format.BtreeItem]()
	for i := range b.NrItems() {
		d.layout(item, format.BtreeItemsOffset+i*format.BtreeItemSize, fmt.Sprintf("items[%d].", i))
		d.value(b, i)
		if d.stopped {
			return
		}
	}
	for i := range format.LeafHashSlots {
		if b.Level() == 0 && b.LeafHash(i) != 0 {
			slot := (int(b.LeafHash(i)) - format.BtreeItemsOffset) / format.BtreeItemSize
			d.line(Line{format.LeafHashOffset + 2*i, 2, fmt.Sprintf("leaf_hash[%d]", i), fmt.Sprintf("%d (item %d)", b.LeafHash(i), slot)})
		}
	}
}

// value yields the value of an item.
func (d *dumper) value(b *format.BtreeBlock, slot int) {
	it := b.Item(slot)
	value, ok := b.Value(it)
	if !ok || len(value) == 0 || len(value) > format.MaxBtreeValue {
		return
	}
	at, prefix := int(it.ValOff.Get()), fmt.Sprintf("items[%d].value", slot)
	l, rest := valueLayout(b.Level(), it.Key.Key(), value)
	if l != nil {
		d.layout(l, at, prefix+".")
		at += l.Size
	}
	for _, r := range rest {
		d.line(Line{at, r.size, prefix + "." + r.name, quoted(d.block[at : at+r.size])})
		at += r.size
	}
}

// tail is a part of a value behind its structure.
type tail struct {
	name string
	size int
}

// valueLayout returns the structure that the value of an item begins with, nil
// if it has none or is too short for it, and what follows.
func valueLayout(level int, k format.Key, value []byte) (l *format.Layout, rest []tail) {
	kind := format.KindOf(k)
	switch {
	case level > 0:
		l = format.LayoutOf[format.BlockRef]()
	case kind == format.KindXattr && k.Fourth == 0:
		l = format.LayoutOf[format.XattrHead]()
	case kind == format.KindInode && len(value) < format.Size[format.Inode]():
		l = format.LayoutOf[format.InodeV1]()
	case kind.Describe().Value != nil:
		l = kind.Describe().Value()
	}
	n := len(value)
	if l != nil && n < l.Size {
		l = nil
	}
	if l != nil {
		n -= l.Size
	}
	switch {
	case n == 0:
	case l != nil && kind == format.KindXattr:
		name := min(int(value[2]), n)
		rest = append(rest, tail{"name", name}, tail{"data", n - name})
	case l != nil:
		rest = append(rest, tail{"name", n})
	default:
		rest = append(rest, tail{"data", n})
	}
	return l, rest
}

func (d *dumper) list() {
	d.layout(format.LayoutOf[format.AllocListBlockHead](), 0, "")
	b := viewOrNil[format.AllocListBlock](d.block)
	if b == nil {
		return
	}
	for i := range b.Blknos {
		if n := b.Blknos[i].Get(); n != 0 {
			text := fmt.Sprint(n)
			if i < int(b.Start.Get()) || i >= int(b.Start.Get())+int(b.Nr.Get()) {
				text += " (not valid)"
			}
			d.line(Line{format.Size[format.AllocListBlockHead]() + 8*i, 8, fmt.Sprintf("blknos[%d]", i), text})
		}
	}
}

func viewOrNil[T any](b []byte) *T {
	t, err := format.View[T](b)
	if err != nil {
		return nil
	}
	return t
}

func (d *dumper) bloom() {
	const bits = 40
	d.layout(format.LayoutOf[wholeHeader](), 0, "")
	b := viewOrNil[format.BloomBlock](d.block)
	if b == nil {
		return
	}
	d.line(Line{bits - 8, 8, "total_set", fmt.Sprint(b.TotalSet.Get())})
	for i, c := range b.Bits {
		if c != 0 {
			d.line(Line{bits + i, 1, fmt.Sprintf("bits[%d]", i), fmt.Sprintf("%08b", c)})
		}
	}
}

func (d *dumper) srchLeaf() {
	l := format.LayoutOf[format.SrchBlockHead]()
	d.layout(l, 0, "")
	b := viewOrNil[format.SrchBlock](d.block)
	if b == nil {
		return
	}
	var last format.SrchEntry
	for i, at := 0, 0; i < int(b.EntryNr.Get()) && at <= format.SrchBlockSafeBytes; i++ {
		e, n, ok := format.DecodeSrchEntry(b.Data[at:], last)
		if !ok || d.stopped {
			return
		}
		d.line(Line{l.Size + at, n, fmt.Sprintf("entries[%d]", i), fmt.Sprintf("%016x.%d.%d", e.Hash, e.Ino, e.ID)})
		last, at = e, at+n
	}
}

func (d *dumper) srchParent() {
	d.layout(format.LayoutOf[wholeHeader](), 0, "")
	l := format.LayoutOf[format.BlockRef]()
	for at, i := format.Size[format.BlockHeader](), 0; i < format.SrchParentRefs; i++ {
		if ref := d.block[at+i*l.Size:]; !isZero(ref[:l.Size]) {
			d.layout(l, at+i*l.Size, fmt.Sprintf("refs[%d].", i))
		}
	}
}
