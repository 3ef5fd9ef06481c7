// SPDX-License-Identifier: GPL-2.0-or-later

package srch

import (
	"context"
	"iter"
	"math"

	"scoutfs/engine/format"
)

// Search yields the entries of a file with a hash and with inodes from
// inoFirst to inoLast, both included, in the order in which they are stored,
// each as often as it is there. A sorted file costs a binary search and the
// leaves that hold the entries, a log file all of its leaves. It ends with
// the first error.
func Search(ctx context.Context, f *File, sorted bool, hash, inoFirst, inoLast uint64) iter.Seq2[format.SrchEntry, error] {
	return func(yield func(format.SrchEntry, error) bool) {
		s := search{
			f: f, sorted: sorted, yield: yield,
			start: format.SrchEntry{Hash: hash, Ino: inoFirst},
			end:   format.SrchEntry{Hash: hash, Ino: inoLast, ID: math.MaxUint64},
		}
		s.run(ctx)
	}
}

type search struct {
	f          *File
	sorted     bool
	start, end format.SrchEntry
	yield      func(format.SrchEntry, error) bool
}

func (s *search) run(ctx context.Context) {
	if s.start.Compare(s.end) > 0 || !s.intersects(s.f.first, s.f.last) {
		return
	}
	var first uint64
	if s.sorted {
		var err error
		if first, err = s.firstLeaf(ctx); err != nil {
			s.yield(format.SrchEntry{}, err)
			return
		}
	}
	for b, err := range s.f.Leaves(ctx, first) {
		if err != nil {
			s.yield(format.SrchEntry{}, err)
			return
		}
		if b.Leaf.EntryNr.Get() > 0 && !s.intersects(b.Leaf.First.Entry(), b.Leaf.Last.Entry()) {
			if s.sorted && b.Leaf.First.Entry().Compare(s.end) > 0 {
				return
			}
			continue
		}
		if !s.leaf(b.Leaf) {
			return
		}
	}
}

// intersects reports whether entries from first to last may be wanted. A
// last before first says nothing (docs/format.md B, 9).
func (s *search) intersects(first, last format.SrchEntry) bool {
	return first.Compare(s.end) <= 0 && (last.Compare(s.start) >= 0 || last.Compare(first) < 0)
}

// firstLeaf returns the first leaf of a sorted file that has an entry at or
// after start, the number of leaves if none has.
func (s *search) firstLeaf(ctx context.Context) (uint64, error) {
	low, high := uint64(0), s.f.blocks
	for low < high {
		mid := low + (high-low)/2
		leaf, _, err := s.f.Leaf(ctx, mid)
		if err != nil {
			return 0, err
		}
		// Only a file's final leaf can be empty.
		if leaf.EntryNr.Get() == 0 || leaf.Last.Entry().Compare(s.start) >= 0 {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return low, nil
}

// leaf yields a leaf's entries that are wanted, and reports whether there
// may be more in later ones.
func (s *search) leaf(b *format.SrchBlock) bool {
	d := NewDecoder(b)
	for e, ok := d.Next(); ok; e, ok = d.Next() {
		switch {
		case e.Compare(s.start) < 0:
		case e.Compare(s.end) <= 0:
			if !s.yield(e, nil) {
				return false
			}
		case s.sorted:
			return false
		}
	}
	if err := d.Err(); err != nil {
		s.yield(format.SrchEntry{}, err)
		return false
	}
	return true
}
