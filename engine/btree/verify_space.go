// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import (
	"fmt"

	"scoutfs/engine/format"
)

// spaceMap has a bit for each aligned unit of a block that a value takes.
type spaceMap [format.LargeBlockSize / format.BtreeValueAlign / 64]uint64

// take marks the units [start, end), and reports whether none was marked.
func (m *spaceMap) take(start, end int) bool {
	free := true
	for start < end {
		n := min(64-start%64, end-start)
		mask := ^uint64(0) >> (64 - n) << (start % 64)
		free = free && m[start/64]&mask == 0
		m[start/64] |= mask
		start += n
	}
	return free
}

// verifySpace checks that values lie in the block without overlap, and that
// the head's sums are those of the items.
func (v *verifier) verifySpace() {
	var taken spaceMap
	end := v.b.ValueEnd()
	itemsEnd := format.BtreeItemsOffset + v.nr*format.BtreeItemSize
	lowest, total := end, 0
	for slot := 0; slot < v.nr && !v.stopped; slot++ {
		it := v.b.Item(slot)
		off, n := int(it.ValOff.Get()), int(it.ValLen.Get())
		room := format.ValueRoom(n)
		total += format.BtreeItemSize + room
		switch {
		case n == 0:
			if off != 0 {
				v.misplaced(RuleValuePlace, slot, "val_off", fmt.Sprint(off), "0 without a value")
			}
			continue
		case n > format.MaxBtreeValue:
			if v.opts.AnyItem || v.level > 0 {
				v.misplaced(RuleValueLength, slot, "val_len", fmt.Sprint(n), fmt.Sprintf("at most %d", format.MaxBtreeValue))
			}
			continue
		case off%format.BtreeValueAlign != 0:
			v.misplaced(RuleValuePlace, slot, "val_off", fmt.Sprint(off), fmt.Sprintf("a multiple of %d", format.BtreeValueAlign))
		case off < itemsEnd || off+n > end:
			v.misplaced(RuleValuePlace, slot, "value", fmt.Sprintf("%d bytes at %d", n, off), fmt.Sprintf("between %d and %d", itemsEnd, end))
		case !taken.take(off/format.BtreeValueAlign, (off+room)/format.BtreeValueAlign):
			v.misplaced(RuleValueOverlap, slot, "value", fmt.Sprintf("%d bytes at %d", n, off), "no overlap with other values")
		}
		lowest = min(lowest, off)
	}
	if v.badValues > 0 {
		return
	}
	if found := int(v.head.TotalItemBytes.Get()); found != total {
		v.report(RuleItemBytes, "total_item_bytes", fmt.Sprint(found), fmt.Sprint(total))
	}
	if found := int(v.head.MidFreeLen.Get()); itemsEnd+found > lowest {
		v.report(RuleMidFree, "mid_free_len", fmt.Sprint(found), fmt.Sprintf("at most %d", max(lowest-itemsEnd, 0)))
	}
}

func (v *verifier) misplaced(rule Rule, slot int, field, found, expected string) {
	v.badValues++
	v.reportItem(rule, slot, field, found, expected)
}

// verifyHash checks that a leaf's hash table finds every item and has
// nothing else in it. An item whose key is wrong is not found for that reason.
func (v *verifier) verifyHash() {
	missing, first := 0, none
	for slot := range v.nr {
		if !v.hashed(slot) {
			if missing == 0 {
				first = slot
			}
			missing++
		}
	}
	used := usedSlots((*[format.LeafHashBytes]byte)(v.b[format.LeafHashOffset:]))
	switch {
	case used != v.nr:
		v.report(RuleLeafHash, "hash table", fmt.Sprintf("%d items", used), fmt.Sprintf("nr_items %d", v.nr))
	case missing > v.badKeys:
		v.reportItem(RuleLeafHash, first, "hash table", "without the item", "every item")
	}
}

// hashed reports whether the hash table leads from an item's key to it. It
// compares offsets, since another item may have the same key.
func (v *verifier) hashed(slot int) bool {
	want := uint16(format.BtreeItemsOffset + slot*format.BtreeItemSize)
	bucket := int(format.Hash32(format.Bytes(&v.b.Item(slot).Key)) % format.LeafHashSlots)
	for range format.LeafHashSlots {
		switch v.b.LeafHash(bucket) {
		case want:
			return true
		case 0:
			return false
		}
		if bucket++; bucket == format.LeafHashSlots {
			bucket = 0
		}
	}
	return false
}
