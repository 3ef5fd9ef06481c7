// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"errors"
	"syscall"

	"scoutfs/engine/format"
)

// piece is a part of what is to be written, whose blocks were all alike.
type piece struct {
	Extent // the part; a hole is one without blocks and flags
	gap    gap
	// fresh are blocks on the device that were reserved for a part without
	// any. They cover it, and may begin before it and end behind it.
	fresh []Extent
}

// maxPieces is how many pieces one change writes at most.
const maxPieces = 64

// pieces returns the blocks from first to before end as pieces, or those
// before some block if they are too many.
func (f *FS) pieces(ctx context.Context, ino, first, end uint64, p preallocation) ([]piece, error) {
	from := first
	if p.anywhere {
		from -= first % p.blocks
	}
	var list []piece
	at, free := first, uint64(0) // what is to do; where the last extent ended
	hole := func(to uint64, last bool) {
		if cut := min(to, end); at < cut {
			g := gap{start: free, end: to, last: last}
			list = append(list, piece{Extent: Extent{Logical: at, Len: cut - at}, gap: g})
			at = cut
		}
	}
	for e, err := range f.Extents(ctx, ino, from) {
		if err != nil {
			return nil, err
		}
		hole(e.Logical, false)
		if e.Logical >= end || at >= end || len(list) >= maxPieces {
			return list, nil
		}
		if free = e.End(); free <= at {
			continue
		}
		part := piece{Extent: e.cut(at, min(e.End(), end))}
		if e.Blkno == 0 {
			part.gap = gap{start: e.Logical, end: e.End(), offline: true}
		}
		list = append(list, part)
		at = part.End()
	}
	hole(allBlocks+1, true)
	return list, nil
}

// reserve reserves blocks for the pieces that have none. What it cannot get
// blocks for it cuts off; if that is all, it fails. online is the file's count
// of online blocks.
func (w *Writer) reserve(ctx context.Context, list []piece, online uint64) ([]piece, error) {
	for i := range list {
		p := &list[i]
		if p.Blkno == 0 {
			lo, hi := w.preallocation().region(p.gap, p.Logical, p.End(), online)
			runs, err := w.reserveBlocks(ctx, p.Len, hi-lo)
			if err != nil {
				w.giveBack(list[:i])
				return nil, err
			}
			if got := blocksOf(runs); got < hi-lo {
				lo = p.Logical
				runs = w.keepBlocks(runs, hi-lo)
			}
			p.fill(runs, lo)
			if end := p.fresh[len(p.fresh)-1].End(); end < p.End() {
				p.Len = end - p.Logical
				list = list[:i+1]
			}
		}
		if !p.written() {
			online += p.Len
		}
		if i+1 == len(list) {
			break
		}
	}
	return list, nil
}

// reserveBlocks reserves blocks, of which at least one or it fails: as many
// as are wanted, or at least as many as are needed, or all that there are.
func (w *Writer) reserveBlocks(ctx context.Context, need, want uint64) ([]format.Extent, error) {
	var runs []format.Extent
	for got := uint64(0); got < need; {
		run, err := w.log.ReserveData(ctx, want-got)
		if got > 0 && errors.Is(err, syscall.ENOSPC) {
			break
		}
		if err != nil {
			w.returnBlocks(runs)
			return nil, err
		}
		runs = append(runs, run)
		got += run.Len
	}
	return runs, nil
}

// returnBlocks undoes reserveBlocks.
func (w *Writer) returnBlocks(runs []format.Extent) {
	for _, run := range runs {
		w.log.ReturnData(run)
	}
}

// giveBack undoes reserve.
func (w *Writer) giveBack(list []piece) {
	for i := range list {
		for _, e := range list[i].fresh {
			w.log.ReturnData(e.blocks())
		}
	}
}

// keepBlocks gives back all but so many of reserved blocks.
func (w *Writer) keepBlocks(runs []format.Extent, keep uint64) []format.Extent {
	for i := range runs {
		run := &runs[i]
		if run.Len > keep {
			w.log.ReturnData(format.Extent{Start: run.Start + keep, Len: run.Len - keep})
			run.Len = keep
		}
		if keep -= run.Len; keep == 0 {
			w.returnBlocks(runs[i+1:])
			return runs[:i+1]
		}
	}
	return runs
}

// fill gives reserved blocks to the file's blocks from lo on.
func (p *piece) fill(runs []format.Extent, lo uint64) {
	for _, run := range runs {
		p.fresh = append(p.fresh, Extent{Logical: lo, Len: run.Len, Blkno: run.Start})
		lo += run.Len
	}
}

func blocksOf(runs []format.Extent) (n uint64) {
	for _, run := range runs {
		n += run.Len
	}
	return n
}

// mapped appends the parts of the piece with the places on the device that
// they will have.
func (p *piece) mapped(list []Extent) []Extent {
	if p.Blkno != 0 {
		return append(list, p.Extent)
	}
	for _, e := range p.fresh {
		if e.End() > p.Logical && e.Logical < p.End() {
			list = append(list, e.cut(max(e.Logical, p.Logical), min(e.End(), p.End())))
		}
	}
	return list
}

// store makes the piece's blocks written, and those that were allocated
// beside them preallocated.
func (p *piece) store(ctx context.Context, x extentSet) error {
	if p.Blkno != 0 {
		if p.written() {
			return nil
		}
		e := p.Extent
		e.Flags = 0
		return x.set(ctx, e)
	}
	for _, e := range p.fresh {
		x.c.tx.UseData(e.blocks())
		from := min(max(e.Logical, p.Logical), e.End())
		to := max(min(e.End(), p.End()), from)
		before, inside, behind := e.cut(e.Logical, from), e.cut(from, to), e.cut(to, e.End())
		before.Flags = p.Flags | format.ExtentUnwritten
		behind.Flags = before.Flags
		for _, part := range []Extent{before, inside, behind} {
			if part.Len == 0 {
				continue
			}
			if err := x.set(ctx, part); err != nil {
				return err
			}
		}
	}
	return nil
}
