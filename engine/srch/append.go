// SPDX-License-Identifier: GPL-2.0-or-later

package srch

import (
	"context"
	"fmt"
	"math"

	"scoutfs/engine/block"
	"scoutfs/engine/format"
)

// Append writes entries to the end of a log file, in their order, and
// returns the file with them. The zero file is the empty one. What it changes
// it copies on write through w; the file as it was stays whole until w's
// blocks are written and the old ones used again. After an error w is to be
// discarded.
//
// It takes at most [AppendBlocks] blocks.
func Append(ctx context.Context, w *block.Writer, file format.SrchFile, entries []format.SrchEntry) (format.SrchFile, error) {
	if err := checkFile(&file, math.MaxUint64); err != nil || len(entries) == 0 {
		return file, err
	}
	b := builder{w: w, file: file}
	if err := b.openLastLeaf(ctx); err != nil {
		return file, err
	}
	for _, e := range entries {
		if err := b.add(ctx, e); err != nil {
			return file, err
		}
	}
	return b.file, nil
}

// AppendBlocks returns the most blocks that Append takes, and the most that it
// frees, for a number of entries.
func AppendBlocks(file *format.SrchFile, entries int) int {
	leaves := 1 + blocksFor(entries, format.SrchBlockSafeBytes/format.SrchEntryMaxBytes)
	return leaves + parentsFor(file, leaves)
}

// parentsFor returns the most parents that are written when a file gets more
// leaves: those on the way to the first, new ones, and one for each level
// that the file grows.
func parentsFor(file *format.SrchFile, leaves int) int {
	return int(file.Height) + maxHeight + 2*blocksFor(leaves, format.SrchParentRefs)
}

func blocksFor(n, perBlock int) int { return (n + perBlock - 1) / perBlock }

// openLastLeaf makes the file's last leaf the one that is filled, if it has
// any and room is left.
func (b *builder) openLastLeaf(ctx context.Context) error {
	n := b.file.Blocks.Get()
	if n == 0 {
		return nil
	}
	at, err := b.place(ctx, n-1)
	if err != nil {
		return err
	}
	if at.Ref().IsZero() {
		return b.corrupt(fmt.Sprintf("leaf %d", n-1), "none", fmt.Sprintf("a block of %d", n))
	}
	bytes, err := b.w.Read(ctx, at.Ref(), format.MagicSrchBlock)
	if err != nil {
		return err
	}
	leaf, err := format.ViewSrchBlock(bytes)
	if err != nil {
		return err
	}
	switch size := leaf.EntryBytes.Get(); {
	case size > uint32(len(leaf.Data)):
		return leafError(leaf, "entry_bytes", fmt.Sprint(size), fmt.Sprintf("at most %d", len(leaf.Data)))
	case size > format.SrchBlockSafeBytes:
		return nil
	}
	bytes, ref, err := b.w.Change(ctx, at.Ref(), format.MagicSrchBlock)
	if err != nil {
		return err
	}
	at.Set(ref)
	b.leaf, err = format.ViewSrchBlock(bytes)
	return err
}
