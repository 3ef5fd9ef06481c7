// SPDX-License-Identifier: GPL-2.0-or-later

package testblock

import (
	"slices"

	"scoutfs/engine/format"
)

// Item is an item of a btree block.
type Item struct {
	Key   format.Key
	Seq   uint64
	Flags uint8
	Value []byte
}

// Btree returns a btree block without a header. The items take slots in the
// order given, their AVL tree is balanced, values are packed against the end
// in the same order, and a leaf has its hash table. It panics if they do not
// fit.
func Btree(level int, items ...Item) []byte {
	block := NewBlock()
	b, err := format.ViewBtreeBlock(block)
	if err != nil {
		panic(err)
	}
	head := b.Head()
	head.Level = byte(level)
	end, total := b.ValueEnd(), 0
	for i, it := range items {
		room := (len(it.Value) + format.BtreeValueAlign - 1) &^ (format.BtreeValueAlign - 1)
		end -= room
		total += format.BtreeItemSize + room
		if end < format.BtreeItemsOffset+format.BtreeItemSize*len(items) {
			panic("testblock: items do not fit")
		}
		slot := b.Item(i)
		slot.Key.Set(it.Key)
		slot.Seq.Set(it.Seq)
		slot.Flags = it.Flags
		if room > 0 {
			slot.ValOff.Set(uint16(end))
			slot.ValLen.Set(uint16(len(it.Value)))
			copy(block[end:], it.Value)
		}
		if level == 0 {
			hashItem(b, i)
		}
	}
	head.NrItems.Set(uint16(len(items)))
	head.TotalItemBytes.Set(uint16(total))
	head.MidFreeLen.Set(uint16(end - format.BtreeItemsOffset - format.BtreeItemSize*len(items)))

	order := make([]int, len(items))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(x, y int) int { return items[x].Key.Compare(items[y].Key) })
	root, _ := linkNodes(b, order, 0)
	head.ItemRoot.Set(root)
	return block
}

// linkNodes makes the slots of order the in-order walk of a balanced tree.
func linkNodes(b *format.BtreeBlock, order []int, parent uint16) (node uint16, height int) {
	if len(order) == 0 {
		return 0, 0
	}
	mid := len(order) / 2
	node = format.NodeOffset(order[mid])
	left, lh := linkNodes(b, order[:mid], node)
	right, rh := linkNodes(b, order[mid+1:], node)
	n := &b.Item(order[mid]).Node
	n.Parent.Set(parent)
	n.Left.Set(left)
	n.Right.Set(right)
	n.Height = byte(1 + max(lh, rh))
	return node, int(n.Height)
}

func hashItem(b *format.BtreeBlock, slot int) {
	bucket := format.LeafHashBucket(b.Item(slot).Key.Key())
	for b.LeafHash(bucket) != 0 {
		bucket = (bucket + 1) % format.LeafHashSlots
	}
	b.SetLeafHash(bucket, uint16(format.BtreeItemsOffset+slot*format.BtreeItemSize))
}

// Tree writes a btree of items, which must be in key order, with at most
// perBlock items in each block, and at least two in each parent but the root
// unless perBlock is less than three. The last key of each level is MaxKey, and
// other parent items carry the last key of their child.
func (v *Volume) Tree(perBlock int, items ...Item) format.Root {
	v.tb.Helper()
	if len(items) == 0 {
		return format.Root{}
	}
	for level := 0; ; level++ {
		var parents []Item
		for _, chunk := range chunks(items, perBlock, level > 0) {
			ref := v.Add(format.MagicBtree, Btree(level, chunk...))
			parents = append(parents, RefItem(chunk[len(chunk)-1].Key, ref))
		}
		if len(parents) == 1 {
			ref, err := format.View[format.BlockRef](parents[0].Value)
			if err != nil {
				v.tb.Fatal(err)
			}
			return format.Root{Ref: ref.Ref(), Height: uint8(level + 1)}
		}
		parents[len(parents)-1].Key = format.MaxKey()
		items = parents
	}
}

// chunks cuts items into chunks of at most n. With pairs the last takes one of
// the chunk before rather than be of a single item.
func chunks(items []Item, n int, pairs bool) [][]Item {
	list := slices.Collect(slices.Chunk(items, n))
	if last := len(list) - 1; pairs && n > 2 && last > 0 && len(list[last]) == 1 {
		cut := len(items) - 2
		list[last-1], list[last] = items[cut-n+1:cut], items[cut:]
	}
	return list
}

// RefItem returns a parent's item.
func RefItem(key format.Key, ref format.Ref) Item {
	var r format.BlockRef
	r.Set(ref)
	return Item{Key: key, Value: slices.Clone(format.Bytes(&r))}
}

// FreeTree writes the tree of an allocator's free extents: two items for
// each (docs/format.md 3.3).
func (v *Volume) FreeTree(perBlock int, extents ...format.Extent) format.AllocRoot {
	v.tb.Helper()
	var items []Item
	var root format.AllocRoot
	total := uint64(0)
	for _, e := range extents {
		items = append(items, Item{Key: format.FreeBlknoKey(e)}, Item{Key: format.FreeOrderKey(e)})
		total += e.Len
	}
	slices.SortFunc(items, func(x, y Item) int { return x.Key.Compare(y.Key) })
	root.TotalLen.Set(total)
	root.Root.Set(v.Tree(perBlock, items...))
	return root
}
