// SPDX-License-Identifier: GPL-2.0-or-later

package structure

import (
	"context"
	"fmt"
	"strings"

	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

const (
	// maxStrange is how many blocks of a run are read that upstream is not
	// known to lose, before the rest of the run is taken for the same.
	maxStrange = 64
	// maxChildren is how many children of a lost parent are looked at.
	maxChildren = 64
	// maxListed is how many runs of lost blocks a note lists.
	maxListed = 16
)

// leaks reports blocks that are neither used nor free. Those that upstream is
// known to lose make one note.
func (c *Checker) leaks(ctx context.Context, end uint64) (leaked, known uint64) {
	var knownRuns []format.Extent
	l := c.ledger
	end = min(end, c.metaBlocks)
	ranges(format.FirstMetaBlkno, end, func(i uint64) uint64 { return ^(l.used[i] | l.unused[i]) }, func(e format.Extent) {
		strange := 0
		var bad format.Extent
		flush := func() {
			if bad.Len > 0 {
				place := metaBlock(bad.Start)
				place.Blocks = bad.Len
				c.report(problem.MetaBlockLeaked, place, count(bad.Len, "block", "blocks")+" neither in use nor free", "")
			}
			bad = format.Extent{}
		}
		for blkno := e.Start; blkno <= e.End() && ctx.Err() == nil; blkno++ {
			leaked++
			if strange < maxStrange && c.knownLeak(ctx, blkno) {
				known++
				flush()
				knownRuns = addRun(knownRuns, blkno)
				continue
			}
			strange++
			if bad.Len == 0 {
				bad.Start = blkno
			}
			bad.Len++
		}
		flush()
	})
	if known > 0 {
		c.report(problem.KnownLeak, problem.Place{Device: problem.MetaDevice}, count(known, "block", "blocks")+": "+runsText(knownRuns), "")
	}
	return leaked, known
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
// merged: its keys are of filesystem items, and none of its leaves is in use
// as it knows it. An old version of a parent of a living tree still has most
// of its leaves.
func (c *Checker) orphaned(ctx context.Context, b *format.BtreeBlock) bool {
	nr := b.NrItems()
	step := max(nr/maxChildren, 1)
	for slot := range nr {
		it := b.Item(slot)
		key := it.Key.Key()
		if !key.IsMax() && !format.TreeLogItems.Holds(format.KindOf(key)) {
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
	raw, err := c.reader.ReadRaw(ctx, ref.Blkno)
	if err != nil {
		return false
	}
	header, err := format.View[format.BlockHeader](raw)
	return err == nil && header.Seq.Get() == ref.Seq && header.Magic.Get() == format.MagicBtree
}
