// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import (
	"context"
	"fmt"
	"iter"

	"scoutfs/engine/format"
)

// CursorOptions say how a Cursor reads.
type CursorOptions struct {
	// ReadAhead is the most leaves to read before they are reached; 0 is
	// DefaultReadAhead, and a negative number is none. Reading ahead starts
	// small when the cursor moves from one leaf to the next.
	ReadAhead int
	// End is the last key that is wanted: the cursor stops after it, and
	// reads nothing beyond it ahead. The zero key is no bound.
	End format.Key
}

// DefaultReadAhead is 2 MiB of leaves.
const DefaultReadAhead = 32

// Cursor reads a tree's items in key order. It is for one goroutine. It can
// be used again after it ended or failed, by Seek.
//
//	c := tree.NewCursor(btree.CursorOptions{})
//	for ok := c.Seek(ctx, start); ok; ok = c.Next() {
//		use(c.Item())
//	}
//	if err := c.Err(); err != nil {
type Cursor struct {
	tree Tree
	opts CursorOptions

	ctx context.Context // of the last Seek
	// frames are the blocks on the way to the current item by level.
	frames []frame
	// bound is the greatest key that may be in the leaf, endsHere whether
	// that is beyond the end.
	bound    format.Key
	endsHere bool

	key   format.Key        // of the current item
	item  *format.BtreeItem // the current item, nil if there is none
	value []byte
	err   error
}

// frame is a block on the way to the current item.
type frame struct {
	walk
	ref   format.Ref
	key   format.Key // of the walk's current item in a parent, which bounds its child
	ahead ahead
	// loaded has no meaning; see load.
	loaded byte
}

// NewCursor returns a cursor that stands nowhere until Seek. It is as large
// as a few hundred bytes for each level of the tree.
func (t *Tree) NewCursor(opts CursorOptions) *Cursor {
	if (opts.End == format.Key{}) {
		opts.End = format.MaxKey()
	}
	return t.newCursor(opts)
}

// newCursor is NewCursor with an End that is one even if it is zero.
func (t *Tree) newCursor(opts CursorOptions) *Cursor {
	if opts.ReadAhead == 0 {
		opts.ReadAhead = DefaultReadAhead
	}
	return &Cursor{
		tree:   *t,
		opts:   opts,
		frames: make([]frame, min(int(t.Root.Height), format.MaxBtreeHeight)),
	}
}

// Items returns the items in a range in ascending order. After an error,
// which is yielded with a zero Item, it ends. It may be ranged over any
// number of times; to resume a walk, start after the last key seen.
func (t *Tree) Items(ctx context.Context, r format.Range) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		c := t.newCursor(CursorOptions{End: r.End})
		for ok := c.Seek(ctx, r.Start); ok; ok = c.Next() {
			if !yield(c.Item(), nil) {
				return
			}
		}
		if c.err != nil {
			yield(Item{}, c.err)
		}
	}
}

// Seek stands the cursor at the first item at or after key, and reports
// whether there is one. Reads of blocks stop when ctx ends, also those of
// the calls of Next that follow.
//
// Seeking forward within the current leaf reads no block.
func (c *Cursor) Seek(ctx context.Context, key format.Key) bool {
	if c.item != nil && c.key.Less(key) && !c.bound.Less(key) {
		return c.seekLeaf(ctx, key)
	}
	c.ctx, c.item, c.err = ctx, nil, nil
	if c.opts.End.Less(key) {
		return false
	}
	if c.err = c.tree.checkRoot(); c.err != nil || len(c.frames) == 0 {
		return false
	}
	ref, bound := c.tree.Root.Ref, format.MaxKey()
	for level := len(c.frames) - 1; ; level-- {
		f := &c.frames[level]
		f.ahead.reset()
		b, err := c.tree.read(ctx, ref, level, key)
		if err != nil {
			return c.fail(err)
		}
		f.ref = ref
		if err := f.seek(b, key); err != nil {
			return c.failAt(err, level, key)
		}
		if level == 0 {
			c.key = key
			return c.enterLeaf(bound) && c.settle(true)
		}
		if f.atEnd() {
			if c.tree.Subtree && level == len(c.frames)-1 {
				return false
			}
			return c.fail(c.tree.noChild(ref, key))
		}
		f.key = b.Item(f.slot()).Key.Key()
		bound = f.key
		if ref, err = c.tree.child(b, ref, f.slot()); err != nil {
			return c.fail(err)
		}
	}
}

