// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import (
	"slices"

	"scoutfs/engine/format"
)

// mover moves items between blocks. It has memory for that.
type mover struct {
	from, to []uint16                     // slots in key order
	moved    [format.MaxBtreeSlots]uint16 // new slots by old ones
}

// side is an end of a block's items.
type side bool

const (
	first side = false // the smallest keys
	last  side = true
)

// orders reads the order of two blocks' items.
func (m *mover) orders(from, to *format.BtreeBlock) (err error) {
	if m.from, err = AppendOrder(m.from[:0], from); err != nil {
		return err
	}
	m.to, err = AppendOrder(m.to[:0], to)
	return err
}

// atLeast returns how many items at one end of the block that orders took from
// have at least so many bytes together: all if they have fewer.
func (m *mover) atLeast(b *format.BtreeBlock, at side, bytes int) (n int) {
	for moved := 0; n < len(m.from) && moved < bytes; n++ {
		i := n
		if at == last {
			i = len(m.from) - 1 - n
		}
		moved += itemRoom(int(b.Item(int(m.from[i])).ValLen.Get()))
	}
	return n
}

// move moves n items from one end of a block to the other end of another one
// that has room: orders was called with both.
func (m *mover) move(from, to *format.BtreeBlock, at side, n int) {
	stay, leave := m.from[n:], m.from[:n]
	if at == last {
		stay, leave = m.from[:len(m.from)-n], m.from[len(m.from)-n:]
	}
	start := to.NrItems()
	bytes := m.copyItems(from, to, leave)
	arrived := len(m.to)
	for slot := start; slot < to.NrItems(); slot++ {
		m.to = append(m.to, uint16(slot))
	}
	if at == last { // what was there comes after what arrived
		rotateLeft(m.to, arrived)
	}
	linkAll(to, m.to)
	if to.Level() == 0 {
		hashAll(to, start, to.NrItems())
	}
	m.keep(from, stay, leave, bytes)
}

// copyItems appends the items of slots to a block, and returns how many bytes
// they have.
func (m *mover) copyItems(from, to *format.BtreeBlock, slots []uint16) (bytes int) {
	for _, slot := range slots {
		it := from.Item(int(slot))
		off, n := int(it.ValOff.Get()), int(it.ValLen.Get())
		bytes += itemRoom(n)
		at := to.NrItems()
		to.Head().NrItems.Set(uint16(at + 1))
		grow(to, -format.BtreeItemSize, format.BtreeItemSize)
		*to.Item(at) = *it
		placeValue(to, to.Item(at), from[off:off+n])
	}
	return bytes
}

// keep removes the items of some slots from a block and keeps the others,
// given in key order. Values stay where they are.
func (m *mover) keep(b *format.BtreeBlock, stay, gone []uint16, bytes int) {
	const isGone = format.MaxBtreeSlots
	nr := b.NrItems()
	clear(m.moved[:nr])
	for _, slot := range gone {
		m.moved[slot] = isGone
	}
	kept := 0
	for slot := range nr {
		if m.moved[slot] == isGone {
			continue
		}
		if slot != kept {
			*b.Item(kept) = *b.Item(slot)
		}
		m.moved[slot] = uint16(kept)
		kept++
	}
	for i, slot := range stay {
		stay[i] = m.moved[slot]
	}
	b.Head().NrItems.Set(uint16(kept))
	grow(b, len(gone)*format.BtreeItemSize, -bytes)
	linkAll(b, stay)
	if b.Level() == 0 {
		clear(b[format.LeafHashOffset:])
		hashAll(b, 0, kept)
	}
}

// rotateLeft moves the first n elements behind the others.
func rotateLeft(s []uint16, n int) {
	slices.Reverse(s[:n])
	slices.Reverse(s[n:])
	slices.Reverse(s)
}
