// SPDX-License-Identifier: GPL-2.0-or-later

package srch

import (
	"context"
	"fmt"

	"scoutfs/engine/block"
	"scoutfs/engine/format"
)

// builder writes entries to the end of a file.
type builder struct {
	w    *block.Writer
	file format.SrchFile
	leaf *format.SrchBlock // being filled, nil before the first entry
}

// add writes an entry after all that are there, into a new leaf if the last
// one is full or there is none open.
func (b *builder) add(ctx context.Context, e format.SrchEntry) error {
	if b.full() {
		if err := b.startLeaf(ctx); err != nil {
			return err
		}
	}
	leaf := b.leaf
	at := int(leaf.EntryBytes.Get())
	end := len(format.AppendSrchEntry(leaf.Data[:at], leaf.Tail.Entry(), e))
	widen(&leaf.First, &leaf.Last, leaf.EntryNr.Get() == 0, e)
	widen(&b.file.First, &b.file.Last, b.file.Entries.Get() == 0, e)
	leaf.Tail.Set(e)
	leaf.EntryNr.Set(leaf.EntryNr.Get() + 1)
	leaf.EntryBytes.Set(uint32(end))
	b.file.Entries.Set(b.file.Entries.Get() + 1)
	return nil
}

// full reports whether the next entry needs a new leaf.
func (b *builder) full() bool {
	return b.leaf == nil || b.leaf.EntryBytes.Get() > format.SrchBlockSafeBytes
}

// widen makes e one of the entries that first and last bound.
func widen(first, last *format.DiskSrchEntry, empty bool, e format.SrchEntry) {
	if empty || e.Compare(first.Entry()) < 0 {
		first.Set(e)
	}
	if empty || e.Compare(last.Entry()) > 0 {
		last.Set(e)
	}
}

// startLeaf adds an empty leaf to the file, and parents above the root as
// they become necessary.
func (b *builder) startLeaf(ctx context.Context) error {
	n := b.file.Blocks.Get()
	for leavesBelow(int(b.file.Height)) <= n {
		if err := b.grow(ctx); err != nil {
			return err
		}
	}
	ref, err := b.place(ctx, n)
	if err != nil {
		return err
	}
	if !ref.Ref().IsZero() {
		return b.corrupt(fmt.Sprintf("leaf %d", n), "a block", fmt.Sprintf("none after the %d leaves", n))
	}
	if b.leaf, err = b.newLeaf(ctx, ref); err != nil {
		return err
	}
	b.file.Blocks.Set(n + 1)
	return nil
}

func (b *builder) newLeaf(ctx context.Context, at *format.BlockRef) (*format.SrchBlock, error) {
	bytes, ref, err := b.w.New(ctx, format.MagicSrchBlock)
	if err != nil {
		return nil, err
	}
	at.Set(ref)
	return format.ViewSrchBlock(bytes)
}

// grow puts a parent above the root. The first leaf needs none.
func (b *builder) grow(ctx context.Context) error {
	if b.file.Height >= maxHeight {
		return b.corrupt("blocks", fmt.Sprint(b.file.Blocks.Get()), "fewer than a device has")
	}
	if b.file.Height > 0 {
		root, ref, err := b.newParent(ctx)
		if err != nil {
			return err
		}
		root.Refs[0] = b.file.Ref
		b.file.Ref.Set(ref)
	}
	b.file.Height++
	return nil
}

func (b *builder) newParent(ctx context.Context) (*format.SrchParent, format.Ref, error) {
	bytes, ref, err := b.w.New(ctx, format.MagicSrchParent)
	if err != nil {
		return nil, ref, err
	}
	p, err := format.ViewSrchParent(bytes)
	return p, ref, err
}

// place returns where the reference to leaf n is, in parents that may be
// changed. Parents that are missing are made.
func (b *builder) place(ctx context.Context, n uint64) (*format.BlockRef, error) {
	at := &b.file.Ref
	for level := int(b.file.Height) - 1; level > 0; level-- {
		p, err := b.changeParent(ctx, at)
		if err != nil {
			return nil, err
		}
		at = &p.Refs[n/leavesBelow(level)%format.SrchParentRefs]
	}
	return at, nil
}

func (b *builder) changeParent(ctx context.Context, at *format.BlockRef) (*format.SrchParent, error) {
	if at.Ref().IsZero() {
		p, ref, err := b.newParent(ctx)
		if err == nil {
			at.Set(ref)
		}
		return p, err
	}
	bytes, ref, err := b.w.Change(ctx, at.Ref(), format.MagicSrchParent)
	if err != nil {
		return nil, err
	}
	at.Set(ref)
	return format.ViewSrchParent(bytes)
}

func (b *builder) corrupt(field, found, expected string) error {
	return fileError(&b.file, field, found, expected)
}
