// SPDX-License-Identifier: GPL-2.0-or-later

package items

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"scoutfs/engine/format"
	"scoutfs/engine/srch"
	"scoutfs/fsck/runs"
	"scoutfs/progress"
)

// compare puts the two sides of each class beside each other. If the sums
// say that all are equal there is nothing to do.
func (c *check) compare(ctx context.Context, parts []format.Range, leaves int64) (err error) {
	if c.opts.Search != nil {
		c.opts.Search.mergeInto(c.sums.of[classSearch])
	}
	for e, err := range c.opts.Volume.FreeData(ctx) {
		if err != nil {
			return err
		}
		c.sums.tiling.Add(&c.mixer, e.Start, e.Start+e.Len)
	}
	if !c.choose() {
		return c.judge(ctx, nil)
	}
	sorter := runs.NewSorter(runs.Options{Memory: c.opts.Memory / 2, TempDir: c.opts.TempDir})
	defer func() { err = errors.Join(err, sorter.Close()) }()
	if err := c.collect(ctx, parts, leaves, sorter); err != nil {
		return err
	}
	return c.judge(ctx, sorter)
}

// choose says which classes differ, and whether any does.
func (c *check) choose() bool {
	for k, s := range c.sums.of {
		c.wants[k] = !s.Equal()
	}
	c.wants[classTotal] = c.wants[classTotal] || c.wants[classCount]
	c.wants[classSearch] = c.wants[classSearch] && c.opts.Search != nil
	c.wants[classDirs] = len(c.lists.dirs.all) > 0
	c.wants[classExtents] = c.dataBlocks > format.FirstDataBlkno && !c.sums.tiling.Covers(&c.mixer, format.FirstDataBlkno, c.dataBlocks)
	if c.opts.Volume.LogsUnknown {
		// All keys are unknown.
		c.wants = [classExtents + 1]bool{}
	}
	slices.SortFunc(c.lists.dirs.all, func(a, b listedDir) int { return cmp.Compare(a.ino, b.ino) })
	slices.SortFunc(c.lists.links.all, func(a, b linkCount) int { return cmp.Compare(a.ino, b.ino) })
	slices.Sort(c.lists.oddDirs.all)
	slices.SortFunc(c.lists.kinds.all, func(a, b wrongKind) int { return compareLinks(&a.entry, &b.entry) })
	slices.Sort(c.lists.badXattrs.all)
	return slices.Contains(c.wants[:], true)
}

// collect reads everything once more, for the records of what differs.
func (c *check) collect(ctx context.Context, parts []format.Range, leaves int64, sorter *runs.Sorter) error {
	c.progress.Phase("compare what differs", progress.Bytes, leaves*format.LargeBlockSize)
	workers := make([]*worker, c.workers)
	for i := range workers {
		workers[i] = &worker{check: c, batch: c.batch(), detail: &collector{c: c, writer: sorter.Writer()}}
	}
	if err := c.read(ctx, parts, workers); err != nil {
		return err
	}
	d := &collector{c: c, writer: sorter.Writer()}
	if c.wants[classExtents] {
		for e, err := range c.opts.Volume.FreeData(ctx) {
			if err != nil {
				return err
			}
			d.free(&e)
		}
	}
	if c.wants[classSearch] && !c.opts.Volume.SearchUnknown {
		if err := d.searchFiles(ctx); err != nil {
			return err
		}
	}
	return d.finish()
}

// searchFiles collects the entries of all search files.
func (d *collector) searchFiles(ctx context.Context) error {
	v := d.c.opts.Volume
	for source, err := range srch.Files(ctx, v.Reader, v.Super) {
		if err != nil {
			d.c.searchLost = true
			break
		}
		for leaf, err := range source.File.Leaves(ctx, 0) {
			if err != nil {
				d.c.searchLost = true
				break
			}
			entries := srch.NewDecoder(leaf.Leaf)
			for e, ok := entries.Next(); ok; e, ok = entries.Next() {
				d.search(e, fromIndex)
			}
		}
	}
	return ctx.Err()
}
