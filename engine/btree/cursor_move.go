// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import (
	"fmt"

	"scoutfs/engine/format"
)

// descend makes a block, and those below it on the way to a key, the current
// ones, down to a leaf. With a nil key it is the way to the first leaf. If
// it cannot, it returns the level of the parent to go on from, which is one
// above the root if there is none; c.err says whether the cursor may.
func (c *Cursor) descend(level int, ref format.Ref, keys format.Range, to *format.Key) (parent int, ok bool) {
	for ; ; level-- {
		f := &c.frames[level]
		f.ref, f.keys = ref, keys
		if to != nil {
			f.ahead.reset()
		} else {
			f.ahead.restart()
		}
		err := c.open(level, to)
		if err == nil && level == 0 {
			return 0, true
		}
		if err == nil && f.atEnd() {
			if to != nil && c.tree.Subtree && level == len(c.frames)-1 {
				return len(c.frames), false
			}
			err = c.tree.noChild(ref, wanted(keys, to))
		}
		if err != nil {
			c.damaged(keys, err)
			return level + 1, false
		}
		if ref, keys, err = c.child(level, to); err != nil {
			c.damaged(keys, err)
			return level, false
		}
		if c.opts.Whole {
			c.readAhead(level)
		}
	}
}

// wanted is the key that a search for one, or for the first, leads to.
func wanted(keys format.Range, to *format.Key) format.Key {
	if to != nil {
		return *to
	}
	return keys.End
}

// open reads the block of a frame and stands at the first item at or after a
// key, or at the first one.
func (c *Cursor) open(level int, to *format.Key) error {
	f := &c.frames[level]
	b, err := c.read(level, wanted(f.keys, to))
	if err == nil && level == 0 && c.opts.Whole {
		c.scan.collect(b)
	}
	if level == 0 && c.opts.Leaf != nil && c.ctx.Err() == nil {
		// What the hook sees of the leaf is in the processor's cache.
		err = c.opts.Leaf(Block{Ref: f.ref, Range: f.keys, Block: b, Ordered: err == nil && c.opts.Whole && c.scan.err == nil}, err)
	}
	switch {
	case err != nil:
		return err
	case level == 0 && c.opts.Whole:
		f.b = b
		err = c.openScan(b, to)
	case to != nil:
		err = f.seek(b, *to)
	default:
		f.loaded += load(b)
		err = f.first(b)
	}
	if err == nil && level == 0 && !c.opts.Whole {
		err = c.enterLeaf()
	}
	if err != nil {
		return c.tree.corrupt(err, f.ref, wanted(f.keys, to))
	}
	return nil
}

// read reads the block of a frame.
func (c *Cursor) read(level int, key format.Key) (*format.BtreeBlock, error) {
	ref := c.frames[level].ref
	if level > 0 || c.opts.Batch == nil {
		return c.tree.read(c.ctx, ref, level, key)
	}
	batch := c.opts.Batch
	bytes, there, err := batch.Block(ref, format.MagicBtree)
	if !there {
		batch.Fill(c.ctx, c.leavesFrom(batch.Size()))
		if bytes, there, err = batch.Block(ref, format.MagicBtree); !there {
			return c.tree.read(c.ctx, ref, level, key)
		}
	}
	return c.tree.view(bytes, err, ref, level, key)
}

// leavesFrom returns the references of the current leaf and of those after it
// that its parent has and that are wanted, n at most.
func (c *Cursor) leavesFrom(n int) []format.Ref {
	c.refs = append(c.refs[:0], c.frames[0].ref)
	if len(c.frames) == 1 {
		return c.refs
	}
	p := &c.frames[1]
	for w, last := p.walk, p.key; len(c.refs) < n && last.Less(c.opts.End); {
		if w.next() != nil || w.atEnd() {
			break
		}
		ref, err := c.tree.child(w.b, p.ref, w.slot())
		if err != nil {
			break
		}
		c.refs = append(c.refs, ref)
		last = w.b.Item(w.slot()).Key.Key()
	}
	return c.refs
}

// enterLeaf checks the end of a new leaf's keys. A last item beyond it would
// be out of order with later leaves and hidden from searches.
func (c *Cursor) enterLeaf() error {
	leaf := &c.frames[0]
	bound := leaf.keys.End
	c.endsHere = c.opts.End.Less(bound)
	last, _, err := split(leaf.b, format.MaxKey(), true)
	if err == nil && last != none && bound.Less(leaf.b.Item(last).Key.Key()) {
		err = lastKeyError(leaf.b.Item(last).Key.Key(), bound)
	}
	return err
}

