// SPDX-License-Identifier: GPL-2.0-or-later

package surgery

import (
	"errors"
	"fmt"

	"scoutfs/engine/format"
)

// maxSrchHeight is more than any number of leaves needs.
const maxSrchHeight = 6

// SrchBlocks returns the block numbers of a search file by level, leaves
// first, each level in order. Only parents are read.
func (v *Volume) SrchBlocks(f *format.SrchFile) ([][]uint64, error) {
	if f.Height == 0 {
		return nil, nil
	}
	if f.Height > maxSrchHeight {
		return nil, fmt.Errorf("a search file has the impossible height %d", f.Height)
	}
	levels := make([][]uint64, f.Height)
	levels[f.Height-1] = []uint64{f.Ref.Blkno.Get()}
	for level := int(f.Height) - 1; level > 0; level-- {
		for _, blkno := range levels[level] {
			bytes, err := v.Peek(MetaPlace(blkno))
			if err != nil {
				return nil, err
			}
			parent, err := format.ViewSrchParent(bytes)
			if err != nil {
				return nil, err
			}
			for i := range parent.Refs {
				if ref := parent.Refs[i].Ref(); !ref.IsZero() {
					levels[level-1] = append(levels[level-1], ref.Blkno)
				}
			}
			if uint64(len(levels[level-1])) > v.metaBlocks() {
				return nil, errors.New("a search file refers to more blocks than the device has")
			}
		}
	}
	return levels, nil
}

// SrchLeaf holds a leaf of a search file.
func (v *Volume) SrchLeaf(blkno uint64) (*format.SrchBlock, error) {
	return hold[format.SrchBlock](v, MetaPlace(blkno))
}

// SrchParent holds a parent of a search file.
func (v *Volume) SrchParent(blkno uint64) (*format.SrchParent, error) {
	return hold[format.SrchParent](v, MetaPlace(blkno))
}

// SrchEntries decodes the entries of a leaf in their order.
func SrchEntries(b *format.SrchBlock) ([]format.SrchEntry, error) {
	var entries []format.SrchEntry
	var last format.SrchEntry
	at := 0
	for range b.EntryNr.Get() {
		if at > format.SrchBlockSafeBytes {
			return nil, &format.CorruptError{Structure: "srch block", Field: "entries", Found: "more", Expected: fmt.Sprintf("none after %d bytes", format.SrchBlockSafeBytes)}
		}
		e, n, ok := format.DecodeSrchEntry(b.Data[at:], last)
		if !ok {
			return nil, &format.CorruptError{Structure: "srch block", Field: "entries", Found: "cut off", Expected: "whole entries"}
		}
		entries = append(entries, e)
		last, at = e, at+n
	}
	return entries, nil
}

// SetSrchEntries encodes entries into a leaf, and describes them in its head.
// They must fit, else the error is ErrNoRoom.
func SetSrchEntries(b *format.SrchBlock, entries []format.SrchEntry) error {
	var encoded []byte
	var first, last, tail format.SrchEntry
	for i, e := range entries {
		if len(encoded) > format.SrchBlockSafeBytes {
			return ErrNoRoom
		}
		encoded = format.AppendSrchEntry(encoded, tail, e)
		if i == 0 || e.Compare(first) < 0 {
			first = e
		}
		if i == 0 || e.Compare(last) > 0 {
			last = e
		}
		tail = e
	}
	copy(b.Data[:], encoded)
	b.First.Set(first)
	b.Last.Set(last)
	b.Tail.Set(tail)
	b.EntryNr.Set(uint32(len(entries)))
	b.EntryBytes.Set(uint32(len(encoded)))
	return nil
}
