// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import "scoutfs/engine/format"

// find is lookup in a sound leaf. If it finds no item, bucket is where one
// with the key has to go in the hash table.
func find(b *format.BtreeBlock, key format.Key) (slot, bucket int) {
	for bucket = format.LeafHashBucket(key); ; bucket = nextBucket(bucket) {
		off := b.LeafHash(bucket)
		if off == 0 {
			return none, bucket
		}
		if slot := (int(off) - format.BtreeItemsOffset) / format.BtreeItemSize; b.Item(slot).Key.Key() == key {
			return slot, bucket
		}
	}
}

func nextBucket(bucket int) int {
	if bucket++; bucket == format.LeafHashSlots {
		return 0
	}
	return bucket
}

func itemOffset(slot int) uint16 {
	return uint16(format.BtreeItemsOffset + slot*format.BtreeItemSize)
}

// itemBucket is where the hash table starts looking for a slot's key.
func itemBucket(b *format.BtreeBlock, slot int) int {
	return int(format.Hash32(itemAt(b, slot)[itemFirst:itemSeq]) % format.LeafHashSlots)
}

// insertHash enters an offset, which the table does not have, into the first
// free bucket from one on.
func insertHash(b *format.BtreeBlock, bucket int, off uint16) {
	for b.LeafHash(bucket) != 0 {
		bucket = nextBucket(bucket)
	}
	b.SetLeafHash(bucket, off)
}

// hashedAt returns the bucket that has a slot's item.
func hashedAt(b *format.BtreeBlock, slot int) int {
	bucket := itemBucket(b, slot)
	for off := itemOffset(slot); b.LeafHash(bucket) != off; {
		bucket = nextBucket(bucket)
	}
	return bucket
}

// removeHash takes a slot's item out of the table. What follows it is entered
// anew, since looking for a key ends at a free bucket (docs/format.md 5.4).
func removeHash(b *format.BtreeBlock, slot int) {
	bucket := hashedAt(b, slot)
	b.SetLeafHash(bucket, 0)
	for {
		bucket = nextBucket(bucket)
		off := b.LeafHash(bucket)
		if off == 0 {
			return
		}
		b.SetLeafHash(bucket, 0)
		slot := (int(off) - format.BtreeItemsOffset) / format.BtreeItemSize
		insertHash(b, itemBucket(b, slot), off)
	}
}

// hashAll enters the items of the slots [from, to).
func hashAll(b *format.BtreeBlock, from, to int) {
	var hashes [hashLanes]uint32
	for slot := from; slot < to; slot += hashLanes {
		n := min(hashLanes, to-slot)
		hashKeys(&hashes, b, slot, n)
		for i := range n {
			insertHash(b, int(hashes[i]%format.LeafHashSlots), itemOffset(slot+i))
		}
	}
}
