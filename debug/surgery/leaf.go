// SPDX-License-Identifier: GPL-2.0-or-later

package surgery

import (
	"errors"
	"slices"

	"scoutfs/engine/btree"
	"scoutfs/engine/format"
)

// ErrNoRoom is a block without room for what should be put into it.
var ErrNoRoom = errors.New("the block has no room")

// checkShape refuses a block whose own structure does not verify, so that
// what changes it can follow its links.
func checkShape(b *format.BtreeBlock) error {
	for violation := range btree.Verify(b, btree.VerifyOptions{Level: b.Level(), Range: ownRange(b), Root: true, AnyItem: true}) {
		return violation.Err
	}
	return nil
}

// ownRange is a range that every key of a block is in, and that ends with the
// last key.
func ownRange(b *format.BtreeBlock) format.Range {
	r := format.Range{Start: format.MaxKey()}
	for i := range b.NrItems() {
		k := b.Item(i).Key.Key()
		if k.Less(r.Start) {
			r.Start = k
		}
		if r.End.Less(k) {
			r.End = k
		}
	}
	return r
}

// slotOfKey returns the slot of a key, or -1.
func slotOfKey(b *format.BtreeBlock, k format.Key) int {
	for i := range b.NrItems() {
		if b.Item(i).Key.Key() == k {
			return i
		}
	}
	return -1
}

// insertItem adds an item to a block that verifies and does not have its key.
func insertItem(b *format.BtreeBlock, it NewItem) error {
	room := format.ValueRoom(len(it.Value))
	if err := makeRoom(b, format.BtreeItemSize+room); err != nil {
		return err
	}
	head := b.Head()
	slot := b.NrItems()
	*b.Item(slot) = format.BtreeItem{Flags: it.Flags}
	item := b.Item(slot)
	item.Key.Set(it.Key)
	item.Seq.Set(it.Seq)
	head.NrItems.Set(uint16(slot + 1))
	head.MidFreeLen.Set(head.MidFreeLen.Get() - format.BtreeItemSize)
	head.TotalItemBytes.Set(head.TotalItemBytes.Get() + format.BtreeItemSize)
	placeValue(b, slot, it.Value)
	avl{b}.insert(format.NodeOffset(slot))
	if b.Level() == 0 {
		hashInsert(b, slot)
	}
	return nil
}

// makeRoom gathers the free bytes if those between items and values are not
// enough. Without room the block stays as it is.
func makeRoom(b *format.BtreeBlock, need int) error {
	if int(b.Head().MidFreeLen.Get()) >= need {
		return nil
	}
	if freeBytes(b) < need {
		return ErrNoRoom
	}
	compact(b)
	return nil
}

// freeBytes is how many bytes of a block that verifies are neither head, item,
// value nor hash table, whether they lie together or not.
func freeBytes(b *format.BtreeBlock) int {
	return b.ValueEnd() - format.BtreeItemsOffset - int(b.Head().TotalItemBytes.Get())
}

// placeValue gives an item a value at the end of the free bytes, which the
// caller knows to be enough.
func placeValue(b *format.BtreeBlock, slot int, value []byte) {
	if len(value) == 0 {
		return
	}
	head, item := b.Head(), b.Item(slot)
	room := format.ValueRoom(len(value))
	off := format.BtreeItemsOffset + b.NrItems()*format.BtreeItemSize + int(head.MidFreeLen.Get()) - room
	item.ValOff.Set(uint16(off))
	item.ValLen.Set(uint16(len(value)))
	copy(b[off:], value)
	head.MidFreeLen.Set(head.MidFreeLen.Get() - uint16(room))
	head.TotalItemBytes.Set(head.TotalItemBytes.Get() + uint16(room))
}

// dropValue takes an item's value away; its bytes become a hole.
func dropValue(b *format.BtreeBlock, slot int) {
	head, item := b.Head(), b.Item(slot)
	head.TotalItemBytes.Set(head.TotalItemBytes.Get() - uint16(format.ValueRoom(int(item.ValLen.Get()))))
	item.ValOff.Set(0)
	item.ValLen.Set(0)
}

// resizeValue gives an item another value.
func resizeValue(b *format.BtreeBlock, slot int, value []byte) error {
	old := *b.Item(slot)
	if format.ValueRoom(int(old.ValLen.Get())) == format.ValueRoom(len(value)) {
		b.Item(slot).ValLen.Set(uint16(len(value)))
		copy(b[old.ValOff.Get():], value)
		return nil
	}
	if freeBytes(b)+format.ValueRoom(int(old.ValLen.Get())) < format.ValueRoom(len(value)) {
		return ErrNoRoom
	}
	value = slices.Clone(value) // it may lie in the block
	dropValue(b, slot)
	if err := makeRoom(b, format.ValueRoom(len(value))); err != nil {
		return err
	}
	placeValue(b, slot, value)
	return nil
}

// removeItem takes an item out of a block that verifies. The last slot's item
// moves into its place.
func removeItem(b *format.BtreeBlock, slot int) {
	head, last := b.Head(), b.NrItems()-1
	if b.Level() == 0 {
		hashRemove(b, slot)
	}
	avl{b}.remove(format.NodeOffset(slot))
	dropValue(b, slot)
	head.TotalItemBytes.Set(head.TotalItemBytes.Get() - format.BtreeItemSize)
	if slot != last {
		if b.Level() == 0 {
			hashMove(b, last, slot)
		}
		*b.Item(slot) = *b.Item(last)
		avl{b}.moved(format.NodeOffset(last), format.NodeOffset(slot))
	}
	head.NrItems.Set(uint16(last))
	head.MidFreeLen.Set(head.MidFreeLen.Get() + format.BtreeItemSize)
}

// compact packs the values against the end of the block, keeping their order
// (docs/format.md 5.2).
func compact(b *format.BtreeBlock) {
	slots := make([]int, 0, b.NrItems())
	for i := range b.NrItems() {
		if b.Item(i).ValLen.Get() > 0 {
			slots = append(slots, i)
		}
	}
	slices.SortFunc(slots, func(x, y int) int {
		return int(b.Item(y).ValOff.Get()) - int(b.Item(x).ValOff.Get())
	})
	end := b.ValueEnd()
	for _, slot := range slots {
		it := b.Item(slot)
		off, n := int(it.ValOff.Get()), int(it.ValLen.Get())
		end -= format.ValueRoom(n)
		copy(b[end:end+n], b[off:off+n])
		it.ValOff.Set(uint16(end))
	}
	b.Head().MidFreeLen.Set(uint16(end - format.BtreeItemsOffset - b.NrItems()*format.BtreeItemSize))
}
