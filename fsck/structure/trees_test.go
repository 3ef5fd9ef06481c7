// SPDX-License-Identifier: GPL-2.0-or-later

package structure_test

import (
	"bytes"
	"testing"

	"scoutfs/engine/btree"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
	"scoutfs/internal/testblock"
)

// inLeaf changes a leaf of fs_root in the middle of the tree.
func inLeaf(change func(b *format.BtreeBlock)) func(p *patient) {
	return func(p *patient) {
		p.tb.Helper()
		leaves := p.blocks(p.super.FSRoot.Root(), 0)
		p.btree(leaves[len(leaves)/2].Ref.Blkno, change)
	}
}

// itemOf returns the first slot of a kind, and whether there is one.
func itemOf(b *format.BtreeBlock, kind format.ItemKind) (int, bool) {
	for slot := range b.NrItems() {
		if format.KindOf(b.Item(slot).Key.Key()) == kind {
			return slot, true
		}
	}
	return 0, false
}

// inItem changes the first item of a kind of fs_root, and rehashes its leaf.
func inItem(kind format.ItemKind, change func(b *format.BtreeBlock, it *format.BtreeItem)) func(p *patient) {
	return func(p *patient) {
		p.tb.Helper()
		for _, leaf := range p.blocks(p.super.FSRoot.Root(), 0) {
			if _, ok := itemOf(leaf.Block, kind); !ok {
				continue
			}
			p.btree(leaf.Ref.Blkno, func(b *format.BtreeBlock) {
				slot, _ := itemOf(b, kind)
				change(b, b.Item(slot))
				rehash(b)
			})
			return
		}
		p.tb.Fatalf("no %v item", kind)
	}
}

func rehash(b *format.BtreeBlock) {
	for i := range format.LeafHashSlots {
		b.SetLeafHash(i, 0)
	}
	for i := range b.NrItems() {
		bucket := int(format.Hash32(format.Bytes(&b.Item(i).Key)) % format.LeafHashSlots)
		for b.LeafHash(bucket) != 0 {
			bucket = (bucket + 1) % format.LeafHashSlots
		}
		b.SetLeafHash(bucket, uint16(format.BtreeItemsOffset+format.BtreeItemSize*i))
	}
}

// inParent changes fs_root's root, which is a parent of leaves.
func inParent(change func(p *patient, b *format.BtreeBlock)) func(p *patient) {
	return func(p *patient) {
		p.tb.Helper()
		p.btree(p.super.FSRoot.Ref.Blkno.Get(), func(b *format.BtreeBlock) { change(p, b) })
	}
}

func childOf(p *patient, b *format.BtreeBlock, slot int) *format.BlockRef {
	p.tb.Helper()
	val, ok := b.Value(b.Item(slot))
	if !ok {
		p.tb.Fatal("no value")
	}
	return view[format.BlockRef](p.tb, val)
}

