// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt

import (
	"scoutfs/debug/surgery"
	"scoutfs/engine/format"
)

// freeExtent is a free extent in an allocator's tree.
type freeExtent struct {
	format.Extent
	tree *surgery.Tree
}

// allocators returns the allocators of a device that have extents.
func (op *operation) allocators(data bool) []*surgery.Tree {
	return where(op.treesOf(format.TreeAlloc), func(t *surgery.Tree) bool { return t.Data == data })
}

// someFree picks a free extent of at least some length.
func (op *operation) someFree(trees []*surgery.Tree, least uint64) (found freeExtent, err error) {
	err = op.scan(trees, func(it surgery.Item) error {
		e, ok := it.Key.FreeExtent()
		if !ok || it.Key.Zone != format.ZoneFreeBlkno || !e.Valid() || e.Len < least {
			return errNone
		}
		found = freeExtent{e, it.Tree}
		return nil
	})
	return found, err
}

// someAnyFree picks a free extent of either device.
func (op *operation) someAnyFree(least uint64) (freeExtent, error) {
	return op.someFree(op.treesOf(format.TreeAlloc), least)
}

// addFree adds both items of an extent to an allocator, and to its total. The
// extents next to it are left alone.
func (op *operation) addFree(t *surgery.Tree, e format.Extent) error {
	for _, k := range []format.Key{format.FreeBlknoKey(e), format.FreeOrderKey(e)} {
		if err := insertable(op.v.Insert(t, surgery.NewItem{Key: k})); err != nil {
			return err
		}
	}
	t.Alloc.TotalLen.Set(t.Alloc.TotalLen.Get() + e.Len)
	return nil
}

// changeFree replaces an extent of an allocator by another, and corrects the
// total.
func (op *operation) changeFree(old freeExtent, e format.Extent) error {
	for _, k := range [][2]format.Key{
		{format.FreeBlknoKey(old.Extent), format.FreeBlknoKey(e)},
		{format.FreeOrderKey(old.Extent), format.FreeOrderKey(e)},
	} {
		it, err := op.v.Find(old.tree, k[0])
		if err != nil {
			return err
		}
		if err := insertable(op.v.Rekey(it, k[1])); err != nil {
			return err
		}
	}
	total := &old.tree.Alloc.TotalLen
	total.Set(total.Get() - old.Len + e.Len)
	return nil
}

// cutFree takes blocks from the front of an extent, which must be longer.
func (op *operation) cutFree(e freeExtent, n uint64) error {
	return op.changeFree(e, format.Extent{Start: e.Start + n, Len: e.Len - n})
}

// dataAlloc returns the server's allocator of data blocks.
func (op *operation) dataAlloc() *surgery.Tree {
	for _, t := range op.trees {
		if t.Alloc == &op.super.DataAlloc {
			return t
		}
	}
	return nil
}

// freeData gives data blocks to the server.
func (op *operation) freeData(e format.Extent) error { return op.addFree(op.dataAlloc(), e) }

// takeData takes a run of data blocks from where they are free.
func (op *operation) takeData(n uint64) (format.Extent, error) {
	e, err := op.someFree(op.allocators(true), n+1)
	if err != nil {
		return format.Extent{}, err
	}
	return format.Extent{Start: e.Start, Len: n}, op.cutFree(e, n)
}
