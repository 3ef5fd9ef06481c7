// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import (
	"fmt"

	"scoutfs/engine/format"
)

// maxAVLDepth bounds the walk down a block's AVL tree. A balanced tree of
// the most items that fit in a block is 15 deep.
const maxAVLDepth = 32

// AppendOrder appends to dst the slots of b's items in key order, by walking
// the block's AVL links. On damaged links it stops with a *CorruptError
// without a place, after a bounded number of steps; the slots found so far
// are returned with it. Keys are not looked at.
func AppendOrder(dst []uint16, b *format.BtreeBlock) ([]uint16, error) {
	var stack [maxAVLDepth]uint16
	depth := 0
	nr := b.NrItems()
	found := 0
	node := b.Head().ItemRoot.Get()
	for node != 0 || depth > 0 {
		for node != 0 {
			slot, ok := b.NodeSlot(node)
			if !ok {
				return dst, avlError("avl link", fmt.Sprint(node), fmt.Sprintf("an offset of one of %d items", nr))
			}
			if depth == len(stack) {
				return dst, avlError("avl tree", "too deep", fmt.Sprintf("at most %d levels", maxAVLDepth))
			}
			stack[depth] = uint16(slot)
			depth++
			node = b.Item(slot).Node.Left.Get()
		}
		depth--
		if found == nr {
			return dst, avlError("avl tree", "more items", fmt.Sprintf("%d", nr))
		}
		found++
		dst = append(dst, stack[depth])
		node = b.Item(int(stack[depth])).Node.Right.Get()
	}
	if claimed := int(b.Head().NrItems.Get()); found != claimed {
		return dst, avlError("avl tree", fmt.Sprintf("%d items", found), fmt.Sprintf("nr_items %d", claimed))
	}
	return dst, nil
}

func avlError(field, found, expected string) error {
	return &format.CorruptError{Structure: "btree block", Field: field, Found: found, Expected: expected}
}
