// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import (
	"sort"

	"scoutfs/engine/format"
)

// scan is a leaf's items in key order, for a cursor that will go through all
// of them: to collect them in one go is faster than to follow links from item
// to item, and keys are compared once.
type scan struct {
	order []uint16 // slots
	at    int      // in order
	// sure is how many of order the cursor may take without looking: their
	// values are where they should, and its end is not before them.
	sure int
	// err is what is wrong behind the last one, nil if that is the end.
	err error
}

// collect takes a leaf's items. Keys ascend among those that it takes.
func (s *scan) collect(b *format.BtreeBlock) {
	s.order, s.at, s.sure, s.err = s.order[:0], 0, 0, nil
	sound, end := true, b.ValueEnd()
	var stack [maxAVLDepth]uint16
	var last *itemBytes
	depth := 0
	for node := b.Head().ItemRoot.Get(); node != 0 || depth > 0; {
		for ; node != 0; depth++ {
			slot, ok := b.NodeSlot(node)
			if !ok {
				s.err = linkError(b, node)
				return
			}
			if depth == len(stack) {
				s.err = depthError()
				return
			}
			stack[depth] = uint16(slot)
			node = uint16(word(itemAt(b, slot), itemNode) >> 16)
		}
		depth--
		slot := stack[depth]
		it := itemAt(b, int(slot))
		if last != nil && !ascend(last, it) {
			// Without this the walk would not have to end.
			s.err = orderError(diskKey(last))
			return
		}
		last = it
		val := word(it, itemValue)
		off, n := int(val&0xffff), int(val>>16&0xffff)
		sound = sound && (n == 0 || n <= format.MaxBtreeValue && off >= format.BtreeItemsOffset && off+n <= end)
		s.order = append(s.order, slot)
		node = uint16(word(it, itemNode) >> 32)
	}
	s.err = checkCount(len(s.order), b)
	if sound && s.err == nil {
		s.sure = len(s.order)
	}
}

// before returns how many items come before a key.
func (s *scan) before(b *format.BtreeBlock, key format.Key) int {
	return sort.Search(len(s.order), func(i int) bool { return !diskKey(itemAt(b, int(s.order[i]))).Less(key) })
}

// openScan takes a new leaf's items, which were collected, from a key on if
// there is one.
func (c *Cursor) openScan(b *format.BtreeBlock, to *format.Key) error {
	bound := c.frames[0].keys.End
	c.endsHere = c.opts.End.Less(bound)
	if c.endsHere {
		c.scan.sure = min(c.scan.sure, c.scan.before(b, c.opts.End))
	}
	if n := len(c.scan.order); n > 0 {
		if last := diskKey(itemAt(b, int(c.scan.order[n-1]))); bound.Less(last) {
			return lastKeyError(last, bound)
		}
	}
	if to != nil {
		c.seekScan(b, *to)
	}
	return nil
}

// seekScan stands the scan at the first item at or after key.
func (c *Cursor) seekScan(b *format.BtreeBlock, key format.Key) {
	rest := c.scan.order[c.scan.at:]
	c.scan.at += sort.Search(len(rest), func(i int) bool { return !diskKey(itemAt(b, int(rest[i]))).Less(key) })
}

// takeSure takes an item that needs no look.
func (c *Cursor) takeSure() {
	slot := int(c.scan.order[c.scan.at])
	b := c.frames[0].b
	it := itemAt(b, slot)
	c.key, c.item, c.value = diskKey(it), b.Item(slot), nil
	val := word(it, itemValue)
	if n := int(val >> 16 & 0xffff); n > 0 {
		off := int(val & 0xffff)
		c.value = b[off : off+n : off+n]
	}
}

// Sure returns how many items with keys before a limit are certain to follow
// the current one, by calls of Next that return true.
func (c *Cursor) Sure(limit format.Key) int {
	if c.item == nil || c.scan.sure == 0 {
		return 0
	}
	return max(min(c.scan.before(c.frames[0].b, limit), c.scan.sure)-c.scan.at-1, 0)
}

// settleScan is settle of a cursor that goes through whole leaves.
func (c *Cursor) settleScan(orEqual bool) bool {
	s, leaf := &c.scan, &c.frames[0]
	for {
		for s.at == len(s.order) {
			err := s.err
			s.err = nil
			if err == nil {
				if !c.nextLeaf(1) {
					return false
				}
			} else if !c.skipLeaf(after(c.key, orEqual), err) {
				return false
			}
		}
		slot := int(s.order[s.at])
		key := diskKey(itemAt(leaf.b, slot))
		if s.at == 0 {
			// The items of one leaf are known to ascend.
			if order := key.Compare(c.key); order < 0 || order == 0 && !orEqual {
				s.order, s.err = s.order[:0], orderError(c.key)
				continue
			}
		}
		if c.endsHere && c.opts.End.Less(key) {
			return false
		}
		it := leaf.b.Item(slot)
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
