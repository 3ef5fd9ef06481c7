// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import (
	"fmt"

	"scoutfs/engine/format"
)

// avlCheck is the walk of a block's AVL tree.
type avlCheck struct {
	*verifier
	reached [(format.MaxBtreeSlots + 63) / 64]uint64 // slots, a bit each
	count   int
	last    int // slot of the item before in key order, or none
}

// verifyTree checks that the AVL links make one balanced tree of all items,
// with the right parents and heights, in which keys ascend within the range.
func (v *verifier) verifyTree() {
	c := avlCheck{verifier: v, last: none}
	c.subtree(v.head.ItemRoot.Get(), 0)
	if claimed := int(v.head.NrItems.Get()); c.count != claimed {
		v.report("avl tree", fmt.Sprintf("%d items", c.count), fmt.Sprintf("nr_items %d", claimed))
	}
	if c.last == none || v.b.Level() == 0 {
		return
	}
	if key := v.b.Item(c.last).Key.Key(); key != v.opts.Range.End {
		v.reportItem(c.last, "last key", key.String(), v.opts.Range.End.String())
	}
}

// subtree checks the tree below a node and returns its height. It visits no
// slot twice, so it ends on any links.
func (c *avlCheck) subtree(node, parent uint16) (height int) {
	if node == 0 || c.stopped {
		return 0
	}
	slot, ok := c.b.NodeSlot(node)
	if !ok {
		c.report("avl link", fmt.Sprint(node), fmt.Sprintf("an offset of one of %d items", c.nr))
		return 0
	}
	word, bit := &c.reached[slot/64], uint64(1)<<(slot%64)
	if *word&bit != 0 {
		c.reportItem(slot, "avl link", "reached twice", "one way to each item")
		return 0
	}
	*word |= bit
	c.count++

	n := &c.b.Item(slot).Node
	if found := n.Parent.Get(); found != parent {
		c.reportItem(slot, "avl parent", fmt.Sprint(found), fmt.Sprint(parent))
	}
	left := c.subtree(n.Left.Get(), node)
	c.order(slot)
	right := c.subtree(n.Right.Get(), node)

	height = 1 + max(left, right)
	if int(n.Height) != height && !c.mkfsHeight(slot) {
		c.reportItem(slot, "avl height", fmt.Sprint(n.Height), fmt.Sprint(height))
	}
	if left-right > 1 || right-left > 1 {
		c.reportItem(slot, "avl balance", fmt.Sprintf("%d left and %d right", left, right), "a difference of at most 1")
	}
	return height
}

// order checks the key of the next item in key order.
func (c *avlCheck) order(slot int) {
	key := c.b.Item(slot).Key.Key()
	if c.last != none {
		if last := c.b.Item(c.last).Key.Key(); !last.Less(key) {
			c.reportItem(slot, "key", "out of order", "more than "+last.String())
		}
	}
	c.last = slot
	if !c.opts.Range.Contains(key) {
		c.reportItem(slot, "key", "out of range",
			fmt.Sprintf("%v to %v", c.opts.Range.Start, c.opts.Range.End))
	}
}

// mkfsHeight reports whether the slot is the root item of a leaf as mkfs
// writes it, with height 0 (docs/format.md B, 1).
func (c *avlCheck) mkfsHeight(slot int) bool {
	first, root := &c.b.Item(0).Node, &c.b.Item(1).Node
	return slot == 1 && c.nr == 2 && c.head.Hdr.Seq.Get() == 1 && c.b.Level() == 0 &&
		c.head.ItemRoot.Get() == format.NodeOffset(1) &&
		root.Height == 0 && root.Left.Get() == format.NodeOffset(0) && root.Right.Get() == 0 &&
		first.Height == 1
}
