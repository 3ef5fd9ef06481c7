// SPDX-License-Identifier: GPL-2.0-or-later

package btree_test

import (
	"slices"
	"testing"

	"scoutfs/engine/btree"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

// soundLeaf has 7 items of an fs tree: slots out of key order, values of
// many lengths.
func soundLeaf() (*format.BtreeBlock, btree.VerifyOptions) {
	var items []testblock.Item
	for _, ino := range []uint64{40, 10, 70, 20, 60, 30, 50} {
		items = append(items, testblock.Item{
			Key: format.SymlinkKey(ino, 0), Seq: ino, Value: make([]byte, ino),
		})
	}
	return mustView(testblock.Btree(0, items...)), btree.VerifyOptions{
		Range: format.Range{Start: format.SymlinkKey(10, 0), End: format.SymlinkKey(70, 0)},
	}
}

func soundParent() (*format.BtreeBlock, btree.VerifyOptions) {
	b := testblock.Btree(2,
		testblock.RefItem(format.InodeKey(5), format.Ref{Blkno: 7, Seq: 1}),
		testblock.RefItem(format.InodeKey(10), format.Ref{Blkno: 8, Seq: 2}),
		testblock.RefItem(format.InodeKey(20), format.Ref{Blkno: 9, Seq: 3}))
	return mustView(b), btree.VerifyOptions{
		Level: 2, Range: format.Range{Start: format.InodeKey(4), End: format.InodeKey(20)},
	}
}

func mustView(b []byte) *format.BtreeBlock {
	blk, err := format.ViewBtreeBlock(b)
	if err != nil {
		panic(err)
	}
	return blk
}

func TestVerifyFindsEveryKindOfDamage(t *testing.T) {
	t.Parallel()
	type damage func(b *format.BtreeBlock, opts *btree.VerifyOptions)
	leafCases := []struct {
		name   string
		damage damage
		want   []btree.Rule
	}{
		{"nothing", func(*format.BtreeBlock, *btree.VerifyOptions) {}, nil},
		{"level", func(_ *format.BtreeBlock, o *btree.VerifyOptions) { o.Level = 1 }, []btree.Rule{btree.RuleLevel}},
		{"head pad", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.Head().Pad[6] = 1 }, []btree.Rule{btree.RuleHeadPad}},
		{
			"nr_items less", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.Head().NrItems.Set(6) },
			[]btree.Rule{btree.RuleItemCount},
		},
		{
			"nr_items more", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.Head().NrItems.Set(8) },
			[]btree.Rule{btree.RuleItemCount},
		},
		{
			"nr_items beyond the block", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.Head().NrItems.Set(65535) },
			[]btree.Rule{btree.RuleItemCount},
		},
		{
			"item_root to another item", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.Head().ItemRoot.Set(format.NodeOffset(1)) },
			[]btree.Rule{btree.RuleAVLLink},
		},
		{
			"item_root zero", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.Head().ItemRoot.Set(0) },
			[]btree.Rule{btree.RuleAVLUnlinked},
		},
		{
			"item_root between items", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.Head().ItemRoot.Set(format.NodeOffset(0) + 1) },
			[]btree.Rule{btree.RuleAVLLink},
		},
		{
			"link to itself", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.Item(1).Node.Left.Set(format.NodeOffset(1)) },
			[]btree.Rule{btree.RuleAVLLink},
		},
		{"link back to the root", func(b *format.BtreeBlock, _ *btree.VerifyOptions) {
			b.Item(1).Node.Right.Set(b.Head().ItemRoot.Get())
		}, []btree.Rule{btree.RuleAVLLink}},
		{
			"link lost", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.Item(3).Node.Left.Set(0) },
			[]btree.Rule{btree.RuleAVLUnlinked},
		},
		{
			"parent", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.Item(5).Node.Parent.Set(format.NodeOffset(5)) },
			[]btree.Rule{btree.RuleAVLLink},
		},
		{"height", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.Item(5).Node.Height++ }, []btree.Rule{btree.RuleAVLHeight}},
		{"balance", func(b *format.BtreeBlock, o *btree.VerifyOptions) {
			*b = *mustView(testblock.Btree(0,
				testblock.Item{Key: format.SymlinkKey(20, 0), Value: make([]byte, 1)},
				testblock.Item{Key: format.SymlinkKey(30, 0), Value: make([]byte, 1)},
				testblock.Item{Key: format.SymlinkKey(40, 0), Value: make([]byte, 1)}))
			b.Head().ItemRoot.Set(format.NodeOffset(0))
			for slot := range 3 {
				n := &b.Item(slot).Node
				*n = format.AVLNode{Height: byte(3 - slot)}
				if slot > 0 {
					n.Parent.Set(format.NodeOffset(slot - 1))
				}
				if slot < 2 {
					n.Right.Set(format.NodeOffset(slot + 1))
				}
			}
		}, []btree.Rule{btree.RuleAVLBalance}},
		{"no items", func(b *format.BtreeBlock, _ *btree.VerifyOptions) {
			*b = *mustView(testblock.Btree(0))
		}, []btree.Rule{btree.RuleEmptyLeaf}},
		{"root without items", func(b *format.BtreeBlock, o *btree.VerifyOptions) {
			*b = *mustView(testblock.Btree(0))
			o.Root = true
		}, nil},
		{"avl pad", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.Item(5).Node.Pad = 9 }, []btree.Rule{btree.RulePad}},
		{"item pad", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.Item(5).Pad[2] = 9 }, []btree.Rule{btree.RulePad}},
		{
			"key pad", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.Item(5).Key.Pad[4] = 9 },
			[]btree.Rule{btree.RulePad},
		},
		{
			"key out of order", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { rehash(b, 5, format.SymlinkKey(65, 0)) },
			[]btree.Rule{btree.RuleKeyOrder},
		},
		{
			"key twice", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { rehash(b, 5, format.SymlinkKey(40, 0)) },
			[]btree.Rule{btree.RuleKeyOrder},
		},
		{
			"key before the range", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { rehash(b, 1, format.SymlinkKey(9, 0)) },
			[]btree.Rule{btree.RuleKeyRange},
		},
		{
			"key after the range", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { rehash(b, 2, format.SymlinkKey(70, 1)) },
			[]btree.Rule{btree.RuleKeyRange},
		},
		{"val_off unaligned", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { addOff(b, 4, -1) }, []btree.Rule{btree.RuleValuePlace}},
		{"value over another", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { addOff(b, 4, 8) }, []btree.Rule{btree.RuleValueOverlap}},
		{
			"value over items", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.Item(4).ValOff.Set(48 + 6*56) },
			[]btree.Rule{btree.RuleValuePlace},
		},
		{
			"value over the hash table", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.Item(4).ValOff.Set(62512 - 56) },
			[]btree.Rule{btree.RuleValuePlace},
		},
		{
			"value at the end of u16", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.Item(4).ValOff.Set(65528) },
			[]btree.Rule{btree.RuleValuePlace},
		},
		{"val_len within the rounding", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.Item(1).ValLen.Set(11) }, nil},
		{
			"val_len more", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.Item(4).ValLen.Set(72) },
			[]btree.Rule{btree.RuleValueOverlap},
		},
		{
			"val_len far too much", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.Item(4).ValLen.Set(897) },
			[]btree.Rule{btree.RuleValueLength},
		},
		{
			"val_off without value", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.Item(1).ValLen.Set(0) },
			[]btree.Rule{btree.RuleValueLength, btree.RuleValuePlace},
		},
		{
			"total_item_bytes", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.Head().TotalItemBytes.Set(1) },
			[]btree.Rule{btree.RuleItemBytes},
		},
		{"mid_free_len less", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.Head().MidFreeLen.Set(0) }, nil},
		{"mid_free_len more", func(b *format.BtreeBlock, _ *btree.VerifyOptions) {
			b.Head().MidFreeLen.Set(b.Head().MidFreeLen.Get() + 1)
		}, []btree.Rule{btree.RuleMidFree}},
		{
			"hash slot lost", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.SetLeafHash(hashSlot(b, 5), 0) },
			[]btree.Rule{btree.RuleLeafHash},
		},
		{
			"hash slot to another item", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.SetLeafHash(hashSlot(b, 5), 48) },
			[]btree.Rule{btree.RuleLeafHash},
		},
		{"hash slot out of place", func(b *format.BtreeBlock, _ *btree.VerifyOptions) {
			from := hashSlot(b, 5)
			b.SetLeafHash(from+1, b.LeafHash(from))
			b.SetLeafHash(from, 0)
		}, []btree.Rule{btree.RuleLeafHash}},
		{
			"hash slot between items", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.SetLeafHash(hashSlot(b, 5), 49) },
			[]btree.Rule{btree.RuleLeafHash},
		},
		{
			"hash slot before the items", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.SetLeafHash(hashSlot(b, 5), 8) },
			[]btree.Rule{btree.RuleLeafHash},
		},
		{"item in the hash table twice", func(b *format.BtreeBlock, _ *btree.VerifyOptions) {
			b.SetLeafHash(hashSlot(b, 5)+1, b.LeafHash(hashSlot(b, 5)))
		}, []btree.Rule{btree.RuleLeafHash}},
		{
			"item of another tree", func(_ *format.BtreeBlock, o *btree.VerifyOptions) { o.Tree = format.TreeSrchRoot },
			[]btree.Rule{btree.RuleKind, btree.RuleKind, btree.RuleKind, btree.RuleKind, btree.RuleKind, btree.RuleKind, btree.RuleKind},
		},
		{"any item", func(_ *format.BtreeBlock, o *btree.VerifyOptions) { o.Tree, o.AnyItem = format.TreeSrchRoot, true }, nil},
		{"unknown flag", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.Item(0).Flags = 2 }, []btree.Rule{btree.RuleFlags}},
		{
			"deletion in fs_root", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.Item(0).Flags = 1 },
			[]btree.Rule{btree.RuleDeletion},
		},
		{"deletion with a value", func(b *format.BtreeBlock, o *btree.VerifyOptions) {
			b.Item(0).Flags, o.Tree = 1, format.TreeLogItems
		}, []btree.Rule{btree.RuleValueLength}},
	}
	for _, test := range leafCases {
		b, opts := soundLeaf()
		test.damage(b, &opts)
		checkRules(t, "leaf, "+test.name, violations(b, opts), test.want)
	}

	parentCases := []struct {
		name   string
		damage damage
		want   []btree.Rule
	}{
		{"nothing", func(*format.BtreeBlock, *btree.VerifyOptions) {}, nil},
		{"no items", func(b *format.BtreeBlock, _ *btree.VerifyOptions) {
			*b = *mustView(testblock.Btree(2))
		}, []btree.Rule{btree.RuleItemCount}},
		{"one child", func(b *format.BtreeBlock, o *btree.VerifyOptions) {
			*b = *mustView(testblock.Btree(2, testblock.RefItem(o.Range.End, format.Ref{Blkno: 7, Seq: 1})))
		}, []btree.Rule{btree.RuleFewChildren}},
		{"root with one child", func(b *format.BtreeBlock, o *btree.VerifyOptions) {
			*b = *mustView(testblock.Btree(2, testblock.RefItem(o.Range.End, format.Ref{Blkno: 7, Seq: 1})))
			o.Root = true
		}, nil},
		{"seq", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.Item(1).Seq.Set(1) }, []btree.Rule{btree.RuleParentItem}},
		{"flags", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.Item(1).Flags = 1 }, []btree.Rule{btree.RuleParentItem}},
		{"val_len", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { b.Item(1).ValLen.Set(15) }, []btree.Rule{btree.RuleChildRef}},
		{"child blkno", func(b *format.BtreeBlock, _ *btree.VerifyOptions) { clear(b[b.Item(1).ValOff.Get():][:8]) }, []btree.Rule{btree.RuleChildRef}},
		{"last key less", func(_ *format.BtreeBlock, o *btree.VerifyOptions) { o.Range.End = format.InodeKey(21) }, []btree.Rule{btree.RuleLastKey}},
		{"last key more", func(_ *format.BtreeBlock, o *btree.VerifyOptions) { o.Range.End = format.InodeKey(19) }, []btree.Rule{btree.RuleLastKey}},
		{"key before the range", func(_ *format.BtreeBlock, o *btree.VerifyOptions) { o.Range.Start = format.InodeKey(6) }, []btree.Rule{btree.RuleKeyRange}},
	}
	for _, test := range parentCases {
		b, opts := soundParent()
		test.damage(b, &opts)
		checkRules(t, "parent, "+test.name, violations(b, opts), test.want)
	}
}

