// SPDX-License-Identifier: GPL-2.0-or-later

package server

import (
	"context"

	"scoutfs/engine/alloc"
	"scoutfs/engine/btree"
	"scoutfs/engine/format"
)

// reclaimSpace takes from log trees all that is not items: their search file
// becomes one that waits for compaction, and their free blocks of either
// device free ones of the volume (docs/format.md 7.1). lt is changed to say so.
func (c *Commit) reclaimSpace(ctx context.Context, lt *format.LogTrees) error {
	if lt.SrchFile.Height > 0 {
		err := changeTree(c, &c.Super.SrchRoot, format.TreeSrchRoot, func(w *btree.Writer) error {
			key := format.SrchLogKey(lt.SrchFile.Ref.Ref().Blkno)
			return w.Insert(ctx, btree.Item{Key: key, Value: format.Bytes(&lt.SrchFile)})
		})
		if err != nil {
			return err
		}
		lt.SrchFile = format.SrchFile{}
	}
	for _, head := range []*format.AllocListHead{&lt.MetaAvail, &lt.MetaFreed} {
		if err := c.FreeList(ctx, *head); err != nil {
			return err
		}
		*head = format.AllocListHead{}
	}
	for _, root := range []*format.AllocRoot{&lt.DataAvail, &lt.DataFreed} {
		if err := c.reclaimData(ctx, root); err != nil {
			return err
		}
		*root = format.AllocRoot{}
	}
	lt.DataAllocZoneBlocks.Set(0)
	lt.DataAllocZones = format.DataZoneBitmap{}
	return nil
}

// reclaimData frees the extents of a mount's tree of data blocks, and the
// blocks of the tree.
func (c *Commit) reclaimData(ctx context.Context, root *format.AllocRoot) error {
	for e, err := range alloc.OpenExtents(c.server.blocks, root).All(ctx) {
		if err == nil {
			err = c.server.data.Free(ctx, e)
		}
		if err != nil {
			return err
		}
		c.reclaimed = append(c.reclaimed, e)
	}
	var blknos []uint64
	err := btree.FreeTree(ctx, c.server.blocks, root.Root.Root(), format.TreeAlloc, func(blkno uint64) error {
		blknos = append(blknos, blkno)
		return nil
	})
	if err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	c.FreeMeta(alloc.Runs(blknos)...)
	return nil
}
