// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt

import (
	"errors"

	"scoutfs/debug/surgery"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// onTreeBlock makes a damage of a change to a block of a tree that matches.
func onTreeBlock(match func(treeBlock, *format.BtreeBlock) bool, change func(*operation, *format.BtreeBlock)) func(*operation) error {
	return func(op *operation) error {
		b, err := op.someTreeBlock(match)
		if err == nil {
			change(op, b)
		}
		return err
	}
}

func shapeKinds() []Kind {
	const needs = "tree that is not empty"
	const tall = "tree with parent blocks"
	return []Kind{
		{
			Name: "tree-level", Problem: problem.BtreeLevel, Needs: needs,
			Does: "Changes the level of a tree block.",
			apply: onTreeBlock(anyBlock, func(op *operation, b *format.BtreeBlock) {
				b.Head().Level += byte(1 + op.pick(format.MaxBtreeHeight))
			}),
		},
		{
			Name: "tree-height", Problem: problem.BtreeLevel, Needs: needs,
			Does: "Makes the height of a tree one more than it is.",
			apply: func(op *operation) error {
				t, err := choose(op, op.everyTree())
				if err == nil {
					t.Root.Height++
				}
				return err
			},
		},
		{
			Name: "tree-nr-items", Problem: problem.BtreeItemCount, Needs: needs,
			Does: "Gives a tree block more items than any can have.",
			apply: onTreeBlock(anyBlock, func(op *operation, b *format.BtreeBlock) {
				b.Head().NrItems.Set(uint16(format.MaxBtreeSlots + op.some()))
			}),
		},
		{
			Name: "tree-leaf-empty", Problem: problem.BtreeEmptyLeaf, Needs: tall,
			Does:  "Adds a leaf without items to a tree.",
			apply: emptyLeaf,
		},
		{
			Name: "tree-single-child", Problem: problem.BtreeFewChildren, Needs: tall,
			Does:  "Puts a parent block with a single child between a tree's root and a leaf.",
			apply: singleChild,
		},
		{
			Name: "tree-item-bytes", Problem: problem.BtreeItemBytes, Needs: needs,
			Does: "Changes the count of bytes in use in a tree block.",
			apply: onTreeBlock(anyBlock, func(op *operation, b *format.BtreeBlock) {
				b.Head().TotalItemBytes.Set(b.Head().TotalItemBytes.Get() + uint16(op.some()))
			}),
		},
		{
			Name: "tree-mid-free", Problem: problem.BtreeMidFree, Needs: needs,
			Does: "Makes the free bytes of a tree block reach over a value.",
			apply: onTreeBlock(withItems(1), func(op *operation, b *format.BtreeBlock) {
				end := b.ValueEnd()
				for i := range b.NrItems() {
					if off := int(b.Item(i).ValOff.Get()); off > 0 {
						end = min(end, off)
					}
				}
				gap := end - format.BtreeItemsOffset - b.NrItems()*format.BtreeItemSize
				b.Head().MidFreeLen.Set(uint16(gap + format.BtreeValueAlign*(1+op.pick(8))))
			}),
		},
		{
			Name: "tree-pad", Problem: problem.BtreeHeadPad, Needs: needs,
			Does: "Sets a byte of the padding in the head of a tree block.",
			apply: onTreeBlock(anyBlock, func(op *operation, b *format.BtreeBlock) {
				pad := &b.Head().Pad
				pad[op.pick(len(pad))] = byte(1 + op.pick(255))
			}),
		},
	}
}

// parentWithGap picks a parent of leaves, and one of its children before whose
// items there are keys that no item has.
func (op *operation) parentWithGap() (parent *format.BtreeBlock, parentBlkno uint64, slot int, gap format.Key, err error) {
	all, err := op.treeBlocks(op.everyTree())
	if err != nil {
		return nil, 0, 0, gap, err
	}
	for _, i := range op.rng.Perm(len(all)) {
		at := all[i]
		if at.level != 0 || len(at.path) < 2 {
			continue
		}
		items, err := op.v.ItemsOfLeaf(at.tree, at.path)
		if err != nil || len(items) == 0 {
			return nil, 0, 0, gap, firstError(err, errNone)
		}
		parent, err := op.v.Tree(at.parent())
		if err != nil {
			return nil, 0, 0, gap, err
		}
		gap = items[0].Key.Prev()
		if slot := slotOfChild(parent, at.blkno()); slot >= 0 && !hasKey(parent, gap) && items[0].Key != (format.Key{}) {
			return parent, at.parent(), slot, gap, nil
		}
	}
	return nil, 0, 0, gap, errNone
}

func slotOfChild(parent *format.BtreeBlock, blkno uint64) int {
	for i := range parent.NrItems() {
		if ref, err := childRef(parent, i); err == nil && ref.Blkno.Get() == blkno {
			return i
		}
	}
	return -1
}

func hasKey(b *format.BtreeBlock, k format.Key) bool {
	for i := range b.NrItems() {
		if b.Item(i).Key.Key() == k {
			return true
		}
	}
	return false
}

func refValue(ref format.Ref) []byte {
	var r format.BlockRef
	r.Set(ref)
	return format.Bytes(&r)
}

func emptyLeaf(op *operation) error {
	_, blkno, _, gap, err := op.parentWithGap()
	if err != nil {
		return err
	}
	_, ref, err := op.v.NewTreeBlock(0)
	if err != nil {
		return err
	}
	return op.v.InsertInto(blkno, surgery.NewItem{Key: gap, Value: refValue(ref)})
}

// singleChild makes a new root over the old one and over a new block that has
// the old root's first child.
func singleChild(op *operation) error {
	t, err := choose(op, where(op.everyTree(), func(t *surgery.Tree) bool { return t.Root.Height > 1 }))
	if err != nil {
		return err
	}
	root := t.Root.Root()
	old, err := op.v.Tree(root.Ref.Blkno)
	if err != nil {
		return err
	}
	first := 0
	for i := range old.NrItems() {
		if old.Item(i).Key.Key().Less(old.Item(first).Key.Key()) {
			first = i
		}
	}
	key := old.Item(first).Key.Key()
	child, err := childRef(old, first)
	if err != nil || old.NrItems() < 3 {
		return firstError(err, errNone)
	}
	below := surgery.Item{Tree: t, Path: []uint64{root.Ref.Blkno}, Slot: first, Key: key}
	ref := child.Ref()
	if err := op.v.Remove(below); err != nil {
		return err
	}
	return op.growTree(t, root, surgery.NewItem{Key: key, Value: refValue(ref)})
}

// growTree puts a block with one item beside the root of a tree, and a new
// root over both.
func (op *operation) growTree(t *surgery.Tree, root format.Root, item surgery.NewItem) error {
	_, side, err := op.v.NewTreeBlock(int(root.Height) - 1)
	if err != nil {
		return err
	}
	_, top, err := op.v.NewTreeBlock(int(root.Height))
	if err != nil {
		return err
	}
	t.Root.Set(format.Root{Ref: top, Height: root.Height + 1})
	return errors.Join(
		op.v.InsertInto(side.Blkno, item),
		op.v.InsertInto(top.Blkno, surgery.NewItem{Key: item.Key, Value: refValue(side)}),
		op.v.InsertInto(top.Blkno, surgery.NewItem{Key: format.MaxKey(), Value: refValue(root.Ref)}),
	)
}
