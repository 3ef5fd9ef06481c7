// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import (
	"context"
	"fmt"

	"scoutfs/engine/format"
)

// height returns the tree's height.
func (w *Writer) height() int { return int(w.tree.Root.Height) }

// seek makes the path lead to the leaf that has or would have a key. Nothing
// is changed.
func (w *Writer) seek(ctx context.Context, key format.Key) error {
	if err := w.descend(ctx, key, 0); err != nil {
		return err
	}
	w.onPath = true
	return nil
}

// descend is seek that reads no blocks below a level.
func (w *Writer) descend(ctx context.Context, key format.Key, lowest int) error {
	w.onPath, w.owned = false, false
	if err := w.tree.checkRoot(); err != nil {
		return err
	}
	ref, keys := w.tree.Root.Ref, format.AllKeys()
	for level := w.height() - 1; level >= lowest; level-- {
		b, err := w.tree.read(ctx, ref, level, key)
		if err != nil {
			return err
		}
		s := &w.path[level]
		*s = step{block: b, ref: ref, keys: keys}
		if level == 0 {
			break
		}
		before, after, err := split(b, key, false)
		if err != nil {
			return w.tree.corrupt(err, ref, key)
		}
		if after == none {
			return w.tree.noChild(ref, key)
		}
		keys = childKeys(b, keys, before, after)
		s.slot = after
		if ref, err = w.tree.child(b, ref, after); err != nil {
			return err
		}
	}
	return nil
}

// childKeys returns what keys may be in the child of a parent's slot, keys
// being the parent's.
func childKeys(b *format.BtreeBlock, keys format.Range, before, slot int) format.Range {
	if before != none {
		keys.Start = b.Item(before).Key.Key().Next()
	}
	keys.End = b.Item(slot).Key.Key()
	return keys
}

// leads reports whether the path leads to the leaf for a key, which is no less
// than the one of the last seek.
func (w *Writer) leads(key format.Key) bool {
	return w.onPath && w.height() > 0 && !w.path[0].keys.End.Less(key)
}

// slot finds a key in the leaf on the path, whatever the leaf's bytes.
func (w *Writer) slot(key format.Key) (slot int, b *format.BtreeBlock, err error) {
	if w.height() == 0 {
		return none, nil, nil
	}
	leaf := &w.path[0]
	if slot, err = lookup(leaf.block, key); err != nil {
		return none, nil, w.tree.corrupt(err, leaf.ref, key)
	}
	return slot, leaf.block, nil
}

// own makes all blocks on the path dirty, from the root down.
func (w *Writer) own(ctx context.Context) error {
	if w.owned {
		return nil
	}
	if err := w.ownDown(ctx, 0); err != nil {
		return err
	}
	w.owned = true
	return nil
}

// ownDown is own of the levels down to one.
func (w *Writer) ownDown(ctx context.Context, lowest int) error {
	for level := w.height() - 1; level >= lowest; level-- {
		s := &w.path[level]
		if err := w.change(ctx, s, level); err != nil {
			return err
		}
		if level == w.height()-1 {
			w.tree.Root.Ref = s.ref
		} else {
			setRef(w.path[level+1].block, w.path[level+1].slot, s.ref)
		}
	}
	return nil
}

// change makes a block dirty, having verified it. The reference that led to it
// is the caller's to change.
func (w *Writer) change(ctx context.Context, s *step, level int) error {
	if w.blocks.IsDirty(s.ref) {
		return nil
	}
	// A block with too few items is put right by joining it.
	opts := VerifyOptions{Level: level, Range: s.keys, Root: true, AnyItem: true}
	for v := range Verify(s.block, opts) {
		return fmt.Errorf("%s: %w", w.tree.Kind, v.Err)
	}
	bytes, ref, err := w.blocks.Change(ctx, s.ref, format.MagicBtree)
	if err != nil {
		return fmt.Errorf("%s: %w", w.tree.Kind, err)
	}
	if s.block, err = format.ViewBtreeBlock(bytes); err != nil {
		return err
	}
	s.ref = ref
	if root := s.block.Head().ItemRoot.Get(); root != 0 && height(s.block, root) == 0 {
		fixHeight(s.block, root) // mkfs wrote it (docs/format.md B)
	}
	return nil
}

// add adds a block without items to the tree, for the caller to link.
func (w *Writer) add(ctx context.Context, level int) (*format.BtreeBlock, format.Ref, error) {
	bytes, ref, err := w.blocks.New(ctx, format.MagicBtree)
	if err != nil {
		return nil, format.Ref{}, fmt.Errorf("%s: %w", w.tree.Kind, err)
	}
	b, err := format.ViewBtreeBlock(bytes)
	if err != nil {
		return nil, format.Ref{}, err
	}
	w.gained++
	initBlock(b, level)
	return b, ref, nil
}

// drop gives up a block that the tree does not need any more.
func (w *Writer) drop(ctx context.Context, ref format.Ref) error {
	if err := w.blocks.Free(ctx, ref); err != nil {
		return fmt.Errorf("%s: %w", w.tree.Kind, err)
	}
	w.gained--
	return nil
}

// plant gives an empty tree its first leaf.
func (w *Writer) plant(ctx context.Context) error {
	b, ref, err := w.add(ctx, 0)
	if err != nil {
		return err
	}
	w.path[0] = step{block: b, ref: ref, keys: format.AllKeys()}
	w.tree.Root = format.Root{Ref: ref, Height: 1}
	w.onPath, w.owned = true, true
	return nil
}

// fell makes a tree empty that is one leaf with one item.
func (w *Writer) fell(ctx context.Context) error {
	w.onPath, w.owned = false, false
	if err := w.drop(ctx, w.tree.Root.Ref); err != nil {
		return err
	}
	w.tree.Root = format.Root{}
	return nil
}
