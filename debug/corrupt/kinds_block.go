// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt

import (
	"scoutfs/debug/surgery"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// blockClassNames are words for each class: in the names of kinds, and for
// people.
func blockClassNames() [blockClasses][2]string {
	return [blockClasses][2]string{
		fsLeaf:       {"fs-leaf", "leaf of fs_root"},
		fsParent:     {"fs-parent", "parent block of fs_root or of a log tree"},
		logLeaf:      {"log-leaf", "leaf of a log tree"},
		spaceLeaf:    {"space-leaf", "leaf of an allocator"},
		serverLeaf:   {"server-leaf", "leaf of logs_root, log_merge, mounted_clients or srch_root"},
		listBlock:    {"list", "block of a block list"},
		bloomBlock:   {"bloom", "bloom filter"},
		searchLeaf:   {"search-leaf", "leaf of a search file"},
		searchParent: {"search-parent", "parent block of a search file"},
	}
}

// onBlock makes a damage of a change to the header of a block of a class, or
// of any.
func onBlock(classes []blockClass, change func(*operation, *surgery.Block, *format.BlockHeader)) func(*operation) error {
	return func(op *operation) error {
		var all []uint64
		for _, c := range classes {
			blknos, err := op.blocksOf(c)
			if err != nil {
				return err
			}
			if blkno, err := choose(op, blknos); err == nil {
				all = append(all, blkno)
			}
		}
		blkno, err := choose(op, all)
		if err != nil {
			return err
		}
		b, err := op.v.Hold(surgery.MetaPlace(blkno))
		if err != nil {
			return err
		}
		hdr, err := format.View[format.BlockHeader](b.Bytes)
		if err == nil {
			change(op, b, hdr)
		}
		return err
	}
}

func blockKinds() []Kind {
	const needs = "metadata block"
	var every []blockClass
	var kinds []Kind
	for c, words := range blockClassNames() {
		every = append(every, blockClass(c))
		kinds = append(kinds, Kind{
			Name: "block-crc-" + words[0], Problem: problem.BlockCRC, Needs: words[1],
			Does: "Flips a bit of the checksum of a " + words[1] + ".",
			apply: onBlock([]blockClass{blockClass(c)}, func(op *operation, b *surgery.Block, _ *format.BlockHeader) {
				b.Bytes[op.pick(4)] ^= 1 << op.pick(8)
				b.KeepCRC = true
			}),
		})
	}
	return append(
		kinds,
		Kind{
			Name: "block-magic", Problem: problem.BlockMagic, Needs: needs,
			Does: "Changes the magic number of a metadata block.",
			apply: onBlock(every, func(op *operation, _ *surgery.Block, hdr *format.BlockHeader) {
				hdr.Magic.Set(hdr.Magic.Get() ^ 1<<op.pick(32))
			}),
		},
		Kind{
			Name: "block-fsid", Problem: problem.BlockFSID, Needs: needs,
			Does: "Changes the volume id in a metadata block.",
			apply: onBlock(every, func(op *operation, _ *surgery.Block, hdr *format.BlockHeader) {
				hdr.FSID.Set(hdr.FSID.Get() ^ 1<<op.pick(64))
			}),
		},
		Kind{
			Name: "block-blkno", Problem: problem.BlockBlkno, Needs: needs,
			Does: "Changes the block number in the header of a metadata block.",
			apply: onBlock(every, func(op *operation, _ *surgery.Block, hdr *format.BlockHeader) {
				hdr.Blkno.Set(hdr.Blkno.Get() + op.some())
			}),
		},
		Kind{
			Name: "block-seq", Problem: problem.BlockSeq, Needs: needs,
			Does: "Changes the sequence number of a metadata block.",
			apply: onBlock(every, func(op *operation, _ *surgery.Block, hdr *format.BlockHeader) {
				hdr.Seq.Set(hdr.Seq.Get() + op.some())
			}),
		},
	)
}

// beyond is a block number that the volume does not have.
func (op *operation) beyond() uint64 { return op.super.TotalMetaBlocks.Get() + op.some() }

func rootKinds() []Kind {
	const needs = "tree that is not empty"
	on := func(change func(*operation, *format.BtreeRoot)) func(*operation) error {
		return func(op *operation) error {
			t, err := choose(op, op.everyTree())
			if err == nil {
				change(op, t.Root)
			}
			return err
		}
	}
	return []Kind{
		{
			Name: "reference-root-beyond", Problem: problem.BlockReference, Needs: needs,
			Does:  "Makes the root of a tree a block beyond the end of the device.",
			apply: on(func(op *operation, r *format.BtreeRoot) { r.Ref.Blkno.Set(op.beyond()) }),
		},
		{
			Name: "reference-root-static", Problem: problem.BlockReference, Needs: needs,
			Does:  "Makes the root of a tree the block that holds the super.",
			apply: on(func(_ *operation, r *format.BtreeRoot) { r.Ref.Blkno.Set(1) }),
		},
		{
			Name: "reference-child-beyond", Problem: problem.BlockReference, Needs: "tree with parent blocks",
			Does: "Makes a child of a tree's parent block one beyond the end of the device.",
			apply: func(op *operation) error {
				b, err := op.someTreeBlock(func(at treeBlock, _ *format.BtreeBlock) bool { return at.level > 0 })
				if err != nil {
					return err
				}
				ref, err := childRef(b, op.pick(b.NrItems()))
				if err == nil {
					ref.Blkno.Set(op.beyond())
				}
				return err
			},
		},
		{
			Name: "reference-list-beyond", Problem: problem.BlockReference, Needs: "block list",
			Does: "Makes the first block of a list one beyond the end of the device.",
			apply: func(op *operation) error {
				l, err := op.someList()
				if err == nil {
					l.head.Ref.Blkno.Set(op.beyond())
				}
				return err
			},
		},
		{
			Name: "reference-bloom-beyond", Problem: problem.BlockReference, Needs: "log tree with items",
			Does: "Makes the bloom filter of a log tree a block beyond the end of the device.",
			apply: func(op *operation) error {
				t, err := choose(op, where(op.fsTrees(), func(t *surgery.Tree) bool { return t.Log != nil }))
				if err == nil {
					t.Log.BloomRef.Blkno.Set(op.beyond())
				}
				return err
			},
		},
		{
			Name: "reference-search-beyond", Problem: problem.BlockReference, Needs: "parent block of a search file",
			Does: "Makes a leaf of a search file a block beyond the end of the device.",
			apply: func(op *operation) error {
				p, err := op.someSearchParent()
				if err == nil {
					p.Refs[0].Blkno.Set(op.beyond())
				}
				return err
			},
		},
		{
			Name: "root-height-none", Problem: problem.BtreeRoot, Needs: needs,
			Does:  "Sets the height of a tree that has a root block to 0.",
			apply: on(func(_ *operation, r *format.BtreeRoot) { r.Height = 0 }),
		},
		{
			Name: "root-height-most", Problem: problem.BtreeRoot, Needs: needs,
			Does: "Sets the height of a tree to more than any can have.",
			apply: on(func(op *operation, r *format.BtreeRoot) {
				r.Height = byte(format.MaxBtreeHeight + 1 + op.pick(200))
			}),
		},
		{
			Name: "root-block-none", Problem: problem.BtreeRoot, Needs: needs,
			Does:  "Clears the reference to the root block of a tree and leaves its height.",
			apply: on(func(_ *operation, r *format.BtreeRoot) { r.Ref.Set(format.Ref{}) }),
		},
		{
			Name: "root-height-empty", Problem: problem.BtreeRoot, Needs: "tree that is empty",
			Does: "Gives an empty tree a height.",
			apply: func(op *operation) error {
				t, err := choose(op, where(op.trees, func(t *surgery.Tree) bool {
					return t.Root.Height == 0 && (t.Log == nil || !t.Log.Finalized())
				}))
				if err == nil {
					t.Root.Height = byte(1 + op.pick(format.MaxBtreeHeight))
				}
				return err
			},
		},
		{
			Name: "root-pad", Problem: problem.BtreeRootPad, Needs: anyVolume,
			Does: "Sets a byte of the padding in the reference to a tree.",
			apply: func(op *operation) error {
				t, err := choose(op, op.trees)
				if err == nil {
					t.Root.Pad[op.pick(len(t.Root.Pad))] = byte(1 + op.pick(255))
				}
				return err
			},
		},
		{
			Name: "alloc-pad", Problem: problem.BtreeRootPad, Needs: anyVolume,
			Does: "Sets a byte of the padding of an allocator.",
			apply: func(op *operation) error {
				t, err := choose(op, where(op.trees, func(t *surgery.Tree) bool { return t.Alloc != nil }))
				if err == nil {
					t.Alloc.Pad[op.pick(len(t.Alloc.Pad))] = byte(1 + op.pick(255))
				}
				return err
			},
		},
	}
}

// childRef views the reference in a parent's slot.
func childRef(b *format.BtreeBlock, slot int) (*format.BlockRef, error) {
	value, ok := b.Value(b.Item(slot))
	if !ok {
		return nil, errNone
	}
	return format.View[format.BlockRef](value)
}
