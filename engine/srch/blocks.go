// SPDX-License-Identifier: GPL-2.0-or-later

package srch

import (
	"context"
	"iter"

	"scoutfs/engine/format"
)

// Block is one block of a file.
type Block struct {
	Ref   format.Ref
	Level int    // 0 for leaves
	First uint64 // index of the first leaf below; a leaf's own
	// Leaf is a leaf's content; nil unless it was asked for and could be
	// read.
	Leaf *format.SrchBlock
}

const (
	// firstAhead is how many leaves are read ahead of the first of a walk,
	// which of a sorted file may be the only one that is wanted.
	firstAhead = 2
	// maxAhead is how many they become as the walk goes on.
	maxAhead = 64
)

// Leaves reads the leaves from leaf first on, in order. It ends with the
// first error.
func (f *File) Leaves(ctx context.Context, first uint64) iter.Seq2[Block, error] {
	return func(yield func(Block, error) bool) {
		w := walk{f: f, ctx: ctx, from: first, leaves: true, yield: func(b Block, err error) bool {
			if b.Level > 0 && err == nil {
				return true
			}
			return yield(b, err) && err == nil
		}}
		w.root()
	}
}

// Refs yields every block of the file, parents before their children and
// children in order, without reading leaves. Errors are yielded with the
// block that they concern, whose Ref is zero where there should be one and
// is none; the walk goes on after them, and ends when ctx does.
func (f *File) Refs(ctx context.Context) iter.Seq2[Block, error] {
	return func(yield func(Block, error) bool) {
		w := walk{f: f, ctx: ctx, yield: yield}
		w.root()
	}
}

// UnfreedRefs is Refs of an input of a compaction that is deleting it: it
// yields the blocks that are still the file's. blk and pos are the input's
// progress (docs/format.md 6.6).
func (f *File) UnfreedRefs(ctx context.Context, blk, pos uint64) iter.Seq2[Block, error] {
	return func(yield func(Block, error) bool) {
		// Parents of level pos are being worked on, from leaf blk on.
		level := max(pos, 1)
		w := walk{f: f, ctx: ctx, yield: yield, freed: func(b Block) bool {
			at := uint64(b.Level)
			return at+1 < level || at+1 == level && b.First < blk
		}}
		if level <= uint64(f.height) {
			w.root()
		}
	}
}

// walk is a walk of a file's blocks.
type walk struct {
	f      *File
	ctx    context.Context
	from   uint64           // leaves before are left out
	leaves bool             // read leaves too
	freed  func(Block) bool // nil if nothing is
	yield  func(Block, error) bool

	// Reading ahead below one parent: how many leaves, and the index of the
	// first that was not asked for.
	window, asked uint64
	refs          []format.Ref
}

func (w *walk) root() {
	if w.f.height > 0 && w.from < max(w.f.blocks, 1) {
		w.visit(Block{Ref: w.f.ref, Level: w.f.height - 1})
	}
}

// visit yields a block and those below it. It returns false when the walk
// is over.
func (w *walk) visit(at Block) bool {
	if w.freed != nil && w.freed(at) {
		return true
	}
	if at.Level == 0 {
		var err error
		if w.leaves {
			at.Leaf, err = w.f.leaf(w.ctx, at.Ref)
		}
		return w.yield(at, err) && w.ctx.Err() == nil
	}
	p, err := w.f.parent(w.ctx, at.Ref)
	if !w.yield(at, err) || w.ctx.Err() != nil {
		return false
	}
	return err != nil || w.children(at, p)
}

func (w *walk) children(at Block, p *format.SrchParent) bool {
	below := leavesBelow(at.Level)
	w.asked = 0
	for i := range uint64(format.SrchParentRefs) {
		child := Block{Level: at.Level - 1, First: at.First + i*below}
		if child.First >= w.f.blocks {
			break
		}
		if child.First+below <= w.from {
			continue
		}
		if w.leaves && at.Level == 1 {
			w.readAhead(p, i)
		}
		if w.freed != nil && w.freed(child) {
			continue
		}
		var err error
		if child.Ref, err = w.f.child(p, at.Ref, at.Level, child.First); err != nil {
			if !w.yield(child, err) {
				return false
			}
			continue
		}
		if !w.visit(child) {
			return false
		}
	}
	return true
}

// readAhead keeps leaves after the i-th being read, more of them the longer
// the walk goes on.
func (w *walk) readAhead(p *format.SrchParent, i uint64) {
	if i+w.window/2 < w.asked {
		return
	}
	w.window = min(max(2*w.window, firstAhead), maxAhead)
	w.refs = w.refs[:0]
	n := max(w.asked, i+1)
	for end := min(i+1+w.window, format.SrchParentRefs); n < end && !p.Refs[n].Ref().IsZero(); n++ {
		w.refs = append(w.refs, p.Refs[n].Ref())
	}
	w.asked = n
	w.f.r.Prefetch(w.ctx, format.MagicSrchBlock, w.refs)
}