func lastKeyError(last, bound format.Key) error {
	return &format.CorruptError{
		Structure: "btree block",
		Field:     "last key",
		Found:     last.String(),
		Expected:  "at most " + bound.String(),
	}
}

// child returns the reference in the current item of a parent that was just
// opened, and the keys that may be below it.
func (c *Cursor) child(level int, to *format.Key) (format.Ref, format.Range, error) {
	f := &c.frames[level]
	f.key = f.b.Item(f.slot()).Key.Key()
	keys := format.Range{Start: f.keys.Start, End: f.key}
	if to != nil && (c.opts.Leaf != nil || c.opts.Damaged != nil) {
		// The same links have just been followed without an error.
		if before, _, err := split(f.b, *to, false); err == nil && before != none {
			keys.Start = f.b.Item(before).Key.Key().Next()
		}
	}
	ref, err := c.tree.child(f.b, f.ref, f.slot())
	return ref, keys, err
}

// nextLeaf moves on to the leaf that follows, as the parent at a level has
// it, and reports whether there is one.
func (c *Cursor) nextLeaf(level int) bool {
	for level < len(c.frames) {
		p := &c.frames[level]
		// A parent's key bounds what its child has.
		if !p.key.Less(c.opts.End) {
			return false
		}
		before := p.key
		if !c.step(level) {
			if c.err != nil {
				return false
			}
			level++
			continue
		}
		keys := format.Range{Start: before.Next(), End: p.key}
		ref, err := c.tree.child(p.b, p.ref, p.slot())
		if err != nil {
			if !c.damaged(keys, err) {
				return false
			}
			continue
		}
		c.readAhead(level)
		var ok bool
		if level, ok = c.descend(level-1, ref, keys, nil); ok {
			return true
		}
		if c.err != nil {
			return false
		}
	}
	return false
}

// step moves a parent to its next item, and reports whether there is one. If
// it cannot tell, what is left of the parent is damaged.
func (c *Cursor) step(level int) bool {
	p := &c.frames[level]
	err := p.next()
	if err == nil && p.atEnd() {
		return false
	}
	if err == nil {
		key := p.b.Item(p.slot()).Key.Key()
		if p.key.Less(key) {
			p.key = key
			return true
		}
		err = orderError(p.key)
	}
	if p.key.Less(p.keys.End) {
		c.damaged(format.Range{Start: p.key.Next(), End: p.keys.End}, c.tree.corrupt(err, p.ref, p.key))
	}
	return false
}

// skipLeaf gives up what is left of the current leaf from a key on, and
// moves to the next one.
func (c *Cursor) skipLeaf(from format.Key, err error) bool {
	leaf := &c.frames[0]
	return c.damaged(format.Range{Start: from, End: leaf.keys.End}, c.tree.corrupt(err, leaf.ref, from)) && c.nextLeaf(1)
}

// skipItem passes over an item whose value cannot be told.
func (c *Cursor) skipItem(key format.Key, err error) bool {
	leaf := &c.frames[0]
	if !c.damaged(format.Range{Start: key, End: key}, c.tree.corrupt(err, leaf.ref, key)) {
		return false
	}
	c.key = key
	if c.opts.Whole {
		c.scan.at++
		return true
	}
	if err := leaf.next(); err != nil {
		return c.skipLeaf(key.Next(), err)
	}
	return true
}

// damaged reports whether the cursor goes on after an error that hides a
// range of keys. If not the cursor has ended.
func (c *Cursor) damaged(keys format.Range, err error) bool {
	if c.opts.Damaged == nil || c.ctx.Err() != nil {
		return c.fail(err)
	}
	if keys.Start.Less(c.key) {
		keys.Start = c.key // nobody asked for what is before
	}
	if c.opts.End.Less(keys.End) {
		keys.End = c.opts.End
	}
	if keys.End.Less(keys.Start) {
		return true
	}
	if err := c.opts.Damaged(keys, err); err != nil {
		return c.fail(err)
	}
	return true
}

func (c *Cursor) fail(err error) bool {
	c.item, c.err = nil, err
	return false
}

func orderError(after format.Key) error {
	return &format.CorruptError{
		Structure: "btree block",
		Field:     "key",
		Found:     "out of order",
		Expected:  fmt.Sprintf("more than %v", after),
	}
}
