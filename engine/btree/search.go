// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import (
	"fmt"

	"scoutfs/engine/format"
)

// none is the slot of no item.
const none = -1

// split divides a block's items into those before key and the rest, and
// returns the last slot of the first part and the first of the second, or
// none. Items equal to key are in the second part, or with equalBefore in
// the first. It takes a bounded number of steps on any links.
func split(b *format.BtreeBlock, key format.Key, equalBefore bool) (before, after int, err error) {
	before, after = none, none
	least := 0 // greatest comparison that counts as before
	if !equalBefore {
		least = -1
	}
	node := b.Head().ItemRoot.Get()
	for range maxAVLDepth {
		if node == 0 {
			return before, after, nil
		}
		slot, ok := b.NodeSlot(node)
		if !ok {
			return none, none, linkError(b, node)
		}
		it := b.Item(slot)
		if it.Key.Key().Compare(key) <= least {
			before, node = slot, it.Node.Right.Get()
		} else {
			after, node = slot, it.Node.Left.Get()
		}
	}
	if node == 0 {
		return before, after, nil
	}
	return none, none, depthError()
}

func linkError(b *format.BtreeBlock, node uint16) error {
	return avlError("avl link", fmt.Sprint(node), fmt.Sprintf("an offset of one of %d items", b.NrItems()))
}

func depthError() error {
	return avlError("avl tree", "too deep", fmt.Sprintf("at most %d levels", maxAVLDepth))
}

// walk goes through a block's items in key order, by the AVL links. The
// zero walk stands at the end.
type walk struct {
	b *format.BtreeBlock
	// stack has the slots whose items and right sub-trees are still to
	// come, the current one on top.
	stack [maxAVLDepth]uint16
	depth int
	// seen counts the items passed, for a walk that began at the first one.
	seen  int
	whole bool
}

// seek stands the walk at the first item at or after key.
func (w *walk) seek(b *format.BtreeBlock, key format.Key) error {
	*w = walk{b: b}
	node := b.Head().ItemRoot.Get()
	for range maxAVLDepth {
		if node == 0 {
			return nil
		}
		slot, ok := b.NodeSlot(node)
		if !ok {
			return linkError(b, node)
		}
		it := b.Item(slot)
		if it.Key.Key().Compare(key) < 0 {
			node = it.Node.Right.Get()
		} else {
			w.stack[w.depth] = uint16(slot)
			w.depth++
			node = it.Node.Left.Get()
		}
	}
	if node == 0 {
		return nil
	}
	return depthError()
}

// load reads through a block's items once, in the order in which they lie,
// which the processor does many times faster than following links to items
// that are not in its cache. It returns their bytes' sum, so that the
// compiler keeps the reads.
func load(b *format.BtreeBlock) (sum byte) {
	const line = 64
	for off := format.BtreeItemsOffset; off < format.BtreeItemsOffset+b.NrItems()*format.BtreeItemSize; off += line {
		sum += b[off]
	}
	return sum
}

// first stands the walk at the block's first item.
func (w *walk) first(b *format.BtreeBlock) error {
	*w = walk{b: b, whole: true}
	if err := w.descend(b.Head().ItemRoot.Get()); err != nil {
		return err
	}
	return w.checkEnd()
}

// next moves on by one item. The walk must not stand at the end. Links that
// lead back are not noticed here: the caller checks that keys ascend.
func (w *walk) next() error {
	w.depth--
	w.seen++
	if right := w.b.Item(int(w.stack[w.depth])).Node.Right.Get(); right != 0 {
		return w.descend(right)
	}
	return w.checkEnd()
}

// descend pushes a node and the nodes to its left.
func (w *walk) descend(node uint16) error {
	for node != 0 {
		slot, ok := w.b.NodeSlot(node)
		if !ok {
			return linkError(w.b, node)
		}
		if w.depth == len(w.stack) {
			return depthError()
		}
		w.stack[w.depth] = uint16(slot)
		w.depth++
		node = w.b.Item(slot).Node.Left.Get()
	}
	return nil
}

// checkEnd finds items that the links do not lead to.
func (w *walk) checkEnd() error {
	if w.depth == 0 && w.whole {
		return checkCount(w.seen, w.b)
	}
	return nil
}

// checkCount checks that the links have led to as many items as there are.
func checkCount(found int, b *format.BtreeBlock) error {
	if nr := int(b.Head().NrItems.Get()); found != nr {
		return avlError("avl tree", fmt.Sprintf("%d items", found), fmt.Sprintf("nr_items %d", nr))
	}
	return nil
}

// atEnd reports whether no item is left.
func (w *walk) atEnd() bool { return w.depth == 0 }

// slot returns the current item's slot.
func (w *walk) slot() int { return int(w.stack[w.depth-1]) }
