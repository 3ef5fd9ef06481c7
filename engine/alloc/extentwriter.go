// SPDX-License-Identifier: GPL-2.0-or-later

package alloc

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/format"
)

// ExtentWriter changes a tree of free extents (docs/format.md 3.5, 6.1). Both
// items of an extent change together, and extents that touch become one.
//
// An extent that the tree cannot have, because it is damaged or the caller's
// view of it is, is a [*format.CorruptError]; after any error the tree must be
// given up with all blocks of the writer. It is for one goroutine at a time.
type ExtentWriter struct {
	tree  *btree.Writer
	total uint64
	flags uint32
	pad   [4]byte
}

// NewExtentWriter returns a writer of the tree with a root.
func NewExtentWriter(w *block.Writer, root format.AllocRoot) *ExtentWriter {
	return &ExtentWriter{
		tree:  btree.NewWriter(w, root.Root.Root(), format.TreeAlloc),
		total: root.TotalLen.Get(),
		flags: root.Flags.Get(),
		pad:   root.Pad,
	}
}

// Root returns the root as it is now.
func (x *ExtentWriter) Root() format.AllocRoot {
	root := format.AllocRoot{Pad: x.pad}
	root.TotalLen.Set(x.total)
	root.Flags.Set(x.flags)
	root.Root.Set(x.tree.Root())
	return root
}

// TotalLen returns the number of free blocks.
func (x *ExtentWriter) TotalLen() uint64 { return x.total }

// Height returns the height of the tree, on which the blocks depend that a
// change takes.
func (x *ExtentWriter) Height() int { return int(x.tree.Root().Height) }

// Blocks returns by how many blocks the tree has grown.
func (x *ExtentWriter) Blocks() int { return x.tree.Blocks() }

// Insert makes the blocks of e free. None of them may be.
func (x *ExtentWriter) Insert(ctx context.Context, e format.Extent) error {
	if !e.Valid() {
		return extentError(format.FreeBlknoKey(e), extentText(e), "at least one block and no wrap")
	}
	whole := e
	if e.Start > 0 {
		left, err := x.next(ctx, e.Start-1)
		if err != nil && !errors.Is(err, syscall.ENOENT) {
			return err
		}
		if err == nil && left.End() == e.Start-1 {
			if err := x.forget(ctx, left); err != nil {
				return err
			}
			whole = format.Extent{Start: left.Start, Len: left.Len + e.Len}
		}
	}
	right, err := x.next(ctx, e.Start)
	switch {
	case errors.Is(err, syscall.ENOENT):
	case err != nil:
		return err
	case right.Start <= e.End():
		return extentError(format.FreeBlknoKey(right), extentText(right), "no overlap with "+extentText(e)+", which become free")
	case right.Start == e.End()+1:
		if err := x.forget(ctx, right); err != nil {
			return err
		}
		whole.Len += right.Len
	}
	x.total += e.Len
	return x.file(ctx, whole)
}

// Remove takes the blocks of e, all of which must be free.
func (x *ExtentWriter) Remove(ctx context.Context, e format.Extent) error {
	if !e.Valid() {
		return extentError(format.FreeBlknoKey(e), extentText(e), "at least one block and no wrap")
	}
	for e.Len > 0 {
		// Extents that touch are one, but a peer may have left them apart.
		free, err := x.next(ctx, e.Start)
		if errors.Is(err, syscall.ENOENT) || err == nil && free.Start > e.Start {
			return &format.CorruptError{
				Structure: "free extents", Place: fmt.Sprintf("block %d", e.Start), Found: "not free",
				Expected: extentText(e) + " to be free",
			}
		}
		if err != nil {
			return err
		}
		part := format.Extent{Start: e.Start, Len: min(e.End(), free.End()) - e.Start + 1}
		if err := x.take(ctx, free, part); err != nil {
			return err
		}
		e = format.Extent{Start: e.Start + part.Len, Len: e.Len - part.Len}
	}
	return nil
}

// Overlaps reports whether any block of e is free.
func (x *ExtentWriter) Overlaps(ctx context.Context, e format.Extent) (bool, error) {
	free, err := x.next(ctx, e.Start)
	if errors.Is(err, syscall.ENOENT) {
		return false, nil
	}
	return err == nil && free.Start <= e.End(), err
}

// TakeLargest takes up to most blocks, at least one, from the front of the
// first extent by size: one of the greatest order there is. The error is
// ENOSPC if there is none.
func (x *ExtentWriter) TakeLargest(ctx context.Context, most uint64) (format.Extent, error) {
	it, err := x.tree.Tree().Next(ctx, format.Key{Zone: format.ZoneFreeOrder})
	if errors.Is(err, syscall.ENOENT) || err == nil && it.Key.Zone != format.ZoneFreeOrder {
		return format.Extent{}, syscall.ENOSPC
	}
	if err != nil {
		return format.Extent{}, err
	}
	free, err := extentOf(it)
	if err != nil {
		return format.Extent{}, err
	}
	e := format.Extent{Start: free.Start, Len: min(free.Len, most)}
	return e, x.take(ctx, free, e)
}

// next returns the free extent that holds blkno, or the first one after it.
func (x *ExtentWriter) next(ctx context.Context, blkno uint64) (format.Extent, error) {
	it, err := x.tree.Tree().Next(ctx, format.Key{Zone: format.ZoneFreeBlkno, First: blkno})
	if err != nil {
		return format.Extent{}, err
	}
	if it.Key.Zone != format.ZoneFreeBlkno {
		return format.Extent{}, syscall.ENOENT
	}
	return extentOf(it)
}

// take makes a part of a free extent not free.
func (x *ExtentWriter) take(ctx context.Context, free, part format.Extent) error {
	if part.Len > x.total {
		return &format.CorruptError{
			Structure: "alloc root", Field: "total_len", Found: fmt.Sprint(x.total),
			Expected: "at least the length of " + extentText(part),
		}
	}
	if err := x.forget(ctx, free); err != nil {
		return err
	}
	x.total -= part.Len
	before, after := cut(free, part)
	for _, rest := range []format.Extent{before, after} {
		if rest.Len == 0 {
			continue
		}
		if err := x.file(ctx, rest); err != nil {
			return err
		}
	}
	return nil
}

// forget deletes both items of an extent.
func (x *ExtentWriter) forget(ctx context.Context, e format.Extent) error {
	for _, key := range []format.Key{format.FreeBlknoKey(e), format.FreeOrderKey(e)} {
		err := x.tree.Delete(ctx, key)
		if errors.Is(err, syscall.ENOENT) {
			return extentError(key, "missing", "both items of "+extentText(e))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// file inserts both items of an extent.
func (x *ExtentWriter) file(ctx context.Context, e format.Extent) error {
	for _, key := range []format.Key{format.FreeBlknoKey(e), format.FreeOrderKey(e)} {
		err := x.tree.Insert(ctx, btree.Item{Key: key})
		if errors.Is(err, syscall.EEXIST) {
			return extentError(key, "there already", "no item of "+extentText(e))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
