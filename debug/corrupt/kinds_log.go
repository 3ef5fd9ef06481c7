// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt

import (
	"errors"

	"scoutfs/debug/surgery"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// someLog picks a log tree, with or without items, that matches.
func (op *operation) someLog(match func(*surgery.Tree) bool) (*surgery.Tree, error) {
	return choose(op, where(op.trees, func(t *surgery.Tree) bool { return t.Kind == format.TreeLogItems && match(t) }))
}

func onLog(match func(*surgery.Tree) bool, change func(*operation, *format.LogTrees)) func(*operation) error {
	return func(op *operation) error {
		t, err := op.someLog(match)
		if err == nil {
			change(op, t.Log)
		}
		return err
	}
}

func anyLog(*surgery.Tree) bool         { return true }
func finalized(t *surgery.Tree) bool    { return t.Log.Finalized() }
func notFinalized(t *surgery.Tree) bool { return !t.Log.Finalized() }
func hasItems(t *surgery.Tree) bool     { return t.Root.Height > 0 && !t.Log.BloomRef.Ref().IsZero() }

// onBloom makes a damage of a change to a bloom filter and an item under it.
func onBloom(change func(*operation, *format.BloomBlock, format.Key)) func(*operation) error {
	return func(op *operation) error {
		it, err := op.item(where(op.fsTrees(), func(t *surgery.Tree) bool { return t.Log != nil }), anyItem)
		if err != nil {
			return err
		}
		b, err := op.v.Bloom(it.Tree.Log.BloomRef.Blkno.Get())
		if err == nil {
			change(op, b, it.Key)
		}
		return err
	}
}

func logKinds() []Kind {
	const (
		log   = "log tree"
		open  = "log tree of a mount"
		done  = "log tree that is finalized"
		items = "log tree with items"
	)
	return []Kind{
		{
			Name: "log-trees-rid", Problem: problem.LogTreesKey, Needs: log,
			Does:  "Changes the mount in the record of a log tree.",
			apply: onLog(anyLog, func(op *operation, l *format.LogTrees) { l.RID.Set(l.RID.Get() ^ 1<<op.pick(64)) }),
		},
		{
			Name: "log-trees-nr", Problem: problem.LogTreesKey, Needs: log,
			Does:  "Changes the generation in the record of a log tree.",
			apply: onLog(anyLog, func(op *operation, l *format.LogTrees) { l.Nr.Set(l.Nr.Get() + op.some()) }),
		},
		{
			Name: "log-trees-flags", Problem: problem.LogTreesFlags, Needs: log,
			Does:  "Sets a flag of a log tree that does not exist.",
			apply: onLog(anyLog, func(op *operation, l *format.LogTrees) { l.Flags.Set(l.Flags.Get() | 2<<op.pick(63)) }),
		},
		{
			Name: "log-trees-commit-seq", Problem: problem.LogTreesTransSeq, Needs: log,
			Does: "Lowers the sequence number of a log tree's opened transaction below that of the committed one.",
			apply: func(op *operation) error {
				t, err := op.someLog(func(t *surgery.Tree) bool { return t.Log.CommitTransSeq.Get() > 0 })
				if err == nil {
					t.Log.GetTransSeq.Set(op.rng.Uint64N(t.Log.CommitTransSeq.Get()))
				}
				return err
			},
		},
		{
			Name: "log-trees-trans-ahead", Problem: problem.LogTreesSeq, Needs: open,
			Does: "Gives a log tree a transaction beyond the volume's sequence number.",
			apply: onLog(notFinalized, func(op *operation, l *format.LogTrees) {
				l.GetTransSeq.Set(op.super.Seq.Get() + op.some())
			}),
		},
		{
			Name: "log-trees-items-ahead", Problem: problem.LogTreesSeq, Needs: log,
			Does: "Gives a log tree a greatest item sequence beyond the volume's sequence number.",
			apply: onLog(anyLog, func(op *operation, l *format.LogTrees) {
				l.MaxItemSeq.Set(op.super.Seq.Get() + op.some())
			}),
		},
		{
			Name: "log-trees-finalize-ahead", Problem: problem.LogTreesSeq, Needs: done,
			Does:  "Gives a log tree a finalize sequence beyond the volume's sequence number.",
			apply: onLog(finalized, func(op *operation, l *format.LogTrees) { l.FinalizeSeq.Set(op.super.Seq.Get() + op.some()) }),
		},
		{
			Name: "log-trees-order", Problem: problem.LogTreesOpenOrder, Needs: open,
			Does: "Adds a finalized log tree with a later generation than the one that its mount writes.",
			apply: func(op *operation) error {
				t, err := op.someLog(notFinalized)
				if err != nil {
					return err
				}
				return op.addLog(t.Log.RID.Get(), t.Log.Nr.Get()+1, func(l *format.LogTrees) {
					l.Flags.Set(format.LogTreesFinalized)
					l.FinalizeSeq.Set(op.super.Seq.Get())
				})
			},
		},
		{
			Name: "log-trees-space-list", Problem: problem.LogTreesFinalizedSpace, Needs: done,
			Does:  "Gives a finalized log tree a list with a free metadata block.",
			apply: finalizedList,
		},
		{
			Name: "log-trees-space-data", Problem: problem.LogTreesFinalizedSpace, Needs: done,
			Does: "Gives a finalized log tree a free data block of the server.",
			apply: func(op *operation) error {
				t, err := choose(op, where(op.trees, func(t *surgery.Tree) bool {
					return t.Kind == format.TreeAlloc && t.Log != nil && t.Log.Finalized()
				}))
				if err != nil {
					return err
				}
				e, err := op.takeData(1)
				if err != nil {
					return err
				}
				return op.addFree(t, e)
			},
		},
		{
			Name: "log-trees-space-search", Problem: problem.LogTreesFinalizedSpace, Needs: "finalized log tree and search log",
			Does:  "Moves a search log into the record of a finalized log tree.",
			apply: finalizedSearch,
		},
		{
			Name: "log-trees-finalize-none", Problem: problem.LogTreesFinalizeSeq, Needs: done,
			Does:  "Clears the finalize sequence of a finalized log tree.",
			apply: onLog(finalized, func(_ *operation, l *format.LogTrees) { l.FinalizeSeq.Set(0) }),
		},
		{
			Name: "log-trees-finalize-early", Problem: problem.LogTreesFinalizeSeq, Needs: open,
			Does:  "Gives a log tree that is not finalized a finalize sequence.",
			apply: onLog(notFinalized, func(op *operation, l *format.LogTrees) { l.FinalizeSeq.Set(op.super.Seq.Get()) }),
		},
		{
			Name: "log-trees-max-item-seq", Problem: problem.LogTreesMaxItemSeq, Needs: items,
			Does: "Lowers the greatest item sequence of a log tree below that of an item.",
			apply: func(op *operation) error {
				it, err := op.item(op.treesOf(format.TreeLogItems), func(it surgery.Item) bool { return it.Seq > 0 })
				if err == nil {
					it.Tree.Log.MaxItemSeq.Set(it.Seq - 1)
				}
				return err
			},
		},
		{
			Name: "log-trees-no-mount", Problem: problem.LogTreesNoMount, Needs: "room in logs_root",
			Does: "Adds a log tree of a mount that does not exist.",
			apply: func(op *operation) error {
				return op.addLog(op.rng.Uint64()>>1|1, 1, func(*format.LogTrees) {})
			},
		},
		{
			Name: "log-trees-no-bloom", Problem: problem.LogTreesNoBloom, Needs: items,
			Does: "Frees the bloom filter of a log tree that has items.",
			apply: func(op *operation) error {
				t, err := op.someLog(hasItems)
				if err != nil {
					return err
				}
				blkno := t.Log.BloomRef.Blkno.Get()
				t.Log.BloomRef.Set(format.Ref{})
				return op.v.GiveMeta(blkno)
			},
		},
		{
			Name: "bloom-bit", Problem: problem.BloomBit, Needs: items,
			Does: "Clears a bit of a bloom filter that an item needs.",
			apply: onBloom(func(op *operation, b *format.BloomBlock, k format.Key) {
				lock, _ := format.LockRange(k)
				n := format.BloomBitsOf(lock.Start)[op.pick(format.BloomFunctions)]
				if b.Bits[n/8]&(1<<(n%8)) != 0 {
					b.Bits[n/8] &^= 1 << (n % 8)
					b.TotalSet.Set(b.TotalSet.Get() - 1)
				}
			}),
		},
		{
			Name: "bloom-total", Problem: problem.BloomTotal, Needs: items,
			Does: "Changes the count of bits in a bloom filter.",
			apply: onBloom(func(op *operation, b *format.BloomBlock, _ format.Key) {
				b.TotalSet.Set(b.TotalSet.Get() + op.some())
			}),
		},
	}
}

// addLog adds the record of a log tree that has nothing.
func (op *operation) addLog(rid, nr uint64, change func(*format.LogTrees)) error {
	var l format.LogTrees
	l.RID.Set(rid)
	l.Nr.Set(nr)
	change(&l)
	return insertable(op.v.Insert(op.treeOf(format.TreeLogsRoot), surgery.NewItem{
		Key: format.LogTreesKey(rid, nr), Value: format.Bytes(&l),
	}))
}

func finalizedList(op *operation) error {
	t, err := op.someLog(finalized)
	if err != nil {
		return err
	}
	at, err := op.v.TakeMeta()
	if err != nil {
		return err
	}
	entry, err := op.v.TakeMeta()
	if err != nil {
		return err
	}
	block, ref, err := op.v.NewBlock(at, format.MagicAllocList, op.rng.Uint64())
	if err != nil {
		return err
	}
	b, err := format.ViewAllocListBlock(block.Bytes)
	if err != nil {
		return err
	}
	head := &t.Log.MetaAvail
	head.Ref.Set(ref)
	surgery.AppendList(head, b, entry)
	return nil
}

func finalizedSearch(op *operation) error {
	t, err := op.someLog(func(t *surgery.Tree) bool { return finalized(t) && t.Log.SrchFile.Height == 0 })
	if err != nil {
		return err
	}
	f, err := op.someSearchFile(func(f searchFile) bool { return !f.sorted && f.inLog == nil })
	if err != nil {
		return err
	}
	t.Log.SrchFile = *f.file
	err = op.v.Remove(f.item)
	if root := op.super.SrchRoot.Root(); errors.Is(err, surgery.ErrLastItem) && root.Height == 1 {
		op.super.SrchRoot.Set(format.Root{})
		err = op.v.GiveMeta(root.Ref.Blkno)
	}
	return err
}
