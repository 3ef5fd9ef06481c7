// SPDX-License-Identifier: GPL-2.0-or-later

package btree_test

import (
	"errors"
	"math/rand/v2"
	"syscall"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

var errInjected = errors.New("injected")

// A change that fails, for want of blocks or because one cannot be read, leaves
// a tree with the items that were there, and the next change works.
func TestFailedChangesLeaveTheTreeWhole(t *testing.T) {
	t.Parallel()
	for name, percent := range map[string]struct{ space, read int }{
		"allocator": {space: 20},
		"reads":     {read: 20},
		"both":      {space: 10, read: 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newModel(t, 1500, 700)
			m.leaks = true
			random := rand.New(rand.NewPCG(5, 6))
			failing := func(percent int) func() error {
				return func() error {
					if random.IntN(100) < percent {
						return errInjected
					}
					return nil
				}
			}
			dev := &failingReads{Device: m.Dev, fail: failing(percent.read)}
			uncached := block.NewReader(dev, block.Options{FSID: testblock.FSID, CacheBytes: -1})
			m.blocks = block.NewWriter(uncached, dev, testblock.FSID, m.space, m.random.Uint64)
			m.w = btree.NewWriter(m.blocks, format.Root{}, format.TreeLogItems)
			m.space.Fail = failing(percent.space)
			failed := 0
			for batch := range 16 {
				for range 200 {
					failed += m.tryStep(t, batch%8 < 4)
				}
				quiet := dev.fail
				dev.fail = func() error { return nil }
				m.space.Fail = nil
				m.check(t, batch)
				dev.fail, m.space.Fail = quiet, failing(percent.space)
			}
			if failed < 50 {
				t.Errorf("only %d changes failed", failed)
			}
		})
	}
}

// tryStep makes one change, which may fail by injection, and returns 1 then.
func (m *model) tryStep(t *testing.T, grow bool) (failed int) {
	t.Helper()
	key := m.key()
	var err error
	if grow {
		it := m.item(key)
		if err = m.w.Force(t.Context(), it); err == nil {
			m.items[key] = it
		}
	} else if _, there := m.items[key]; there {
		if err = m.w.Delete(t.Context(), key); err == nil {
			delete(m.items, key)
		}
	}
	if err == nil {
		return 0
	}
	if !errors.Is(err, errInjected) {
		t.Fatalf("key %v: %v", key, err)
	}
	return 1
}

// failingReads is a device whose reads fail when fail says so.
type failingReads struct {
	device.Device
	fail func() error
}

func (d *failingReads) ReadAt(p []byte, off int64) (int, error) {
	if err := d.fail(); err != nil {
		return 0, err
	}
	return d.Device.ReadAt(p, off)
}

// Trees of shapes that this package does not make, but can meet.
func TestOddTreesAreDeletedFrom(t *testing.T) {
	t.Parallel()
	leaf := func(g *garden, inos ...uint64) format.Ref {
		return g.Add(format.MagicBtree, testblock.Btree(0, inodes(inos...)...))
	}
	parent := func(g *garden, level int, items ...testblock.Item) format.Ref {
		return g.Add(format.MagicBtree, testblock.Btree(level, items...))
	}
	child := func(last uint64, ref format.Ref) testblock.Item { return testblock.RefItem(format.InodeKey(last), ref) }
	end := func(ref format.Ref) testblock.Item { return testblock.RefItem(format.MaxKey(), ref) }
	for _, test := range []struct {
		name string
		tree func(g *garden) format.Root
		inos []uint64
	}{
		{"a root with one child", func(g *garden) format.Root {
			return format.Root{Ref: parent(g, 1, end(leaf(g, 1, 2, 3))), Height: 2}
		}, []uint64{1, 2, 3}},
		{"a chain", func(g *garden) format.Root {
			return format.Root{Ref: parent(g, 3, end(parent(g, 2, end(parent(g, 1, end(leaf(g, 7))))))), Height: 4}
		}, []uint64{7}},
		{"parents with one child", func(g *garden) format.Root {
			one := parent(g, 1, child(10, leaf(g, 1, 2)))
			two := parent(g, 1, child(20, leaf(g, 11, 12)))
			three := parent(g, 1, end(leaf(g, 21)))
			return format.Root{Ref: parent(g, 2, child(10, one), child(20, two), end(three)), Height: 3}
		}, []uint64{1, 2, 11, 12, 21}},
		{"leaves without items", func(g *garden) format.Root {
			return format.Root{Ref: parent(g, 1, child(10, leaf(g)), child(20, leaf(g, 15, 16)), child(30, leaf(g)), end(leaf(g))), Height: 2}
		}, []uint64{15, 16}},
	} {
		for _, backwards := range []bool{false, true} {
			v := testblock.New(t, 60)
			g := &garden{Volume: v}
			root := test.tree(g)
			g = openGarden(v)
			g.space.Next = 30
			w := btree.NewWriter(g.blocks, root, format.TreeFSRoot)
			for i := range test.inos {
				if backwards {
					i = len(test.inos) - 1 - i
				}
				if err := w.Delete(t.Context(), format.InodeKey(test.inos[i])); err != nil {
					t.Fatalf("%s: deleting %d: %v", test.name, test.inos[i], err)
				}
				for range content(t, w.Tree()) { // reads them all
				}
			}
			for it, err := range w.Tree().Items(t.Context(), format.AllKeys()) {
				t.Errorf("%s: left over: %v, %v", test.name, it, err)
			}
		}
	}
}

