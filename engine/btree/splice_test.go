// SPDX-License-Identifier: GPL-2.0-or-later

package btree_test

import (
	"errors"
	"testing"

	"scoutfs/engine/btree"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

func TestSplicePutsASubtreeInItsPlace(t *testing.T) {
	t.Parallel()
	for _, height := range []uint8{1, 2} {
		v := testblock.New(t, 60)
		leaf := func(inos ...uint64) format.Ref {
			return v.Add(format.MagicBtree, testblock.Btree(0, inodes(inos...)...))
		}
		end := func(last uint64, ref format.Ref) testblock.Item { return testblock.RefItem(format.InodeKey(last), ref) }
		parent := func(level int, items ...testblock.Item) format.Ref {
			return v.Add(format.MagicBtree, testblock.Btree(level, items...))
		}
		left := parent(1, end(10, leaf(5)), end(20, leaf(15)))
		right := parent(1, end(30, leaf(25)), testblock.RefItem(format.MaxKey(), leaf(35)))
		root := format.Root{Ref: parent(2, end(20, left), testblock.RefItem(format.MaxKey(), right)), Height: 3}
		part, want := leaf(12, 16, 19), []uint64{5, 12, 16, 19, 25, 35}
		if height == 2 {
			part, want = parent(1, end(12, leaf(11, 12)), end(20, leaf(20))), []uint64{11, 12, 20, 25, 35}
		}
		g := openGarden(v)
		w := btree.NewWriter(g.blocks, root, format.TreeFSRoot)
		if err := w.Splice(t.Context(), format.InodeKey(16), format.Root{Ref: part, Height: height}); err != nil {
			t.Fatal(err)
		}
		if freed := g.space.Freed(); len(freed) != 3-int(height) {
			t.Errorf("height %d: blocks %v are freed, want the parents that were copied", height, freed)
		}
		var items []btree.Item
		for _, it := range inodes(want...) {
			items = append(items, btree.Item(it))
		}
		checkTree(t, g.commit(t, w.Root()), items)
		for _, wrong := range []format.Root{{}, {Ref: part, Height: 3}, {Ref: part, Height: 3 - height}} {
			err := w.Splice(t.Context(), format.InodeKey(16), wrong)
			if c := (*format.CorruptError)(nil); !errors.As(err, &c) {
				t.Errorf("a part %v: %v, want corruption", wrong, err)
			}
		}
	}
}
