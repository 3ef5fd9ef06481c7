// SPDX-License-Identifier: GPL-2.0-or-later

package testbulk

import (
	"fmt"
	"math/bits"

	"scoutfs/engine/format"
)

// placer hands out blocks of the metadata device, each once. In order it
// leaves some out, as trees do that have been written again in part;
// scattered it takes them from all over a region, and then from the next one.
type placer struct {
	seed    uint64
	total   uint64 // blocks of the device
	next    uint64 // first block that was never looked at
	scatter uint64 // blocks in a region, 0 for in order
	base    uint64 // of the region
	taken   uint64 // from the region
	used    []uint64
	err     error
}

func newPlacer(o Options, total uint64) *placer {
	p := &placer{seed: o.Seed, total: total, next: format.FirstMetaBlkno, used: make([]uint64, total/64+1)}
	if o.Scatter {
		p.scatter = o.Files/50 + 64
		p.base, p.next = p.next, p.next+p.scatter
	}
	return p
}

// take returns a free block. Its reference has a random seq, as blocks have.
func (p *placer) take() format.Ref {
	blkno := p.next
	switch p.scatter {
	case 0:
		p.next++
		if x := mix(p.next+p.seed, saltPlace); x%97 == 0 {
			p.next += 1 + x>>32%6
		}
	default:
		if p.taken == p.scatter {
			p.base, p.taken = p.next, 0
			p.next += p.scatter
		}
		blkno = p.base + permute(p.taken, p.scatter, p.seed)
		p.taken++
	}
	return p.claim(blkno)
}

// fresh returns a block behind all that were ever looked at.
func (p *placer) fresh() format.Ref {
	blkno := p.next
	p.next++
	return p.claim(blkno)
}

func (p *placer) claim(blkno uint64) format.Ref {
	if blkno >= p.total {
		p.err = fmt.Errorf("the metadata device has room for %d blocks only", p.total)
		return format.Ref{Blkno: format.FirstMetaBlkno}
	}
	p.used[blkno/64] |= 1 << (blkno % 64)
	return format.Ref{Blkno: blkno, Seq: mix(blkno+p.seed, saltBlock)}
}

// gaps returns the free extents before the first block that was never looked
// at.
func (p *placer) gaps() []format.Extent {
	var gaps []format.Extent
	for blkno := uint64(format.FirstMetaBlkno); blkno < p.next; blkno++ {
		if p.used[blkno/64]>>(blkno%64)&1 == 0 {
			gaps = joinExtent(gaps, format.Extent{Start: blkno, Len: 1})
		}
	}
	return gaps
}

// permute maps the numbers below n to each other: a Feistel network over the
// next power of four, gone through again until the result is below n.
func permute(i, n, seed uint64) uint64 {
	half := (bits.Len64(n-1) + 1) / 2
	mask := uint64(1)<<half - 1
	for {
		left, right := i>>half, i&mask
		for round := range uint64(4) {
			left, right = right, left^mix(right+seed, round+1)&mask
		}
		if i = left<<half | right; i < n {
			return i
		}
	}
}