func TestDamagedBlocksAreFound(t *testing.T) {
	t.Parallel()
	header := func(change func(h *format.BlockHeader)) func(p *patient) {
		return inLeaf(func(b *format.BtreeBlock) { change(&b.Head().Hdr) })
	}
	diagnose(t, []injury{
		{name: "crc of a leaf", harm: func(p *patient) {
			leaf := p.blocks(p.super.FSRoot.Root(), 0)[3]
			p.bytes(p.meta, int64(leaf.Ref.Blkno)<<16, 65536, false, func(b []byte) { b[999] ^= 1 })
		}, want: one(problem.BlockCRC)},
		{name: "crc of a parent", harm: func(p *patient) {
			p.bytes(p.meta, int64(p.super.FSRoot.Ref.Blkno.Get())<<16, 65536, false, func(b []byte) { b[999] ^= 1 })
		}, want: one(problem.BlockCRC)},
		{name: "magic", harm: header(func(h *format.BlockHeader) { h.Magic.Set(format.MagicBloom) }), want: one(problem.BlockMagic)},
		{name: "fsid", harm: header(func(h *format.BlockHeader) { h.FSID.Set(5) }), want: one(problem.BlockFSID)},
		{name: "blkno", harm: header(func(h *format.BlockHeader) { h.Blkno.Set(5) }), want: one(problem.BlockBlkno)},
		{name: "seq", harm: header(func(h *format.BlockHeader) { h.Seq.Set(5) }), want: one(problem.BlockSeq)},
		{name: "level", harm: inLeaf(func(b *format.BtreeBlock) { b.Head().Level = 1 }), want: one(problem.BtreeLevel)},
		{name: "pad", harm: inLeaf(func(b *format.BtreeBlock) { b.Head().Pad[0] = 1 }), want: one(problem.BtreeHeadPad)},
		{name: "item count", harm: inLeaf(func(b *format.BtreeBlock) { b.Head().NrItems.Set(uint16(b.NrItems() - 1)) }), want: one(problem.BtreeItemCount)},
		{name: "item bytes", harm: inLeaf(func(b *format.BtreeBlock) { b.Head().TotalItemBytes.Set(1) }), want: one(problem.BtreeItemBytes)},
		{name: "free bytes", harm: inLeaf(func(b *format.BtreeBlock) { b.Head().MidFreeLen.Set(60000) }), want: one(problem.BtreeMidFree)},
		{name: "link", harm: inLeaf(func(b *format.BtreeBlock) { b.Item(2).Node.Parent.Set(3) }), want: one(problem.AVLLink)},
		{name: "height", harm: inLeaf(func(b *format.BtreeBlock) { b.Item(2).Node.Height ^= 8 }), want: one(problem.AVLHeight)},
		{name: "unlinked", harm: inLeaf(func(b *format.BtreeBlock) { b.Head().ItemRoot.Set(0) }), want: one(problem.AVLUnlinked)},
		{name: "hash table", harm: inLeaf(func(b *format.BtreeBlock) { b.SetLeafHash(slotInHash(b), 0) }), want: one(problem.LeafHash)},
		{name: "empty leaf", harm: inLeaf(func(b *format.BtreeBlock) {
			head := *b.Head()
			*b = format.BtreeBlock{}
			b.Head().Hdr = head.Hdr
			b.Head().MidFreeLen.Set(format.BtreeLeafBytes)
		}), want: one(problem.BtreeEmptyLeaf)},
		{name: "keys out of order", harm: inLeaf(func(b *format.BtreeBlock) {
			order, _ := btree.AppendOrder(nil, b)
			x, y := b.Item(int(order[5])), b.Item(int(order[6]))
			*x, *y = *y, *x
			x.Node, y.Node = y.Node, x.Node
			rehash(b)
		}), want: one(problem.BtreeKeyOrder)},
		{name: "key out of range", harm: inLeaf(func(b *format.BtreeBlock) {
			order, _ := btree.AppendOrder(nil, b)
			key := b.Item(int(order[0])).Key.Key()
			key.First -= 5000
			b.Item(int(order[0])).Key.Set(key)
			rehash(b)
		}), want: one(problem.BtreeKeyRange)},
		{name: "reference outside the device", harm: inParent(func(p *patient, b *format.BtreeBlock) { childOf(p, b, 2).Blkno.Set(1 << 40) }), want: one(problem.BlockReference)},
		{name: "reference to nothing", harm: inParent(func(p *patient, b *format.BtreeBlock) { childOf(p, b, 2).Blkno.Set(0) }), want: one(problem.BlockReference)},
		{name: "reference to another block", harm: inParent(func(p *patient, b *format.BtreeBlock) {
			childOf(p, b, 2).Blkno.Set(childOf(p, b, 3).Blkno.Get())
		}), want: one(problem.BlockSeq)},
		{name: "two references to a block", harm: inParent(func(p *patient, b *format.BtreeBlock) {
			*childOf(p, b, 2) = *childOf(p, b, 3)
		}), want: []problem.Number{problem.MetaBlockTwice, problem.MetaBlockLeaked}},
		{name: "length of a reference", harm: inParent(func(_ *patient, b *format.BtreeBlock) { b.Item(2).ValLen.Set(15) }), want: one(problem.BlockReference)},
		{name: "parent with one child", harm: func(p *patient) {
			// The first child gets a parent of its own, the others another.
			var refs []testblock.Item
			for _, leaf := range p.blocks(p.super.FSRoot.Root(), 0) {
				refs = append(refs, testblock.RefItem(leaf.Range.End, leaf.Ref))
			}
			first := p.add(format.MagicBtree, testblock.Btree(1, refs[0]))
			others := p.add(format.MagicBtree, testblock.Btree(1, refs[1:]...))
			p.put(p.super.FSRoot.Ref.Ref(), format.MagicBtree, testblock.Btree(2,
				testblock.RefItem(refs[0].Key, first), testblock.RefItem(format.MaxKey(), others)))
			p.setSuper(func(s *format.Super) { s.FSRoot.Height = 3 })
		}, want: one(problem.BtreeFewChildren)},
		{name: "balance", harm: inLeaf(func(b *format.BtreeBlock) {
			order, _ := btree.AppendOrder(nil, b)
			trim(b, order[:3])
		}), want: one(problem.AVLBalance)},
		{name: "item of a parent", harm: inParent(func(_ *patient, b *format.BtreeBlock) { b.Item(2).Seq.Set(15) }), want: one(problem.ParentItem)},
		{name: "last key", harm: inParent(func(_ *patient, b *format.BtreeBlock) {
			order, _ := btree.AppendOrder(nil, b)
			b.Item(int(order[len(order)-1])).Key.Set(format.MaxKey().Prev())
		}), want: one(problem.BtreeLastKey)},
		{name: "value outside", harm: inItem(format.KindDirent, func(_ *format.BtreeBlock, it *format.BtreeItem) { it.ValOff.Set(65528) }), want: one(problem.ItemValuePlace)},
		{name: "value over another", harm: inItem(format.KindReaddir, func(_ *format.BtreeBlock, it *format.BtreeItem) {
			it.ValOff.Set(it.ValOff.Get() + 8)
		}), want: one(problem.ItemValueOverlap)},
		{name: "root without height", harm: func(p *patient) {
			p.setSuper(func(s *format.Super) { s.FSRoot.Height = 0 })
		}, want: one(problem.BtreeRoot)},
		{name: "root too high", harm: func(p *patient) {
			p.setSuper(func(s *format.Super) { s.SrchRoot.Height = 21 })
		}, want: one(problem.BtreeRoot)},
		{name: "root's height", harm: func(p *patient) {
			p.setSuper(func(s *format.Super) { s.LogsRoot.Height = 2 })
		}, want: one(problem.BtreeLevel)},
		{name: "root's pad", harm: func(p *patient) {
			p.setSuper(func(s *format.Super) { s.FSRoot.Pad[6] = 1 })
		}, want: one(problem.BtreeRootPad)},
		{name: "allocator's pad", harm: func(p *patient) {
			p.setSuper(func(s *format.Super) { s.DataAlloc.Pad[3] = 1 })
		}, want: one(problem.BtreeRootPad)},
	})
}

