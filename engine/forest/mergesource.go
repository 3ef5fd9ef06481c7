// SPDX-License-Identifier: GPL-2.0-or-later

package forest

import (
	"context"
	"iter"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/format"
)

// mergedItems yields what all inputs together say about each key of a range,
// in order of the keys (docs/format.md 7.5): the item with the greatest seq,
// the first tree's of equal ones, and of a total the sum. Totals that add up
// to nothing are left out; deletions are items. A total's value is good until
// the next item.
func mergedItems(ctx context.Context, r *block.Reader, inputs []*format.LogTrees, within format.Range) iter.Seq2[btree.Item, error] {
	return func(yield func(btree.Item, error) bool) {
		m := merger{}
		for _, lt := range inputs {
			t := tree{
				id:    Tree{format.TreeLogItems, lt.RID.Get(), lt.Nr.Get()},
				name:  logTreesName(lt),
				btree: btree.Tree{Reader: r, Root: lt.ItemRoot.Root(), Kind: format.TreeLogItems},
			}
			m.add(ctx, &t, within)
		}
		for m.err == nil && len(m.heap) > 0 {
			if it, exists := m.next(); exists && !yield(it, nil) {
				return
			}
		}
		if m.err != nil {
			yield(btree.Item{}, m.err)
		}
	}
}

// merger walks the log trees that are merged side by side.
type merger struct {
	heap  []*mergeSource // those that have an item, the least one first
	total format.XattrTotal
	err   error
}

// mergeSource is one of the trees.
type mergeSource struct {
	tree   *tree
	cursor *btree.Cursor
	key    format.Key
	nr     int // place of the tree among the inputs
}

func (m *merger) add(ctx context.Context, t *tree, within format.Range) {
	if m.err != nil {
		return
	}
	src := &mergeSource{
		tree:   t,
		cursor: t.btree.NewCursor(btree.CursorOptions{End: within.End, Whole: true}),
		nr:     len(m.heap),
	}
	if !m.take(src, src.cursor.Seek(ctx, within.Start)) {
		return
	}
	m.heap = append(m.heap, src)
	for i := len(m.heap) - 1; i > 0 && m.heap[i].before(m.heap[(i-1)/2]); i = (i - 1) / 2 {
		m.heap[i], m.heap[(i-1)/2] = m.heap[(i-1)/2], m.heap[i]
	}
}

// take notes where a source's cursor has moved to; ok is what the move
// returned.
func (m *merger) take(src *mergeSource, ok bool) bool {
	if !ok {
		if err := src.cursor.Err(); err != nil {
			m.err = src.tree.failure(err)
		}
		return false
	}
	src.key = src.cursor.Key()
	return true
}

func (s *mergeSource) before(o *mergeSource) bool {
	c := s.key.Compare(o.key)
	return c < 0 || c == 0 && s.nr < o.nr
}

// next returns what the trees say about the least key, and moves on. exists is
// false if that is nothing, and after an error.
func (m *merger) next() (it btree.Item, exists bool) {
	key := m.heap[0].key
	it = m.heap[0].cursor.Item()
	if key.Zone == format.ZoneXattrTotl {
		return m.nextTotal(key)
	}
	m.advance()
	for len(m.heap) > 0 && m.heap[0].key == key {
		if other := m.heap[0].cursor.Item(); other.Seq > it.Seq {
			it = other
		}
		m.advance()
	}
	return it, m.err == nil
}

func (m *merger) nextTotal(key format.Key) (it btree.Item, exists bool) {
	it.Key = key
	var total, count uint64
	for len(m.heap) > 0 && m.heap[0].key == key {
		v := m.heap[0].cursor.Item()
		delta, err := format.ViewExact[format.XattrTotal](v.Value)
		if err != nil {
			m.err = m.heap[0].tree.failure(err)
			return it, false
		}
		total += delta.Total.Get()
		count += delta.Count.Get()
		it.Seq = max(it.Seq, v.Seq)
		m.advance()
	}
	m.total.Total.Set(total)
	m.total.Count.Set(count)
	it.Value = format.Bytes(&m.total)
	return it, m.err == nil && (total != 0 || count != 0)
}

// advance moves the first source on, and puts it where it belongs.
func (m *merger) advance() {
	src := m.heap[0]
	if !m.take(src, src.cursor.Next()) {
		last := len(m.heap) - 1
		m.heap[0], m.heap[last] = m.heap[last], nil
		m.heap = m.heap[:last]
	}
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(m.heap); child++ {
			if m.heap[child].before(m.heap[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		m.heap[i], m.heap[least] = m.heap[least], m.heap[i]
		i = least
	}
}
