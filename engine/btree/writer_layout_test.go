// SPDX-License-Identifier: GPL-2.0-or-later

package btree_test

import (
	"bytes"
	"testing"

	"scoutfs/engine/btree"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

// slotFacts are what docs/format.md 5.3 says of an item.
type slotFacts struct {
	first               uint64
	parent, left, right uint16
	height              byte
	valOff, valLen      uint16
	bucket              int
}

func factsOf(b *format.BtreeBlock, slot int) slotFacts {
	it := b.Item(slot)
	f := slotFacts{
		first: it.Key.Key().First, parent: it.Node.Parent.Get(), left: it.Node.Left.Get(), right: it.Node.Right.Get(),
		height: it.Node.Height, valOff: it.ValOff.Get(), valLen: it.ValLen.Get(),
	}
	for f.bucket = 0; f.bucket < format.LeafHashSlots; f.bucket++ {
		if int(b.LeafHash(f.bucket)) == format.BtreeItemsOffset+slot*format.BtreeItemSize {
			break
		}
	}
	return f
}

func checkLayout(t *testing.T, when string, b *format.BtreeBlock, itemRoot, total, mid uint16, want []slotFacts) {
	t.Helper()
	head := b.Head()
	if head.ItemRoot.Get() != itemRoot || head.TotalItemBytes.Get() != total || head.MidFreeLen.Get() != mid || b.NrItems() != len(want) {
		t.Errorf("%s: item_root %d, total %d, mid_free %d, nr %d; want %d, %d, %d, %d", when,
			head.ItemRoot.Get(), head.TotalItemBytes.Get(), head.MidFreeLen.Get(), b.NrItems(), itemRoot, total, mid, len(want))
	}
	for slot := range want {
		if got := factsOf(b, slot); got != want[slot] {
			t.Errorf("%s: slot %d is %+v, want %+v", when, slot, got, want[slot])
		}
	}
}

// content returns a tree's blocks in the order of their keys, parents first.
func content(t *testing.T, tree *btree.Tree) (blocks []*format.BtreeBlock) {
	t.Helper()
	for at, err := range tree.Blocks(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		blocks = append(blocks, at.Block)
	}
	return blocks
}

// The worked example of docs/format.md 5.3.
func TestLeafIsLaidOutAsTheFormatSays(t *testing.T) {
	t.Parallel()
	g := newGarden(t, 10)
	w := btree.NewWriter(g.blocks, format.Root{}, format.TreeFSRoot)
	key := func(first uint64) format.Key { return format.Key{Zone: 16, Type: 4, First: first} }
	for i := range uint64(5) {
		if err := w.Insert(t.Context(), btree.Item{Key: key(i + 1), Value: bytes.Repeat([]byte{byte(i)}, int(3*i+3))}); err != nil {
			t.Fatal(err)
		}
	}
	leaf := content(t, w.Tree())[0]
	checkLayout(t, "inserted", leaf, 72, 344, 62120, []slotFacts{
		{1, 72, 0, 0, 1, 62504, 3, 1040},
		{2, 0, 16, 184, 3, 62496, 6, 1019},
		{3, 184, 0, 0, 1, 62480, 9, 66},
		{4, 72, 128, 240, 2, 62464, 12, 189},
		{5, 184, 0, 0, 1, 62448, 15, 1156},
	})
	if err := w.Delete(t.Context(), key(2)); err != nil {
		t.Fatal(err)
	}
	checkLayout(t, "deleted", leaf, 128, 280, 62176, []slotFacts{
		{1, 128, 0, 0, 1, 62504, 3, 1040},
		{5, 184, 0, 0, 1, 62448, 15, 1156},
		{3, 0, 16, 184, 3, 62480, 9, 66},
		{4, 128, 0, 72, 2, 62464, 12, 189},
	})
	btree.Compact(leaf)
	checkLayout(t, "compacted", leaf, 128, 280, 62184, []slotFacts{
		{1, 128, 0, 0, 1, 62504, 3, 1040},
		{5, 184, 0, 0, 1, 62456, 15, 1156},
		{3, 0, 16, 184, 3, 62488, 9, 66},
		{4, 128, 0, 72, 2, 62472, 12, 189},
	})
	checkTree(t, g.commit(t, w.Root()), []btree.Item{
		{Key: key(1), Value: make([]byte, 3)},
		{Key: key(3), Value: bytes.Repeat([]byte{2}, 9)},
		{Key: key(4), Value: bytes.Repeat([]byte{3}, 12)},
		{Key: key(5), Value: bytes.Repeat([]byte{4}, 15)},
	})
}

// The example of docs/format.md 5.6.
func TestFullLeafSplitsInHalves(t *testing.T) {
	t.Parallel()
	g := newGarden(t, 10)
	w := btree.NewWriter(g.blocks, format.Root{}, format.TreeFSRoot)
	// In descending order, so that nothing looks like a run of new items.
	item := func(n int) btree.Item {
		return btree.Item{Key: format.InodeKey(uint64(2 * n)), Value: make([]byte, 168)}
	}
	for n := 278; n > 0; n-- {
		if err := w.Insert(t.Context(), item(n)); err != nil {
			t.Fatal(err)
		}
	}
	blocks := content(t, w.Tree())
	if len(blocks) != 1 || blocks[0].Head().TotalItemBytes.Get() != 62272 || blocks[0].Head().MidFreeLen.Get() != 192 {
		t.Fatalf("%d blocks, the first has %d bytes of items and %d free", len(blocks),
			blocks[0].Head().TotalItemBytes.Get(), blocks[0].Head().MidFreeLen.Get())
	}
	// Between the halves, so that it goes to the right one.
	between := btree.Item{Key: format.InodeKey(2*139 + 1), Value: make([]byte, 168)}
	if err := w.Insert(t.Context(), between); err != nil {
		t.Fatal(err)
	}
	blocks = content(t, w.Tree())
	if len(blocks) != 3 {
		t.Fatalf("%d blocks, want a root and two leaves", len(blocks))
	}
	root, left, right := blocks[0], blocks[1], blocks[2]
	if left.NrItems() != 139 || left.Head().MidFreeLen.Get() != 31328 {
		t.Errorf("the left leaf has %d items and %d free, want 139 and 31328", left.NrItems(), left.Head().MidFreeLen.Get())
	}
	if right.NrItems() != 140 || right.Head().MidFreeLen.Get() != 7976-224 {
		t.Errorf("the right leaf has %d items and %d free, want 140 and 7752", right.NrItems(), right.Head().MidFreeLen.Get())
	}
	order, err := btree.AppendOrder(nil, root)
	if err != nil || len(order) != 2 {
		t.Fatalf("root: %v, %v", order, err)
	}
	if got := root.Item(int(order[0])).Key.Key(); got != format.InodeKey(2*139) {
		t.Errorf("the left leaf ends at %v, want its last key", got)
	}
	if got := root.Item(int(order[1])).Key.Key(); got != format.MaxKey() {
		t.Errorf("the right leaf ends at %v, want the greatest key", got)
	}
}

// mkfs writes a wrong height in a leaf of two items (docs/format.md B). It is
// right in every copy, also if nothing changes in the AVL tree.
func TestHeightOfMkfsIsPutRight(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*btree.Writer, btree.Item) error{
		"update": func(w *btree.Writer, it btree.Item) error { return w.Update(t.Context(), it) },
		"insert": func(w *btree.Writer, it btree.Item) error {
			it.Key = it.Key.Next()
			return w.Insert(t.Context(), it)
		},
		"delete": func(w *btree.Writer, it btree.Item) error { return w.Delete(t.Context(), it.Key) },
	} {
		g := newGarden(t, 10)
		leaf := mustView(testblock.Btree(0, inodes(1, 2)...))
		leaf.Item(1).Node.Height = 0
		ref := format.Ref{Blkno: format.FirstMetaBlkno, Seq: 1}
		g.Put(ref, format.MagicBtree, leaf[:])
		g.space.Next++
		w := btree.NewWriter(g.blocks, format.Root{Ref: ref, Height: 1}, format.TreeFSRoot)
		if err := change(w, btree.Item{Key: format.InodeKey(1), Value: []byte("new")}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		leaf = content(t, g.commit(t, w.Root()))[0]
		for v := range btree.Verify(leaf, btree.VerifyOptions{Range: format.AllKeys(), AnyItem: true}) {
			t.Errorf("%s: %v", name, v.Err)
		}
	}
}

// A value that is read from the tree itself is stored as it was, although it
// moves when the leaf makes room for it.
func TestValueOfTheTreeItselfIsStored(t *testing.T) {
	t.Parallel()
	g := newGarden(t, 10)
	w := btree.NewWriter(g.blocks, format.Root{}, format.TreeFSRoot)
	value := func(n uint64) []byte { return bytes.Repeat([]byte{byte(n)}, format.MaxBtreeValue) }
	insert := func(from, to uint64) {
		for n := from; n < to; n++ {
			if err := w.Insert(t.Context(), btree.Item{Key: format.InodeKey(n), Value: value(n)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	insert(0, 60)
	for n := range uint64(20) {
		if err := w.Delete(t.Context(), format.InodeKey(n)); err != nil {
			t.Fatal(err)
		}
	}
	insert(60, 66)
	leaf := content(t, w.Tree())[0]
	if free := leaf.Head().MidFreeLen.Get(); free >= format.BtreeItemSize+format.MaxBtreeValue {
		t.Fatalf("%d bytes are free: nothing has to move", free)
	}
	it, err := w.Tree().Lookup(t.Context(), format.InodeKey(30))
	if err != nil {
		t.Fatal(err)
	}
	it.Key = format.InodeKey(100)
	if err := w.Insert(t.Context(), it); err != nil {
		t.Fatal(err)
	}
	for _, n := range []uint64{30, 100} {
		got, err := w.Tree().Lookup(t.Context(), format.InodeKey(n))
		if err != nil || !bytes.Equal(got.Value, value(30)) {
			t.Errorf("item %d: %v, value begins with %x", n, err, got.Value[:4])
		}
	}
}
