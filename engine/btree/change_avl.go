// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import (
	"encoding/binary"

	"scoutfs/engine/format"
)

// The functions of the files change_*.go change a block that Verify found
// sound, and keep it so. They do not check what Verify has checked.

// Offsets in an AVL node; see format.AVLNode.
const (
	nodeParent = 0
	nodeLeft   = 2
	nodeRight  = 4
	nodeHeight = 6
)

func link(b *format.BtreeBlock, node uint16, which int) uint16 {
	at := int(node) + format.AVLBase + which
	return binary.LittleEndian.Uint16(b[at : at+2])
}

func setLink(b *format.BtreeBlock, node uint16, which int, to uint16) {
	at := int(node) + format.AVLBase + which
	binary.LittleEndian.PutUint16(b[at:at+2], to)
}

// height returns the height of a node, 0 of none.
func height(b *format.BtreeBlock, node uint16) int {
	if node == 0 {
		return 0
	}
	return int(b[int(node)+format.AVLBase+nodeHeight])
}

func setHeight(b *format.BtreeBlock, node uint16, to int) {
	b[int(node)+format.AVLBase+nodeHeight] = byte(to)
}

// setNode stores a whole node with a zero pad.
func setNode(b *format.BtreeBlock, node, parent, left, right uint16, height int) {
	at := int(node) + format.AVLBase
	word := uint64(parent) | uint64(left)<<16 | uint64(right)<<32 | uint64(uint8(height))<<48
	binary.LittleEndian.PutUint64(b[at:at+8], word)
}

// insertNode links the item of a slot, whose key is new, into the AVL tree
// (docs/format.md 5.3).
func insertNode(b *format.BtreeBlock, slot int) {
	self, it := format.NodeOffset(slot), itemAt(b, slot)
	parent, which := uint16(0), 0
	for node := b.Head().ItemRoot.Get(); node != 0; node = link(b, node, which) {
		parent, which = node, nodeRight
		if ascend(it, nodeItem(b, node)) {
			which = nodeLeft
		}
	}
	setNode(b, self, parent, 0, 0, 1)
	if parent == 0 {
		b.Head().ItemRoot.Set(self)
		return
	}
	setLink(b, parent, which, self)
	balance(b, parent)
}

// removeNode takes the item of a slot out of the AVL tree. One with two
// children changes places with its successor first.
func removeNode(b *format.BtreeBlock, slot int) {
	node := format.NodeOffset(slot)
	left, right := link(b, node, nodeLeft), link(b, node, nodeRight)
	if left != 0 && right != 0 {
		swapWithSuccessor(b, node)
		left, right = 0, link(b, node, nodeRight)
	}
	child, parent := left|right, link(b, node, nodeParent)
	replaceChild(b, parent, node, child)
	balance(b, parent)
}

// swapWithSuccessor exchanges the places of a node with two children and of
// the node that follows it in key order.
func swapWithSuccessor(b *format.BtreeBlock, node uint16) {
	right := link(b, node, nodeRight)
	next := right
	for left := next; left != 0; left = link(b, left, nodeLeft) {
		next = left
	}
	nextParent, nextRight, nextHeight := link(b, next, nodeParent), link(b, next, nodeRight), height(b, next)

	replaceChild(b, link(b, node, nodeParent), node, next)
	left := link(b, node, nodeLeft)
	setLink(b, next, nodeLeft, left)
	setLink(b, left, nodeParent, next)
	setHeight(b, next, height(b, node))
	if nextParent == node {
		nextParent = next
		setLink(b, next, nodeRight, node)
	} else {
		setLink(b, next, nodeRight, right)
		setLink(b, right, nodeParent, next)
		setLink(b, nextParent, nodeLeft, node)
	}
	setNode(b, node, nextParent, 0, nextRight, nextHeight)
	if nextRight != 0 {
		setLink(b, nextRight, nodeParent, node)
	}
}

// replaceChild puts a node, or none, where another one hangs, from a parent
// or as the root.
func replaceChild(b *format.BtreeBlock, parent, child, by uint16) {
	switch {
	case parent == 0:
		b.Head().ItemRoot.Set(by)
	case link(b, parent, nodeLeft) == child:
		setLink(b, parent, nodeLeft, by)
	default:
		setLink(b, parent, nodeRight, by)
	}
	if by != 0 {
		setLink(b, by, nodeParent, parent)
	}
}

// balance puts heights and balance right from a node up to where nothing
// changes any more.
func balance(b *format.BtreeBlock, node uint16) {
	for node != 0 {
		before := height(b, node)
		left, right := link(b, node, nodeLeft), link(b, node, nodeRight)
		lh, rh := height(b, left), height(b, right)
		switch {
		case rh > lh+1:
			if height(b, link(b, right, nodeLeft)) > height(b, link(b, right, nodeRight)) {
				rotate(b, right, nodeLeft, nodeRight)
			}
			node = rotate(b, node, nodeRight, nodeLeft)
		case lh > rh+1:
			if height(b, link(b, left, nodeRight)) > height(b, link(b, left, nodeLeft)) {
				rotate(b, left, nodeRight, nodeLeft)
			}
			node = rotate(b, node, nodeLeft, nodeRight)
		default:
			setHeight(b, node, 1+max(lh, rh))
		}
		if height(b, node) == before {
			return
		}
		node = link(b, node, nodeParent)
	}
}

// rotate lifts a node's child from one side above it, so that the node becomes
// the child's on the other side, and returns the child.
func rotate(b *format.BtreeBlock, node uint16, from, to int) uint16 {
	child := link(b, node, from)
	inner := link(b, child, to)
	replaceChild(b, link(b, node, nodeParent), node, child)
	setLink(b, child, to, node)
	setLink(b, node, nodeParent, child)
	setLink(b, node, from, inner)
	if inner != 0 {
		setLink(b, inner, nodeParent, node)
	}
	fixHeight(b, node)
	fixHeight(b, child)
	return child
}

func fixHeight(b *format.BtreeBlock, node uint16) {
	setHeight(b, node, 1+max(height(b, link(b, node, nodeLeft)), height(b, link(b, node, nodeRight))))
}

// linkAll makes the AVL tree anew, of slots in key order, as flat as can be.
func linkAll(b *format.BtreeBlock, order []uint16) {
	root, _ := linkPart(b, order, 0)
	b.Head().ItemRoot.Set(root)
}

func linkPart(b *format.BtreeBlock, order []uint16, parent uint16) (node uint16, height int) {
	if len(order) == 0 {
		return 0, 0
	}
	middle := len(order) / 2
	node = format.NodeOffset(int(order[middle]))
	left, lh := linkPart(b, order[:middle], node)
	right, rh := linkPart(b, order[middle+1:], node)
	height = 1 + max(lh, rh)
	setNode(b, node, parent, left, right, height)
	return node, height
}
