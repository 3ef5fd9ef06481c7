// SPDX-License-Identifier: GPL-2.0-or-later

package forest

import (
	"context"
	"fmt"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/format"
)

// Item is an item of the merged view. Value aliases a cached block, or the
// cursor's own memory, and must not be changed. A total's value, and with a
// Batch any, is good until the cursor moves.
type Item struct {
	Key   format.Key
	Seq   uint64
	Value []byte
}

// CursorOptions say how a Cursor reads the trees; see btree.CursorOptions,
// whose hooks are these with the tree.
type CursorOptions struct {
	ReadAhead int
	Whole     bool
	// Batch is for fs_root, which holds most of what there is.
	Batch *block.Batch
	Leaf  func(t Tree, leaf btree.Block, err error) error
	// Damaged is told of what is unknown of one tree. What the merged view
	// has there is then what the other trees say, and so unknown too.
	Damaged func(t Tree, unknown format.Range, err error) error
}

// Cursor walks the merged view in key order. Walking costs no allocation per
// item. A Cursor belongs to one goroutine.
type Cursor struct {
	snapshot *Snapshot
	within   format.Range
	opts     CursorOptions
	sources  []source
	heap     []int // indexes of sources that have an item, least first
	// lone is the first source of the heap while its items come before a
	// limit, with which those of others may begin. It has not been moved on
	// from the item that the cursor is at if behind; sure is how many more
	// items it has that need no comparison.
	lone   *source
	limit  format.Key
	behind bool
	sure   int
	// changes is the overlay's source, if the snapshot has one.
	changes *overlayCursor
	ended   bool
	total   format.XattrTotal
	value   []byte // of an item that several trees have
	item    Item
	err     error
}

// source is one tree's place in the walk, or the overlay's.
type source struct {
	tree    *tree
	cursor  *btree.Cursor  // nil for the overlay
	changes *overlayCursor // nil for a tree
	key     format.Key
}

// Cursor returns a cursor over the items of a range, placed before the
// first. Nothing is read until it moves.
func (s *Snapshot) Cursor(within format.Range) *Cursor {
	return s.CursorWith(within, CursorOptions{})
}

// CursorWith is Cursor with options. With a Leaf hook every tree's leaves of
// the range are read, also those that a bloom filter would let it pass over.
func (s *Snapshot) CursorWith(within format.Range, opts CursorOptions) *Cursor {
	return &Cursor{snapshot: s, within: within, opts: opts}
}

// Next moves to the next item, the first at first, and reports whether there
// is one; if not, Err says why. Reads of blocks stop when ctx ends.
func (c *Cursor) Next(ctx context.Context) bool {
	if c.sources == nil && c.err == nil {
		return c.Seek(ctx, c.within.Start)
	}
	if c.changes != nil && c.changes.stale() && !c.followOverlay() {
		return false
	}
	return c.settle()
}

// Seek moves to the first item at or after k inside the cursor's range and
// reports whether there is one; if not, Err says why.
func (c *Cursor) Seek(ctx context.Context, k format.Key) bool {
	if k.Less(c.within.Start) {
		k = c.within.Start
	}
	c.err, c.ended = nil, false
	if c.sources == nil {
		c.open(ctx)
	}
	c.heap, c.lone, c.behind = c.heap[:0], nil, false
	for i := range c.sources {
		src := &c.sources[i]
		if !c.seekSource(ctx, src, k) {
			if c.err != nil {
				return false
			}
			continue
		}
		c.heap = append(c.heap, i)
	}
	c.heapify()
	return c.settle()
}

// Item returns the item that the cursor is at.
func (c *Cursor) Item() Item {
	if c.lone == nil {
		return c.item
	}
	it := Item{Key: c.lone.cursor.Key()}
	it.Seq, it.Value = c.lone.cursor.Content()
	return it
}

// Err returns what ended the walk: nil after the last item.
func (c *Cursor) Err() error { return c.err }

// open makes a source of each tree that can hold items of the range.
func (c *Cursor) open(ctx context.Context) {
	c.sources = make([]source, 0, len(c.snapshot.trees)+1)
	if o := c.snapshot.overlay; o != nil {
		c.changes = newOverlayCursor(o, c.within.End)
		c.sources = append(c.sources, source{changes: c.changes})
	}
	within := filterOf(c.within)
	for i := range c.snapshot.trees {
		t := &c.snapshot.trees[i]
		if c.opts.Leaf != nil || c.snapshot.mayHold(ctx, t, &within) {
			c.sources = append(c.sources, source{tree: t, cursor: t.btree.NewCursor(c.treeOptions(t))})
		}
	}
}

func (c *Cursor) treeOptions(t *tree) btree.CursorOptions {
	opts := btree.CursorOptions{ReadAhead: c.opts.ReadAhead, Whole: c.opts.Whole, End: c.within.End}
	if t.bucket == bucketFS {
		opts.Batch = c.opts.Batch
	}
	if leaf := c.opts.Leaf; leaf != nil {
		opts.Leaf = func(b btree.Block, err error) error { return leaf(t.id, b, err) }
	}
	if damaged := c.opts.Damaged; damaged != nil {
		opts.Damaged = func(unknown format.Range, err error) error { return damaged(t.id, unknown, err) }
	}
	return opts
}

