// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"iter"
	"math"

	"scoutfs/engine/btree"
	"scoutfs/engine/format"
)

// FreeBlocks is one store of free blocks.
type FreeBlocks struct {
	// ID is 0 for the allocators of the volume, 1 for the server's lists,
	// the RID of a mount for its lists and trees and those of its merges, and
	// the number of a compaction for its lists.
	ID     uint64
	Blocks uint64 // of 64 KiB if Meta, of 4 KiB otherwise
	Meta   bool
	Avail  bool // ready to be allocated, as opposed to freed lately
}

// AllocDetail returns every store of free blocks, in the order of ALLOC_DETAIL
// (kmod/src/alloc.c: scoutfs_alloc_foreach_super): the volume's and the
// server's, then those of log trees, compactions, merge requests and merge
// completions.
func (f *FS) AllocDetail(ctx context.Context) iter.Seq2[FreeBlocks, error] {
	return func(yield func(FreeBlocks, error) bool) {
		d := detail{yield: yield}
		_ = d.super(f.snapshot.Super) && d.logTrees(f.snapshot.LogTrees) &&
			d.tree(ctx, f.tree(format.TreeSrchRoot, f.snapshot.Super.SrchRoot.Root()), format.Range{
				Start: format.SrchPendingKey(0),
				End:   format.SrchBusyKey(math.MaxUint64, math.MaxUint64),
			}) &&
			d.tree(ctx, f.tree(format.TreeLogMerge, f.snapshot.Super.LogMerge.Root()), format.Range{
				Start: format.LogMergeRequestKey(0, 0),
				End:   format.LogMergeCompleteKey(math.MaxUint64),
			})
	}
}

func (f *FS) tree(kind format.Tree, root format.Root) *btree.Tree {
	return &btree.Tree{Reader: f.snapshot.Blocks(), Root: root, Kind: kind}
}

// detail passes stores of free blocks on. Its methods report whether to go
// on.
type detail struct {
	yield func(FreeBlocks, error) bool
}

func (d *detail) meta(id, blocks uint64, avail bool) bool {
	return d.yield(FreeBlocks{ID: id, Blocks: blocks, Meta: true, Avail: avail}, nil)
}

func (d *detail) data(id, blocks uint64, avail bool) bool {
	return d.yield(FreeBlocks{ID: id, Blocks: blocks, Avail: avail}, nil)
}

// lists passes a pair of block lists on.
func (d *detail) lists(id uint64, avail, freed *format.AllocListHead) bool {
	return d.meta(id, avail.TotalNr.Get(), true) && d.meta(id, freed.TotalNr.Get(), false)
}

func (d *detail) super(s *format.Super) bool {
	return d.meta(0, s.MetaAlloc[0].TotalLen.Get(), true) &&
		d.meta(0, s.MetaAlloc[1].TotalLen.Get(), true) &&
		d.data(0, s.DataAlloc.TotalLen.Get(), true) &&
		d.meta(1, s.ServerMetaAvail[0].TotalNr.Get(), true) &&
		d.meta(1, s.ServerMetaAvail[1].TotalNr.Get(), true) &&
		d.meta(1, s.ServerMetaFreed[0].TotalNr.Get(), false) &&
		d.meta(1, s.ServerMetaFreed[1].TotalNr.Get(), false)
}

func (d *detail) logTrees(all []*format.LogTrees) bool {
	for _, lt := range all {
		rid := lt.RID.Get()
		ok := d.lists(rid, &lt.MetaAvail, &lt.MetaFreed) &&
			d.data(rid, lt.DataAvail.TotalLen.Get(), true) &&
			d.data(rid, lt.DataFreed.TotalLen.Get(), false)
		if !ok {
			return false
		}
	}
	return true
}

// tree passes on the lists in a range of items.
func (d *detail) tree(ctx context.Context, t *btree.Tree, within format.Range) bool {
	for it, err := range t.Items(ctx, within) {
		ok := true
		if err == nil {
			ok, err = d.item(it)
		}
		if err != nil {
			ok = d.yield(FreeBlocks{}, err)
		}
		if !ok {
			return false
		}
	}
	return true
}

func (d *detail) item(it btree.Item) (ok bool, err error) {
	switch format.KindOf(it.Key) {
	case format.KindSrchPending, format.KindSrchBusy:
		v, err := viewItem[format.SrchCompact](it)
		return err == nil && d.lists(v.ID.Get(), &v.MetaAvail, &v.MetaFreed), err
	case format.KindLogMergeRequest:
		v, err := viewItem[format.LogMergeRequest](it)
		return err == nil && d.lists(v.RID.Get(), &v.MetaAvail, &v.MetaFreed), err
	case format.KindLogMergeComplete:
		v, err := viewItem[format.LogMergeComplete](it)
		return err == nil && d.lists(v.RID.Get(), &v.MetaAvail, &v.MetaFreed), err
	}
	return true, nil
}

func viewItem[T any](it btree.Item) (*T, error) {
	v, err := format.ViewExact[T](it.Value)
	if err != nil {
		return nil, atItem(it.Key, err)
	}
	return v, nil
}
