// SPDX-License-Identifier: GPL-2.0-or-later

package forest

import (
	"context"

	"scoutfs/engine/btree"
	"scoutfs/engine/format"
)

// seekSource moves a source to its first item at or after a key and reports
// whether it has one inside the range.
func (c *Cursor) seekSource(ctx context.Context, src *source, k format.Key) bool {
	if src.changes != nil {
		return takeChange(src, src.changes.seek(k))
	}
	return c.take(src, src.cursor.Seek(ctx, k))
}

// nextOf moves a source on by one item.
func (c *Cursor) nextOf(src *source) bool {
	if src.changes != nil {
		return takeChange(src, src.changes.next())
	}
	return c.take(src, src.cursor.Next())
}

func takeChange(src *source, ok bool) bool {
	if ok {
		src.key = src.changes.at.key
	}
	return ok
}

func (src *source) item() btree.Item {
	if src.changes != nil {
		return src.changes.at.item()
	}
	return src.cursor.Item()
}

// bucketOf tells where a source's deltas count. The overlay's changes will be
// in a finalized tree that no merge in progress takes in.
func (c *Cursor) bucketOf(src *source) bucket {
	if src.changes != nil {
		return c.snapshot.overlayBucket()
	}
	return src.tree.bucket
}

// followOverlay takes up the walk after the overlay has changed: what it has
// behind the current item is part of the walk. A cursor that has come to its
// end stays there.
func (c *Cursor) followOverlay() bool {
	if c.err != nil || c.ended {
		return false
	}
	last := c.Item().Key
	if c.lone != nil {
		c.lone = nil
		if c.behind && !c.advance() {
			return false
		}
	}
	for at, i := range c.heap {
		if c.sources[i].changes != nil {
			c.heap = append(c.heap[:at], c.heap[at+1:]...)
			break
		}
	}
	// The overlay's source is the first.
	if !last.IsMax() && takeChange(&c.sources[0], c.changes.seek(last.Next())) {
		c.heap = append(c.heap, 0)
	}
	c.heapify()
	return true
}

func (c *Cursor) heapify() {
	for i := len(c.heap)/2 - 1; i >= 0; i-- {
		c.siftDown(i)
	}
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
