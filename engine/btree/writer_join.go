// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import (
	"context"

	"scoutfs/engine/format"
)

const (
	// joinAll is the most bytes of items of a block that are all moved to a
	// block that has few.
	joinAll = 2 * format.BtreeJoinLowWater
	// joinSpare is what is left free beside what was moved.
	joinSpare = format.BtreeItemSize + format.MaxBtreeValue
)

// refill moves items to the block of a level on the path, which is owned, from
// one beside it, if it has so few that it must not lose one more
// (docs/format.md 5.6). If moved is true the path leads nowhere any more, and
// the block may still have few.
func (w *Writer) refill(ctx context.Context, level int) (moved bool, err error) {
	if level+1 == w.height() || totalBytes(w.path[level].block) >= format.BtreeJoinLowWater {
		return false, nil
	}
	parent := &w.path[level+1]
	if level+2 == w.height() && parent.block.NrItems() == 1 {
		return true, w.lower(ctx, w.path[level].ref)
	}
	if moved, err := w.refill(ctx, level+1); moved || err != nil {
		return moved, err
	}
	if parent.block.NrItems() < 2 {
		return false, nil
	}
	return true, w.join(ctx, level)
}

// lower makes the only child of the root the root.
func (w *Writer) lower(ctx context.Context, child format.Ref) error {
	w.onPath = false
	if err := w.drop(ctx, w.tree.Root.Ref); err != nil {
		return err
	}
	w.tree.Root = format.Root{Ref: child, Height: w.tree.Root.Height - 1}
	return nil
}

// join moves items to a block from the one to its left, or from the one to its
// right if it is the first of its parent's.
func (w *Writer) join(ctx context.Context, level int) error {
	w.onPath = false
	b, parent := &w.path[level], &w.path[level+1]
	from, at, err := w.neighbour(ctx, level)
	if err != nil {
		return err
	}
	if err := w.mover.orders(from.block, b.block); err != nil {
		return w.tree.corrupt(err, from.ref, from.keys.Start)
	}
	n := from.block.NrItems()
	amount := totalBytes(from.block)
	if amount > joinAll {
		n = w.mover.atLeast(from.block, at, format.BtreeJoinLowWater)
		amount = format.BtreeJoinLowWater + joinSpare
	}
	if midFree(b.block) < amount+joinSpare {
		w.compactor.compact(b.block)
	}
	w.mover.move(from.block, b.block, at, n)
	switch {
	case from.block.NrItems() > 0:
		left, slot := from.block, from.slot
		if at == first {
			left, slot = b.block, parent.slot
		}
		return w.setBound(parent, slot, left)
	case at == last:
		removeItem(parent.block, from.slot)
	default:
		// The block takes the place of the one to its right, whose key is
		// the greater one.
		setRef(parent.block, from.slot, b.ref)
		removeItem(parent.block, parent.slot)
	}
	if err := w.drop(ctx, from.ref); err != nil {
		return err
	}
	if level+2 == w.height() && parent.block.NrItems() == 1 {
		return w.lower(ctx, b.ref)
	}
	return nil
}

// neighbour returns a block beside the one of a level on the path, made dirty,
// with its slot in the parent, and the side of it that is next to the block.
func (w *Writer) neighbour(ctx context.Context, level int) (from step, at side, err error) {
	parent := &w.path[level+1]
	key := parent.block.Item(parent.slot).Key.Key()
	slot, _, err := split(parent.block, key, false)
	at = last
	if err == nil && slot == none {
		_, slot, err = split(parent.block, key, true)
		at = first
	}
	if err != nil {
		return step{}, at, w.tree.corrupt(err, parent.ref, key)
	}
	from.slot = slot
	before, _, err := split(parent.block, parent.block.Item(slot).Key.Key(), false)
	if err != nil {
		return step{}, at, w.tree.corrupt(err, parent.ref, key)
	}
	from.keys = childKeys(parent.block, parent.keys, before, slot)
	if from.ref, err = w.tree.child(parent.block, parent.ref, slot); err != nil {
		return step{}, at, err
	}
	if from.block, err = w.tree.read(ctx, from.ref, level, from.keys.Start); err != nil {
		return step{}, at, err
	}
	if err := w.change(ctx, &from, level); err != nil {
		return step{}, at, err
	}
	setRef(parent.block, slot, from.ref)
	return from, at, nil
}

// setBound makes the last key of a block, which has some, the greatest that
// may be in it.
func (w *Writer) setBound(parent *step, slot int, b *format.BtreeBlock) error {
	at, _, err := split(b, format.MaxKey(), true)
	if err != nil {
		return w.tree.corrupt(err, parent.ref, parent.keys.Start)
	}
	parent.block.Item(slot).Key.Set(b.Item(at).Key.Key())
	return nil
}
