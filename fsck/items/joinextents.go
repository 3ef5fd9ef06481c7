// SPDX-License-Identifier: GPL-2.0-or-later

package items

import (
	"fmt"

	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
	"scoutfs/fsck/runs"
)

// owner says to whom blocks of the data device belong.
type owner uint64

const (
	ownerFile owner = iota
	ownerAlloc
	ownerAvail
	ownerFreed
)

// owned are blocks of the data device and whose they are.
type owned struct {
	format.Extent
	owner owner
	// ino and the file block of a file, or the log tree of free blocks.
	a, b uint64
}

// String names the owner.
func (o *owned) String() string {
	switch o.owner {
	case ownerFile:
		return fmt.Sprintf("block %d of inode %d", o.b, o.a)
	case ownerAvail:
		return fmt.Sprintf("data_avail of log trees %016x.%d", o.a, o.b)
	case ownerFreed:
		return fmt.Sprintf("data_freed of log trees %016x.%d", o.a, o.b)
	case ownerAlloc:
	}
	return "data_alloc"
}

// sweep goes over the data device from its start to its end.
type sweep struct {
	last  owned // that which reaches farthest
	begun bool
	next  uint64 // block that nobody has had so far
	gaps  list[format.Extent]
	lost  uint64 // blocks in gaps
}

// extent takes blocks, in the order of where they start.
func (j *join) extent(r *runs.Record) {
	s := &j.ends
	o := owned{Extent: format.Extent{Start: r[1], Len: r[2]}, owner: owner(r[3]), a: r[4], b: r[5]}
	s.gap(o.Start)
	end := o.Start + o.Len
	if s.begun && o.Start < s.next {
		j.twice(&s.last, &o, format.Extent{Start: o.Start, Len: min(end, s.next) - o.Start})
	}
	if end > s.next || !s.begun {
		s.last, s.next, s.begun = o, end, true
	}
}

// gap takes the blocks up to one as nobody's.
func (s *sweep) gap(to uint64) {
	from := max(s.next, format.FirstDataBlkno)
	if from < to {
		s.lost += to - from
		s.gaps.add(format.Extent{Start: from, Len: to - from})
	}
}

// twice reports blocks with two owners.
func (j *join) twice(a, b *owned, blocks format.Extent) {
	number := problem.DataBlockTwice
	if a.owner != ownerFile {
		a, b = b, a
	}
	p := dataPlace(blocks)
	switch {
	case a.owner != ownerFile:
		number = problem.DataBlockFreeTwice
	case b.owner != ownerFile:
		number = problem.DataBlockFreeUsed
	}
	if a.owner == ownerFile {
		p.Ino = a.a
	}
	j.c.limiter.find(problem.Finding{Number: number, Place: p, Found: a.String() + " and " + b.String(), Expected: "one owner"})
}

func dataPlace(blocks format.Extent) problem.Place {
	return problem.Place{Device: problem.DataDevice, Blkno: blocks.Start, Blocks: blocks.Len}
}

// finishExtents reports blocks that are nobody's, unless it is not known who
// owns what.
func (j *join) finishExtents() {
	s := &j.ends
	s.gap(j.c.dataBlocks)
	lists := &j.c.lists
	if j.c.opts.Volume.FreeDataUnknown || lists.lostExtent || s.lost <= lists.lostBlocks || j.c.unknownFiles() {
		return
	}
	for _, blocks := range s.gaps.all {
		j.c.limiter.find(problem.Finding{Number: problem.DataBlockLeaked, Place: dataPlace(blocks), Found: "no owner", Expected: "one"})
	}
	j.c.limiter.more(problem.DataBlockLeaked, s.gaps.dropped)
}
