// SPDX-License-Identifier: GPL-2.0-or-later

package structure

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

const (
	// leakBatch is how many blocks without an owner are looked at together,
	// leakWorkers by how many goroutines.
	leakBatch   = 256
	leakWorkers = 8
	// maxStrange is how many neighbouring blocks are looked at that upstream is
	// not known to lose, before the rest of their run is taken for the same.
	maxStrange = 64
	// maxChildren is how many children of a lost parent are looked at.
	maxChildren = 8
	// maxListed is how many runs of lost blocks a note lists.
	maxListed = 16
)

// leaks reports blocks that are neither used nor free. Those that upstream is
// known to lose make one note.
func (c *Checker) leaks(ctx context.Context, end uint64) (leaked, known uint64) {
	l := leakWalk{Checker: c, ctx: ctx}
	ranges(format.FirstMetaBlkno, min(end, c.metaBlocks), func(i uint64) uint64 {
		return ^(c.ledger.used[i] | c.ledger.unused[i])
	}, l.run)
	l.judge()
	l.flush()
	if l.known > 0 {
		c.report(problem.KnownLeak, problem.Place{Device: problem.MetaDevice}, count(l.known, "block", "blocks")+": "+runsText(l.runs), "")
	}
	return l.leaked, l.known
}

// leakWalk looks at blocks without an owner, many at a time since they lie all
// over the device and a volume long in use may have lost many.
type leakWalk struct {
	*Checker
	ctx           context.Context
	leaked, known uint64
	waiting       []uint64
	lost          format.Extent   // neighbours that are about to be reported
	runs          []format.Extent // the first that upstream is known to lose
}

// run takes neighbouring blocks.
func (l *leakWalk) run(e format.Extent) {
	if l.ctx.Err() != nil {
		return
	}
	l.leaked += e.Len
	for e.Len > maxStrange {
		l.judge()
		before := l.known
		l.wait(format.Extent{Start: e.Start, Len: maxStrange})
		l.judge()
		e = format.Extent{Start: e.Start + maxStrange, Len: e.Len - maxStrange}
		if l.known == before {
			l.strange(e)
			return
		}
	}
	l.wait(e)
	if len(l.waiting) >= leakBatch {
		l.judge()
	}
}

func (l *leakWalk) wait(e format.Extent) {
	for i := range e.Len {
		l.waiting = append(l.waiting, e.Start+i)
	}
}

// judge looks at the blocks that wait.
func (l *leakWalk) judge() {
	known := make([]bool, len(l.waiting))
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(leakWorkers, len(l.waiting)) {
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(known)) && l.ctx.Err() == nil; i = next.Add(1) - 1 {
				known[i] = l.knownLeak(l.ctx, l.waiting[i])
			}
		})
	}
	group.Wait()
	if l.ctx.Err() != nil {
		known = nil
	}
	for i, known := range known {
		if !known {
			l.strange(format.Extent{Start: l.waiting[i], Len: 1})
			continue
		}
		l.known++
		l.runs = addRun(l.runs, l.waiting[i])
	}
	l.waiting = l.waiting[:0]
}

// strange takes blocks that nobody is known to lose.
func (l *leakWalk) strange(e format.Extent) {
	if l.lost.Len > 0 && l.lost.Start+l.lost.Len == e.Start {
		l.lost.Len += e.Len
		return
	}
	l.flush()
	l.lost = e
}

// flush reports the neighbours that have come together.
func (l *leakWalk) flush() {
	if l.lost.Len > 0 && l.ctx.Err() == nil {
		place := metaBlock(l.lost.Start)
		place.Blocks = l.lost.Len
		l.report(problem.MetaBlockLeaked, place, count(l.lost.Len, "block", "blocks")+" neither in use nor free", "")
	}
	l.lost = format.Extent{}
}

func addRun(runs []format.Extent, blkno uint64) []format.Extent {
	if n := len(runs); n > 0 && runs[n-1].Start+runs[n-1].Len == blkno {
		runs[n-1].Len++
		return runs
	}
	if len(runs) > maxListed {
		return runs
	}
	return append(runs, format.Extent{Start: blkno, Len: 1})
}

func runsText(runs []format.Extent) string {
	var parts []string
	for i, e := range runs {
		switch {
		case i == maxListed:
			parts = append(parts, "...")
		case e.Len == 1:
			parts = append(parts, fmt.Sprint(e.Start))
		default:
			parts = append(parts, fmt.Sprintf("%d to %d", e.Start, e.End()))
		}
	}
	return strings.Join(parts, ", ")
}

// knownLeak reports whether a block is one that upstream loses: the parent of
// leaves of a log tree that was merged, or a block of a search file whose
// compaction was given up (docs/format.md 6.6, B 12).
func (c *Checker) knownLeak(ctx context.Context, blkno uint64) bool {
	raw, err := c.reader.ReadRaw(ctx, blkno)
	if err != nil {
		return false
	}
	header, err := format.View[format.BlockHeader](raw)
	if err != nil {
		return false
	}
	magic := header.Magic.Get()
	if format.VerifyBlock(raw, format.Want{Magic: magic, FSID: c.fsid, Blkno: blkno, AnySeq: true}) != nil {
		return false
	}
	switch magic {
	case format.MagicSrchBlock, format.MagicSrchParent:
		return true
	case format.MagicBtree:
		b, err := format.ViewBtreeBlock(raw)
		return err == nil && b.Level() == 1 && c.orphaned(ctx, b)
	}
	return false
}

// orphaned reports whether a parent of leaves can be of a log tree that was
// merged: its keys are in the zones of filesystem items, and none of its leaves
// is in use as it knows it. A parent's key bounds a leaf and need not be that
// of an item. An old version of a parent of a living tree still has most of its
// leaves.
func (c *Checker) orphaned(ctx context.Context, b *format.BtreeBlock) bool {
	nr := b.NrItems()
	step := max(nr/maxChildren, 1)
	for slot := range nr {
		it := b.Item(slot)
		if key := it.Key.Key(); key.Zone > format.ZoneFS && !key.IsMax() {
			return false
		}
		ref, ok := childRef(b, it)
		if !ok || c.reader.CheckRef(ref, format.MagicBtree) != nil {
			return false
		}
		if slot%step == 0 && c.ledger.used.has(ref.Blkno) && c.isVersion(ctx, ref) {
			return false
		}
	}
	return nr > 0
}

// isVersion reports whether a block is the one that a reference means.
func (c *Checker) isVersion(ctx context.Context, ref format.Ref) bool {
	raw := make([]byte, format.SmallBlockSize)
	if _, err := c.opts.Meta.ReadAt(raw, int64(ref.Blkno)<<format.LargeBlockShift); err != nil || ctx.Err() != nil {
		return false
	}
	header, err := format.View[format.BlockHeader](raw)
	return err == nil && header.Seq.Get() == ref.Seq && header.Magic.Get() == format.MagicBtree
}
