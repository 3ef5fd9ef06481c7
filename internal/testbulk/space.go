// SPDX-License-Identifier: GPL-2.0-or-later

package testbulk

import (
	"slices"

	"scoutfs/engine/format"
)

// How many blocks the server's lists have.
const (
	availFirst  = 8100
	availSecond = 7400
	freedBlocks = 12
)

// dataSpace writes the tree of the data device's free extents.
func (v *volume) dataSpace() error {
	v.setSpace(&v.super.DataAlloc, v.newTree(), v.extents)
	return v.blocks.failed()
}

// setSpace writes the tree of some free extents.
func (v *volume) setSpace(root *format.AllocRoot, t *tree, extents []format.Extent) {
	total := uint64(0)
	for _, e := range extents {
		total += e.Len
		t.add(item{key: format.FreeBlknoKey(e)})
	}
	sorted := slices.Clone(extents)
	slices.SortFunc(sorted, func(a, b format.Extent) int { return format.FreeOrderKey(a).Compare(format.FreeOrderKey(b)) })
	for _, e := range sorted {
		t.add(item{key: format.FreeOrderKey(e)})
	}
	root.TotalLen.Set(total)
	root.Root.Set(t.finish())
}

// metaSpace writes the server's lists and the trees of the metadata device's
// free extents. All that it writes lies behind everything else, so it does
// not change what it describes. The gaps between blocks are divided between
// the two trees and a list of freed blocks, as commits divide them.
func (v *volume) metaSpace() error {
	p := v.blocks.place
	var halves [2][]format.Extent
	var freed []uint64
	for i, e := range p.gaps() {
		if e.Len == 1 && len(freed) < freedBlocks {
			freed = append(freed, e.Start)
			continue
		}
		halves[i%2] = append(halves[i%2], e)
	}
	v.super.ServerMetaAvail[0] = v.list(span64(p, availFirst))
	v.super.ServerMetaAvail[1] = v.list(span64(p, availSecond))
	v.super.ServerMetaFreed[0] = v.list(freed)

	start := p.next
	for i := range halves {
		start += countTreeBlocks(2 * (len(halves[i]) + 1))
	}
	middle := start + (p.total-start)/2
	halves[0] = append(halves[0], format.Extent{Start: start, Len: middle - start})
	halves[1] = append(halves[1], format.Extent{Start: middle, Len: p.total - middle})
	for i := range halves {
		v.setSpace(&v.super.MetaAlloc[i], &tree{blocks: v.blocks, place: p.fresh}, halves[i])
	}
	return v.blocks.failed()
}

// span64 takes n blocks that stay free.
func span64(p *placer, n uint64) []uint64 {
	blknos := make([]uint64, n)
	for i := range blknos {
		blknos[i] = p.next
		p.next++
	}
	return blknos
}

// list writes a list of one block.
func (v *volume) list(blknos []uint64) format.AllocListHead {
	var head format.AllocListHead
	if len(blknos) == 0 {
		return head
	}
	ref := v.blocks.place.fresh()
	v.blocks.writeAt(ref, format.MagicAllocList, func(block []byte) {
		b, err := format.ViewAllocListBlock(block)
		if err != nil {
			panic(err) // the block is a whole one
		}
		start := format.AllocListEntries - len(blknos)
		b.Start.Set(uint32(start))
		b.Nr.Set(uint32(len(blknos)))
		for i, blkno := range blknos {
			b.Blknos[start+i].Set(blkno)
		}
	})
	head.Ref.Set(ref)
	head.TotalNr.Set(uint64(len(blknos)))
	head.FirstNr.Set(uint32(len(blknos)))
	return head
}