// seekLeaf is Seek to a key that is in the current leaf or nowhere before the
// next one.
func (c *Cursor) seekLeaf(ctx context.Context, key format.Key) bool {
	c.ctx, c.item, c.key = ctx, nil, key
	if c.opts.End.Less(key) {
		return false
	}
	leaf := &c.frames[0]
	if err := leaf.seek(leaf.b, key); err != nil {
		return c.failAt(err, 0, key)
	}
	return c.settle(true)
}

// Next moves to the following item, and reports whether there is one. It
// returns false before a Seek and after the end.
func (c *Cursor) Next() bool {
	if c.item == nil {
		return false
	}
	c.item = nil
	if err := c.frames[0].next(); err != nil {
		return c.failAt(err, 0, c.key)
	}
	return c.settle(false)
}

// settle takes the leaf walk's current item, from a later leaf if this one
// is at its end. The item's key must be after c.key, or if orEqual not
// before it.
func (c *Cursor) settle(orEqual bool) bool {
	leaf := &c.frames[0]
	for leaf.atEnd() {
		if !c.nextBlock(0) {
			return false
		}
	}
	it := leaf.b.Item(leaf.slot())
	key := it.Key.Key()
	if order := key.Compare(c.key); order < 0 || order == 0 && !orEqual {
		return c.failAt(orderError(c.key), 0, key)
	}
	if c.endsHere && c.opts.End.Less(key) {
		return false
	}
	val, err := value(leaf.b, it)
	if err != nil {
		return c.failAt(err, 0, key)
	}
	c.item, c.key, c.value = it, key, val
	return true
}

// nextBlock replaces the block at a level by the one that follows it, and
// reports whether there is one.
func (c *Cursor) nextBlock(level int) bool {
	parent := level + 1
	if parent == len(c.frames) {
		return false
	}
	p := &c.frames[parent]
	// A parent's key bounds what its child has.
	if !p.key.Less(c.opts.End) {
		return false
	}
	if err := p.next(); err != nil {
		return c.failAt(err, parent, p.key)
	}
	for p.atEnd() {
		if !c.nextBlock(parent) {
			return false
		}
	}
	key := p.b.Item(p.slot()).Key.Key()
	if !p.key.Less(key) {
		return c.failAt(orderError(p.key), parent, key)
	}
	p.key = key
	ref, err := c.tree.child(p.b, p.ref, p.slot())
	if err != nil {
		return c.fail(err)
	}
	c.readAhead(parent)
	return c.enter(level, ref, key)
}

// enter makes a block the one at a level and stands at its first item.
func (c *Cursor) enter(level int, ref format.Ref, bound format.Key) bool {
	b, err := c.tree.read(c.ctx, ref, level, bound)
	if err != nil {
		return c.fail(err)
	}
	f := &c.frames[level]
	f.ref = ref
	f.ahead.restart()
	f.loaded += load(b)
	if err := f.first(b); err != nil {
		return c.failAt(err, level, bound)
	}
	if level == 0 {
		return c.enterLeaf(bound)
	}
	if f.atEnd() {
		return c.fail(c.tree.noChild(ref, bound))
	}
	return true
}

// enterLeaf takes the bound of a new leaf's keys. A last item beyond it
// would be out of order with later leaves and hidden from searches.
func (c *Cursor) enterLeaf(bound format.Key) bool {
	c.bound, c.endsHere = bound, c.opts.End.Less(bound)
	leaf := &c.frames[0]
	last, _, err := split(leaf.b, format.MaxKey(), true)
	if err != nil {
		return c.failAt(err, 0, bound)
	}
	if last != none && bound.Less(leaf.b.Item(last).Key.Key()) {
		return c.failAt(&format.CorruptError{
			Structure: "btree block",
			Field:     "last key",
			Found:     leaf.b.Item(last).Key.Key().String(),
			Expected:  "at most " + bound.String(),
		}, 0, bound)
	}
	return true
}

// Key returns the current item's key. There must be one.
func (c *Cursor) Key() format.Key { return c.key }

// Item returns the current item. There must be one.
func (c *Cursor) Item() Item { return Item{c.key, c.item.Seq.Get(), c.item.Flags, c.value} }

// Err returns what ended the cursor, nil if it was the end of the items.
func (c *Cursor) Err() error { return c.err }

func (c *Cursor) fail(err error) bool {
	c.item, c.err = nil, err
	return false
}

func (c *Cursor) failAt(err error, level int, key format.Key) bool {
	return c.fail(c.tree.corrupt(err, c.frames[level].ref, key))
}

func orderError(after format.Key) error {
	return &format.CorruptError{
		Structure: "btree block",
		Field:     "key",
		Found:     "out of order",
		Expected:  fmt.Sprintf("more than %v", after),
	}
}
