// SPDX-License-Identifier: GPL-2.0-or-later

package alloc

import (
	"context"
	"fmt"
	"iter"
	"syscall"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/format"
)

// Extents is a tree of free extents (docs/format.md 3.5, 6.1): each extent
// has one item by place and one by size. Its methods may be used
// concurrently.
type Extents struct {
	Tree     btree.Tree
	TotalLen uint64 // blocks in all extents, as the root says
}

// OpenExtents returns the extents of an allocator's root. It does no I/O.
func OpenExtents(r *block.Reader, root *format.AllocRoot) *Extents {
	return &Extents{
		Tree:     btree.Tree{Reader: r, Root: root.Root.Root(), Kind: format.TreeAlloc},
		TotalLen: root.TotalLen.Get(),
	}
}

// All yields the extents in order of their place. An item that is no free
// extent, or one that overlaps the extent before, is an error with which the
// walk goes on; it ends with an error of the tree.
func (x *Extents) All(ctx context.Context) iter.Seq2[format.Extent, error] {
	return x.From(ctx, 0)
}

// From is All without the extents that end before blkno. The first may
// begin before it.
func (x *Extents) From(ctx context.Context, blkno uint64) iter.Seq2[format.Extent, error] {
	return sequence(func(yield yieldExtent) error { return x.byPlace(ctx, blkno, yield) })
}

// BySize yields the extents with the largest order first, and in order of
// their place within an order. It has All's errors but for overlaps.
func (x *Extents) BySize(ctx context.Context) iter.Seq2[format.Extent, error] {
	return sequence(func(yield yieldExtent) error { return x.bySize(ctx, yield) })
}

// yieldExtent takes an extent and what is wrong with its item, and returns
// whether it wants more.
type yieldExtent func(format.Extent, error) bool

// sequence makes a walk, which returns the tree's error, a sequence.
func sequence(walk func(yieldExtent) error) iter.Seq2[format.Extent, error] {
	return func(yield func(format.Extent, error) bool) {
		if err := walk(yield); err != nil {
			yield(format.Extent{}, err)
		}
	}
}

func (x *Extents) byPlace(ctx context.Context, blkno uint64, yield yieldExtent) error {
	var last format.Extent
	keys := format.Range{Start: format.Key{Zone: format.ZoneFreeBlkno, First: blkno}, End: zoneEnd(format.ZoneFreeBlkno)}
	return x.walk(ctx, keys, func(e format.Extent, err error) bool {
		if err == nil && last.Len > 0 && e.Start <= last.End() {
			err = extentError(format.FreeBlknoKey(e), extentText(e), "no overlap with "+extentText(last))
		}
		if err == nil {
			last = e
		}
		return yield(e, err)
	})
}

func (x *Extents) bySize(ctx context.Context, yield yieldExtent) error {
	return x.bySizeFrom(ctx, format.Key{Zone: format.ZoneFreeOrder}, yield)
}

// bySizeFrom is bySize from the item of a key on.
func (x *Extents) bySizeFrom(ctx context.Context, start format.Key, yield yieldExtent) error {
	return x.walk(ctx, format.Range{Start: start, End: zoneEnd(format.ZoneFreeOrder)}, yield)
}

// walk yields the extents of a range of items. A yield that wants no more
// ends it without an error.
func (x *Extents) walk(ctx context.Context, keys format.Range, yield yieldExtent) error {
	c := x.Tree.NewCursor(btree.CursorOptions{End: keys.End})
	for ok := c.Seek(ctx, keys.Start); ok; ok = c.Next() {
		if !yield(extentOf(c.Item())) {
			return nil
		}
	}
	return c.Err()
}

// Next returns the free extent that holds blkno, or the first one after it.
// The error is syscall.ENOENT if there is none.
func (x *Extents) Next(ctx context.Context, blkno uint64) (format.Extent, error) {
	key := format.Key{Zone: format.ZoneFreeBlkno, First: blkno}
	it, err := x.Tree.Next(ctx, key)
	if err != nil {
		return format.Extent{}, err
	}
	if it.Key.Zone != format.ZoneFreeBlkno {
		return format.Extent{}, syscall.ENOENT
	}
	return extentOf(it)
}

// extentOf returns an item's extent. It must be at least one block long and
// not wrap around, and the item have no other key and no value.
func extentOf(it btree.Item) (format.Extent, error) {
	e, ok := it.Key.FreeExtent()
	canonical := format.FreeBlknoKey(e)
	if it.Key.Zone == format.ZoneFreeOrder {
		canonical = format.FreeOrderKey(e)
	}
	switch {
	case !ok || it.Key != canonical:
		return e, &format.CorruptError{
			Structure: "free extent", Field: "key", Found: it.Key.String(), Expected: canonical.String(),
		}
	case e.Len == 0 || e.Start > e.End():
		return e, extentError(it.Key, extentText(e), "at least one block and no wrap")
	case len(it.Value) != 0:
		return e, extentError(it.Key, fmt.Sprintf("value of %d bytes", len(it.Value)), "none")
	}
	return e, nil
}

func extentError(key format.Key, found, expected string) *format.CorruptError {
	return &format.CorruptError{
		Structure: "free extent",
		Place:     "key " + key.String(),
		Found:     found,
		Expected:  expected,
	}
}

func extentText(e format.Extent) string { return fmt.Sprintf("%d blocks from %d", e.Len, e.Start) }

func zoneEnd(zone uint8) format.Key {
	end := format.MaxKey()
	end.Zone = zone
	return end
}
