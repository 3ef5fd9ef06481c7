// SPDX-License-Identifier: GPL-2.0-or-later

package server

import (
	"context"
	"errors"
	"fmt"

	"scoutfs/engine/alloc"
	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/format"
	"scoutfs/engine/srch"
	"scoutfs/progress"
)

// CompactSrch ends the compactions of search files that others have begun, and
// then merges files as long as there are as many of one tier as a compaction
// takes (docs/format.md 8.6). What a search finds does not change. It makes a
// commit for each compaction, and more for large ones; a kernel can go on after
// each of them.
//
// A search file of whoever writes through this server may be gone afterwards:
// it has to begin a new one. sink, which may be nil, is told of leaves written.
func (s *Server) CompactSrch(ctx context.Context, sink progress.Sink) error {
	sink = progress.OrDiscard(sink)
	sink.Phase("compact search files", progress.Items, progress.Unknown)
	tooLarge := map[uint64]bool{}
	return s.steps(ctx, func(ctx context.Context, c *Commit) (*stepResult, error) {
		list, err := loadCompactions(ctx, s.blocks, c.Super)
		if err != nil {
			return nil, err
		}
		work := list.next(tooLarge)
		if work == nil {
			return nil, nil
		}
		step := compactStep{Commit: c, SrchCompact: work, pending: list.pending[work.ID.Get()] != nil, sink: sink}
		err = step.run(ctx)
		if errors.Is(err, srch.ErrRoom) {
			tooLarge[work.ID.Get()] = true
			return nil, errAgain
		}
		return &step.stepResult, err
	})
}

// compactStep is one commit of a compaction.
type compactStep struct {
	*Commit
	*format.SrchCompact
	stepResult
	pending bool // there is an item of it
	sink    progress.Sink
}

// compactRoom is how many blocks a step leaves for srch_root.
const compactRoom = 64

func (s *compactStep) run(ctx context.Context) error {
	leaves := s.Room() - compactRoom - srch.CompactBlocks(s.SrchCompact, 0)
	leaves -= leaves / format.SrchParentRefs * 2
	if leaves < 1 {
		return nil
	}
	if s.Flags&format.SrchCompactSorted != 0 {
		leaves = min(leaves, s.server.stepBlocks)
	}
	s.moved = true
	if s.Flags&format.SrchCompactDelete != 0 {
		return s.delete(ctx)
	}
	before := s.Out.Blocks.Get()
	done, err := srch.Compact(ctx, s.server.blocks, s.Blocks, s.SrchCompact, leaves)
	if err != nil {
		return fmt.Errorf("compaction %d of search files: %w", s.ID.Get(), err)
	}
	s.sink.Add(int64(s.Out.Blocks.Get() - before))
	if !done {
		s.Flags &^= format.SrchCompactDone
		return s.store(ctx)
	}
	if err := s.exchange(ctx); err != nil {
		return err
	}
	return s.delete(ctx)
}

// exchange puts the output in the place of the inputs, whose blocks are then to
// be freed.
func (s *compactStep) exchange(ctx context.Context) error {
	return s.changeSrch(func(w *btree.Writer) error {
		if s.Out.Blocks.Get() > 0 {
			key := format.SrchBlocksKey(s.Out.Blocks.Get(), s.Out.Ref.Ref().Blkno)
			if err := w.Insert(ctx, btree.Item{Key: key, Value: format.Bytes(&s.Out)}); err != nil {
				return err
			}
		}
		for i := range s.Inputs() {
			in := &s.In[i]
			if err := w.Delete(ctx, inputKey(s.Flags, &in.File)); err != nil {
				return fmt.Errorf("input %d of a compaction: %w", i, err)
			}
			in.Blk.Set(0)
			in.Pos.Set(0)
		}
		s.Flags = format.SrchCompactDelete
		return nil
	})
}

// inputKey is the key of the item of a compaction's input.
func inputKey(flags byte, file *format.SrchFile) format.Key {
	if flags&format.SrchCompactLog != 0 {
		return format.SrchLogKey(file.Ref.Ref().Blkno)
	}
	return format.SrchBlocksKey(file.Blocks.Get(), file.Ref.Ref().Blkno)
}

// delete frees the blocks of inputs, as many as a step may, and removes the
// compaction when none is left.
func (s *compactStep) delete(ctx context.Context) error {
	freed := 0
	for i := range s.Inputs() {
		in := &s.In[i]
		if freed >= s.server.maxFreed() {
			return s.store(ctx)
		}
		blknos, err := s.unfreed(ctx, in)
		if err != nil {
			return fmt.Errorf("input %d of compaction %d of search files: %w", i, s.ID.Get(), err)
		}
		s.FreeMeta(alloc.Runs(blknos)...)
		freed += len(blknos)
		in.Blk.Set(0)
		in.Pos.Set(uint64(in.File.Height) + 1)
	}
	for _, head := range []format.AllocListHead{s.MetaAvail, s.MetaFreed} {
		if err := s.FreeList(ctx, head); err != nil {
			return err
		}
	}
	if !s.pending {
		return nil
	}
	return s.changeSrch(func(w *btree.Writer) error { return w.Delete(ctx, format.SrchPendingKey(s.ID.Get())) })
}

