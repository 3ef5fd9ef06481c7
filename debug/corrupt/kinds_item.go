// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt

import (
	"errors"

	"scoutfs/debug/surgery"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// onItem makes a damage of a change to an item of a tree block that matches.
func onItem(match func(treeBlock, *format.BtreeBlock) bool, change func(*operation, *format.BtreeBlock, *format.BtreeItem)) func(*operation) error {
	return func(op *operation) error {
		b, err := op.someTreeBlock(func(at treeBlock, b *format.BtreeBlock) bool {
			return b.NrItems() > 0 && match(at, b)
		})
		if err == nil {
			change(op, b, b.Item(op.pick(b.NrItems())))
		}
		return err
	}
}

func isParent(at treeBlock, _ *format.BtreeBlock) bool { return at.level > 0 }

func isLeaf(at treeBlock, _ *format.BtreeBlock) bool { return at.level == 0 }

// isServerLeaf matches leaves whose items have no sequence numbers.
func isServerLeaf(at treeBlock, _ *format.BtreeBlock) bool {
	return at.level == 0 && at.tree.Kind != format.TreeFSRoot && at.tree.Kind != format.TreeLogItems
}

// addForeign adds an item to a tree of a kind.
func addForeign(kind format.Tree, k func(*operation) format.Key, value []byte) func(*operation) error {
	return func(op *operation) error {
		t, err := choose(op, op.treesOf(kind))
		if err != nil {
			return err
		}
		return insertable(op.v.Insert(t, surgery.NewItem{Key: k(op), Seq: seqFor(kind), Value: value}))
	}
}

// seqFor is a sequence number that an item of a tree may have.
func seqFor(kind format.Tree) uint64 {
	if kind == format.TreeFSRoot {
		return 1
	}
	return 0
}

func itemKinds() []Kind {
	const needs = "tree that is not empty"
	return []Kind{
		{
			Name: "item-pad", Problem: problem.ItemPad, Needs: needs,
			Does: "Sets a byte of the padding of an item.",
			apply: onItem(anyBlock, func(op *operation, _ *format.BtreeBlock, it *format.BtreeItem) {
				it.Pad[op.pick(len(it.Pad))] = byte(1 + op.pick(255))
			}),
		},
		{
			Name: "item-node-pad", Problem: problem.ItemPad, Needs: needs,
			Does: "Sets the padding of an item's links.",
			apply: onItem(anyBlock, func(op *operation, _ *format.BtreeBlock, it *format.BtreeItem) {
				it.Node.Pad = byte(1 + op.pick(255))
			}),
		},
		{
			Name: "item-key-pad", Problem: problem.ItemPad, Needs: "tree with parent blocks",
			Does: "Sets a byte of the padding of a key in a parent block.",
			apply: onItem(isParent, func(op *operation, _ *format.BtreeBlock, it *format.BtreeItem) {
				it.Key.Pad[op.pick(len(it.Key.Pad))] = byte(1 + op.pick(255))
			}),
		},
		{
			Name: "value-pad-dirent", Problem: problem.ItemPad, Needs: "name in a directory",
			Does:  "Sets a byte of the padding in all items of a name.",
			apply: onLink(anyLink, func(op *operation, d *format.Dirent) { d.Pad[op.pick(len(d.Pad))] = byte(1 + op.pick(255)) }),
		},
		{
			Name: "value-pad-time", Problem: problem.ItemPad, Needs: "inode",
			Does: "Sets a byte of the padding of an inode's time.",
			apply: onInode(linked, func(op *operation, in *format.InodeV1) {
				in.Mtime.Pad[op.pick(len(in.Mtime.Pad))] = byte(1 + op.pick(255))
			}),
		},
		{
			Name: "value-pad-extent", Problem: problem.ItemPad, Needs: "extent of a file",
			Does: "Sets a byte of the padding of an extent.",
			apply: onExtent(func(*format.DataExtent) bool { return true }, func(op *operation, _ surgery.Item, e *format.DataExtent) error {
				e.Pad[op.pick(len(e.Pad))] = byte(1 + op.pick(255))
				return nil
			}),
		},
		{
			Name: "item-flags", Problem: problem.ItemFlags, Needs: needs,
			Does: "Sets a flag of an item that does not exist.",
			apply: onItem(isLeaf, func(op *operation, _ *format.BtreeBlock, it *format.BtreeItem) {
				it.Flags |= 2 << op.pick(7)
			}),
		},
		{
			Name: "item-deletion", Problem: problem.ItemDeletion, Needs: "room in fs_root",
			Does: "Adds an item to fs_root that deletes one that does not exist.",
			apply: func(op *operation) error {
				ino, err := op.unusedIno()
				if err != nil {
					return err
				}
				k := format.OrphanKey(ino)
				return errors.Join(op.fresh(k), insertable(op.v.Insert(op.treeOf(format.TreeFSRoot),
					surgery.NewItem{Key: k, Seq: 1, Flags: format.ItemFlagDeletion})))
			},
		},
		{
			Name: "item-kind-type", Problem: problem.ItemKind, Needs: "room in fs_root",
			Does: "Adds an item to fs_root that has a type which does not exist.",
			apply: addForeign(format.TreeFSRoot, func(op *operation) format.Key {
				return format.Key{Zone: format.ZoneFS, First: format.RootIno, Type: byte(format.TypeDataExtent + 4*(1+op.pick(20)))}
			}, nil),
		},
		{
			Name: "item-kind-zone", Problem: problem.ItemKind, Needs: "room in fs_root",
			Does: "Adds an item to fs_root that has a zone which does not exist.",
			apply: addForeign(format.TreeFSRoot, func(op *operation) format.Key {
				return format.Key{Zone: byte(100 + op.pick(100)), First: op.some(), Type: format.TypeInode}
			}, nil),
		},
		{
			Name: "item-kind-foreign", Problem: problem.ItemKind, Needs: "room in an allocator",
			Does: "Adds an orphan item to an allocator's tree.",
			apply: addForeign(format.TreeAlloc, func(op *operation) format.Key {
				return format.OrphanKey(op.some())
			}, nil),
		},
		{
			Name: "item-seq-alloc", Problem: problem.ItemSeq, Needs: "tree of the server",
			Does: "Gives an item a sequence number whose tree has none.",
			apply: onItem(isServerLeaf, func(op *operation, _ *format.BtreeBlock, it *format.BtreeItem) {
				it.Seq.Set(1 + op.some())
			}),
		},
		{
			Name: "item-seq-none", Problem: problem.ItemSeq, Needs: "item in fs_root",
			Does: "Clears the sequence number of an item of fs_root.",
			apply: func(op *operation) error {
				return op.scan(op.treesOf(format.TreeFSRoot), func(it surgery.Item) error {
					if ok, err := op.only(it); err != nil || !ok {
						return firstError(err, errNone)
					}
					b, slot, err := op.v.Slot(it)
					if err == nil {
						b.Item(slot).Seq.Set(0)
					}
					return err
				})
			},
		},
		{
			Name: "parent-seq", Problem: problem.ParentItem, Needs: "tree with parent blocks",
			Does:  "Gives an item of a parent block a sequence number.",
			apply: onItem(isParent, func(op *operation, _ *format.BtreeBlock, it *format.BtreeItem) { it.Seq.Set(op.some()) }),
		},
		{
			Name: "parent-flags", Problem: problem.ParentItem, Needs: "tree with parent blocks",
			Does:  "Gives an item of a parent block a flag.",
			apply: onItem(isParent, func(_ *operation, _ *format.BtreeBlock, it *format.BtreeItem) { it.Flags = format.ItemFlagDeletion }),
		},
		{
			Name: "key-fields-index", Problem: problem.KeyFields, Needs: "inode",
			Does: "Adds an entry of the index of changes with a number where its key has none.",
			apply: func(op *operation) error {
				it, err := op.fsItem(format.KindMetaSeqIndex, anyItem)
				if err != nil {
					return err
				}
				k := it.Key
				k.Fourth = byte(1 + op.pick(255))
				return op.put(k, nil)
			},
		},
		{
			Name: "key-fields-orphan", Problem: problem.KeyFields, Needs: "inode number that is not in use",
			Does: "Adds an orphan item with a number where its key has none.",
			apply: func(op *operation) error {
				ino, err := op.unusedIno()
				if err != nil {
					return err
				}
				k := format.OrphanKey(ino)
				k.Third = op.some()
				return op.put(k, nil)
			},
		},
	}
}

func hashKinds() []Kind {
	const needs = "leaf with items"
	on := func(change func(op *operation, b *format.BtreeBlock, slot, bucket int)) func(*operation) error {
		return onTreeBlock(func(at treeBlock, b *format.BtreeBlock) bool { return at.level == 0 && b.NrItems() > 1 },
			func(op *operation, b *format.BtreeBlock) {
				slot := op.pick(b.NrItems())
				change(op, b, slot, surgery.HashBucket(b, slot))
			})
	}
	return []Kind{
		{
			Name: "leaf-hash-lost", Problem: problem.LeafHash, Needs: needs,
			Does:  "Removes an item from the hash table of its leaf.",
			apply: on(func(_ *operation, b *format.BtreeBlock, _, bucket int) { b.SetLeafHash(bucket, 0) }),
		},
		{
			Name: "leaf-hash-other", Problem: problem.LeafHash, Needs: needs,
			Does: "Makes the hash table of a leaf lead to another item.",
			apply: on(func(_ *operation, b *format.BtreeBlock, slot, bucket int) {
				b.SetLeafHash(bucket, uint16(format.BtreeItemsOffset+(slot+1)%b.NrItems()*format.BtreeItemSize))
			}),
		},
		{
			Name: "leaf-hash-nowhere", Problem: problem.LeafHash, Needs: needs,
			Does: "Makes the hash table of a leaf lead to no item.",
			apply: on(func(op *operation, b *format.BtreeBlock, _, bucket int) {
				b.SetLeafHash(bucket, uint16(1+op.pick(format.BtreeItemsOffset-1)))
			}),
		},
	}
}
