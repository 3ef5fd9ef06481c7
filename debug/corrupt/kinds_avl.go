// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt

import (
	"scoutfs/debug/surgery"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// nodes returns the slots of a block whose nodes match.
func nodes(b *format.BtreeBlock, match func(slot int, n *format.AVLNode) bool) []int {
	var slots []int
	for i := range b.NrItems() {
		if match(i, &b.Item(i).Node) {
			slots = append(slots, i)
		}
	}
	return slots
}

func childless(_ int, n *format.AVLNode) bool { return n.Left.Get() == 0 && n.Right.Get() == 0 }

// onNode makes a damage of a change to a node that matches, in a block that
// has enough items.
func onNode(items int, match func(*format.BtreeBlock, int, *format.AVLNode) bool,
	change func(op *operation, b *format.BtreeBlock, slot int, n *format.AVLNode),
) func(*operation) error {
	matching := func(b *format.BtreeBlock) []int {
		return nodes(b, func(slot int, n *format.AVLNode) bool { return match(b, slot, n) })
	}
	return func(op *operation) error {
		b, err := op.someTreeBlock(func(_ treeBlock, b *format.BtreeBlock) bool {
			return b.NrItems() >= items && len(matching(b)) > 0
		})
		if err != nil {
			return err
		}
		slot, err := choose(op, matching(b))
		if err == nil {
			change(op, b, slot, &b.Item(slot).Node)
		}
		return err
	}
}

func anyNode(*format.BtreeBlock, int, *format.AVLNode) bool { return true }

func isChildless(_ *format.BtreeBlock, slot int, n *format.AVLNode) bool { return childless(slot, n) }

// isTwin matches a node without children whose parent has another such child:
// without it nothing changes but that it is gone.
func isTwin(b *format.BtreeBlock, slot int, n *format.AVLNode) bool {
	parent, ok := b.NodeSlot(n.Parent.Get())
	if !ok || !childless(slot, n) {
		return false
	}
	p := &b.Item(parent).Node
	left, ok1 := b.NodeSlot(p.Left.Get())
	right, ok2 := b.NodeSlot(p.Right.Get())
	return ok1 && ok2 && childless(left, &b.Item(left).Node) && childless(right, &b.Item(right).Node)
}

// unlink takes a node off its parent.
func unlink(b *format.BtreeBlock, slot int) {
	node := format.NodeOffset(slot)
	parent, _ := b.NodeSlot(b.Item(slot).Node.Parent.Get())
	p := &b.Item(parent).Node
	if p.Left.Get() == node {
		p.Left.Set(0)
	} else {
		p.Right.Set(0)
	}
}

func avlKinds() []Kind {
	const needs = "tree block with items enough"
	return []Kind{
		{
			Name: "avl-parent", Problem: problem.AVLLink, Needs: needs,
			Does: "Changes the link from an item to the one above it in its block.",
			apply: onNode(2, anyNode, func(op *operation, b *format.BtreeBlock, slot int, n *format.AVLNode) {
				to := format.NodeOffset(op.pick(b.NrItems()))
				for to == n.Parent.Get() {
					to = format.NodeOffset(op.pick(b.NrItems()))
				}
				n.Parent.Set(to)
			}),
		},
		{
			Name: "avl-link-nowhere", Problem: problem.AVLLink, Needs: needs,
			Does: "Links an item to a place in its block that is no item's.",
			apply: onNode(1, isChildless, func(op *operation, _ *format.BtreeBlock, _ int, n *format.AVLNode) {
				n.Left.Set(format.NodeOffset(0) + 1 + uint16(op.pick(7)))
			}),
		},
		{
			Name: "avl-link-loop", Problem: problem.AVLLink, Needs: needs,
			Does: "Links the last item of a branch back to the first of its block's tree.",
			apply: onNode(3, isChildless, func(_ *operation, b *format.BtreeBlock, _ int, n *format.AVLNode) {
				n.Right.Set(b.Head().ItemRoot.Get())
			}),
		},
		{
			Name: "avl-height", Problem: problem.AVLHeight, Needs: needs,
			Does: "Changes the height of an item in its block's tree.",
			apply: onNode(3, anyNode, func(op *operation, _ *format.BtreeBlock, _ int, n *format.AVLNode) {
				n.Height += byte(1 + op.pick(200))
			}),
		},
		{
			Name: "avl-balance", Problem: problem.AVLBalance, Needs: needs,
			Does: "Turns the tree of a block so that its sides differ in depth, with right heights.",
			apply: func(op *operation) error {
				b, err := op.someTreeBlock(withItems(7))
				if err != nil {
					return err
				}
				return surgery.Unbalance(b)
			},
		},
		{
			Name: "avl-unlinked", Problem: problem.AVLUnlinked, Needs: needs,
			Does: "Takes the link to an item away from its block's tree.",
			apply: onNode(3, isTwin, func(_ *operation, b *format.BtreeBlock, slot int, _ *format.AVLNode) {
				unlink(b, slot)
			}),
		},
	}
}

func orderKinds() []Kind {
	const tall = "tree with parent blocks"
	return []Kind{
		{
			Name: "tree-key-order", Problem: problem.BtreeKeyOrder, Needs: "tree block with items enough",
			Does: "Moves an item of a block to the wrong side of the one above it.",
			apply: onNode(2, func(b *format.BtreeBlock, _ int, n *format.AVLNode) bool {
				// One of mkfs has the height 0 there, which only one shape allows.
				return n.Height > 0 && (n.Left.Get() == 0) != (n.Right.Get() == 0)
			}, func(_ *operation, _ *format.BtreeBlock, _ int, n *format.AVLNode) {
				n.Left, n.Right = n.Right, n.Left
			}),
		},
		{
			Name: "tree-key-range", Problem: problem.BtreeKeyRange, Needs: tall,
			Does:  "Lowers the last key that a parent has for a leaf below the leaf's last item.",
			apply: keyRange,
		},
		{
			Name: "tree-last-key", Problem: problem.BtreeLastKey, Needs: tall,
			Does:  "Lowers the last key of a tree's root.",
			apply: lastKey,
		},
	}
}

func keyRange(op *operation) error {
	all, err := op.treeBlocks(op.everyTree())
	if err != nil {
		return err
	}
	for _, i := range op.rng.Perm(len(all)) {
		at := all[i]
		if at.level != 0 || len(at.path) < 2 {
			continue
		}
		items, err := op.v.ItemsOfLeaf(at.tree, at.path)
		if err != nil {
			return err
		}
		parent, err := op.v.Tree(at.parent())
		if err != nil {
			return err
		}
		slot := slotOfChild(parent, at.blkno())
		if len(items) < 2 || slot < 0 || parent.Item(slot).Key.Key().IsMax() {
			continue
		}
		parent.Item(slot).Key.Set(items[len(items)-2].Key)
		return nil
	}
	return errNone
}

func lastKey(op *operation) error {
	t, err := choose(op, where(op.everyTree(), func(t *surgery.Tree) bool { return t.Root.Height > 1 }))
	if err != nil {
		return err
	}
	b, err := op.v.Tree(t.Root.Ref.Blkno.Get())
	if err != nil {
		return err
	}
	for i := range b.NrItems() {
		if b.Item(i).Key.Key().IsMax() {
			last := format.MaxKey()
			last.Fourth = byte(op.pick(255))
			b.Item(i).Key.Set(last)
			return nil
		}
	}
	return errNone
}
