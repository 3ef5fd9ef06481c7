// SPDX-License-Identifier: GPL-2.0-or-later

package btree_test

import (
	"encoding/binary"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

// patch changes bytes of a block: each four bytes of patches are an offset,
// a value to store or to add, and which of them. Offsets are folded so that
// most of them hit what has a meaning.
func patch(b []byte, patches []byte) {
	used := format.BtreeItemsOffset + format.BtreeItemSize*(mustView(b).NrItems()+1)
	for ; len(patches) >= 4; patches = patches[4:] {
		off := int(binary.LittleEndian.Uint16(patches))
		switch how := patches[3]; {
		case how < 128:
			off = 32 + off%(used-32)
		case how < 192:
			off = format.LeafHashOffset + off%format.LeafHashBytes
		}
		if patches[3]&1 == 0 {
			b[off] = patches[2]
		} else {
			b[off] += patches[2]
		}
	}
}

// FuzzBtreeVerify checks that a block in which nothing is found wrong can be
// read in full.
func FuzzBtreeVerify(f *testing.F) {
	f.Add(false, []byte{})
	f.Add(true, []byte{})
	f.Add(false, []byte{8, 0, 1, 1})            // level
	f.Add(false, []byte{2, 0, 200, 0})          // nr_items
	f.Add(false, []byte{18, 0, 72, 0})          // a link
	f.Add(false, []byte{7, 0, 104, 128})        // a hash slot
	f.Add(true, []byte{64, 0, 255, 0})          // val_off
	f.Add(true, []byte{0, 0, 0, 0, 2, 0, 0, 0}) // no items
	f.Fuzz(func(t *testing.T, parent bool, patches []byte) {
		b, opts := soundLeaf()
		if parent {
			b, opts = soundParent()
		}
		patch(b[:], patches[:min(len(patches), 400)])
		n := 0
		for range btree.Verify(b, opts) {
			if n++; n > 20*format.LeafHashSlots {
				t.Fatal("violations without end")
			}
		}
		order, err := btree.AppendOrder(nil, b)
		if n > 0 {
			return
		}
		if err != nil || len(order) != b.NrItems() {
			t.Fatalf("sound block, but its order is %v, %v", order, err)
		}
		if parent {
			return
		}
		v := testblock.New(t, 3)
		tree := open(v, format.Root{Ref: v.Add(format.MagicBtree, b[:]), Height: 1})
		for it, err := range tree.Items(t.Context(), format.AllKeys()) {
			if err != nil {
				t.Fatalf("sound block, but %v", err)
			}
			if found, err := tree.Lookup(t.Context(), it.Key); err != nil || found.Key != it.Key {
				t.Fatalf("sound block, but lookup of %v: %v", it.Key, err)
			}
			order = order[1:]
		}
		if len(order) != 0 {
			t.Fatalf("sound block, but %d items are missing", len(order))
		}
	})
}

// FuzzBtreeCursor reads a tree in which one block is damaged.
func FuzzBtreeCursor(f *testing.F) {
	items := everyThird(20)
	v := testblock.New(f, 20)
	root := v.Tree(4, items...) // leaves 2 to 6, their parents 7 and 8, the root 9
	f.Add(uint8(2), []byte{})
	for blkno := range uint8(8) {
		f.Add(blkno+2, []byte{2, 0, 9, 0})
		f.Add(blkno+2, []byte{18, 0, 72, 0, 20, 0, 16, 0})
		f.Add(blkno+2, []byte{33, 0, 255, 0})
	}
	f.Fuzz(func(t *testing.T, which uint8, patches []byte) {
		blkno := 2 + int64(which)%8
		b := make([]byte, format.LargeBlockSize)
		if _, err := v.Dev.ReadAt(b, blkno<<16); err != nil {
			t.Fatal(err)
		}
		patch(b, patches[:min(len(patches), 400)])
		format.Seal(b)
		dev := v.Dev.Clone("damaged")
		if _, err := dev.WriteAt(b, blkno<<16); err != nil {
			t.Fatal(err)
		}
		tree := &btree.Tree{Reader: block.NewReader(dev, block.Options{}), Root: root}
		readEverything(t, tree, items[:4], 1200, 3000)
	})
}
