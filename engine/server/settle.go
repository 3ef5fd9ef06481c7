// SPDX-License-Identifier: GPL-2.0-or-later

package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"

	"scoutfs/engine/alloc"
	"scoutfs/engine/format"
)

// Bounds of what one commit does besides what it must.
const (
	// drainedBlocks is how many blocks of a list of freed ones become extents.
	drainedBlocks = 4
	// settledBlocks is how many blocks may be dirtied to do so.
	settledBlocks = 1024
	// bulkChanges is how many extents that are freed in bulk become free
	// extents at once; the rest goes through the list of freed blocks.
	bulkChanges = 512
	// newFreedBlock is how many free places the first block of a list of freed
	// blocks must have to be used again (docs/format.md 6.2).
	newFreedBlock = format.AllocListEntries / 4
)

// FreeMeta makes metadata blocks free with the commit, past the list of freed
// blocks. They must be in use by the last super and by nothing in this one, or
// new; which is a [*format.CorruptError] of the commit if it is seen.
func (c *Commit) FreeMeta(extents ...format.Extent) {
	for _, e := range extents {
		inside := e.Valid() && e.Start >= format.FirstMetaBlkno && e.End() < c.Super.TotalMetaBlocks.Get()
		if (!inside || !c.bulk.Add(e)) && c.wrong == nil {
			c.wrong = &format.CorruptError{
				Structure: "metadata blocks to be freed", Found: e.String(),
				Expected: fmt.Sprintf("blocks of at least %d and less than %d, each once", format.FirstMetaBlkno, c.Super.TotalMetaBlocks.Get()),
			}
		}
	}
	c.lists.floor = c.from.needs(c.server.data.Changes()) + filledBlocks(c.listed())
}

// listed bounds how many blocks that are freed in bulk go through a list: those
// of the shorter extents.
func (c *Commit) listed() uint64 {
	n := uint64(len(c.bulk.Extents()))
	if n <= bulkChanges {
		return 0
	}
	return (c.bulk.Total()/n + 1) * (n - bulkChanges)
}

// FreeList makes all blocks of a list free with the commit: those that its
// entries name, and those of the list itself.
func (c *Commit) FreeList(ctx context.Context, head format.AllocListHead) error {
	var blknos []uint64
	for b, err := range alloc.ListChain(ctx, c.Blocks.Reader(), head) {
		if err != nil {
			return err
		}
		blknos = append(blknos, b.Ref.Blkno)
		for i := range b.Entries {
			blknos = append(blknos, b.Entries[i].Get())
		}
	}
	c.FreeMeta(alloc.Runs(blknos)...)
	return nil
}

// checkBulk refuses blocks to be freed that are free already, or become so, by
// the lists of the commit: the trees of free extents are checked later.
func (c *Commit) checkBulk() error {
	if c.wrong != nil || c.bulk.Total() == 0 {
		return c.wrong
	}
	for _, blknos := range [][]uint64{c.lists.avail.Entries, c.lists.old.Entries, c.lists.freed} {
		for _, blkno := range blknos {
			if c.bulk.Overlaps(format.Extent{Start: blkno, Len: 1}) {
				return &format.CorruptError{
					Structure: "metadata blocks to be freed", Found: fmt.Sprintf("block %d, which is free already", blkno),
					Expected: "blocks that are in use",
				}
			}
		}
	}
	return nil
}

// settle changes the trees and lists of free blocks by what the commit has
// used and freed. Nothing of it may fail for want of blocks, as long as the
// commit's caller took no more than it may: what must be done comes first, and
// what can wait ends while there is room for the rest.
func (c *Commit) settle(ctx context.Context) (*committed, error) {
	if err := c.checkBulk(); err != nil {
		return nil, err
	}
	s := &settlement{Commit: c, next: &committed{block: c.block, super: c.Super, active: 1 - c.from.active}}
	larger := c.from.larger()
	s.larger = alloc.NewExtentWriter(c.Blocks, c.Super.MetaAlloc[larger])
	s.other = alloc.NewExtentWriter(c.Blocks, c.Super.MetaAlloc[1-larger])
	for _, step := range []func(context.Context) error{s.changeData, s.freeBulk, s.fill, s.drain} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	c.Super.MetaAlloc[larger], c.Super.MetaAlloc[1-larger] = s.larger.Root(), s.other.Root()
	if err := s.writeLists(ctx); err != nil {
		return nil, err
	}
	return s.next, nil
}

