// SPDX-License-Identifier: GPL-2.0-or-later

package print

import "scoutfs/engine/format"

// textEncoder writes upstream's text, byte for byte
// (docs/format.md describes the structures; utils/src/print.c the grammar).
type textEncoder struct{}

func (textEncoder) btreeBlock(dst []byte, u *unit, b *format.BtreeBlock) []byte {
	head := b.Head()
	t := text(dst).s(u.tree.label).s(" btree blkno ").u(u.ref.Blkno).
		s("\n  crc ").x8(head.Hdr.CRC.Get()).
		s(" fsid ").x(head.Hdr.FSID.Get()).
		s(" seq ").u(head.Hdr.Seq.Get()).
		s(" blkno ").u(head.Hdr.Blkno.Get()).
		s(" \n  total_item_bytes ").u(uint64(head.TotalItemBytes.Get())).
		s(" mid_free_len ").u(uint64(head.MidFreeLen.Get())).
		s("\n  level ").u(uint64(head.Level)).
		s(" nr_items ").u(uint64(head.NrItems.Get())).
		s(" item_root.node ").u(uint64(head.ItemRoot.Get())).nl()
	if head.Level == 0 && u.tree.ranges == nil {
		t = t.itemHash(b)
	}
	for i, slot := range u.slots {
		if !u.keep[i] {
			continue
		}
		t = t.item(u.tree, b, i, int(slot))
	}
	return t
}

// itemHash shows the used slots of a leaf's hash table. Upstream breaks the
// line by a column count that leaves out the entry after the break, and
// leaves out the last newline when the last entry followed a break.
func (t text) itemHash(b *format.BtreeBlock) text {
	t = t.s("  item hash: ")
	col, nr := 13, 0
	for i := range format.LeafHashSlots {
		off := b.LeafHash(i)
		if off == 0 {
			continue
		}
		nr++
		col += digits(uint64(i)) + digits(uint64(off)) + 2
		if col >= 78 {
			t = t.s("\n   ")
			col = 3
		}
		t = t.u(uint64(i)).s(",").u(uint64(off)).s(" ")
	}
	if col != 3 {
		t = t.nl()
	}
	return t.s("    (").u(uint64(nr)).s(" / ").u(format.LeafHashSlots).
		s(" populated, ").u(uint64(nr * 100 / format.LeafHashSlots)).s("% load)\n")
}

func (t text) item(tree *treeInfo, b *format.BtreeBlock, index, slot int) text {
	it := b.Item(slot)
	t = t.s("  [").u(uint64(index)).
		s("] off ").u(uint64(format.BtreeItemsOffset + slot*format.BtreeItemSize)).
		s(" par ").u(uint64(it.Node.Parent.Get())).
		s(" l ").u(uint64(it.Node.Left.Get())).
		s(" r ").u(uint64(it.Node.Right.Get())).
		s(" h ").u(uint64(it.Node.Height)).
		s(" vo ").u(uint64(it.ValOff.Get())).
		s(" vl ").u(uint64(it.ValLen.Get())).nl()
	val := valueWindow{b, int(it.ValOff.Get()), int(it.ValLen.Get())}
	k := it.Key.Key()
	if b.Level() > 0 {
		t = t.parentItem(tree.kind, k)
		ref := view[format.BlockRef](val)
		return t.s("    ref ").ref(&ref).nl()
	}
	switch tree.kind {
	case format.TreeAlloc:
		return t.freeExtent(k)
	case format.TreeMountedClients:
		return t.mountedClient(k, val)
	case format.TreeLogMerge:
		return t.logMerge(k, val)
	case format.TreeSrchRoot:
		return t.srchItem(k, val)
	case format.TreeLogsRoot:
		return t.logTrees(k, val)
	default:
		return t.fsItem(k, it.Seq.Get(), it.Flags, val)
	}
}

// parentItem shows the key of a parent's item, which has a child instead of
// a value.
func (t text) parentItem(kind format.Tree, k format.Key) text {
	switch kind {
	case format.TreeAlloc:
		return t.freeExtent(k)
	case format.TreeMountedClients:
		return t.s("    rid ").x16(k.First).nl()
	case format.TreeLogMerge:
		return t
	case format.TreeSrchRoot:
		return t.s("    ").key(k).nl()
	case format.TreeLogsRoot:
		return t.s("    rid ").u(k.First).s(" nr ").u(k.Second).nl()
	default:
		return t.s("    ").key(k).s(" 0 -\n")
	}
}

// valueWindow reads an item's value the way upstream does: from its offset,
// whatever its length says, so that a short value shows the bytes that
// follow it. Bytes after the block's end are zero.
type valueWindow struct {
	block *format.BtreeBlock
	off   int
	len   int
}

// bytes returns n bytes from offset skip of the value, cut at the block's
// end.
func (v valueWindow) bytes(skip, n int) []byte {
	from := min(v.off+skip, len(v.block))
	return v.block[from:min(from+max(n, 0), len(v.block))]
}

// view copies a structure out of the value.
func view[T any](v valueWindow) T {
	var t T
	copy(format.Bytes(&t), v.bytes(0, format.Size[T]()))
	return t
}
