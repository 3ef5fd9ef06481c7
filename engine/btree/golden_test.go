// SPDX-License-Identifier: GPL-2.0-or-later

package btree_test

import (
	"errors"
	"slices"
	"syscall"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

// goldenSlot is a row of the tables in docs/format.md 5.3.
type goldenSlot struct {
	first               uint64
	parent, left, right uint16
	height              uint8
	valOff, valLen      uint16
}

// goldenLeaf builds a leaf from the bytes that the format reference gives.
func goldenLeaf(itemRoot, total, midFree uint16, slots []goldenSlot, buckets map[uint64]int) []byte {
	b := testblock.NewBlock()
	blk, err := format.ViewBtreeBlock(b)
	if err != nil {
		panic(err)
	}
	head := blk.Head()
	head.ItemRoot.Set(itemRoot)
	head.NrItems.Set(uint16(len(slots)))
	head.TotalItemBytes.Set(total)
	head.MidFreeLen.Set(midFree)
	for i, s := range slots {
		it := blk.Item(i)
		it.Key.Set(format.InodeKey(s.first))
		it.Node.Parent.Set(s.parent)
		it.Node.Left.Set(s.left)
		it.Node.Right.Set(s.right)
		it.Node.Height = s.height
		it.ValOff.Set(s.valOff)
		it.ValLen.Set(s.valLen)
		for j := range s.valLen {
			b[s.valOff+j] = byte(s.first)
		}
		blk.SetLeafHash(buckets[s.first], uint16(48+56*i))
	}
	testblock.Seal(b, format.Ref{Blkno: 2, Seq: 77}, format.MagicBtree)
	return b
}

// Inserting keys 1 to 5, then deleting 2, then compacting.
func goldenLeaves() map[string][]byte {
	buckets := map[uint64]int{1: 1040, 2: 1019, 3: 66, 4: 189, 5: 1156}
	deleted := func(off1, off3, off4, off5 uint16) []goldenSlot {
		return []goldenSlot{
			{1, 128, 0, 0, 1, off1, 3},
			{5, 184, 0, 0, 1, off5, 15},
			{3, 0, 16, 184, 3, off3, 9},
			{4, 128, 0, 72, 2, off4, 12},
		}
	}
	return map[string][]byte{
		"inserted": goldenLeaf(72, 344, 62120, []goldenSlot{
			{1, 72, 0, 0, 1, 62504, 3},
			{2, 0, 16, 184, 3, 62496, 6},
			{3, 184, 0, 0, 1, 62480, 9},
			{4, 72, 128, 240, 2, 62464, 12},
			{5, 184, 0, 0, 1, 62448, 15},
		}, buckets),
		"deleted":   goldenLeaf(128, 280, 62176, deleted(62504, 62480, 62464, 62448), buckets),
		"compacted": goldenLeaf(128, 280, 62184, deleted(62504, 62488, 62472, 62456), buckets),
	}
}

func TestGoldenLeavesAreSoundAndReadable(t *testing.T) {
	t.Parallel()
	for name, leaf := range goldenLeaves() {
		b, err := format.ViewBtreeBlock(leaf)
		if err != nil {
			t.Fatal(err)
		}
		if found := violations(b, btree.VerifyOptions{Range: format.AllKeys(), AnyItem: true}); len(found) > 0 {
			t.Errorf("%s: %v", name, found)
		}
		v := testblock.New(t, 4)
		v.Write(2, leaf)
		tree := btree.Tree{
			Reader: block.NewReader(v.Dev, block.Options{FSID: testblock.FSID}),
			Root:   format.Root{Ref: format.Ref{Blkno: 2, Seq: 77}, Height: 1},
		}
		var keys []uint64
		for it, err := range tree.Items(t.Context(), format.AllKeys()) {
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, it.Key.First)
			if len(it.Value) != int(3*it.Key.First) || it.Value[0] != byte(it.Key.First) {
				t.Errorf("%s: value of %v is %v", name, it.Key, it.Value)
			}
			if found, err := tree.Lookup(t.Context(), it.Key); err != nil || found.Key != it.Key {
				t.Errorf("%s: lookup of %v: %v", name, it.Key, err)
			}
		}
		want := []uint64{1, 2, 3, 4, 5}
		_, err = tree.Lookup(t.Context(), format.InodeKey(2))
		if name != "inserted" {
			want = []uint64{1, 3, 4, 5}
			if !errors.Is(err, syscall.ENOENT) {
				t.Errorf("%s: lookup of the deleted key: %v", name, err)
			}
		}
		if !slices.Equal(keys, want) {
			t.Errorf("%s: keys are %v, want %v", name, keys, want)
		}
	}
}

// mkfsLeaf is a leaf as mkfs writes it (docs/format.md 11.3).
func mkfsLeaf(seq uint64) []byte {
	e := format.Extent{Start: 1031, Len: 7677}
	b := testblock.Btree(0,
		testblock.Item{Key: format.FreeBlknoKey(e), Seq: 1},
		testblock.Item{Key: format.FreeOrderKey(e), Seq: 1})
	blk, err := format.ViewBtreeBlock(b)
	if err != nil {
		panic(err)
	}
	blk.Item(1).Node.Height = 0
	testblock.Seal(b, format.Ref{Blkno: 1029, Seq: seq}, format.MagicBtree)
	return b
}

func TestHeightOfMkfsLeafIsTolerated(t *testing.T) {
	t.Parallel()
	opts := btree.VerifyOptions{Range: format.AllKeys(), Tree: format.TreeAlloc}
	view := func(b []byte) *format.BtreeBlock {
		blk, err := format.ViewBtreeBlock(b)
		if err != nil {
			t.Fatal(err)
		}
		return blk
	}
	// The reference's crc of meta_alloc[0] with this content.
	leaf := view(mkfsLeaf(1))
	if crc := leaf.Head().Hdr.CRC.Get(); crc != 0x842da92a {
		t.Errorf("crc is %08x, want 842da92a", crc)
	}
	if found := violations(leaf, opts); len(found) > 0 {
		t.Errorf("mkfs leaf: %v", found)
	}

	rewritten := view(mkfsLeaf(5))
	if found := violations(rewritten, opts); !slices.Equal(rules(found), []btree.Rule{btree.RuleAVLHeight}) {
		t.Errorf("rewritten leaf: %v", found)
	}
	wrongChild := view(mkfsLeaf(1))
	wrongChild.Item(0).Node.Height = 2
	if found := violations(wrongChild, opts); !slices.Equal(rules(found), []btree.Rule{btree.RuleAVLHeight, btree.RuleAVLHeight}) {
		t.Errorf("wrong height of the other item: %v", found)
	}
	wrong := view(mkfsLeaf(1))
	wrong.Item(1).Node.Height = 3
	if found := violations(wrong, opts); !slices.Equal(rules(found), []btree.Rule{btree.RuleAVLHeight}) {
		t.Errorf("wrong height other than 0: %v", found)
	}
}

// violations collects what Verify yields.
func violations(b *format.BtreeBlock, opts btree.VerifyOptions) []btree.Violation {
	return slices.Collect(btree.Verify(b, opts))
}

// rules returns the rules that violations are of.
func rules(found []btree.Violation) []btree.Rule {
	var rules []btree.Rule
	for _, v := range found {
		rules = append(rules, v.Rule)
	}
	return rules
}
