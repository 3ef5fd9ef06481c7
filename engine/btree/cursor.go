// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import (
	"context"
	"iter"

	"scoutfs/engine/block"
	"scoutfs/engine/format"
)

// CursorOptions say how a Cursor reads.
type CursorOptions struct {
	// ReadAhead is the most leaves to read before they are reached; 0 is
	// DefaultReadAhead, and a negative number is none. Reading ahead starts
	// small when the cursor moves from one leaf to the next.
	ReadAhead int
	// Whole says that the cursor will go through all of its range: reading
	// ahead starts with the first leaf and in full, and each leaf's items are
	// put in order at once.
	Whole bool
	// Batch, if it is not nil, reads leaves, as many at once as it holds,
	// instead of reading ahead into the cache. It is the cursor's until the
	// end. An item's value is good until the cursor moves only.
	Batch *block.Batch
	// End is the last key that is wanted: the cursor stops after it, and
	// reads nothing beyond it ahead. The zero key is no bound.
	End format.Key
	// Leaf, if it is not nil, is called with each leaf that the cursor comes
	// to, before it takes an item from it. An error that it returns is why
	// the leaf cannot be used, and counts like one of reading it. A leaf that
	// could not be read comes without content and with the error.
	Leaf func(leaf Block, err error) error
	// Damaged, if it is not nil, is called with each range of keys, a part of
	// the cursor's, whose items cannot be told, and why. If it returns nil
	// the cursor goes on behind the range, otherwise it ends with what was
	// returned. The end of the context always ends the cursor. Without
	// Damaged the cursor ends with the first error.
	Damaged func(unknown format.Range, err error) error
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
	scan   scan // of the leaf instead of its frame's walk, if opts.Whole
	// endsHere is whether the end is in the current leaf.
	endsHere bool

	key   format.Key        // of the current item
	item  *format.BtreeItem // the current item, nil if there is none
	value []byte
	err   error

	refs []format.Ref // of the batch that is being filled
}

// frame is a block on the way to the current item.
type frame struct {
	walk
	ref format.Ref
	// keys are what keys may be in the block, as far as its parent says: the
	// start is not known if nobody asks for it.
	keys  format.Range
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
	c := &Cursor{
		tree:   *t,
		opts:   opts,
		frames: make([]frame, min(int(t.Root.Height), format.MaxBtreeHeight)),
	}
	if opts.Whole {
		c.scan.order = make([]uint16, 0, format.MaxLeafItems)
	}
	return c
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
	if c.item != nil && c.key.Less(key) && !c.frames[0].keys.End.Less(key) {
		return c.seekLeaf(ctx, key)
	}
	c.ctx, c.item, c.err, c.key = ctx, nil, nil, key
	if c.opts.End.Less(key) {
		return false
	}
	all := format.AllKeys()
	if err := c.tree.checkRoot(); err != nil {
		c.damaged(all, err)
		return false
	}
	if len(c.frames) == 0 {
		return false
	}
	parent, ok := c.descend(len(c.frames)-1, c.tree.Root.Ref, all, &key)
	if !ok && (c.err != nil || !c.nextLeaf(parent)) {
		return false
	}
	return c.settle(true)
}

// seekLeaf is Seek to a key that is in the current leaf or nowhere before the
// next one.
func (c *Cursor) seekLeaf(ctx context.Context, key format.Key) bool {
	c.ctx, c.item, c.key = ctx, nil, key
	if c.opts.End.Less(key) {
		return false
	}
	leaf := &c.frames[0]
	if c.opts.Whole {
		c.seekScan(leaf.b, key)
		return c.settleScan(true)
	}
	if err := leaf.seek(leaf.b, key); err != nil {
		return c.skipLeaf(key, err) && c.settle(true)
	}
	return c.settle(true)
}

// Next moves to the following item, and reports whether there is one. It
// returns false before a Seek and after the end.
func (c *Cursor) Next() bool {
	if c.item == nil {
		return false
	}
	if c.opts.Whole {
		if c.scan.at++; c.scan.at < c.scan.sure {
			c.takeSure()
			return true
		}
		c.item = nil
		return c.settleScan(false)
	}
	c.item = nil
	if err := c.frames[0].next(); err != nil {
		return c.skipLeaf(c.key.Next(), err) && c.settle(false)
	}
	return c.settle(false)
}

// settle takes the leaf walk's current item, from a later leaf if this one
// is at its end. The item's key must be after c.key, or if orEqual not
// before it.
func (c *Cursor) settle(orEqual bool) bool {
	if c.opts.Whole {
		return c.settleScan(orEqual)
	}
	leaf := &c.frames[0]
	for {
		for leaf.atEnd() {
			if !c.nextLeaf(1) {
				return false
			}
		}
		it := leaf.b.Item(leaf.slot())
		key := it.Key.Key()
		if order := key.Compare(c.key); order < 0 || order == 0 && !orEqual {
			if !c.skipLeaf(after(c.key, orEqual), c.tree.corrupt(orderError(c.key), leaf.ref, key)) {
				return false
			}
			continue
		}
		if c.endsHere && c.opts.End.Less(key) {
			return false
		}
		val, err := value(leaf.b, it)
		if err == nil {
			c.item, c.key, c.value = it, key, val
			return true
		}
		if !c.skipItem(key, err) {
			return false
		}
		orEqual = false
	}
}

// after returns the first key that the next item may have.
func after(key format.Key, orEqual bool) format.Key {
	if orEqual {
		return key
	}
	return key.Next()
}

// Key returns the current item's key. There must be one.
func (c *Cursor) Key() format.Key { return c.key }

// Item returns the current item. There must be one.
func (c *Cursor) Item() Item { return Item{c.key, c.item.Seq.Get(), c.item.Flags, c.value} }

// Deleted reports whether the current item deletes its key. There must be one.
func (c *Cursor) Deleted() bool { return c.item.Deleted() }

// Content returns the current item but for its key and flags. There must be
// one.
func (c *Cursor) Content() (seq uint64, value []byte) { return c.item.Seq.Get(), c.value }

// Err returns what ended the cursor, nil if it was the end of the items.
func (c *Cursor) Err() error { return c.err }
