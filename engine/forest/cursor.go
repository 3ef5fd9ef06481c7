// SPDX-License-Identifier: GPL-2.0-or-later

package forest

import (
	"context"
	"fmt"
	"iter"
	"syscall"

	"scoutfs/engine/btree"
	"scoutfs/engine/format"
)

// Item is an item of the merged view. Value aliases a cached block, or for
// totals the cursor's own memory, and must not be changed; a total's value
// is good until the cursor moves.
type Item struct {
	Key   format.Key
	Seq   uint64
	Value []byte
}

// Cursor walks the merged view in key order. Walking costs no allocation per
// item. A Cursor belongs to one goroutine.
type Cursor struct {
	snapshot *Snapshot
	within   format.Range
	sources  []source
	heap     []int // indexes of sources that have an item, least first
	total    format.XattrTotal
	item     Item
	err      error
}

// source is one tree's place in the walk.
type source struct {
	tree   *tree
	cursor *btree.Cursor
	key    format.Key
}

// Cursor returns a cursor over the items of a range, placed before the
// first. Nothing is read until it moves.
func (s *Snapshot) Cursor(within format.Range) *Cursor {
	return &Cursor{snapshot: s, within: within}
}

// Next moves to the next item, the first at first, and reports whether there
// is one; if not, Err says why. Reads of blocks stop when ctx ends.
func (c *Cursor) Next(ctx context.Context) bool {
	if c.sources == nil && c.err == nil {
		return c.Seek(ctx, c.within.Start)
	}
	return c.settle()
}

// Seek moves to the first item at or after k inside the cursor's range and
// reports whether there is one; if not, Err says why.
func (c *Cursor) Seek(ctx context.Context, k format.Key) bool {
	if k.Less(c.within.Start) {
		k = c.within.Start
	}
	c.err = nil
	if c.sources == nil {
		c.open(ctx)
	}
	c.heap = c.heap[:0]
	for i := range c.sources {
		src := &c.sources[i]
		if !c.take(src, src.cursor.Seek(ctx, k)) {
			if c.err != nil {
				return false
			}
			continue
		}
		c.heap = append(c.heap, i)
	}
	for i := len(c.heap)/2 - 1; i >= 0; i-- {
		c.siftDown(i)
	}
	return c.settle()
}

// Item returns the item that the cursor is at.
func (c *Cursor) Item() Item { return c.item }

// Err returns what ended the walk: nil after the last item.
func (c *Cursor) Err() error { return c.err }

// open makes a source of each tree that can hold items of the range.
func (c *Cursor) open(ctx context.Context) {
	c.sources = make([]source, 0, len(c.snapshot.trees))
	for i := range c.snapshot.trees {
		t := &c.snapshot.trees[i]
		if c.snapshot.mayHold(ctx, t, c.within) {
			c.sources = append(c.sources, source{tree: t, cursor: t.btree.NewCursor(btree.CursorOptions{End: c.within.End})})
		}
	}
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
	return !c.within.End.Less(src.key)
}

// settle resolves the least key of all sources, over again until one exists.
func (c *Cursor) settle() bool {
	for c.err == nil && len(c.heap) > 0 {
		key := c.sources[c.heap[0]].key
		var exists bool
		if key.Zone == format.ZoneXattrTotl {
			exists = c.resolveTotal(key)
		} else {
			exists = c.resolveNewest(key)
		}
		if exists {
			return true
		}
	}
	return false
}

// resolveNewest takes all versions of a key off the sources and keeps the
// newest; of equal ones the first.
func (c *Cursor) resolveNewest(key format.Key) bool {
	var newest btree.Item
	for found := false; len(c.heap) > 0 && c.sources[c.heap[0]].key == key; found = true {
		it := c.sources[c.heap[0]].cursor.Item()
		if !found || it.Seq > newest.Seq {
			newest = it
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
		it := src.cursor.Item()
		if err := sum.add(src.tree.bucket, it.Seq, it.Value); err != nil {
			c.err = fmt.Errorf("total %s in %s: %w", key, src.tree.name, err)
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

// advance moves the least source on. It returns false on an error only.
func (c *Cursor) advance() bool {
	src := &c.sources[c.heap[0]]
	if !c.take(src, src.cursor.Next()) {
		last := len(c.heap) - 1
		c.heap[0] = c.heap[last]
		c.heap = c.heap[:last]
	}
	if c.err != nil {
		return false
	}
	c.siftDown(0)
	return true
}

// before orders the heap: by key, and for one key by tree.
func (c *Cursor) before(a, b int) bool {
	switch c.sources[a].key.Compare(c.sources[b].key) {
	case -1:
		return true
	case 1:
		return false
	}
	return a < b
}

func (c *Cursor) siftDown(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(c.heap); child++ {
			if c.before(c.heap[child], c.heap[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		c.heap[i], c.heap[least] = c.heap[least], c.heap[i]
		i = least
	}
}

// Items returns the items of a range in key order. After an error, which is
// the last pair, a walk can go on from the key after the last item's.
func (s *Snapshot) Items(ctx context.Context, within format.Range) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		c := s.Cursor(within)
		for c.Next(ctx) {
			if !yield(c.Item(), nil) {
				return
			}
		}
		if err := c.Err(); err != nil {
			yield(Item{}, err)
		}
	}
}

// First returns the first item of a range. Without one the error matches
// syscall.ENOENT.
func (s *Snapshot) First(ctx context.Context, within format.Range) (Item, error) {
	c := s.Cursor(within)
	if c.Next(ctx) {
		return c.Item(), nil
	}
	if err := c.Err(); err != nil {
		return Item{}, err
	}
	return Item{}, fmt.Errorf("no item from %s to %s: %w", within.Start, within.End, syscall.ENOENT)
}

// Lookup returns the item with a key. If it does not exist the error matches
// syscall.ENOENT.
func (s *Snapshot) Lookup(ctx context.Context, k format.Key) (Item, error) {
	return s.First(ctx, format.Range{Start: k, End: k})
}
