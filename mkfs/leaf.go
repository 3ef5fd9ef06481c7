// SPDX-License-Identifier: GPL-2.0-or-later

package mkfs

import (
	"scoutfs/engine/format"
)

// leaf fills a zeroed block with the items of a tree of one leaf.
//
// Items come in the order of their keys, and each new one becomes the root
// of the block's AVL tree with all others to its left. It is given the height
// that its left child had before, one too little, which the first insertion
// or deletion by a mount puts right (docs/format.md 11.3, appendix B 1;
// utils/src/btree.c:btree_append_item). To the byte, that is what volumes
// made by upstream's tool hold.
type leaf struct{ block *format.BtreeBlock }

// itemSeq is the version of every item that mkfs writes.
const itemSeq = 1

func newLeaf(block *format.BtreeBlock) leaf {
	block.Head().MidFreeLen.Set(format.BtreeLeafBytes)
	return leaf{block}
}

// append adds an item. The caller keeps to the order of keys and to what
// fits; a leaf of mkfs has two items.
func (l leaf) append(key format.Key, val []byte) {
	head := l.block.Head()
	slot := l.block.NrItems()
	item := l.block.Item(slot)
	item.Key.Set(key)
	item.Seq.Set(itemSeq)
	if slot > 0 {
		last := &l.block.Item(slot - 1).Node
		item.Node.Left.Set(format.NodeOffset(slot - 1))
		item.Node.Height = last.Height
		last.Parent.Set(format.NodeOffset(slot))
		last.Height++
	}
	itemOffset := format.BtreeItemsOffset + slot*format.BtreeItemSize
	itemEnd := itemOffset + format.BtreeItemSize
	space := (len(val) + format.BtreeValueAlign - 1) &^ (format.BtreeValueAlign - 1)
	free := int(head.MidFreeLen.Get()) - format.BtreeItemSize - space

	head.ItemRoot.Set(format.NodeOffset(slot))
	head.NrItems.Set(uint16(slot + 1))
	head.TotalItemBytes.Set(head.TotalItemBytes.Get() + uint16(format.BtreeItemSize+space))
	head.MidFreeLen.Set(uint16(free))
	l.insertHash(key, uint16(itemOffset))
	if len(val) > 0 {
		item.ValOff.Set(uint16(itemEnd + free))
		item.ValLen.Set(uint16(len(val)))
		copy(l.block[itemEnd+free:], val)
	}
}

// insertHash takes the first free slot at or after the key's bucket.
func (l leaf) insertHash(key format.Key, itemOffset uint16) {
	i := format.LeafHashBucket(key)
	for l.block.LeafHash(i) != 0 {
		i = (i + 1) % format.LeafHashSlots
	}
	l.block.SetLeafHash(i, itemOffset)
}
