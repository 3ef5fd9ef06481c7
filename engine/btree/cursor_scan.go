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
	// err is what is wrong behind the last one, nil if that is the end.
	err error
}

// collect takes a leaf's items. Keys ascend among those that it takes.
func (s *scan) collect(b *format.BtreeBlock) {
	s.order, s.at, s.err = s.order[:0], 0, nil
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
		s.order = append(s.order, slot)
		node = uint16(word(it, itemNode) >> 32)
	}
	s.err = checkCount(len(s.order), b)
}

// openScan takes a new leaf's items, from a key on if there is one.
func (c *Cursor) openScan(b *format.BtreeBlock, to *format.Key) error {
	c.scan.collect(b)
	bound := c.frames[0].keys.End
	c.endsHere = c.opts.End.Less(bound)
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
