// SPDX-License-Identifier: GPL-2.0-or-later

package format_test

import (
	"bytes"
	"testing"

	"scoutfs/engine/format"
)

// mkfsLeaf is the start of the fs_root leaf of a real new volume of format 2
// (docs/format.md A), as a whole block with its value and leaf hash.
func mkfsLeaf(t *testing.T) *format.BtreeBlock {
	t.Helper()
	block := make([]byte, format.LargeBlockSize)
	copy(block, unhex(t, `
		89165150 6df997e5 01b46c06979acef3 0100000000000000 0200000000000000
		4800 0200 1801 e8f2 00 00000000000000
		4800 0000 0000 01 00
		0000000000000000 0000000000000000 0100000000000000 00 04 04 0000000000
		0100000000000000 0000 0000 00 000000
		0000 1000 0000 00 00
		0100000000000000 0000000000000000 0000000000000000 00 10 04 0000000000
		0100000000000000 88f3 a800 00 000000`))
	copy(block[62344:], bytes.Repeat([]byte{7}, 168))
	copy(block[62512+2*252:], []byte{48, 0})
	copy(block[62512+2*1040:], []byte{104, 0})
	b, err := format.ViewBtreeBlock(block)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBtreeBlockReadsARealLeaf(t *testing.T) {
	t.Parallel()
	b := mkfsLeaf(t)
	head := b.Head()
	if head.Hdr.Magic.Get() != format.MagicBtree || head.Hdr.FSID.Get() != 0xf3ce9a97066cb401 ||
		head.Hdr.Seq.Get() != 1 || head.Hdr.Blkno.Get() != 2 {
		t.Errorf("header is %x", format.Bytes(&head.Hdr))
	}
	if b.Level() != 0 || b.NrItems() != 2 || head.TotalItemBytes.Get() != 280 || head.MidFreeLen.Get() != 62184 {
		t.Errorf("level %d, %d items of %d bytes, %d free", b.Level(), b.NrItems(), head.TotalItemBytes.Get(), head.MidFreeLen.Get())
	}
	if root, ok := b.NodeSlot(head.ItemRoot.Get()); !ok || root != 1 {
		t.Errorf("root is slot %d, %t", root, ok)
	}
	for i, want := range []struct {
		key    format.Key
		node   [4]int // parent, left, right, height
		valLen int
	}{
		{format.InodeIndexKey(format.TypeMetaSeq, 0, 1), [4]int{72, 0, 0, 1}, 0},
		{format.InodeKey(1), [4]int{0, 16, 0, 0}, 168},
	} {
		it := b.Item(i)
		if got := it.Key.Key(); got != want.key {
			t.Errorf("item %d is %s, want %s", i, got, want.key)
		}
		n := &it.Node
		if got := [4]int{int(n.Parent.Get()), int(n.Left.Get()), int(n.Right.Get()), int(n.Height)}; got != want.node {
			t.Errorf("item %d has node %d, want %d", i, got, want.node)
		}
		if it.Seq.Get() != 1 || it.Flags != 0 || it.Deleted() {
			t.Errorf("item %d has seq %d, flags %d", i, it.Seq.Get(), it.Flags)
		}
		val, ok := b.Value(it)
		if !ok || !bytes.Equal(val, bytes.Repeat([]byte{7}, want.valLen)) {
			t.Errorf("item %d has the value %x, %t", i, val, ok)
		}
		if cap(val) != len(val) {
			t.Errorf("item %d: appending to the value would change the block", i)
		}
		if got := b.LeafHash(format.LeafHashBucket(want.key)); int(got) != 48+56*i {
			t.Errorf("item %d is hashed at %d", i, got)
		}
	}
}

func TestValueRoom(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{0: 0, 1: 8, 7: 8, 8: 8, 9: 16, 168: 168, 895: 896, 896: 896} {
		if got := format.ValueRoom(n); got != want {
			t.Errorf("%d bytes take %d, want %d", n, got, want)
		}
	}
}

func TestBtreeNodeOffsets(t *testing.T) {
	t.Parallel()
	b := new(format.BtreeBlock)
	b.Head().NrItems.Set(3)
	for node, want := range map[uint16]int{0: -1, 1: -1, 15: -1, 16: 0, 17: -1, 72: 1, 128: 2, 184: -1, 65535: -1} {
		slot, ok := b.NodeSlot(node)
		if ok != (want >= 0) || ok && slot != want {
			t.Errorf("node %d is slot %d, %t, want %d", node, slot, ok, want)
		}
		if ok && format.NodeOffset(slot) != node {
			t.Errorf("slot %d has node %d, want %d", slot, format.NodeOffset(slot), node)
		}
	}
}

func TestBtreeValuesStayInTheirRegion(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		level    byte
		off, len uint16
		ok       bool
	}{
		{0, 0, 0, true},
		{0, 65535, 0, true}, // nothing is read
		{0, 0, 1, false},
		{0, 47, 1, false},
		{0, 48, 1, true},
		{0, 62504, 8, true},
		{0, 62504, 9, false},
		{0, 62512, 1, false},
		{1, 62512, 16, true},
		{1, 65520, 16, true},
		{1, 65520, 17, false},
		{1, 65535, 65535, false},
		{255, 65535, 1, true},
	} {
		b := new(format.BtreeBlock)
		b.Head().Level = test.level
		it := b.Item(0)
		it.ValOff.Set(test.off)
		it.ValLen.Set(test.len)
		val, ok := b.Value(it)
		if ok != test.ok || ok && len(val) != int(test.len) {
			t.Errorf("level %d: value at %d with %d bytes: %t, want %t", test.level, test.off, test.len, ok, test.ok)
		}
	}
}

func TestBtreeCountsAreCutToTheBlock(t *testing.T) {
	t.Parallel()
	b := new(format.BtreeBlock)
	for _, test := range []struct {
		claimed uint16
		want    int
	}{{0, 0}, {1115, 1115}, {1169, 1169}, {1170, 1169}, {65535, 1169}} {
		b.Head().NrItems.Set(test.claimed)
		if got := b.NrItems(); got != test.want {
			t.Errorf("%d claimed items count as %d, want %d", test.claimed, got, test.want)
		}
	}
	b.Item(b.NrItems() - 1).Key.Set(format.MaxKey())
	b.SetLeafHash(0, 0x1234)
	b.SetLeafHash(format.LeafHashSlots-1, 0x5678)
	if b.LeafHash(0) != 0x1234 || b.LeafHash(format.LeafHashSlots-1) != 0x5678 {
		t.Error("leaf hash slots are not stored")
	}
	if b[62512] != 0x34 || b[65535] != 0x56 {
		t.Error("leaf hash slots are stored elsewhere")
	}
}
