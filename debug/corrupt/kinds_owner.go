// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt

import (
	"scoutfs/debug/surgery"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// usedMeta picks a metadata block that is in use.
func (op *operation) usedMeta() (uint64, error) {
	var all []uint64
	for c := range blockClasses {
		blknos, err := op.blocksOf(c)
		if err != nil {
			return 0, err
		}
		all = append(all, blknos...)
	}
	return choose(op, all)
}

func metaOwnerKinds() []Kind {
	const list1 = "block list that is not empty"
	free := func(data bool) string {
		if data {
			return "free data space"
		}
		return "free metadata space"
	}
	return []Kind{
		{
			Name: "meta-twice-list", Problem: problem.MetaBlockTwice, Needs: "two block lists",
			Does:  "Puts the same empty block at the end of two lists.",
			apply: sharedListBlock,
		},
		{
			Name: "meta-twice-leaf", Problem: problem.MetaBlockTwice, Needs: "tree with parent blocks",
			Does: "Adds a second reference to a leaf to its parent, for keys that the leaf has none of.",
			apply: func(op *operation) error {
				parent, blkno, slot, gap, err := op.parentWithGap()
				if err != nil {
					return err
				}
				ref, err := childRef(parent, slot)
				if err != nil {
					return err
				}
				return op.v.InsertInto(blkno, surgery.NewItem{Key: gap, Value: refValue(ref.Ref())})
			},
		},
		{
			Name: "meta-twice-bloom", Problem: problem.MetaBlockTwice, Needs: "two log trees with items",
			Does:  "Gives two log trees the same bloom filter, which holds what both need.",
			apply: sharedBloom,
		},
		{
			Name: "meta-free-used-list", Problem: problem.MetaBlockFreeUsed, Needs: list1,
			Does:  "Adds a block that is in use to a list of free blocks.",
			apply: addEntry(func(op *operation, _ list) (uint64, error) { return op.usedMeta() }),
		},
		{
			Name: "meta-free-used-extent", Problem: problem.MetaBlockFreeUsed, Needs: free(false),
			Does: "Adds a block that is in use to an allocator as free.",
			apply: func(op *operation) error {
				blkno, err := op.usedMeta()
				if err != nil {
					return err
				}
				t, err := choose(op, op.allocators(false))
				if err != nil {
					return err
				}
				return op.addFree(t, format.Extent{Start: blkno, Len: 1})
			},
		},
		{
			Name: "meta-free-twice-list", Problem: problem.MetaBlockFreeTwice, Needs: list1,
			Does:  "Adds a block to a list that it is in already.",
			apply: addEntry(func(op *operation, l list) (uint64, error) { return op.entryOf(l) }),
		},
		{
			Name: "meta-free-twice-extent", Problem: problem.MetaBlockFreeTwice, Needs: free(false),
			Does: "Adds a block to a list that is free in an allocator.",
			apply: addEntry(func(op *operation, _ list) (uint64, error) {
				e, err := op.someFree(op.allocators(false), 1)
				return e.Start, err
			}),
		},
		{
			Name: "meta-leaked-list", Problem: problem.MetaBlockLeaked, Needs: list1,
			Does: "Removes a block from a list of free blocks.",
			apply: func(op *operation) error {
				_, err := op.v.TakeMeta()
				return err
			},
		},
		{
			Name: "meta-leaked-extent", Problem: problem.MetaBlockLeaked, Needs: free(false),
			Does: "Makes a free extent of metadata blocks shorter.",
			apply: func(op *operation) error {
				e, err := op.someFree(op.allocators(false), 2)
				if err != nil {
					return err
				}
				return op.cutFree(e, 1)
			},
		},
	}
}

// entryOf picks an entry of a list's first block.
func (op *operation) entryOf(l list) (uint64, error) {
	b, err := op.firstBlock(l)
	if err != nil {
		return 0, err
	}
	entries, _ := b.Entries()
	e, err := choose(op, entries)
	return e.Get(), err
}

func sharedListBlock(op *operation) error {
	lists, err := op.usedLists()
	if err != nil {
		return err
	}
	if len(lists) < 2 {
		return errNone
	}
	blkno, err := op.v.TakeMeta()
	if err != nil {
		return err
	}
	_, ref, err := op.v.NewBlock(blkno, format.MagicAllocList, op.rng.Uint64())
	if err != nil {
		return err
	}
	for _, i := range op.rng.Perm(len(lists))[:2] {
		b, err := op.lastBlock(lists[i])
		if err != nil {
			return err
		}
		b.Next.Set(ref)
	}
	return nil
}

func sharedBloom(op *operation) error {
	trees := where(op.fsTrees(), func(t *surgery.Tree) bool { return t.Log != nil })
	if len(trees) < 2 {
		return errNone
	}
	op.rng.Shuffle(len(trees), func(i, j int) { trees[i], trees[j] = trees[j], trees[i] })
	kept, err := op.v.Bloom(trees[0].Log.BloomRef.Blkno.Get())
	if err != nil {
		return err
	}
	dropped := trees[1].Log.BloomRef.Blkno.Get()
	other, err := op.v.Bloom(dropped)
	if err != nil {
		return err
	}
	for n := range uint32(format.BloomBits) {
		if other.Bits[n/8]&(1<<(n%8)) != 0 {
			kept.Add([format.BloomFunctions]uint32{n, n, n})
		}
	}
	trees[1].Log.BloomRef = trees[0].Log.BloomRef
	return op.v.GiveMeta(dropped)
}

// mapped picks an extent of a file that has blocks.
func (op *operation) mapped(match func(surgery.Item) bool) (surgery.Item, uint64, error) {
	it, err := op.fsItem(format.KindDataExtent, func(it surgery.Item) bool {
		e, err := format.ViewExact[format.DataExtent](it.Value)
		return err == nil && e.Blkno.Get() != 0 && match(it)
	})
	if err != nil {
		return it, 0, err
	}
	e, err := format.ViewExact[format.DataExtent](it.Value)
	if err != nil {
		return it, 0, err
	}
	return it, e.Blkno.Get(), nil
}

func anyItem(surgery.Item) bool { return true }

func dataOwnerKinds() []Kind {
	const extents = "extent of a file with blocks"
	return []Kind{
		{
			Name: "data-twice", Problem: problem.DataBlockTwice, Needs: "two extents of files with blocks",
			Does:  "Makes an extent of a file lead to blocks of another extent, and frees its own.",
			apply: sharedData,
		},
		{
			Name: "data-free-used", Problem: problem.DataBlockFreeUsed, Needs: extents,
			Does: "Adds blocks of a file to the free ones.",
			apply: func(op *operation) error {
				it, blkno, err := op.mapped(anyItem)
				if err != nil {
					return err
				}
				return op.freeData(format.Extent{Start: blkno, Len: 1 + op.rng.Uint64N(it.Key.Third)})
			},
		},
		{
			Name: "data-free-twice", Problem: problem.DataBlockFreeTwice, Needs: "mount that holds free data blocks",
			Does: "Adds free blocks that a mount holds to those of the server.",
			apply: func(op *operation) error {
				mounts := where(op.allocators(true), func(t *surgery.Tree) bool { return t.Log != nil && !t.Log.Finalized() })
				e, err := op.someFree(mounts, 1)
				if err != nil {
					return err
				}
				return op.freeData(format.Extent{Start: e.Start, Len: 1 + op.rng.Uint64N(e.Len)})
			},
		},
		{
			Name: "data-leaked", Problem: problem.DataBlockLeaked, Needs: "free data space",
			Does: "Makes a free extent of data blocks shorter.",
			apply: func(op *operation) error {
				e, err := op.someFree(op.allocators(true), 2)
				if err != nil {
					return err
				}
				return op.cutFree(e, 1+op.rng.Uint64N(e.Len-1))
			},
		},
	}
}

func sharedData(op *operation) error {
	a, at, err := op.mapped(anyItem)
	if err != nil {
		return err
	}
	b, other, err := op.mapped(func(it surgery.Item) bool { return it.Key != a.Key })
	if err != nil {
		return err
	}
	if b.Key.Third > a.Key.Third {
		a, b, at, other = b, a, other, at
	}
	e, err := view[format.DataExtent](op, b)
	if err != nil {
		return err
	}
	e.Blkno.Set(at + op.rng.Uint64N(1+a.Key.Third-b.Key.Third))
	return op.freeData(format.Extent{Start: other, Len: b.Key.Third})
}
