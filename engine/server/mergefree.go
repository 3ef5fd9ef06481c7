// SPDX-License-Identifier: GPL-2.0-or-later

package server

import (
	"context"
	"errors"
	"fmt"

	"scoutfs/engine/alloc"
	"scoutfs/engine/btree"
	"scoutfs/engine/format"
)

// maxFreed is how many blocks a step frees, about. In a commit with the
// default of StepBlocks, their numbers fit into two blocks of a list.
func (s *Server) maxFreed() int { return s.stepBlocks * 8 }

// free frees merged log trees, as many as a step may, and stores the rest.
func (m *mergeStep) free(ctx context.Context) error {
	var rest []*format.LogMergeFreeing
	for _, f := range m.freeing {
		if m.freed >= m.server.maxFreed() {
			rest = append(rest, f)
			continue
		}
		parts, err := m.freeTree(ctx, f)
		if err != nil {
			return fmt.Errorf("freeing a merged log tree: %w", err)
		}
		rest = append(rest, parts...)
		m.moved = true
	}
	return m.changeLogMerge(func(w *btree.Writer) error { return m.storeFreeing(ctx, w, rest) })
}

// freeTree frees the blocks of a tree, or if they are too many for a step its
// root block alone, and returns its parts as trees that are to be freed.
//
// Other than upstream, which never frees them, it frees the parents of leaves
// too (docs/format.md 6.6).
func (m *mergeStep) freeTree(ctx context.Context, f *format.LogMergeFreeing) ([]*format.LogMergeFreeing, error) {
	blknos, err := m.unfreedBlocks(ctx, f, m.server.maxFreed())
	if errors.Is(err, errTooMany) && f.Key.Key() == (format.Key{}) {
		return m.splitFreeing(ctx, f)
	}
	if errors.Is(err, errTooMany) {
		// Where a part of the tree ends is not known to the part, so what was
		// begun by key is ended at once.
		blknos, err = m.unfreedBlocks(ctx, f, int(m.Super.TotalMetaBlocks.Get()))
	}
	if err != nil {
		return nil, err
	}
	m.freed += len(blknos)
	m.FreeMeta(alloc.Runs(blknos)...)
	return nil, nil
}

// errTooMany ends a walk over blocks.
var errTooMany = errors.New("too many blocks")

// unfreedBlocks returns the numbers of a tree's blocks that are not free yet.
func (m *mergeStep) unfreedBlocks(ctx context.Context, f *format.LogMergeFreeing, most int) ([]uint64, error) {
	var blknos []uint64
	tree := btree.Tree{Reader: m.server.blocks, Root: f.Root.Root(), Kind: format.TreeLogItems}
	for b, err := range tree.UnfreedRefs(ctx, f.Key.Key()) {
		if err != nil {
			return nil, err
		}
		if len(blknos) == most {
			return nil, errTooMany
		}
		blknos = append(blknos, b.Ref.Blkno)
	}
	return blknos, context.Cause(ctx)
}

// splitFreeing frees a tree's root block, and makes trees of its children.
func (m *mergeStep) splitFreeing(ctx context.Context, f *format.LogMergeFreeing) ([]*format.LogMergeFreeing, error) {
	root := f.Root.Root()
	tree := btree.Tree{Reader: m.server.blocks, Root: root, Kind: format.TreeLogItems}
	before := len(m.freeing)
	for b, err := range tree.Refs(ctx) {
		if err != nil {
			return nil, err
		}
		if b.Level == int(root.Height)-2 {
			m.addFreeing(format.Root{Ref: b.Ref, Height: root.Height - 1})
		}
	}
	parts := m.freeing[before:]
	m.freeing = m.freeing[:before:before]
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	m.FreeMeta(format.Extent{Start: root.Ref.Blkno, Len: 1})
	m.freed += len(parts) // which takes as long as freeing so many blocks
	return parts, nil
}

// storeFreeing makes the items of trees to be freed those in list.
func (m *mergeStep) storeFreeing(ctx context.Context, w *btree.Writer, list []*format.LogMergeFreeing) error {
	kept := make(map[uint64]bool, len(list))
	for _, f := range list {
		kept[f.Seq.Get()] = true
	}
	stored := map[uint64]bool{}
	var gone []format.Key
	zone := format.Range{Start: format.LogMergeFreeingKey(0), End: format.MaxKey()}
	for it, err := range w.Tree().Items(ctx, zone) {
		if err != nil {
			return err
		}
		stored[it.Key.First] = true
		if !kept[it.Key.First] {
			gone = append(gone, it.Key)
		}
	}
	for _, key := range gone {
		if err := w.Delete(ctx, key); err != nil {
			return err
		}
	}
	for _, f := range list {
		if seq := f.Seq.Get(); !stored[seq] {
			if err := w.Insert(ctx, btree.Item{Key: format.LogMergeFreeingKey(seq), Value: format.Bytes(f)}); err != nil {
				return err
			}
		}
	}
	return nil
}
