// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import (
	"context"
	"iter"

	"scoutfs/engine/format"
)

// Block is one block of a tree.
type Block struct {
	Ref   format.Ref
	Level int
	// Range is what keys the block may have, by its ancestors. A parent's
	// last key is the range's end.
	Range format.Range
	// Block is the content; nil if it could not be read or was not asked
	// for.
	Block *format.BtreeBlock
	// Ordered says that the block's links are known to lead to all of its
	// items, with ascending keys.
	Ordered bool
}

// Blocks reads every block of the tree once, parents before their children
// and children in key order, and yields it with where it stands. Nothing is
// verified beyond what it takes to go on; see [Verify].
//
// Errors are yielded with the block that they concern: one that could not be
// read, whose Ref is zero if it could not even be told where it is, or once
// more one whose links or keys are wrong. The walk goes on after them with
// what else can be reached, and ends when ctx does.
func (t *Tree) Blocks(ctx context.Context) iter.Seq2[Block, error] {
	return t.blocks(ctx, blockWalk{leaves: true})
}

// Refs is Blocks without reading leaves, whose content is nil: it finds what
// blocks a tree uses at a small part of the cost.
func (t *Tree) Refs(ctx context.Context) iter.Seq2[Block, error] {
	return t.blocks(ctx, blockWalk{})
}

// UnfreedRefs is Refs of a tree that is being freed, a merged log tree:
// it yields the blocks that are still the tree's when freeing has come to
// the key progress, zero at first and MaxKey at the end (docs/format.md 6.6).
// Upstream never frees the parents of leaves; those that can still be
// reached are yielded, but not read if all their leaves are gone.
func (t *Tree) UnfreedRefs(ctx context.Context, progress format.Key) iter.Seq2[Block, error] {
	if progress.IsMax() {
		return func(func(Block, error) bool) {}
	}
	return t.blocks(ctx, blockWalk{progress: progress})
}

func (t *Tree) blocks(ctx context.Context, w blockWalk) iter.Seq2[Block, error] {
	return func(yield func(Block, error) bool) {
		root := Block{Ref: t.Root.Ref, Level: int(t.Root.Height) - 1, Range: format.AllKeys()}
		if err := t.checkRoot(); err != nil {
			yield(root, err)
			return
		}
		if t.Root.Height == 0 {
			return
		}
		w := w
		w.tree, w.ctx, w.yield = t, ctx, yield
		w.last = make([]lastKey, t.Root.Height)
		w.visit(root)
	}
}

// blockWalk is a walk of all blocks.
type blockWalk struct {
	tree   *Tree
	ctx    context.Context
	leaves bool // read leaves too
	// progress is the key before which leaves are freed.
	progress format.Key

	yield func(Block, error) bool
	// last is the last key seen in parents of a level, by level. Since keys
	// must grow, no parent's children are visited twice, however blocks
	// refer to each other.
	last []lastKey
	refs []format.Ref
}

type lastKey struct {
	key format.Key
	set bool
}

// advance takes a key, and reports whether it is after the one before.
func (l *lastKey) advance(key format.Key) bool {
	if l.set && !l.key.Less(key) {
		return false
	}
	l.key, l.set = key, true
	return true
}

// visit yields a block and those below it. It returns false when the walk
// is over.
func (w *blockWalk) visit(at Block) bool {
	gone := at.Range.End.Less(w.progress)
	switch {
	case gone && at.Level != 1:
		return true
	case gone, at.Level == 0 && !w.leaves:
		return w.yield(at, nil)
	}
	b, err := w.tree.read(w.ctx, at.Ref, at.Level, at.Range.Start)
	if err != nil {
		return w.yield(at, err) && w.ctx.Err() == nil
	}
	at.Block = b
	if w.tree.Subtree && at.Level == len(w.last)-1 && at.Level > 0 {
		if last, _, err := split(b, format.MaxKey(), true); err == nil && last != none {
			at.Range.End = b.Item(last).Key.Key()
		}
	}
	return w.yield(at, nil) && (at.Level == 0 || w.children(at))
}

// children visits the blocks below a parent.
func (w *blockWalk) children(at Block) bool {
	order, err := AppendOrder(nil, at.Block)
	if err != nil && !w.yield(at, w.tree.corrupt(err, at.Ref, at.Range.Start)) {
		return false
	}
	if len(order) == 0 {
		return w.yield(at, w.tree.noChild(at.Ref, at.Range.Start))
	}
	start := at.Range.Start
	for i, slot := range order {
		key := at.Block.Item(int(slot)).Key.Key()
		if last := &w.last[at.Level]; !last.advance(key) {
			return w.yield(at, w.tree.corrupt(orderError(last.key), at.Ref, key))
		}
		child := Block{Level: at.Level - 1, Range: format.Range{Start: start, End: key}}
		start = key.Next()
		w.readAhead(at, order, i)
		if child.Ref, err = w.tree.child(at.Block, at.Ref, int(slot)); err != nil {
			if !w.yield(child, err) {
				return false
			}
			continue
		}
		if !w.visit(child) {
			return false
		}
	}
	return true
}

// readAhead has the children after the i-th read, a window at a time.
func (w *blockWalk) readAhead(at Block, order []uint16, i int) {
	window := parentWindow
	switch lowest := 1; {
	case !w.leaves && at.Level == lowest:
		return
	case w.leaves && at.Level == lowest, !w.leaves && at.Level == lowest+1:
		window = DefaultReadAhead
	}
	if i%window != 0 {
		return
	}
	first := min(i+window, len(order))
	if i == 0 {
		first = 1
	}
	w.refs = w.refs[:0]
	for _, slot := range order[first:min(i+2*window, len(order))] {
		if ref, err := w.tree.child(at.Block, at.Ref, int(slot)); err == nil {
			w.refs = append(w.refs, ref)
		}
	}
	w.tree.prefetch(w.ctx, w.refs)
}
