// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt

import (
	"bytes"
	"slices"

	"scoutfs/debug/surgery"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// resizeSome gives an item of a kind in any of trees a value of another
// length.
func resizeSome(trees []format.Tree, kind format.ItemKind, by int) func(*operation) error {
	return func(op *operation) error {
		return op.scan(op.treesOf(trees...), func(it surgery.Item) error {
			if kindOf(it) != kind || it.Deleted() {
				return errNone
			}
			value := make([]byte, len(it.Value)+by)
			copy(value, it.Value)
			return op.v.Resize(it, value)
		})
	}
}

func fsOrLog() []format.Tree { return []format.Tree{format.TreeFSRoot, format.TreeLogItems} }

// onValue makes a damage of a change to a leaf's item that has a value.
func onValue(change func(*operation, *format.BtreeBlock, *format.BtreeItem)) func(*operation) error {
	return func(op *operation) error {
		valued := func(b *format.BtreeBlock) []int {
			return nodes(b, func(slot int, _ *format.AVLNode) bool { return b.Item(slot).ValLen.Get() > 0 })
		}
		b, err := op.someTreeBlock(func(at treeBlock, b *format.BtreeBlock) bool {
			return at.level == 0 && len(valued(b)) > 0
		})
		if err != nil {
			return err
		}
		slot, err := choose(op, valued(b))
		if err == nil {
			change(op, b, b.Item(slot))
		}
		return err
	}
}

func valueKinds() []Kind {
	const needs = "leaf with values"
	return []Kind{
		{
			Name: "value-length-total", Problem: problem.ItemValueLength, Needs: "total",
			Does:  "Cuts the value of a total.",
			apply: resizeSome(fsOrLog(), format.KindXattrTotl, -8),
		},
		{
			Name: "value-length-extent", Problem: problem.ItemValueLength, Needs: "extent of a file",
			Does:  "Cuts the value of an extent of a file.",
			apply: resizeSome(fsOrLog(), format.KindDataExtent, -1),
		},
		{
			Name: "value-length-index", Problem: problem.ItemValueLength, Needs: "room in a leaf",
			Does:  "Gives an entry of the index of changes a value.",
			apply: resizeSome(fsOrLog(), format.KindMetaSeqIndex, 8),
		},
		{
			Name: "value-length-log-trees", Problem: problem.ItemValueLength, Needs: "log tree",
			Does:  "Cuts the record of a log tree.",
			apply: resizeSome([]format.Tree{format.TreeLogsRoot}, format.KindLogTrees, -8),
		},
		{
			Name: "value-length-mount", Problem: problem.ItemValueLength, Needs: "mount in mounted_clients",
			Does:  "Makes the record of a mount longer.",
			apply: resizeSome([]format.Tree{format.TreeMountedClients}, format.KindMountedClient, 8),
		},
		{
			Name: "value-length-search", Problem: problem.ItemValueLength, Needs: "search file in srch_root",
			Does:  "Makes the record of a search file longer.",
			apply: resizeSome([]format.Tree{format.TreeSrchRoot}, format.KindSrchLog, 8),
		},
		{
			Name: "value-length-free", Problem: problem.ItemValueLength, Needs: "free extent",
			Does:  "Gives a free extent a value.",
			apply: resizeSome([]format.Tree{format.TreeAlloc}, format.KindFreeBlkno, 8),
		},
		{
			Name: "value-length-deletion", Problem: problem.ItemValueLength, Needs: "item of a log tree that deletes another",
			Does: "Gives an item a value that deletes another.",
			apply: func(op *operation) error {
				return op.scan(op.treesOf(format.TreeLogItems), func(it surgery.Item) error {
					if !it.Deleted() {
						return errNone
					}
					return op.v.Resize(it, make([]byte, 16))
				})
			},
		},
		{
			Name: "value-outside", Problem: problem.ItemValuePlace, Needs: needs,
			Does: "Places the value of an item in the hash table of its leaf.",
			apply: onValue(func(op *operation, _ *format.BtreeBlock, it *format.BtreeItem) {
				it.ValOff.Set(uint16(format.LeafHashOffset + format.BtreeValueAlign*op.pick(64)))
			}),
		},
		{
			Name: "value-in-head", Problem: problem.ItemValuePlace, Needs: needs,
			Does:  "Places the value of an item among the items of its leaf.",
			apply: onValue(func(_ *operation, _ *format.BtreeBlock, it *format.BtreeItem) { it.ValOff.Set(format.BtreeItemsOffset) }),
		},
		{
			Name: "value-unaligned", Problem: problem.ItemValuePlace, Needs: needs,
			Does: "Moves the value of an item off the boundary of 8 bytes.",
			apply: onValue(func(op *operation, b *format.BtreeBlock, it *format.BtreeItem) {
				it.ValOff.Set(it.ValOff.Get() - uint16(1+op.pick(7)))
			}),
		},
		{
			Name: "value-offset-without", Problem: problem.ItemValuePlace, Needs: "item without a value",
			Does: "Gives an item without a value a place for one.",
			apply: func(op *operation) error {
				return op.scan(op.everyTree(), func(it surgery.Item) error {
					if len(it.Value) > 0 {
						return errNone
					}
					b, slot, err := op.v.Slot(it)
					if err == nil {
						b.Item(slot).ValOff.Set(uint16(format.LeafHashOffset - format.BtreeValueAlign*(1+op.pick(8))))
					}
					return err
				})
			},
		},
		{
			Name: "value-shared", Problem: problem.ItemValueOverlap, Needs: "leaf with two equal values",
			Does:  "Places the values of two items, which are equal, at the same place.",
			apply: sharedValue,
		},
	}
}

func sharedValue(op *operation) error {
	all, err := op.treeBlocks(op.everyTree())
	if err != nil {
		return err
	}
	for _, i := range op.rng.Perm(len(all)) {
		if all[i].level > 0 {
			continue
		}
		items, err := op.v.ItemsOfLeaf(all[i].tree, all[i].path)
		if err != nil {
			return err
		}
		slices.SortStableFunc(items, func(a, b surgery.Item) int { return bytes.Compare(a.Value, b.Value) })
		for j := 1; j < len(items); j++ {
			if len(items[j].Value) == 0 || !bytes.Equal(items[j-1].Value, items[j].Value) {
				continue
			}
			b, slot, err := op.v.Slot(items[j])
			if err == nil {
				b.Item(slot).ValOff = b.Item(items[j-1].Slot).ValOff
			}
			return err
		}
	}
	return errNone
}
