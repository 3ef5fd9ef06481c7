// SPDX-License-Identifier: GPL-2.0-or-later

package testbulk

import (
	"bytes"

	"scoutfs/engine/format"
)

// item is an item for a tree. Its value is good until the next one is made.
type item struct {
	key   format.Key
	seq   uint64
	flags uint8
	value []byte
}

// itemList is the items of one inode, in key order. It keeps its memory.
type itemList struct {
	items   []listed
	values  []byte
	scratch []byte
}

// listed is an item whose value is a part of its list's values.
type listed struct {
	key      format.Key
	seq      uint64
	from, to int
}

func (l *itemList) reset() {
	l.items, l.values = l.items[:0], l.values[:0]
}

func (l *itemList) add(key format.Key, seq uint64, value []byte) {
	from := len(l.values)
	l.values = append(l.values, value...)
	l.items = append(l.items, listed{key, seq, from, len(l.values)})
}

func (l *itemList) item(i int) item {
	it := &l.items[i]
	return item{key: it.key, seq: it.seq, value: l.values[it.from:it.to]}
}

// put sends all items to a tree.
func (l *itemList) put(to func(item)) {
	for i := range l.items {
		to(l.item(i))
	}
}

// change sends what makes the items of l into those of next: its new and
// different ones, and deletions.
func (l *itemList) change(next *itemList, seq uint64, to func(item)) {
	i, j := 0, 0
	for i < len(l.items) || j < len(next.items) {
		var order int
		switch {
		case i == len(l.items):
			order = 1
		case j == len(next.items):
			order = -1
		default:
			order = l.items[i].key.Compare(next.items[j].key)
		}
		switch {
		case order < 0:
			to(item{key: l.items[i].key, seq: seq, flags: format.ItemFlagDeletion})
			i++
		case order > 0:
			it := next.item(j)
			it.seq = seq
			to(it)
			j++
		default:
			if it := next.item(j); !bytes.Equal(it.value, l.item(i).value) {
				it.seq = seq
				to(it)
			}
			i, j = i+1, j+1
		}
	}
}