// settlement is the last part of a commit.
type settlement struct {
	*Commit
	next          *committed
	larger, other *alloc.ExtentWriter // of free metadata, as of the last super
}

// change is what one change of a tree of free metadata extents takes.
func (s *settlement) change() uint64 { return changeBlocks(s.from.metaHeight()) }

// listNeeds is what the lists take when all is done.
func (s *settlement) listNeeds() uint64 { return listBlocks + filledBlocks(uint64(len(s.lists.freed))) }

// changeData changes the free extents of the data device.
func (s *settlement) changeData(ctx context.Context) error {
	x := alloc.NewExtentWriter(s.Blocks, s.Super.DataAlloc)
	s.lists.floor = s.from.needs(0)
	if err := s.server.data.Apply(ctx, x); err != nil {
		return fmt.Errorf("free data extents: %w", err)
	}
	if s.grown.Len > 0 {
		if err := x.Insert(ctx, s.grown); err != nil {
			return fmt.Errorf("new data extents: %w", err)
		}
	}
	s.Super.DataAlloc = x.Root()
	s.next.dataBlocks = max(0, s.from.dataBlocks+x.Blocks())
	return nil
}

// freeBulk frees extents, the longest first, to the larger tree: whether the
// next mount finds itself short of blocks depends on one tree alone.
func (s *settlement) freeBulk(ctx context.Context) error {
	extents := slices.Clone(s.bulk.Extents())
	slices.SortFunc(extents, func(a, b format.Extent) int {
		return cmp.Or(cmp.Compare(b.Len, a.Len), cmp.Compare(a.Start, b.Start))
	})
	s.lists.floor = s.listNeeds() + filledBlocks(s.listed()) + s.from.keep() + 2*s.change()
	for i, e := range extents {
		if i < bulkChanges && s.lists.above(s.lists.floor) >= s.change() {
			if err := insertApart(ctx, s.larger, s.other, e); err != nil {
				return fmt.Errorf("metadata blocks freed in bulk: %w", err)
			}
			continue
		}
		s.lists.freed = blknosOf(extents[i:i+1], s.lists.freed)
	}
	return nil
}

// fill fills the list that the next commit allocates from.
func (s *settlement) fill(ctx context.Context) error {
	head := &s.Super.ServerMetaAvail[1-s.from.active]
	l, err := alloc.ReadList(ctx, s.Blocks.Reader(), *head)
	if err != nil {
		return fmt.Errorf("server_meta_avail[%d]: %w", 1-s.from.active, err)
	}
	if len(l.Entries) >= format.MetaAvailFillLow {
		return nil
	}
	for len(l.Entries) < format.MetaAvailFillTarget && s.mayFill(l) {
		e, err := s.larger.TakeLargest(ctx, uint64(format.MetaAvailFillTarget-len(l.Entries)))
		if errors.Is(err, syscall.ENOSPC) && s.larger.TotalLen() == 0 {
			break
		}
		if err != nil {
			return fmt.Errorf("free metadata extents: %w", err)
		}
		if e.Start < format.FirstMetaBlkno || e.End() >= s.Super.TotalMetaBlocks.Get() {
			return &format.CorruptError{
				Structure: "free metadata extents", Found: e.String(),
				Expected: fmt.Sprintf("blocks of at least %d and less than %d", format.FirstMetaBlkno, s.Super.TotalMetaBlocks.Get()),
			}
		}
		l.Entries, l.Changed = blknosOf([]format.Extent{e}, l.Entries), true
	}
	slices.Sort(l.Entries)
	return s.rewrite(ctx, l, head)
}

