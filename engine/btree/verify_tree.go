// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import (
	"fmt"

	"scoutfs/engine/format"
)

// avlCheck is a walk of a block's AVL tree.
type avlCheck struct {
	*verifier
	within int  // slots that links may lead to
	quiet  bool // only look whether the links make a tree

	reached [(format.MaxBtreeSlots + 63) / 64]uint64 // slots, a bit each
	count   int
	broken  bool // a link leads nowhere, or to an item that says otherwise
	last    int  // slot of the item before in key order, or none
}

// verifyTree checks that the AVL links make one balanced tree of all items,
// with the right parents and heights, in which keys ascend within the range.
func (v *verifier) verifyTree() {
	links := avlCheck{verifier: v, last: none, within: v.nr, quiet: true}
	links.subtree(v.head.ItemRoot.Get(), 0)
	if links.broken {
		links = avlCheck{verifier: v, last: none, within: v.nr}
		links.subtree(v.head.ItemRoot.Get(), 0)
		return
	}
	if links.count != v.nr {
		v.report(RuleAVLUnlinked, "avl tree", fmt.Sprintf("%d items", links.count), fmt.Sprintf("nr_items %d", v.nr))
		return
	}
	c := avlCheck{verifier: v, last: none, within: v.nr}
	c.subtree(v.head.ItemRoot.Get(), 0)
	if c.last == none || v.level == 0 || v.badKeys > 0 {
		return // out of order, or out of range, none is the last
	}
	if key := v.b.Item(c.last).Key.Key(); key != v.opts.Range.End {
		v.reportItem(RuleLastKey, c.last, "last key", key.String(), v.opts.Range.End.String())
	}
}

// subtree checks the tree below a node and returns its height. It visits no
// slot twice, so it ends on any links.
func (c *avlCheck) subtree(node, parent uint16) (height int) {
	if node == 0 || c.stopped || c.broken {
		return 0
	}
	slot, ok := nodeSlot(node, c.within)
	if !ok {
		c.fail(NoSlot, "avl link", fmt.Sprint(node), fmt.Sprintf("an offset of one of %d items", c.within))
		return 0
	}
	word, bit := &c.reached[slot/64], uint64(1)<<(slot%64)
	if *word&bit != 0 {
		c.fail(slot, "avl link", "reached twice", "one way to each item")
		return 0
	}
	*word |= bit
	c.count++

	n := &c.b.Item(slot).Node
	if found := n.Parent.Get(); found != parent {
		c.fail(slot, "avl parent", fmt.Sprint(found), fmt.Sprint(parent))
		return 0
	}
	left := c.subtree(n.Left.Get(), node)
	if !c.quiet && !c.broken {
		c.order(slot)
	}
	right := c.subtree(n.Right.Get(), node)
	height = 1 + max(left, right)
	if c.quiet || c.broken {
		return height
	}
	if int(n.Height) != height && !c.mkfsHeight(slot) {
		c.reportItem(RuleAVLHeight, slot, "avl height", fmt.Sprint(n.Height), fmt.Sprint(height))
	}
	if left-right > 1 || right-left > 1 {
		c.reportItem(RuleAVLBalance, slot, "avl balance", fmt.Sprintf("%d left and %d right", left, right), "a difference of at most 1")
	}
	return height
}

// nodeSlot is the slot of a node offset among so many.
func nodeSlot(node uint16, within int) (slot int, ok bool) {
	slot = (int(node) - (format.BtreeItemsOffset - format.AVLBase)) / format.BtreeItemSize
	return slot, node != 0 && slot < within && format.NodeOffset(slot) == node
}

// fail notes that the links are broken, which leaves the rest of the walk
// without a meaning.
func (c *avlCheck) fail(slot int, field, found, expected string) {
	c.broken = true
	if c.quiet {
		return
	}
	if slot == NoSlot {
		c.report(RuleAVLLink, field, found, expected)
		return
	}
	c.reportItem(RuleAVLLink, slot, field, found, expected)
}

// order checks the key of the next item in key order.
func (c *avlCheck) order(slot int) {
	key := c.b.Item(slot).Key.Key()
	previous := c.last
	c.last = slot
	if !c.opts.Range.Contains(key) {
		if c.level > 0 && c.count == c.nr && c.opts.Range.End.Less(key) {
			return // the last key of a parent has a rule of its own
		}
		c.badKeys++
		c.reportItem(RuleKeyRange, slot, "key", key.String(),
			fmt.Sprintf("%v to %v", c.opts.Range.Start, c.opts.Range.End))
		c.last = previous // what follows is not out of order for that
		return
	}
	if previous == none {
		return
	}
	if last := c.b.Item(previous).Key.Key(); !last.Less(key) {
		c.badKeys++
		c.reportItem(RuleKeyOrder, slot, "key", key.String(), "more than "+last.String())
	}
}

// mkfsHeight reports whether the slot is the root item of a leaf as mkfs
// writes it, with height 0 (docs/format.md B, 1).
func (v *verifier) mkfsHeight(slot int) bool {
	first, root := &v.b.Item(0).Node, &v.b.Item(1).Node
	return slot == 1 && v.nr == 2 && v.head.Hdr.Seq.Get() == 1 && v.level == 0 &&
		v.head.ItemRoot.Get() == format.NodeOffset(1) &&
		root.Height == 0 && root.Left.Get() == format.NodeOffset(0) && root.Right.Get() == 0 &&
		first.Height == 1
}