func checkRules(t *testing.T, name string, found []btree.Violation, want []btree.Rule) {
	t.Helper()
	if got := rules(found); !slices.Equal(got, want) {
		t.Errorf("%s: rules broken are %v, want %v: %v", name, got, want, found)
	}
}

// rehash gives an item another key and the hash table what belongs to it.
func rehash(b *format.BtreeBlock, slot int, key format.Key) {
	b.Item(slot).Key.Set(key)
	for i := range format.LeafHashSlots {
		b.SetLeafHash(i, 0)
	}
	for i := range b.NrItems() {
		bucket := format.LeafHashBucket(b.Item(i).Key.Key())
		for b.LeafHash(bucket) != 0 {
			bucket = (bucket + 1) % format.LeafHashSlots
		}
		b.SetLeafHash(bucket, uint16(48+56*i))
	}
}

func addOff(b *format.BtreeBlock, slot, n int) {
	off := &b.Item(slot).ValOff
	off.Set(uint16(int(off.Get()) + n))
}

// hashSlot returns where an item is in the hash table.
func hashSlot(b *format.BtreeBlock, slot int) int {
	for i := range format.LeafHashSlots {
		if int(b.LeafHash(i)) == 48+56*slot {
			return i
		}
	}
	panic("not in the hash table")
}

