// SPDX-License-Identifier: GPL-2.0-or-later

package surgery

import "scoutfs/engine/format"

// avl changes the AVL tree of a block that verifies (docs/format.md 5.3).
// Nodes are named by their offsets.
type avl struct{ b *format.BtreeBlock }

func slotOf(node uint16) int { return int(node-format.NodeOffset(0)) / format.BtreeItemSize }

func (t avl) at(node uint16) *format.AVLNode { return &t.b.Item(slotOf(node)).Node }

func (t avl) key(node uint16) format.Key { return t.b.Item(slotOf(node)).Key.Key() }

func (t avl) height(node uint16) int {
	if node == 0 {
		return 0
	}
	return int(t.at(node).Height)
}

func (t avl) setHeight(node uint16) {
	n := t.at(node)
	n.Height = byte(1 + max(t.height(n.Left.Get()), t.height(n.Right.Get())))
}

// balance is how much deeper the right side of a node is.
func (t avl) balance(node uint16) int {
	n := t.at(node)
	return t.height(n.Right.Get()) - t.height(n.Left.Get())
}

// replace puts a node, or none, in the place of a child of parent, which is 0
// for the root.
func (t avl) replace(parent, old, node uint16) {
	switch {
	case parent == 0:
		t.b.Head().ItemRoot.Set(node)
	case t.at(parent).Left.Get() == old:
		t.at(parent).Left.Set(node)
	default:
		t.at(parent).Right.Set(node)
	}
	if node != 0 {
		t.at(node).Parent.Set(parent)
	}
}

// insert links a node by its key, which no other node has.
func (t avl) insert(node uint16) {
	n := t.at(node)
	*n = format.AVLNode{Height: 1}
	parent, at := uint16(0), t.b.Head().ItemRoot.Get()
	for at != 0 {
		parent = at
		if t.key(node).Less(t.key(at)) {
			at = t.at(at).Left.Get()
		} else {
			at = t.at(at).Right.Get()
		}
	}
	n.Parent.Set(parent)
	switch {
	case parent == 0:
		t.b.Head().ItemRoot.Set(node)
	case t.key(node).Less(t.key(parent)):
		t.at(parent).Left.Set(node)
	default:
		t.at(parent).Right.Set(node)
	}
	t.rebalance(parent)
}

// remove takes a node out of the tree.
func (t avl) remove(node uint16) {
	n := t.at(node)
	left, right, parent := n.Left.Get(), n.Right.Get(), n.Parent.Get()
	if left == 0 || right == 0 {
		t.replace(parent, node, max(left, right))
		t.rebalance(parent)
		return
	}
	// The next node in order takes the place.
	next := right
	for t.at(next).Left.Get() != 0 {
		next = t.at(next).Left.Get()
	}
	from := t.at(next).Parent.Get()
	if from == node {
		from = next
	} else {
		t.replace(from, next, t.at(next).Right.Get())
		t.at(next).Right.Set(right)
		t.at(right).Parent.Set(next)
	}
	t.at(next).Left.Set(left)
	t.at(left).Parent.Set(next)
	t.replace(parent, node, next)
	t.rebalance(from)
}

// rebalance sets heights and rotates from a node up to the root.
func (t avl) rebalance(node uint16) {
	for node != 0 {
		switch t.balance(node) {
		case 2:
			if right := t.at(node).Right.Get(); t.balance(right) < 0 {
				t.rotateRight(right)
			}
			node = t.rotateLeft(node)
		case -2:
			if left := t.at(node).Left.Get(); t.balance(left) > 0 {
				t.rotateLeft(left)
			}
			node = t.rotateRight(node)
		default:
			t.setHeight(node)
		}
		node = t.at(node).Parent.Get()
	}
}

// rotateLeft lifts the right child over a node and returns it.
func (t avl) rotateLeft(node uint16) uint16 {
	up := t.at(node).Right.Get()
	inner := t.at(up).Left.Get()
	t.replace(t.at(node).Parent.Get(), node, up)
	t.at(up).Left.Set(node)
	t.at(node).Parent.Set(up)
	t.at(node).Right.Set(inner)
	if inner != 0 {
		t.at(inner).Parent.Set(node)
	}
	t.setHeight(node)
	t.setHeight(up)
	return up
}

// rotateRight lifts the left child over a node and returns it.
func (t avl) rotateRight(node uint16) uint16 {
	up := t.at(node).Left.Get()
	inner := t.at(up).Right.Get()
	t.replace(t.at(node).Parent.Get(), node, up)
	t.at(up).Right.Set(node)
	t.at(node).Parent.Set(up)
	t.at(node).Left.Set(inner)
	if inner != 0 {
		t.at(inner).Parent.Set(node)
	}
	t.setHeight(node)
	t.setHeight(up)
	return up
}

// moved redirects the links to a node that was copied to another slot.
func (t avl) moved(from, to uint16) {
	n := t.at(to)
	t.replaceChild(n.Parent.Get(), from, to)
	for _, child := range []uint16{n.Left.Get(), n.Right.Get()} {
		if child != 0 {
			t.at(child).Parent.Set(to)
		}
	}
}

func (t avl) replaceChild(parent, from, to uint16) {
	switch {
	case parent == 0:
		t.b.Head().ItemRoot.Set(to)
	case t.at(parent).Left.Get() == from:
		t.at(parent).Left.Set(to)
	default:
		t.at(parent).Right.Set(to)
	}
}

// Unbalance turns the tree of a block that verifies, and has three items or
// more, at its root, so that one side gets deeper than the other by two or
// more. Heights and order stay right.
func Unbalance(b *format.BtreeBlock) error {
	if err := checkShape(b); err != nil {
		return err
	}
	if b.NrItems() < 3 {
		return ErrNoRoom
	}
	t := avl{b}
	root := b.Head().ItemRoot.Get()
	if t.balance(root) <= 0 {
		t.rotateLeft(root)
	} else {
		t.rotateRight(root)
	}
	return nil
}
