// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"scoutfs/engine/format"
)

const (
	// compactBelow is the part of a block, in percent of a parent's room
	// whatever the block, above which moving values together frees too little
	// to be worth it (docs/format.md 5.6).
	compactBelow = 80
	// appendFill is how many bytes of items a leaf gets that grows at its end
	// only. The rest is left for items that become longer later.
	appendFill = format.BtreeLeafBytes / 16 * 15

	refRoom = format.BtreeItemSize + format.BlockRefSize
)

// fullEnough reports whether the leaf on the path should get no item after its
// last one, although it has room for one of so many bytes with a key that is
// not in it.
func (w *Writer) fullEnough(need int, key format.Key) bool {
	b := w.path[0].block
	if totalBytes(b)+need <= appendFill {
		return false
	}
	_, after, err := split(b, key, false)
	return err == nil && after == none
}

// makeRoom makes room for an item, of so many bytes with a key, in the block
// of a level on the path, which is owned. The path leads nowhere any more if
// moved is true, and there may not be room yet.
func (w *Writer) makeRoom(ctx context.Context, level, need int, key format.Key) (moved bool, err error) {
	b := w.path[level].block
	if midFree(b) < need && totalBytes(b)*100/format.BtreeParentBytes < compactBelow {
		w.compactor.compact(b)
		return false, nil
	}
	if level+1 == w.height() {
		if w.height() == format.MaxBtreeHeight {
			return false, fmt.Errorf("%s: a height of %d is the greatest: %w", w.tree.Kind, w.height(), syscall.EFBIG)
		}
	} else if midFree(w.path[level+1].block) < refRoom {
		if moved, err := w.makeRoom(ctx, level+1, refRoom, key); moved || err != nil {
			return moved, err
		}
	}
	return true, w.split(ctx, level, key)
}

// split splits the block of a level on the path, whose parent has room for
// another item. The new block is the left one, unless nothing would move to
// the right one.
func (w *Writer) split(ctx context.Context, level int, key format.Key) error {
	w.onPath = false
	b := w.path[level].block
	other, ref, err := w.add(ctx, level)
	if err != nil {
		return err
	}
	if level+1 == w.height() {
		if err := w.raise(ctx); err != nil {
			return errors.Join(err, w.drop(ctx, ref))
		}
	}
	if err := w.mover.orders(b, other); err != nil {
		return w.tree.corrupt(err, w.path[level].ref, key)
	}
	parent := w.path[level+1].block
	n, bound := w.cut(level, key)
	if level == 0 && n == b.NrItems() {
		insertRef(parent, bound, w.path[level].ref)
		setRef(parent, w.path[level+1].slot, ref)
		return nil
	}
	w.mover.move(b, other, first, n)
	insertRef(parent, bound, ref)
	return nil
}

// cut returns how many items of a block go to the left, and the greatest key
// that may be there afterwards. The mover has the order of the items.
//
// It is the smaller half, unless an item is to come right behind the one
// stored before: then more are expected to follow, and all that is before them
// stays together.
func (w *Writer) cut(level int, key format.Key) (n int, bound format.Key) {
	b, order := w.path[level].block, w.mover.from
	keyAt := func(i int) format.Key { return b.Item(int(order[i])).Key.Key() }
	half := w.mover.atLeast(b, first, totalBytes(b)/2)
	i := half
	for i < len(order) && keyAt(i).Less(key) {
		i++
	}
	switch {
	case i <= half: // the key goes to the left, or right between
	case level > 0 && i >= len(order)-2:
		// A parent keeps two items. What follows will be before its last one.
		return len(order) - 2, keyAt(len(order) - 3)
	case level > 0:
	case i == len(order):
		return i, keyAt(i - 1)
	case w.hasStored && w.stored == keyAt(i-1):
		return i, keyAt(i).Prev()
	}
	return half, keyAt(half - 1)
}

// raise puts a new root above the old one.
func (w *Writer) raise(ctx context.Context) error {
	top := w.height()
	b, ref, err := w.add(ctx, top)
	if err != nil {
		return err
	}
	insertRef(b, format.MaxKey(), w.path[top-1].ref)
	w.path[top] = step{block: b, ref: ref, keys: format.AllKeys()}
	w.tree.Root = format.Root{Ref: ref, Height: uint8(top + 1)}
	return nil
}
