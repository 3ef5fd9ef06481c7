// SPDX-License-Identifier: GPL-2.0-or-later

package srch

import (
	"cmp"
	"iter"
	"math"
	"slices"
)

// Found names one extended attribute.
type Found struct {
	Ino, ID uint64
}

// Compare orders by inode, then id.
func (f Found) Compare(o Found) int {
	if c := cmp.Compare(f.Ino, o.Ino); c != 0 {
		return c
	}
	return cmp.Compare(f.ID, o.ID)
}

// Set puts together the entries of all files of a volume with one hash. An
// entry seen an even number of times is cancelled, since creating and
// deleting an attribute write the same entry (docs/format.md 8.4).
//
// A Set keeps no more than a limit of entries, the smallest ones. If there
// were more, its result is right up to some point from which a next pass
// over the files can go on; see Rest. It uses at most 32 bytes for each
// entry of its limit. A Set is for one goroutine.
type Set struct {
	limit int
	from  Found
	// found has the entries toggled since they were last cancelled, in any
	// order. All are at or after from and before cut.
	found []Found
	cut   Found // entries at or after it were not kept, if any
	isCut bool
}

// DefaultLimit is how many entries upstream's kernel module keeps
// (kmod/src/srch.c: SRCH_LIMIT).
const DefaultLimit = 1_000_000

// NewSet returns an empty set of at most limit entries, at least 1, that
// takes only entries at or after from.
func NewSet(limit int, from Found) *Set {
	return &Set{limit: max(limit, 1), from: from}
}

// Toggle adds an entry, or cancels it if it was added before.
func (s *Set) Toggle(f Found) {
	if f.Compare(s.from) < 0 || s.isCut && f.Compare(s.cut) >= 0 {
		return
	}
	if len(s.found) >= 2*s.limit {
		s.settle()
		if s.isCut && f.Compare(s.cut) >= 0 {
			return
		}
	}
	s.found = append(s.found, f)
}

// settle sorts what was found, cancels pairs, and keeps what the limit
// allows.
func (s *Set) settle() {
	slices.SortFunc(s.found, Found.Compare)
	kept := cancelPairs(s.found)
	s.found = kept
	if len(kept) > s.limit {
		s.cut, s.isCut = kept[s.limit], true
		s.found = kept[:s.limit]
	}
}

// Inodes yields the inodes that have an entry, ascending. It may be called
// any number of times, also between calls of Toggle.
func (s *Set) Inodes() iter.Seq[uint64] {
	s.settle()
	return func(yield func(uint64) bool) {
		for i, f := range s.found {
			if (i == 0 || f.Ino != s.found[i-1].Ino) && !yield(f.Ino) {
				return
			}
		}
	}
}

// Rest returns where the next pass over the files has to start, as from of
// NewSet, to find inodes after those that Inodes yields. more is false if
// there is nothing left to find.
func (s *Set) Rest() (from Found, more bool) {
	s.settle()
	if !s.isCut {
		return Found{}, false
	}
	if n := len(s.found); n == 0 || s.found[n-1].Ino != s.cut.Ino {
		return s.cut, true
	}
	if s.cut.Ino == math.MaxUint64 {
		return Found{}, false
	}
	// The inode of the cut is known to have an entry.
	return Found{Ino: s.cut.Ino + 1}, true
}