// mayFill reports whether there is room for one more change. What is kept for
// the next mount may be used as long as the list that is filled has less.
func (s *settlement) mayFill(l *alloc.List) bool {
	s.lists.floor = s.listNeeds()
	if uint64(len(l.Entries)) >= s.from.keep() {
		s.lists.floor += s.from.keep() + s.change()
	}
	return s.lists.above(s.lists.floor) >= s.change()
}

// drain makes extents of blocks that were freed by earlier commits. When space
// is short, those in the commit's own list are not kept waiting either.
func (s *settlement) drain(ctx context.Context) error {
	s.lists.floor = s.listNeeds() + s.from.keep()
	floor := s.lists.floor + s.lists.above(s.lists.floor+settledBlocks)
	head := &s.Super.ServerMetaFreed[1-s.from.active]
	l, err := alloc.ReadList(ctx, s.Blocks.Reader(), *head)
	if err != nil {
		return fmt.Errorf("server_meta_freed[%d]: %w", 1-s.from.active, err)
	}
	if err := s.drainList(ctx, l, floor); err != nil {
		return err
	}
	if err := s.rewrite(ctx, l, head); err != nil {
		return err
	}
	if s.larger.TotalLen()+s.other.TotalLen() >= 2*format.AllocListEntries {
		return nil
	}
	return s.drainList(ctx, s.lists.old, floor)
}

// drainList makes extents of a list's entries until a floor is reached.
func (s *settlement) drainList(ctx context.Context, l *alloc.List, floor uint64) error {
	for range drainedBlocks {
		if l.Ref.IsZero() {
			return nil
		}
		runs := alloc.Runs(l.Entries)
		for len(runs) > 0 && s.lists.above(floor) >= s.change() {
			if err := insertApart(ctx, s.other, s.larger, runs[0]); err != nil {
				return fmt.Errorf("freed metadata blocks: %w", err)
			}
			runs, l.Changed = runs[1:], true
		}
		if len(runs) > 0 {
			l.Entries = blknosOf(runs, l.Entries[:0])
			return nil
		}
		old, err := l.Advance(ctx, s.Blocks.Reader())
		if err != nil {
			return err
		}
		s.lists.freed = append(s.lists.freed, old.Blkno)
	}
	return nil
}

// insertApart makes blocks free in one tree that must not be in either.
func insertApart(ctx context.Context, x, other *alloc.ExtentWriter, e format.Extent) error {
	twice, err := other.Overlaps(ctx, e)
	if err == nil && twice {
		err = &format.CorruptError{
			Structure: "free metadata extents", Found: fmt.Sprintf("blocks of %v in the other tree", e), Expected: "blocks that are in use",
		}
	}
	if err != nil {
		return err
	}
	return x.Insert(ctx, e)
}

// rewrite writes the first block of a list of the pair that is not allocated
// from, if it has changed, and stores the list's head. What it takes is a part
// of listNeeds.
func (s *settlement) rewrite(ctx context.Context, l *alloc.List, head *format.AllocListHead) error {
	if l.Changed {
		defer func(floor uint64) { s.lists.floor = floor }(s.lists.floor)
		s.lists.floor = 0
		if !l.Ref.IsZero() {
			s.lists.freed = append(s.lists.freed, l.Ref.Blkno)
		}
		if err := s.writeList(ctx, l); err != nil {
			return err
		}
	}
	*head = l.Head()
	return nil
}

// writeList writes the first block of a list to a new place.
func (s *settlement) writeList(ctx context.Context, l *alloc.List) error {
	block, ref, err := s.Blocks.New(ctx, format.MagicAllocList)
	if err != nil {
		return err
	}
	l.Ref = ref
	return l.Fill(block)
}

// blknosOf appends the blocks of extents to a list.
func blknosOf(extents []format.Extent, list []uint64) []uint64 {
	for _, e := range extents {
		for blkno := e.Start; blkno <= e.End(); blkno++ {
			list = append(list, blkno)
		}
	}
	return list
}