// Deleting most items leaves blocks that are not nearly empty.
func TestDeletingJoinsBlocks(t *testing.T) {
	t.Parallel()
	g := newGarden(t, 3000)
	w := btree.NewWriter(g.blocks, format.Root{}, format.TreeFSRoot)
	const n, value = 30_000, 24
	items := run(1, n, value)
	if err := w.Apply(t.Context(), each(items), nil); err != nil {
		t.Fatal(err)
	}
	full := w.Blocks()
	left := make(map[format.Key]btree.Item)
	for _, it := range items {
		left[it.Key] = it
	}
	for _, i := range g.random.Perm(n)[:n*9/10] {
		if err := w.Delete(t.Context(), items[i].Key); err != nil {
			t.Fatal(err)
		}
		delete(left, items[i].Key)
	}
	tree := g.commit(t, w.Root())
	checkTree(t, tree, sorted(left))
	for at, err := range tree.Blocks(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		least := format.BtreeJoinLowWater - format.BtreeItemSize - value
		if total := int(at.Block.Head().TotalItemBytes.Get()); at.Level == 0 && total < least {
			t.Errorf("block %v has %d bytes of items, want %d at least", at.Ref, total, least)
		}
	}
	if w.Blocks() > full/3 {
		t.Errorf("%d blocks are left of %d", w.Blocks(), full)
	}
}

// Parents split when they are full, and are joined and become fewer when their
// children do.
func TestParentsSplitAndJoin(t *testing.T) {
	t.Parallel()
	// Two parents of as many leaves as fit, with an item each.
	const step = 1000
	v := testblock.New(t, 6000)
	model := make(map[format.Key]btree.Item)
	var parents []testblock.Item
	ino := uint64(0)
	for p := range 2 {
		var children []testblock.Item
		for i := range format.MaxParentItems {
			ino += step
			leaf := inodes(ino)
			model[leaf[0].Key] = btree.Item(leaf[0])
			last := leaf[0].Key
			if p == 1 && i == format.MaxParentItems-1 {
				last = format.MaxKey()
			}
			children = append(children, testblock.RefItem(last, v.Add(format.MagicBtree, testblock.Btree(0, leaf...))))
		}
		parents = append(parents, testblock.RefItem(children[len(children)-1].Key, v.Add(format.MagicBtree, testblock.Btree(1, children...))))
	}
	root := format.Root{Ref: v.Add(format.MagicBtree, testblock.Btree(2, parents...)), Height: 3}
	g := openGarden(v)
	w := btree.NewWriter(g.blocks, root, format.TreeFSRoot)
	for _, at := range []uint64{5, 909 * step, 909*step + 300, 1500 * step, ino} {
		for _, it := range run(at+1, 200, 896) {
			if err := w.Insert(t.Context(), it); err != nil {
				t.Fatal(err)
			}
			model[it.Key] = it
		}
	}
	top := content(t, w.Tree())[0]
	if top.Level() != 2 || top.NrItems() < 4 {
		t.Errorf("the root has level %d and %d items, want both parents to be split", top.Level(), top.NrItems())
	}
	checkTree(t, g.commit(t, w.Root()), sorted(model))

	items := sorted(model)
	g.random.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
	heights := map[uint8]bool{}
	for n, it := range items {
		if err := w.Delete(t.Context(), it.Key); err != nil {
			t.Fatal(err)
		}
		delete(model, it.Key)
		if left := len(items) - n - 1; left == 1000 || left == 100 || left == 10 {
			checkTree(t, g.commit(t, w.Root()), sorted(model))
		}
		heights[w.Root().Height] = true
	}
	if w.Root() != (format.Root{}) || len(heights) != 4 {
		t.Errorf("the root is %v in the end, heights were %v", w.Root(), heights)
	}
}

// A full parent that splits for its last leaf to split has two items on either
// side, also if there is no block for the leaf in the end.
func TestParentsKeepTwoItemsWhenSpaceRunsOut(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 2000)
	var children []testblock.Item
	var items []btree.Item
	for ino := uint64(1); ino < format.MaxParentItems; ino++ {
		leaf := inodes(ino)
		items = append(items, btree.Item(leaf[0]))
		children = append(children, testblock.RefItem(leaf[0].Key, v.Add(format.MagicBtree, testblock.Btree(0, leaf...))))
	}
	full := run(10_000, 65, 896)
	var leaf []testblock.Item
	for _, it := range full {
		leaf = append(leaf, testblock.Item(it))
	}
	items = append(items, full...)
	children = append(children, testblock.RefItem(format.MaxKey(), v.Add(format.MagicBtree, testblock.Btree(0, leaf...))))
	root := format.Root{Ref: v.Add(format.MagicBtree, testblock.Btree(1, children...)), Height: 2}
	more := run(20_000, 1, 896)
	for most := 0; ; most++ {
		g := openGarden(v)
		g.space.Limit = g.space.Next + uint64(most)
		w := btree.NewWriter(g.blocks, root, format.TreeFSRoot)
		err := w.Force(t.Context(), more[0])
		if err == nil {
			checkTree(t, w.Tree(), append(items, more...))
			if most != 5 {
				t.Errorf("%d blocks were enough, want 5: two copies, two parents and a leaf", most)
			}
			return
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("with %d blocks: %v", most, err)
		}
		checkTree(t, w.Tree(), items)
	}
}