func TestVerifyStopsWhenToldTo(t *testing.T) {
	t.Parallel()
	b, opts := soundLeaf()
	opts.Tree = format.TreeSrchRoot // each item is wrong
	n := 0
	for range btree.Verify(b, opts) {
		if n++; n == 3 {
			break
		}
	}
	if n != 3 {
		t.Errorf("%d violations", n)
	}
}

// Flipping any byte that means something must be noticed.
func TestVerifyNoticesEveryByte(t *testing.T) {
	t.Parallel()
	for name, build := range map[string]func() (*format.BtreeBlock, btree.VerifyOptions){
		"leaf": soundLeaf, "parent": soundParent,
	} {
		b, opts := build()
		for off := 32; off < format.LargeBlockSize; off++ {
			for _, mask := range []byte{1, 0x80, 0xff} {
				if !meaningful(b, off, mask) {
					continue
				}
				b[off] ^= mask
				noticed := len(violations(b, opts)) > 0
				b[off] ^= mask
				if !noticed {
					t.Errorf("%s: byte %d flipped with %#x goes unnoticed", name, off, mask)
				}
			}
		}
	}
}

// meaningful reports whether Verify can notice that a byte has changed.
func meaningful(b *format.BtreeBlock, off int, mask byte) bool {
	itemsEnd := 48 + 56*b.NrItems()
	switch {
	case off < 48:
		// A mid_free_len that is too small is allowed.
		return off != 38 && off != 39
	case off < itemsEnd:
		it := b.Item((off - 48) / 56)
		switch in := (off - 48) % 56; {
		case in >= 8 && in < 35: // a parent's key may be any within its neighbours'
			return b.Level() == 0
		case in >= 40 && in < 48: // seq
			return b.Level() > 0
		case in == 48: // val_off may move into free space
			return mask&7 != 0
		case in == 49:
			return false
		case in == 50: // val_len may change within its rounding
			n := int(it.ValLen.Get())
			return (n+7)/8 != ((n^int(mask))+7)/8
		}
		return true
	case off >= format.LeafHashOffset && b.Level() == 0:
		return true
	}
	return false
}

// Whoever has found the keys to ascend leaves their range to be verified.
func TestOrderedBlocksAreHeldToTheirRange(t *testing.T) {
	t.Parallel()
	for name, build := range map[string]func() (*format.BtreeBlock, btree.VerifyOptions){"leaf": soundLeaf, "parent": soundParent} {
		b, opts := build()
		opts.Ordered = true
		if found := violations(b, opts); len(found) > 0 {
			t.Errorf("%s: sound, but %v", name, found)
		}
		late, early := opts, opts
		late.Range.Start = format.InodeKey(1 << 40)
		early.Range.End = format.Key{Zone: format.ZoneInodeIndex}
		for which, opts := range map[string]btree.VerifyOptions{"before": late, "behind": early} {
			if len(violations(b, opts)) == 0 {
				t.Errorf("%s: keys %s its range go unnoticed", name, which)
			}
		}
	}
}
