// SPDX-License-Identifier: GPL-2.0-or-later

package forest

import (
	"context"
	"iter"

	"scoutfs/engine/btree"
	"scoutfs/engine/format"
)

// Leaves yields the ranges of keys of the leaves of the tree that has most
// of them, in order, for whoever wants to share out the work of reading
// everything. It reads that tree's parents, and of the others the roots. It
// is a hint: ranges that damage hides are left out.
func (s *Snapshot) Leaves(ctx context.Context) iter.Seq[format.Range] {
	return func(yield func(format.Range) bool) {
		biggest := s.biggest(ctx)
		if biggest == nil {
			return
		}
		for b, err := range biggest.Refs(ctx) {
			if err == nil && b.Level == 0 && !yield(b.Range) {
				return
			}
		}
	}
}

// biggest returns the tallest tree, of several the one whose root has most
// items, nil if there is none.
func (s *Snapshot) biggest(ctx context.Context) *btree.Tree {
	var biggest *btree.Tree
	most := 0
	for i := range s.trees {
		t := &s.trees[i].btree
		items := 0
		if b, err := s.blocks.Read(ctx, t.Root.Ref, format.MagicBtree); err == nil {
			if root, err := format.ViewBtreeBlock(b); err == nil {
				items = root.NrItems()
			}
		}
		if biggest == nil || t.Root.Height > biggest.Root.Height || t.Root.Height == biggest.Root.Height && items > most {
			biggest, most = t, items
		}
	}
	return biggest
}