// take notes where a source's cursor has moved to; ok is what the move
// returned. It reports whether the source has an item inside the range.
func (c *Cursor) take(src *source, ok bool) bool {
	if !ok {
		if err := src.cursor.Err(); err != nil {
			c.err = src.tree.failure(err)
		}
		return false
	}
	src.key = src.cursor.Key()
	// The tree's cursor takes the zero key for no end.
	return c.within.End != (format.Key{}) || src.key == format.Key{}
}

// settle resolves the least key of all sources, over again until one exists.
func (c *Cursor) settle() bool {
	for c.err == nil {
		if c.lone != nil {
			if c.settleLone() {
				return true
			}
			continue
		}
		if len(c.heap) == 0 {
			c.ended = true
			return false
		}
		key := c.sources[c.heap[0]].key
		var exists bool
		switch {
		case key.Zone == format.ZoneXattrTotl:
			exists = c.resolveTotal(key)
		case c.stand(key):
			continue
		default:
			exists = c.resolveNewest(key)
		}
		if exists {
			return true
		}
	}
	return false
}

// stand makes the first source the lone one if it is a tree's and no other has
// the key. Totals are a limit like the keys of others: they are added up.
func (c *Cursor) stand(key format.Key) bool {
	if c.sources[c.heap[0]].changes != nil {
		return false
	}
	c.limit = format.MaxKey()
	if key.Zone < format.ZoneXattrTotl {
		c.limit = format.Key{Zone: format.ZoneXattrTotl}
	}
	for _, other := range c.heap[1:min(len(c.heap), 3)] {
		if k := &c.sources[other].key; k.Less(c.limit) {
			c.limit = *k
		}
	}
	if !key.Less(c.limit) {
		return false
	}
	c.lone, c.behind, c.sure = &c.sources[c.heap[0]], false, 0
	return true
}

// settleLone is settle as long as one source stands alone, whose items are
// the view's but for deletions. It returns false when the source does not
// stand alone any more.
func (c *Cursor) settleLone() bool {
	src := c.lone
	for {
		switch {
		case !c.behind:
			c.behind = true
		case c.sure > 0:
			c.sure--
			src.cursor.Next()
		case !c.take(src, src.cursor.Next()):
			c.lone = nil
			c.dropFirst()
			return false
		case !src.key.Less(c.limit):
			c.lone = nil
			c.siftDown(0)
			return false
		default:
			c.sure = src.cursor.Sure(c.limit)
		}
		if !src.cursor.Deleted() {
			return true
		}
	}
}

// resolveNewest takes all versions of a key off the sources and keeps the
// newest; of equal ones the first.
func (c *Cursor) resolveNewest(key format.Key) bool {
	var newest btree.Item
	changed := false // the overlay has the key: its source is the first
	for found := false; len(c.heap) > 0 && c.sources[c.heap[0]].key == key; found = true {
		src := &c.sources[c.heap[0]]
		it := src.item()
		if !found || it.Seq > newest.Seq && !changed {
			newest, changed = it, src.changes != nil
			if c.opts.Batch != nil { // its memory is used again when the source moves on
				c.value = append(c.value[:0], it.Value...)
				newest.Value = c.value
			}
		}
		if !c.advance() {
			return false
		}
	}
	if newest.Flags&format.ItemFlagDeletion != 0 {
		return false
	}
	c.item = Item{Key: key, Seq: newest.Seq, Value: newest.Value}
	return true
}

// resolveTotal adds up all versions of a total.
func (c *Cursor) resolveTotal(key format.Key) bool {
	var sum totals
	var seq uint64
	for len(c.heap) > 0 && c.sources[c.heap[0]].key == key {
		src := &c.sources[c.heap[0]]
		it := src.item()
		if err := sum.add(c.bucketOf(src), it.Seq, it.Value); err != nil && !c.damagedTotal(src.tree, key, err) {
			return false
		}
		seq = max(seq, it.Seq)
		if !c.advance() {
			return false
		}
	}
	total, exists := sum.resolve()
	if exists {
		c.total = total
		c.item = Item{Key: key, Seq: seq, Value: format.Bytes(&c.total)}
	}
	return exists
}

// damagedTotal reports whether the cursor goes on without a version of a
// total. If not it has ended.
func (c *Cursor) damagedTotal(t *tree, key format.Key, err error) bool {
	err = fmt.Errorf("total %s in %s: %w", key, t.name, err)
	if c.opts.Damaged != nil {
		err = c.opts.Damaged(t.id, format.Range{Start: key, End: key}, err)
	}
	c.err = err
	return err == nil
}

// advance moves the least source on. It returns false on an error only.
func (c *Cursor) advance() bool {
	src := &c.sources[c.heap[0]]
	if c.nextOf(src) {
		c.siftDown(0)
	} else {
		c.dropFirst()
	}
	return c.err == nil
}

// dropFirst takes the first source off the heap.
func (c *Cursor) dropFirst() {
	last := len(c.heap) - 1
	c.heap[0] = c.heap[last]
	c.heap = c.heap[:last]
	c.siftDown(0)
}
