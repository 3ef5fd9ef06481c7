// SPDX-License-Identifier: GPL-2.0-or-later

package testblock

import (
	"slices"

	"scoutfs/engine/format"
)

// ListBlock returns an alloc list block without a header, its entries
// starting at index start.
func ListBlock(next format.Ref, start int, entries ...uint64) []byte {
	block := NewBlock()
	b, err := format.ViewAllocListBlock(block)
	if err != nil {
		panic(err)
	}
	b.Next.Set(next)
	b.Start.Set(uint32(start))
	b.Nr.Set(uint32(len(entries)))
	for i, blkno := range entries {
		b.Blknos[start+i].Set(blkno)
	}
	return block
}

// List writes a chain of list blocks, the first one's entries given first,
// and returns its head.
func (v *Volume) List(blocks ...[]uint64) format.AllocListHead {
	v.tb.Helper()
	var head format.AllocListHead
	var next format.Ref
	total := 0
	for i, entries := range slices.Backward(blocks) {
		next = v.Add(format.MagicAllocList, ListBlock(next, i, entries...))
		total += len(entries)
	}
	head.Ref.Set(next)
	head.TotalNr.Set(uint64(total))
	if len(blocks) > 0 {
		head.FirstNr.Set(uint32(len(blocks[0])))
	}
	return head
}

// SrchLeaf returns a search file's leaf without a header.
func SrchLeaf(entries ...format.SrchEntry) []byte {
	block := NewBlock()
	b, err := format.ViewSrchBlock(block)
	if err != nil {
		panic(err)
	}
	var tail format.SrchEntry
	var bytes []byte
	for i, e := range entries {
		bytes = format.AppendSrchEntry(bytes, tail, e)
		tail = e
		if i == 0 || e.Compare(b.First.Entry()) < 0 {
			b.First.Set(e)
		}
		if i == 0 || e.Compare(b.Last.Entry()) > 0 {
			b.Last.Set(e)
		}
	}
	if len(bytes) > len(b.Data) {
		panic("testblock: entries do not fit")
	}
	copy(b.Data[:], bytes)
	b.Tail.Set(tail)
	b.EntryNr.Set(uint32(len(entries)))
	b.EntryBytes.Set(uint32(len(bytes)))
	return block
}

// SrchFile writes a search file of the given leaves.
func (v *Volume) SrchFile(leaves ...[]format.SrchEntry) format.SrchFile {
	v.tb.Helper()
	var file format.SrchFile
	var refs []format.Ref
	n := 0
	for _, entries := range leaves {
		for _, e := range entries {
			if n == 0 || e.Compare(file.First.Entry()) < 0 {
				file.First.Set(e)
			}
			if n == 0 || e.Compare(file.Last.Entry()) > 0 {
				file.Last.Set(e)
			}
			n++
		}
		refs = append(refs, v.Add(format.MagicSrchBlock, SrchLeaf(entries...)))
	}
	file.Entries.Set(uint64(n))
	file.Blocks.Set(uint64(len(leaves)))
	if len(leaves) == 0 {
		return file
	}
	file.Height = 1
	for len(refs) > 1 {
		file.Height++
		var parents []format.Ref
		for start := 0; start < len(refs); start += format.SrchParentRefs {
			parents = append(parents, v.srchParent(refs[start:min(start+format.SrchParentRefs, len(refs))]))
		}
		refs = parents
	}
	file.Ref.Set(refs[0])
	return file
}

func (v *Volume) srchParent(refs []format.Ref) format.Ref {
	v.tb.Helper()
	block := NewBlock()
	b, err := format.ViewSrchParent(block)
	if err != nil {
		v.tb.Fatal(err)
	}
	for i, ref := range refs {
		b.Refs[i].Set(ref)
	}
	return v.Add(format.MagicSrchParent, block)
}