// unfreed returns the blocks of an input that are not free yet.
func (s *compactStep) unfreed(ctx context.Context, in *format.SrchCompactInput) ([]uint64, error) {
	f, err := srch.Open(s.server.blocks, &in.File)
	if err != nil {
		return nil, err
	}
	var blknos []uint64
	for b, err := range f.UnfreedRefs(ctx, in.Blk.Get(), in.Pos.Get()) {
		if err != nil {
			return nil, err
		}
		blknos = append(blknos, b.Ref.Blkno)
	}
	return blknos, context.Cause(ctx)
}

// store stores the compaction for a next step, which is anybody's.
func (s *compactStep) store(ctx context.Context) error {
	return s.changeSrch(func(w *btree.Writer) error {
		return w.Force(ctx, btree.Item{Key: format.SrchPendingKey(s.ID.Get()), Value: format.Bytes(s.SrchCompact)})
	})
}

func (s *compactStep) changeSrch(change func(w *btree.Writer) error) error {
	return changeTree(s.Commit, &s.Super.SrchRoot, format.TreeSrchRoot, change)
}

// compactions are the items of srch_root.
type compactions struct {
	logs, sorted []format.SrchFile // by key
	pending      map[uint64]*format.SrchCompact
	order        []*format.SrchCompact // pending, by id
	taken        map[uint64]bool       // root blocks of inputs of compactions
}

func loadCompactions(ctx context.Context, blocks *block.Reader, super *format.Super) (*compactions, error) {
	list := &compactions{pending: map[uint64]*format.SrchCompact{}, taken: map[uint64]bool{}}
	tree := btree.Tree{Reader: blocks, Root: super.SrchRoot.Root(), Kind: format.TreeSrchRoot}
	for it, err := range tree.Items(ctx, format.AllKeys()) {
		if err == nil {
			err = list.add(it)
		}
		if err != nil {
			return nil, fmt.Errorf("reading srch_root: %w", err)
		}
	}
	return list, nil
}

func (l *compactions) add(it btree.Item) error {
	kind := format.KindOf(it.Key)
	switch kind {
	case format.KindSrchLog, format.KindSrchBlocks:
		file, err := copyValue[format.SrchFile](it)
		if err != nil {
			return err
		}
		if kind == format.KindSrchLog {
			l.logs = append(l.logs, *file)
		} else {
			l.sorted = append(l.sorted, *file)
		}
	case format.KindSrchPending, format.KindSrchBusy:
		c, err := copyValue[format.SrchCompact](it)
		if err != nil {
			return err
		}
		for _, in := range c.Inputs() {
			l.taken[in.File.Ref.Ref().Blkno] = true
		}
		if kind == format.KindSrchPending {
			l.pending[c.ID.Get()] = c
			l.order = append(l.order, c)
		}
	}
	return nil
}

// next returns what is to be compacted next, nil if there is nothing: what
// somebody has begun, log files, or the first sorted ones of a tier.
func (l *compactions) next(tooLarge map[uint64]bool) *format.SrchCompact {
	for _, c := range l.order {
		if !tooLarge[c.ID.Get()] {
			return c
		}
	}
	if c := l.begin(l.logs, format.SrchCompactLog, tooLarge); c != nil {
		return c
	}
	tiers := map[int][]format.SrchFile{}
	for _, f := range l.sorted {
		tier := srch.Tier(f.Blocks.Get())
		tiers[tier] = append(tiers[tier], f)
	}
	for tier := range srch.Tier(1<<63) + 1 {
		if c := l.begin(tiers[tier], format.SrchCompactSorted, tooLarge); c != nil {
			return c
		}
	}
	return nil
}

// begin returns a compaction of the first files that no other one has.
func (l *compactions) begin(files []format.SrchFile, flags byte, tooLarge map[uint64]bool) *format.SrchCompact {
	c := &format.SrchCompact{Flags: flags}
	for _, f := range files {
		root := f.Ref.Ref().Blkno
		if l.taken[root] || tooLarge[root] {
			continue
		}
		if c.Nr == 0 {
			c.ID.Set(root)
		}
		c.In[c.Nr].File = f
		if c.Nr++; c.Nr == format.SrchCompactInputs {
			return c
		}
	}
	return nil
}
