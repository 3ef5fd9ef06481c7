// SPDX-License-Identifier: GPL-2.0-or-later

package testbulk

import (
	"slices"

	"scoutfs/engine/format"
)

// tree builds a btree from items in key order, bottom up. Blocks are filled
// to between 55 and 95 percent, as splits and deletions leave them.
type tree struct {
	blocks *blockWriter
	// place gives blocks their numbers.
	place  func() format.Ref
	levels []*level
	count  uint64 // blocks closed
	last   format.Key
	items  uint64
}

// level is the block that is being filled on a level.
type level struct {
	batch
	target int // bytes at which it is full
}

// held is how many items a parent keeps back when it closes, so that the
// last one of a level has at least two.
const held = 2

func (v *volume) newTree() *tree { return &tree{blocks: v.blocks, place: v.blocks.place.take} }

func (t *tree) err() error { return t.blocks.failed() }

// add adds an item with a key greater than all before. It panics on another,
// for then the model is wrong.
func (t *tree) add(it item) {
	if t.items > 0 && !t.last.Less(it.key) {
		panic("testbulk: key " + it.key.String() + " after " + t.last.String())
	}
	t.last = it.key
	t.items++
	if len(t.levels) == 0 {
		t.levels = append(t.levels, t.newLevel(0))
	}
	l := t.levels[0]
	if l.bytes+format.BtreeItemSize+format.ValueRoom(len(it.value)) > l.target {
		t.close(0, len(l.items))
	}
	t.levels[0].add(it)
}

func (t *tree) newLevel(height int) *level {
	room := format.BtreeLeafBytes
	if height > 0 {
		room = format.BtreeParentBytes
	}
	x := mix(t.count, saltBlock)
	return &level{batch: t.blocks.batch(), target: room*55/100 + int(x%uint64(room*40/100))}
}

// close writes a block of the first n items of a level.
func (t *tree) close(height, n int) {
	l := t.levels[height]
	rest := l.items[n:]
	ref := t.place()
	t.count++
	next := t.newLevel(height)
	for _, it := range rest {
		next.add(item{key: it.key, value: l.values[it.from:it.to]})
	}
	l.items = l.items[:n]
	l.bytes -= next.bytes
	key := l.items[n-1].key
	t.blocks.writeTree(ref, height, l.batch)
	t.levels[height] = next

	if height+1 == len(t.levels) {
		t.levels = append(t.levels, t.newLevel(height+1))
	}
	var value format.BlockRef
	value.Set(ref)
	parent := t.levels[height+1]
	parent.add(item{key: key, value: format.Bytes(&value)})
	if parent.bytes > parent.target {
		t.close(height+1, len(parent.items)-held)
	}
}

// finish closes the blocks that are left and returns the root.
func (t *tree) finish() format.Root {
	for height := 0; height < len(t.levels); height++ {
		l := t.levels[height]
		if height > 0 {
			l.items[len(l.items)-1].key = format.MaxKey()
		}
		if height+1 == len(t.levels) {
			ref := t.place()
			t.count++
			t.blocks.writeTree(ref, height, l.batch)
			return format.Root{Ref: ref, Height: uint8(height + 1)}
		}
		if len(l.items) > 0 {
			t.close(height, len(l.items))
		}
	}
	return format.Root{}
}

// batch is the items of a block in key order.
type batch struct {
	items  []batched
	values []byte
	bytes  int // that the items take
}

type batched struct {
	key      format.Key
	seq      uint64
	from, to int
	flags    uint8
}

func (b *batch) add(it item) {
	from := len(b.values)
	b.values = append(b.values, it.value...)
	b.items = append(b.items, batched{it.key, it.seq, from, len(b.values), it.flags})
	b.bytes += format.BtreeItemSize + format.ValueRoom(len(it.value))
}

// compose fills a zeroed block with the items of a batch. Where they are is
// random in part: slots are in the order in which items were inserted, and
// values that were replaced have left holes.
func compose(block []byte, height int, b *batch, seed uint64) {
	view, err := format.ViewBtreeBlock(block)
	if err != nil {
		panic(err) // all callers have whole blocks
	}
	head := view.Head()
	head.Level = byte(height)
	n := len(b.items)
	order := make([]uint16, n) // item in each slot
	for i := range order {
		order[i] = uint16(i)
	}
	for i := range n / 4 {
		x := mix(seed, uint64(i))
		a, c := x%uint64(n), (x>>32)%uint64(n)
		order[a], order[c] = order[c], order[a]
	}
	slots := make([]uint16, n) // slot of each item
	end := view.ValueEnd()
	spare := end - format.BtreeItemsOffset - b.bytes
	for slot, index := range order {
		slots[index] = uint16(slot)
		it := &b.items[index]
		to := view.Item(slot)
		to.Key.Set(it.key)
		to.Seq.Set(it.seq)
		to.Flags = it.flags
		if value := b.values[it.from:it.to]; len(value) > 0 {
			if slot%32 == 31 && spare >= 64 && seed>>60 > 4 {
				end, spare = end-64, spare-64
				copy(block[end:end+64], value)
			}
			end -= format.ValueRoom(len(value))
			to.ValOff.Set(uint16(end))
			to.ValLen.Set(uint16(len(value)))
			copy(block[end:], value)
		}
		if height == 0 {
			hashItem(view, slot)
		}
	}
	head.NrItems.Set(uint16(n))
	head.TotalItemBytes.Set(uint16(b.bytes))
	head.MidFreeLen.Set(uint16(end - format.BtreeItemsOffset - format.BtreeItemSize*n))
	root, _ := linkNodes(view, slots, 0)
	head.ItemRoot.Set(root)
}

// linkNodes makes slots, which are in key order, one balanced tree.
func linkNodes(b *format.BtreeBlock, slots []uint16, parent uint16) (node uint16, height int) {
	if len(slots) == 0 {
		return 0, 0
	}
	mid := len(slots) / 2
	node = format.NodeOffset(int(slots[mid]))
	left, lh := linkNodes(b, slots[:mid], node)
	right, rh := linkNodes(b, slots[mid+1:], node)
	n := &b.Item(int(slots[mid])).Node
	n.Parent.Set(parent)
	n.Left.Set(left)
	n.Right.Set(right)
	n.Height = byte(1 + max(lh, rh))
	return node, int(n.Height)
}

func hashItem(b *format.BtreeBlock, slot int) {
	bucket := int(format.Hash32(format.Bytes(&b.Item(slot).Key)) % format.LeafHashSlots)
	for b.LeafHash(bucket) != 0 {
		bucket = (bucket + 1) % format.LeafHashSlots
	}
	b.SetLeafHash(bucket, uint16(format.BtreeItemsOffset+slot*format.BtreeItemSize))
}

// countBlocks returns how many blocks a tree of n items without values takes.
func countTreeBlocks(n int) uint64 {
	counter := &blockWriter{}
	t := &tree{blocks: counter, place: func() format.Ref { return format.Ref{} }}
	for i := range n {
		t.add(item{key: format.Key{First: uint64(i)}})
	}
	t.finish()
	return t.count
}

func clearBatch(b batch) batch { return batch{items: slices.Clip(b.items)[:0], values: b.values[:0]} }
