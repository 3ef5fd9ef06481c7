// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import (
	"context"
	"fmt"

	"scoutfs/engine/format"
)

// Splice puts part, which was copied from a sub-tree of this tree and then
// changed by somebody else, in the place of the sub-tree of its height that
// covers key (docs/format.md 7.5). The sub-tree's blocks are not freed.
// part's height must be less than the tree's.
func (w *Writer) Splice(ctx context.Context, key format.Key, part format.Root) error {
	top := int(w.tree.Root.Height) - 1
	below := int(part.Height)
	if err := w.tree.checkRoot(); err != nil {
		return err
	}
	if below == 0 || below > top {
		return &format.CorruptError{
			Structure: "part of a btree",
			Place:     w.tree.Kind.String(),
			Field:     "height",
			Found:     fmt.Sprint(below),
			Expected:  fmt.Sprintf("at least 1 and at most %d", top),
		}
	}
	if _, err := w.tree.read(ctx, part.Ref, below-1, key); err != nil {
		return err
	}
	at, store := w.tree.Root.Ref, func(now format.Ref) { w.tree.Root.Ref = now }
	for level := top; level >= below; level-- {
		b, err := w.changeParent(ctx, at, level, key, store)
		if err != nil {
			return err
		}
		_, slot, err := split(b, key, false)
		if err != nil {
			return w.tree.corrupt(err, at, key)
		}
		if slot == none {
			return w.tree.noChild(at, key)
		}
		if at, err = w.tree.child(b, at, slot); err != nil {
			return err
		}
		val, _ := b.Value(b.Item(slot))
		ref, err := format.ViewExact[format.BlockRef](val)
		if err != nil {
			return err
		}
		store = ref.Set
	}
	store(part.Ref)
	return nil
}

// changeParent makes a block one that may be changed, and stores where it is.
func (w *Writer) changeParent(ctx context.Context, ref format.Ref, level int, key format.Key, store func(format.Ref)) (*format.BtreeBlock, error) {
	if _, err := w.tree.read(ctx, ref, level, key); err != nil {
		return nil, err
	}
	bytes, now, err := w.blocks.Change(ctx, ref, format.MagicBtree)
	if err != nil {
		return nil, err
	}
	store(now)
	return format.ViewBtreeBlock(bytes)
}