// trim leaves items of some slots in a leaf, each hanging from the one before.
func trim(b *format.BtreeBlock, slots []uint16) {
	var items []testblock.Item
	for _, slot := range slots {
		it := b.Item(int(slot))
		val, _ := b.Value(it)
		items = append(items, testblock.Item{Key: it.Key.Key(), Seq: it.Seq.Get(), Flags: it.Flags, Value: bytes.Clone(val)})
	}
	hdr := b.Head().Hdr
	copy(b[:], testblock.Btree(0, items...))
	b.Head().Hdr = hdr
	b.Head().ItemRoot.Set(format.NodeOffset(0))
	for i := range slots {
		n := &b.Item(i).Node
		*n = format.AVLNode{Height: byte(len(slots) - i)}
		if i > 0 {
			n.Parent.Set(format.NodeOffset(i - 1))
		}
		if i < len(slots)-1 {
			n.Right.Set(format.NodeOffset(i + 1))
		}
	}
}

func slotInHash(b *format.BtreeBlock) int {
	for i := range format.LeafHashSlots {
		if b.LeafHash(i) != 0 {
			return i
		}
	}
	return 0
}

func TestDamagedItemsAreFound(t *testing.T) {
	t.Parallel()
	inLog := func(change func(it *format.BtreeItem)) func(p *patient) {
		return func(p *patient) {
			p.tb.Helper()
			leaf := p.blocks(p.logTrees(0).ItemRoot.Root(), 0)[0]
			p.btree(leaf.Ref.Blkno, func(b *format.BtreeBlock) { change(b.Item(4)) })
		}
	}
	type item = format.BtreeItem
	pad := func(kind format.ItemKind, off int) func(p *patient) {
		return inItem(kind, func(b *format.BtreeBlock, it *item) { b[int(it.ValOff.Get())+off] = 1 })
	}
	diagnose(t, []injury{
		{name: "pad", harm: inItem(format.KindInode, func(_ *format.BtreeBlock, it *item) { it.Pad[1] = 1 }), want: one(problem.ItemPad)},
		{name: "key's pad", harm: inItem(format.KindInode, func(_ *format.BtreeBlock, it *item) { it.Key.Pad[1] = 1 }), want: one(problem.ItemPad)},
		{name: "flags", harm: inItem(format.KindInode, func(_ *format.BtreeBlock, it *item) { it.Flags = 2 }), want: one(problem.ItemFlags)},
		{name: "deletion in fs_root", harm: inItem(format.KindMetaSeqIndex, func(_ *format.BtreeBlock, it *item) { it.Flags = 1 }), want: one(problem.ItemDeletion)},
		{name: "kind", harm: inItem(format.KindInode, func(_ *format.BtreeBlock, it *item) { it.Key.Type = 5 }), want: one(problem.ItemKind)},
		{name: "unused field of a key", harm: inItem(format.KindInode, func(_ *format.BtreeBlock, it *item) { it.Key.Second.Set(1) }), want: one(problem.KeyFields)},
		{name: "length of a value", harm: inItem(format.KindInode, func(_ *format.BtreeBlock, it *item) { it.ValLen.Set(161) }), want: one(problem.ItemValueLength)},
		{name: "no seq", harm: inItem(format.KindInode, func(_ *format.BtreeBlock, it *item) { it.Seq.Set(0) }), want: one(problem.ItemSeq)},
		{name: "seq beyond the volume's", harm: inItem(format.KindInode, func(_ *format.BtreeBlock, it *item) { it.Seq.Set(1 << 50) }), want: one(problem.ItemSeq)},
		{name: "seq beyond a log tree's", harm: inLog(func(it *item) { it.Seq.Set(1 << 50) }), want: one(problem.LogTreesMaxItemSeq)},
		{name: "no seq in a log tree", harm: inLog(func(it *item) { it.Seq.Set(0) }), want: one(problem.ItemSeq)},
		{name: "deletion with a value", harm: func(p *patient) {
			leaves := p.blocks(p.logTrees(0).ItemRoot.Root(), 0)
			p.btree(leaves[len(leaves)-1].Ref.Blkno, func(b *format.BtreeBlock) {
				for slot := range b.NrItems() {
					if it := b.Item(slot); it.ValLen.Get() > 0 {
						it.Flags = format.ItemFlagDeletion
						return
					}
				}
				p.tb.Fatal("no values")
			})
		}, want: one(problem.ItemValueLength)},
		{name: "seq in a tree without", harm: func(p *patient) {
			p.btree(p.super.SrchRoot.Ref.Blkno.Get(), func(b *format.BtreeBlock) { b.Item(0).Seq.Set(1) })
		}, want: one(problem.ItemSeq)},
		{name: "padding of an inode's time", harm: pad(format.KindInode, 16*7+12), want: one(problem.ItemPad)},
		{name: "padding of an entry", harm: pad(format.KindDirent, 25), want: one(problem.ItemPad)},
		{name: "padding of an entry's copy", harm: pad(format.KindLinkBackref, 31), want: one(problem.ItemPad)},
		{name: "padding of an attribute", harm: pad(format.KindXattr, 7), want: one(problem.ItemPad)},
		{name: "padding of an extent", harm: pad(format.KindDataExtent, 9), want: one(problem.ItemPad)},
		{name: "padding of a quota rule", harm: pad(format.KindQuotaRule, 47), want: one(problem.ItemPad)},
	})
}
