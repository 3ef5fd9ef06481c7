// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt

import (
	"scoutfs/debug/surgery"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

func onList(change func(*operation, *format.AllocListHead)) func(*operation) error {
	return func(op *operation) error {
		l, err := op.someList()
		if err == nil {
			change(op, l.head)
		}
		return err
	}
}

// onLastBlock makes a damage of a change to the last block of a list.
func onLastBlock(change func(*operation, list, *format.AllocListBlock)) func(*operation) error {
	return func(op *operation) error {
		l, err := op.someList()
		if err != nil {
			return err
		}
		b, err := op.lastBlock(l)
		if err == nil {
			change(op, l, b)
		}
		return err
	}
}

// addEntry makes a damage of an entry that is added to a list.
func addEntry(pick func(*operation, list) (uint64, error)) func(*operation) error {
	return func(op *operation) error {
		l, err := op.someList()
		if err != nil {
			return err
		}
		blkno, err := pick(op, l)
		if err != nil {
			return err
		}
		b, err := op.firstBlock(l)
		if err == nil && !surgery.AppendList(l.head, b, blkno) {
			err = errNone
		}
		return err
	}
}

func listKinds() []Kind {
	const needs = "block list that is not empty"
	return []Kind{
		{
			Name: "list-bounds", Problem: problem.ListBlockBounds, Needs: needs,
			Does: "Gives a block of a list more entries than it can have.",
			apply: onLastBlock(func(op *operation, _ list, b *format.AllocListBlock) {
				b.Nr.Set(uint32(format.AllocListEntries + op.some()))
			}),
		},
		{
			Name: "list-start", Problem: problem.ListBlockBounds, Needs: needs,
			Does: "Makes the entries of a list's block start behind its end.",
			apply: onLastBlock(func(op *operation, _ list, b *format.AllocListBlock) {
				b.Start.Set(uint32(format.AllocListEntries + op.some()))
			}),
		},
		{
			Name: "list-first-nr", Problem: problem.ListFirstCount, Needs: needs,
			Does:  "Changes the count of entries in the first block of a list.",
			apply: onList(func(op *operation, h *format.AllocListHead) { h.FirstNr.Set(h.FirstNr.Get() + uint32(op.some())) }),
		},
		{
			Name: "list-total-nr", Problem: problem.ListTotalCount, Needs: needs,
			Does:  "Changes the count of entries in a list.",
			apply: onList(func(op *operation, h *format.AllocListHead) { h.TotalNr.Set(h.TotalNr.Get() + op.some()) }),
		},
		{
			Name: "list-loop", Problem: problem.ListLoop, Needs: needs,
			Does: "Makes the last block of a list lead back to the first.",
			apply: onLastBlock(func(_ *operation, l list, b *format.AllocListBlock) {
				b.Next = l.head.Ref
			}),
		},
		{
			Name: "list-entry-beyond", Problem: problem.ListEntryRange, Needs: needs,
			Does:  "Adds a block beyond the end of the device to a list.",
			apply: addEntry(func(op *operation, _ list) (uint64, error) { return op.beyond(), nil }),
		},
		{
			Name: "list-entry-static", Problem: problem.ListEntryRange, Needs: needs,
			Does:  "Adds the block that holds the super to a list.",
			apply: addEntry(func(*operation, list) (uint64, error) { return 1, nil }),
		},
		{
			Name: "list-head-without", Problem: problem.ListHead, Needs: "empty block list of the server",
			Does: "Gives a list without blocks a count of entries.",
			apply: func(op *operation) error {
				lists, err := op.lists()
				if err != nil {
					return err
				}
				l, err := choose(op, where(lists, func(l list) bool { return l.head.Ref.Ref().IsZero() && l.log == nil }))
				if err == nil {
					l.head.TotalNr.Set(op.some())
					l.head.FirstNr.Set(uint32(l.head.TotalNr.Get()))
				}
				return err
			},
		},
		{
			Name: "list-flags", Problem: problem.ListFlags, Needs: anyVolume,
			Does: "Sets a flag of a list that does not exist.",
			apply: func(op *operation) error {
				lists, err := op.lists()
				if err != nil {
					return err
				}
				l, err := choose(op, lists)
				if err == nil {
					l.head.Flags.Set(l.head.Flags.Get() | 2<<op.pick(31))
				}
				return err
			},
		},
		{
			Name: "list-next-seq", Problem: problem.ListNext, Needs: needs,
			Does: "Gives the last block of a list the sequence number of a next one that is not there.",
			apply: onLastBlock(func(op *operation, _ list, b *format.AllocListBlock) {
				b.Next.Seq.Set(op.some())
			}),
		},
	}
}

func allocKinds() []Kind {
	const needs = "free extent"
	onAlloc := func(change func(*operation, *format.AllocRoot)) func(*operation) error {
		return func(op *operation) error {
			t, err := choose(op, op.treesOf(format.TreeAlloc))
			if err == nil {
				change(op, t.Alloc)
			}
			return err
		}
	}
	// addOne adds a single item to an allocator.
	addOne := func(k func(*operation) format.Key) func(*operation) error {
		return func(op *operation) error {
			t, err := choose(op, op.treesOf(format.TreeAlloc))
			if err != nil {
				return err
			}
			return insertable(op.v.Insert(t, surgery.NewItem{Key: k(op)}))
		}
	}
	// addPair adds an extent to an allocator.
	addPair := func(e func(*operation, *surgery.Tree) format.Extent) func(*operation) error {
		return func(op *operation) error {
			t, err := choose(op, op.treesOf(format.TreeAlloc))
			if err != nil {
				return err
			}
			return op.addFree(t, e(op, t))
		}
	}
	// lose removes one of an extent's two items.
	lose := func(k func(format.Extent) format.Key) func(*operation) error {
		return func(op *operation) error {
			e, err := op.someAnyFree(1)
			if err != nil {
				return err
			}
			it, err := op.v.Find(e.tree, k(e.Extent))
			if err != nil {
				return err
			}
			return op.v.Remove(it)
		}
	}
	return []Kind{
		{
			Name: "alloc-flags", Problem: problem.AllocRootFlags, Needs: needs,
			Does:  "Sets a flag of an allocator that does not exist.",
			apply: onAlloc(func(op *operation, a *format.AllocRoot) { a.Flags.Set(a.Flags.Get() | 2<<op.pick(31)) }),
		},
		{
			Name: "alloc-total", Problem: problem.AllocTotal, Needs: needs,
			Does:  "Changes the total of an allocator.",
			apply: onAlloc(func(op *operation, a *format.AllocRoot) { a.TotalLen.Set(a.TotalLen.Get() + op.some()) }),
		},
		{
			Name: "free-extent-empty", Problem: problem.FreeExtentKey, Needs: needs,
			Does: "Adds a free extent without blocks.",
			apply: addOne(func(op *operation) format.Key {
				return format.Key{Zone: format.ZoneFreeBlkno, First: format.FirstDataBlkno + op.some()}
			}),
		},
		{
			Name: "free-extent-wrap", Problem: problem.FreeExtentKey, Needs: needs,
			Does: "Adds a free extent that is longer than its end allows.",
			apply: addOne(func(op *operation) format.Key {
				end := op.some()
				return format.Key{Zone: format.ZoneFreeBlkno, First: end, Second: end + 1 + op.some()}
			}),
		},
		{
			Name: "free-extent-beyond", Problem: problem.FreeExtentRange, Needs: needs,
			Does: "Adds a free extent beyond the end of its device.",
			apply: addPair(func(op *operation, t *surgery.Tree) format.Extent {
				total := op.super.TotalMetaBlocks.Get()
				if t.Data {
					total = op.super.TotalDataBlocks.Get()
				}
				return format.Extent{Start: total + op.some(), Len: op.some()}
			}),
		},
		{
			Name: "free-extent-static", Problem: problem.FreeExtentRange, Needs: needs,
			Does:  "Adds a free extent in front of the first block that can be used.",
			apply: addPair(func(*operation, *surgery.Tree) format.Extent { return format.Extent{Start: 1, Len: 1} }),
		},
		{
			Name: "free-extent-overlap", Problem: problem.FreeExtentOverlap, Needs: "free extent of two blocks or more",
			Does: "Adds a free extent that is part of another in the same allocator.",
			apply: func(op *operation) error {
				e, err := op.someAnyFree(2)
				if err != nil {
					return err
				}
				return op.addFree(e.tree, format.Extent{Start: e.Start, Len: 1 + op.rng.Uint64N(min(e.Len-1, 1<<20))})
			},
		},
		{
			Name: "free-extent-no-order", Problem: problem.FreeExtentNoOrder, Needs: needs,
			Does:  "Removes the item by which a free extent is found by its size.",
			apply: lose(format.FreeOrderKey),
		},
		{
			Name: "free-extent-no-blkno", Problem: problem.FreeExtentNoBlkno, Needs: needs,
			Does:  "Removes the item by which a free extent is found by its place.",
			apply: lose(format.FreeBlknoKey),
		},
		{
			Name: "free-extent-order", Problem: problem.FreeExtentOrder, Needs: needs,
			Does: "Files a free extent under a wrong order.",
			apply: func(op *operation) error {
				e, err := op.someAnyFree(1)
				if err != nil {
					return err
				}
				k := format.FreeOrderKey(e.Extent)
				it, err := op.v.Find(e.tree, k)
				if err != nil {
					return err
				}
				k.First -= 1 + uint64(op.pick(4))
				return op.v.Rekey(it, k)
			},
		},
	}
}
