// SPDX-License-Identifier: GPL-2.0-or-later

package surgery

import "scoutfs/engine/format"

// The hash table of a leaf that verifies (docs/format.md 5.4).

func itemOffset(slot int) uint16 {
	return uint16(format.BtreeItemsOffset + slot*format.BtreeItemSize)
}

func nextBucket(bucket int) int { return (bucket + 1) % format.LeafHashSlots }

func hashInsert(b *format.BtreeBlock, slot int) {
	bucket := format.LeafHashBucket(b.Item(slot).Key.Key())
	for b.LeafHash(bucket) != 0 {
		bucket = nextBucket(bucket)
	}
	b.SetLeafHash(bucket, itemOffset(slot))
}

// HashBucket returns where an item is in a leaf's hash table, or -1.
func HashBucket(b *format.BtreeBlock, slot int) int {
	bucket := format.LeafHashBucket(b.Item(slot).Key.Key())
	for range format.LeafHashSlots {
		if b.LeafHash(bucket) == itemOffset(slot) {
			return bucket
		}
		bucket = nextBucket(bucket)
	}
	return -1
}

func hashRemove(b *format.BtreeBlock, slot int) {
	bucket := HashBucket(b, slot)
	if bucket < 0 {
		return
	}
	b.SetLeafHash(bucket, 0)
	for bucket = nextBucket(bucket); b.LeafHash(bucket) != 0; bucket = nextBucket(bucket) {
		off := int(b.LeafHash(bucket))
		b.SetLeafHash(bucket, 0)
		hashInsert(b, (off-format.BtreeItemsOffset)/format.BtreeItemSize)
	}
}

// hashMove notes that an item is about to move to another slot.
func hashMove(b *format.BtreeBlock, from, to int) {
	if bucket := HashBucket(b, from); bucket >= 0 {
		b.SetLeafHash(bucket, itemOffset(to))
	}
}
