// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import (
	"scoutfs/engine/format"
)

// initBlock makes a zeroed block one of a level, without items.
func initBlock(b *format.BtreeBlock, level int) {
	head := b.Head()
	head.Level = byte(level)
	head.MidFreeLen.Set(uint16(b.ValueEnd() - format.BtreeItemsOffset))
}

// itemRoom is what an item with a value of so many bytes takes in a block.
func itemRoom(valLen int) int { return format.BtreeItemSize + format.ValueRoom(valLen) }

func midFree(b *format.BtreeBlock) int    { return int(b.Head().MidFreeLen.Get()) }
func totalBytes(b *format.BtreeBlock) int { return int(b.Head().TotalItemBytes.Get()) }

func grow(b *format.BtreeBlock, mid, total int) {
	head := b.Head()
	head.MidFreeLen.Set(uint16(int(head.MidFreeLen.Get()) + mid))
	head.TotalItemBytes.Set(uint16(int(head.TotalItemBytes.Get()) + total))
}

// appendItem stores an item in the next slot, and returns it. There must be
// room. Nothing leads to the item yet.
func appendItem(b *format.BtreeBlock, it *Item) (slot int) {
	slot = b.NrItems()
	b.Head().NrItems.Set(uint16(slot + 1))
	grow(b, -format.BtreeItemSize, format.BtreeItemSize)
	to := b.Item(slot)
	*to = format.BtreeItem{Flags: it.Flags}
	to.Key.Set(it.Key)
	to.Seq.Set(it.Seq)
	placeValue(b, to, it.Value)
	return slot
}

// placeValue stores the value of an item that has none, below all others.
func placeValue(b *format.BtreeBlock, it *format.BtreeItem, val []byte) {
	it.ValLen.Set(uint16(len(val)))
	if len(val) == 0 {
		it.ValOff.Set(0)
		return
	}
	room := format.ValueRoom(len(val))
	grow(b, -room, room)
	off := format.BtreeItemsOffset + b.NrItems()*format.BtreeItemSize + midFree(b)
	it.ValOff.Set(uint16(off))
	fillValue(b[off:off+room], val)
}

func fillValue(room, val []byte) { clear(room[copy(room, val):]) }

// insertLeafItem adds an item to a leaf that has room, and whose hash table
// has a free bucket for it.
func insertLeafItem(b *format.BtreeBlock, it *Item, bucket int) {
	slot := appendItem(b, it)
	insertNode(b, slot)
	b.SetLeafHash(bucket, itemOffset(slot))
}

// insertRef adds an item to a parent that has room.
func insertRef(b *format.BtreeBlock, key format.Key, ref format.Ref) {
	var val format.BlockRef
	val.Set(ref)
	insertNode(b, appendItem(b, &Item{Key: key, Value: format.Bytes(&val)}))
}

// setRef stores the reference of a parent's slot.
func setRef(b *format.BtreeBlock, slot int, ref format.Ref) {
	off := int(b.Item(slot).ValOff.Get())
	var val format.BlockRef
	val.Set(ref)
	copy(b[off:off+format.BlockRefSize], format.Bytes(&val))
}

// valueNeed is the free room that replacing an item's value takes.
func valueNeed(it *format.BtreeItem, n int) int {
	if room := format.ValueRoom(n); room > format.ValueRoom(int(it.ValLen.Get())) {
		return room
	}
	return 0
}

// replaceItem replaces all but an item's key. A value that fits where the old
// one is goes there.
func replaceItem(b *format.BtreeBlock, slot int, with *Item) {
	it := b.Item(slot)
	it.Seq.Set(with.Seq)
	it.Flags = with.Flags
	was, room := format.ValueRoom(int(it.ValLen.Get())), format.ValueRoom(len(with.Value))
	if room > was || room == 0 {
		grow(b, 0, -was)
		placeValue(b, it, with.Value)
		return
	}
	grow(b, 0, room-was)
	off := int(it.ValOff.Get())
	it.ValLen.Set(uint16(len(with.Value)))
	fillValue(b[off:off+room], with.Value)
}

// removeItem removes an item. The last slot's item moves to its place; what
// its value took is free only after compact.
func removeItem(b *format.BtreeBlock, slot int) {
	if b.Level() == 0 {
		removeHash(b, slot)
	}
	removeNode(b, slot)
	grow(b, format.BtreeItemSize, -itemRoom(int(b.Item(slot).ValLen.Get())))
	last := b.NrItems() - 1
	if slot != last {
		moveItem(b, last, slot)
	}
	b.Head().NrItems.Set(uint16(last))
}

// moveItem moves an item to a slot that is free.
func moveItem(b *format.BtreeBlock, from, to int) {
	if b.Level() == 0 {
		b.SetLeafHash(hashedAt(b, from), itemOffset(to))
	}
	*b.Item(to) = *b.Item(from)
	node := format.NodeOffset(to)
	replaceChild(b, link(b, node, nodeParent), format.NodeOffset(from), node)
	for _, which := range [2]int{nodeLeft, nodeRight} {
		if child := link(b, node, which); child != 0 {
			setLink(b, child, nodeParent, node)
		}
	}
}

// compactor packs values. It has memory for that.
type compactor [format.LargeBlockSize / format.BtreeValueAlign]uint16

// compact moves values to the end of the room for them, in the order in which
// they lie, so that all of what is free is between them and the items.
func (c *compactor) compact(b *format.BtreeBlock) {
	clear(c[:])
	nr := b.NrItems()
	for slot := range nr {
		if it := b.Item(slot); it.ValLen != (format.U16{}) {
			c[it.ValOff.Get()/format.BtreeValueAlign] = uint16(slot + 1)
		}
	}
	end := b.ValueEnd()
	for unit := end/format.BtreeValueAlign - 1; unit >= 0; unit-- {
		if c[unit] == 0 {
			continue
		}
		it := b.Item(int(c[unit]) - 1)
		off, room := unit*format.BtreeValueAlign, format.ValueRoom(int(it.ValLen.Get()))
		end -= room
		if off != end {
			copy(b[end:end+room], b[off:off+room])
			it.ValOff.Set(uint16(end))
		}
	}
	b.Head().MidFreeLen.Set(uint16(end - format.BtreeItemsOffset - nr*format.BtreeItemSize))
}
