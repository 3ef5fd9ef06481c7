// SPDX-License-Identifier: GPL-2.0-or-later

// Package srch reads and writes search files (docs/format.md 8): for each extended
// attribute with the srch tag, an entry of the hash of its name, the inode
// and the attribute's id. A file is a row of leaves with encoded entries,
// found through a dense radix tree of parents; its entries are sorted, or in
// the order in which they arrived.
//
// [Search] finds entries in one file, [Files] lists a volume's files, and
// [Set] puts together what they say: an entry that appears twice has been
// taken back. [Append] writes to the end of a log file, and [Compact] merges
// files into a sorted one.
//
// Nothing here trusts what it reads. No walk takes longer than the device
// has blocks.
package srch

import (
	"context"
	"fmt"
	"math"

	"scoutfs/engine/block"
	"scoutfs/engine/format"
)

// maxHeight is enough parents for every block number there can be.
const maxHeight = 5

// File is a search file to be read. Its methods may be used concurrently.
type File struct {
	r       *block.Reader
	ref     format.Ref
	height  int
	first   format.SrchEntry // smallest
	last    format.SrchEntry // greatest; may be zero, see docs/format.md B, 9
	blocks  uint64           // leaves
	entries uint64
}

// Open returns the file that an item or log trees describe, having checked
// that reference, height and number of leaves agree. It does no I/O. The
// error is a [*format.CorruptError].
func Open(r *block.Reader, sfl *format.SrchFile) (*File, error) {
	if err := checkFile(sfl, r.TotalBlocks()); err != nil {
		return nil, err
	}
	return &File{
		r:       r,
		ref:     sfl.Ref.Ref(),
		height:  int(sfl.Height),
		first:   sfl.First.Entry(),
		last:    sfl.Last.Entry(),
		blocks:  sfl.Blocks.Get(),
		entries: sfl.Entries.Get(),
	}, nil
}

// checkFile finds what reference, height and number of leaves contradict each
// other in. There cannot be more than total leaves.
func checkFile(sfl *format.SrchFile, total uint64) error {
	blocks, height := sfl.Blocks.Get(), int(sfl.Height)
	switch ref := sfl.Ref.Ref(); {
	case blocks > total:
		return fileError(sfl, "blocks", fmt.Sprint(blocks), fmt.Sprintf("at most %d", total))
	case height > maxHeight:
		return fileError(sfl, "height", fmt.Sprint(height), fmt.Sprintf("at most %d", maxHeight))
	case blocks > leavesBelow(height):
		return fileError(sfl, "height", fmt.Sprint(height), fmt.Sprintf("enough for %d leaves", blocks))
	case ref.IsZero() != (height == 0):
		return fileError(sfl, "ref", ref.String(), fmt.Sprintf("a block if height is not 0, and none else; it is %d", height))
	case blocks == 0 && sfl.Entries.Get() != 0:
		return fileError(sfl, "entries", fmt.Sprint(sfl.Entries.Get()), "0 without leaves")
	}
	return nil
}

// Blocks returns the number of leaves.
func (f *File) Blocks() uint64 { return f.blocks }

// Entries returns the number of encoded entries, duplicates included.
func (f *File) Entries() uint64 { return f.entries }

// leavesBelow is the number of leaves that a tree of some height can have.
func leavesBelow(height int) uint64 {
	if height == 0 {
		return 0
	}
	n := uint64(1)
	for range height - 1 {
		if n > math.MaxUint64/format.SrchParentRefs {
			return math.MaxUint64
		}
		n *= format.SrchParentRefs
	}
	return n
}

// Leaf reads leaf n, which must be less than Blocks.
func (f *File) Leaf(ctx context.Context, n uint64) (*format.SrchBlock, format.Ref, error) {
	ref := f.ref
	for level := f.height - 1; level > 0; level-- {
		p, err := f.parent(ctx, ref)
		if err != nil {
			return nil, ref, err
		}
		if ref, err = f.child(p, ref, level, n); err != nil {
			return nil, ref, err
		}
	}
	leaf, err := f.leaf(ctx, ref)
	return leaf, ref, err
}

func (f *File) parent(ctx context.Context, ref format.Ref) (*format.SrchParent, error) {
	b, err := f.r.Read(ctx, ref, format.MagicSrchParent)
	if err != nil {
		return nil, err
	}
	return format.ViewSrchParent(b)
}

func (f *File) leaf(ctx context.Context, ref format.Ref) (*format.SrchBlock, error) {
	b, err := f.r.Read(ctx, ref, format.MagicSrchBlock)
	if err != nil {
		return nil, err
	}
	return format.ViewSrchBlock(b)
}

// child returns the reference on the way from a parent to leaf n.
func (f *File) child(p *format.SrchParent, parent format.Ref, level int, n uint64) (format.Ref, error) {
	i := n / leavesBelow(level) % format.SrchParentRefs
	ref := p.Refs[i].Ref()
	if ref.IsZero() {
		return ref, &format.CorruptError{
			Structure: "srch parent block",
			Place:     fmt.Sprintf("meta blkno %d", parent.Blkno),
			Field:     fmt.Sprintf("refs[%d]", i),
			Found:     "zero",
			Expected:  fmt.Sprintf("a block for leaf %d of %d", n, f.blocks),
		}
	}
	return ref, nil
}

func fileError(sfl *format.SrchFile, field, found, expected string) error {
	return &format.CorruptError{
		Structure: "srch file",
		Place:     fmt.Sprintf("meta blkno %d", sfl.Ref.Ref().Blkno),
		Field:     field,
		Found:     found,
		Expected:  expected,
	}
}
