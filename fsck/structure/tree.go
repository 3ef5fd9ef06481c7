// SPDX-License-Identifier: GPL-2.0-or-later

package structure

import (
	"fmt"

	"scoutfs/engine/btree"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// aheadBlocks is how many of a parent's children are read ahead.
const aheadBlocks = 64

// treeWalk is a walk over the blocks of a tree, parents before their children
// and children in key order.
type treeWalk struct {
	p     *pass
	root  format.Root
	kind  format.Tree
	owner *owner
	place problem.Place
	at    problem.Place // of the root
	// subtree says that the root is part of another tree, so that its last key
	// need not be the greatest.
	subtree bool
	// leaves says to read leaves, which are given to leaf if they are usable.
	leaves bool
	leaf   func(*leaf)
	// passed, if not nil, reports whether a block is left out, claimed or not.
	passed func(at btree.Block) bool
	// lost is called for each range of keys whose items cannot be told, with
	// the level of the block that is to blame. It may be nil.
	lost func(keys format.Range, level int)

	refs []format.Ref
}

func (w *treeWalk) walk() {
	if !w.checkRoot() || w.root.Height == 0 {
		return
	}
	w.visit(btree.Block{Ref: w.root.Ref, Level: int(w.root.Height) - 1, Range: format.AllKeys()}, w.at)
}

// checkRoot reports whether the root can be one.
func (w *treeWalk) checkRoot() bool {
	height, ref := int(w.root.Height), w.root.Ref
	var expected string
	switch {
	case height > format.MaxBtreeHeight:
		expected = fmt.Sprintf("height at most %d", format.MaxBtreeHeight)
	case height == 0 && ref != (format.Ref{}):
		expected = "no block with height 0"
	case height > 0 && ref.Blkno == 0:
		expected = "a block"
	default:
		return true
	}
	w.p.report(problem.BtreeRoot, w.at, fmt.Sprintf("height %d, block %d, seq %d", height, ref.Blkno, ref.Seq), expected)
	w.fail(format.AllKeys(), format.MaxBtreeHeight)
	return false
}

// fail notes that items of a range cannot be told, and with those of a block
// above leaves neither blocks.
func (w *treeWalk) fail(keys format.Range, level int) {
	if level > 0 {
		w.p.lose()
	}
	if w.lost != nil {
		w.lost(keys, level)
	}
}

// visit verifies a block and goes on to those below it. from is the place of
// the reference to it.
func (w *treeWalk) visit(b btree.Block, from problem.Place) {
	if w.p.ctx.Err() != nil || w.passed != nil && w.passed(b) {
		return
	}
	if err := w.p.r.CheckRef(b.Ref, format.MagicBtree); err != nil {
		w.unreadable(b, from, err)
		return
	}
	if b.Level == 0 && !w.leaves {
		w.p.claims.use(w.owner, b.Ref, format.MagicBtree)
		return
	}
	var err error
	if b.Block, err = w.p.readBtree(b.Ref); err != nil {
		w.unreadable(b, at(w.place, b.Ref.Blkno), err)
		return
	}
	switch w.p.use(w.owner, b.Ref, format.MagicBtree) {
	case claimShared:
		return
	case claimTwice:
		w.fail(b.Range, b.Level)
		return
	}
	l := leaf{Block: b, verdict: w.verify(&b)}
	switch {
	case l.unusable:
		w.fail(b.Range, b.Level)
	case b.Level == 0:
		if w.leaf != nil {
			w.leaf(&l)
		}
		for _, keys := range l.keys(b.Block) {
			w.fail(keys, 0)
		}
	default:
		w.children(b)
	}
}

// verify reports what is wrong with a block.
func (w *treeWalk) verify(b *btree.Block) verdict {
	root := b.Level == int(w.root.Height)-1
	if w.subtree && root && b.Level > 0 {
		if order, err := btree.AppendOrder(nil, b.Block); err == nil && len(order) > 0 {
			b.Range.End = b.Block.Item(int(order[len(order)-1])).Key.Key()
		}
	}
	report := w.p.report
	return judge(b.Block, btree.VerifyOptions{Level: b.Level, Range: b.Range, Root: root, Tree: w.kind}, at(w.place, b.Ref.Blkno), report)
}

func (w *treeWalk) unreadable(b btree.Block, place problem.Place, err error) {
	if number, found, expected, ok := readProblem(err); ok && w.p.ctx.Err() == nil {
		w.p.report(number, place, found, expected)
		if misdirected(number) {
			w.p.lose()
		} else {
			w.p.use(w.owner, b.Ref, format.MagicBtree)
		}
	}
	w.fail(b.Range, b.Level)
}

// children goes on to the blocks below a parent.
func (w *treeWalk) children(b btree.Block) {
	order, err := btree.AppendOrder(nil, b.Block)
	if err != nil {
		w.fail(b.Range, b.Level) // verify has said why
		return
	}
	start := b.Range.Start
	for i, slot := range order {
		if i%aheadBlocks == 0 && (b.Level > 1 || w.leaves) {
			w.readAhead(b.Block, order[i:min(i+aheadBlocks, len(order))])
		}
		it := b.Block.Item(int(slot))
		key := it.Key.Key()
		child := btree.Block{Level: b.Level - 1, Range: format.Range{Start: start, End: key}}
		start = key.Next()
		child.Ref, _ = childRef(b.Block, it)
		w.visit(child, withKey(at(w.place, b.Ref.Blkno), key))
	}
}

// childRef returns the reference in a parent's item.
func childRef(b *format.BtreeBlock, it *format.BtreeItem) (format.Ref, bool) {
	val, _ := b.Value(it)
	ref, err := format.ViewExact[format.BlockRef](val)
	if err != nil {
		return format.Ref{}, false
	}
	return ref.Ref(), true
}

func (w *treeWalk) readAhead(b *format.BtreeBlock, slots []uint16) {
	w.refs = w.refs[:0]
	for _, slot := range slots {
		if ref, ok := childRef(b, b.Item(int(slot))); ok {
			w.refs = append(w.refs, ref)
		}
	}
	w.p.r.Prefetch(w.p.ctx, format.MagicBtree, w.refs)
}

func (p *pass) readBtree(ref format.Ref) (*format.BtreeBlock, error) {
	bytes, err := p.r.Read(p.ctx, ref, format.MagicBtree)
	if err != nil {
		return nil, err
	}
	if p.first {
		p.opts.Progress.Add(format.LargeBlockSize)
	}
	return format.ViewBtreeBlock(bytes)
}
