// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import (
	"fmt"

	"scoutfs/engine/format"
)

// lookup returns the slot of the leaf item with a key, or none, by the
// leaf's hash table (docs/format.md 5.4). It touches two or three cache
// lines where the AVL tree would touch one for each of its levels.
func lookup(b *format.BtreeBlock, key format.Key) (int, error) {
	bucket := format.LeafHashBucket(key)
	for range format.LeafHashSlots {
		off := b.LeafHash(bucket)
		if off == 0 {
			return none, nil
		}
		slot, ok := hashedSlot(b, off)
		if !ok {
			return none, hashError(bucket, off, b.NrItems())
		}
		if b.Item(slot).Key.Key() == key {
			return slot, nil
		}
		if bucket++; bucket == format.LeafHashSlots {
			bucket = 0
		}
	}
	return none, nil
}

// hashedSlot returns the slot of an item that a hash table refers to. ok is
// false if the offset is not an item's.
func hashedSlot(b *format.BtreeBlock, off uint16) (slot int, ok bool) {
	slot = (int(off) - format.BtreeItemsOffset) / format.BtreeItemSize
	return slot, int(off) == format.BtreeItemsOffset+slot*format.BtreeItemSize && slot < b.NrItems()
}

func hashError(bucket int, off uint16, nr int) error {
	return &format.CorruptError{
		Structure: "btree block",
		Field:     fmt.Sprintf("hash slot %d", bucket),
		Found:     fmt.Sprint(off),
		Expected:  fmt.Sprintf("an offset of one of %d items", nr),
	}
}
