// SPDX-License-Identifier: GPL-2.0-or-later

package structure

import (
	"errors"
	"fmt"

	"scoutfs/engine/alloc"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// maxListBlocks bounds the blocks of a list that are remembered while it is
// walked. They hold the numbers of 8 billion blocks.
const maxListBlocks = 1 << 20

// list walks over a list: its blocks are in use, those that they name free.
func (p *pass) list(head format.AllocListHead, o *owner, place problem.Place) {
	if unknown := head.Flags.Get() &^ format.AllocFlagLow; unknown != 0 {
		p.report(problem.ListFlags, place, fmt.Sprintf("flags %#x", head.Flags.Get()), "no unknown flags")
	}
	seen := make(map[uint64]struct{})
	for b, err := range alloc.ListChain(p.ctx, p.r, head) {
		if err != nil {
			p.listError(b.Ref, place, err)
			continue
		}
		if _, again := seen[b.Ref.Blkno]; again {
			continue // the loop is about to be noticed
		}
		if len(seen) == maxListBlocks {
			p.lose()
			return
		}
		seen[b.Ref.Blkno] = struct{}{}
		if p.first {
			p.opts.Progress.Add(format.LargeBlockSize)
		}
		if p.use(o, b.Ref, format.MagicAllocList) == claimTwice {
			p.lose()
			return // whose the entries are is not known
		}
		for i := range b.Entries {
			p.freeMeta(o, format.Extent{Start: b.Entries[i].Get(), Len: 1})
		}
	}
}

// listError reports what is wrong with a list.
func (p *pass) listError(ref format.Ref, place problem.Place, err error) {
	broken, ok := errors.AsType[*alloc.ListError](err)
	inHead := ok && broken.Rule == alloc.ListTotal
	if ref.Blkno >= format.FirstMetaBlkno && ref.Blkno < p.metaBlocks && !inHead {
		if place.Structure == "super" {
			place.Structure = "list"
		}
		place = at(place, ref.Blkno)
	}
	if ok {
		place.Field += "." + broken.Err.Field
		p.report(listProblem(broken.Rule), place, broken.Err.Found, broken.Err.Expected)
		switch broken.Rule {
		case alloc.ListBounds, alloc.ListLoop, alloc.ListEntry, alloc.ListHead, alloc.ListNext:
			p.lose()
		case alloc.ListFirst, alloc.ListTotal:
		}
		return
	}
	if number, found, expected, ok := readProblem(err); ok && p.ctx.Err() == nil {
		p.report(number, place, found, expected)
		p.lose()
	}
}

// freeMeta claims free blocks of the metadata device, as far as it has them.
func (p *pass) freeMeta(o *owner, e format.Extent) {
	p.sizes.metaEnd = max(p.sizes.metaEnd, min(e.Start+e.Len, p.metaBlocks))
	if e = clip(e, format.FirstMetaBlkno, p.metaBlocks); e.Len > 0 {
		p.claims.free(o, e)
	}
}
