// SPDX-License-Identifier: GPL-2.0-or-later

package alloc

import (
	"iter"
	"slices"
	"sort"

	"scoutfs/engine/format"
)

// ExtentSet is a set of blocks in memory: extents in order of their place that
// neither overlap nor touch. The zero value is empty. It is for one goroutine
// at a time.
type ExtentSet struct {
	list  []format.Extent
	total uint64
}

// Extents returns the extents in order. They are the set's own: they are good
// until it changes, and must not be changed.
func (s *ExtentSet) Extents() []format.Extent { return s.list }

// Total returns the number of blocks.
func (s *ExtentSet) Total() uint64 { return s.total }

// Overlaps reports whether any block of e is in the set.
func (s *ExtentSet) Overlaps(e format.Extent) bool {
	i := s.find(e.Start)
	return i < len(s.list) && s.list[i].Start <= e.End()
}

// Add puts the blocks of e into the set. It returns false, and changes nothing,
// if some were there already or e is no extent.
func (s *ExtentSet) Add(e format.Extent) bool {
	if !e.Valid() || s.Overlaps(e) {
		return false
	}
	s.total += e.Len
	from := s.find(e.Start)
	to := from
	if from > 0 && s.list[from-1].End()+1 == e.Start {
		from--
		e = format.Extent{Start: s.list[from].Start, Len: s.list[from].Len + e.Len}
	}
	if to < len(s.list) && s.list[to].Start == e.End()+1 {
		e.Len += s.list[to].Len
		to++
	}
	s.list = slices.Replace(s.list, from, to, e)
	return true
}

// Remove takes the blocks of e out of the set. It returns false, and changes
// nothing, if some are not there or e is no extent.
func (s *ExtentSet) Remove(e format.Extent) bool {
	i := s.find(e.Start)
	if !e.Valid() || i == len(s.list) || s.list[i].Start > e.Start || s.list[i].End() < e.End() {
		return false
	}
	s.total -= e.Len
	before, after := cut(s.list[i], e)
	var rest []format.Extent
	for _, part := range []format.Extent{before, after} {
		if part.Len > 0 {
			rest = append(rest, part)
		}
	}
	s.list = slices.Replace(s.list, i, i+1, rest...)
	return true
}

// Without yields the parts of e that are not in the set, in order.
func (s *ExtentSet) Without(e format.Extent) iter.Seq[format.Extent] {
	return func(yield func(format.Extent) bool) {
		for i := s.find(e.Start); e.Len > 0 && i < len(s.list) && s.list[i].Start <= e.End(); i++ {
			before, after := cut(e, s.list[i])
			if before.Len > 0 && !yield(before) {
				return
			}
			e = after
		}
		if e.Len > 0 {
			yield(e)
		}
	}
}

// find returns the index of the first extent that ends at or after a block.
func (s *ExtentSet) find(blkno uint64) int {
	return sort.Search(len(s.list), func(i int) bool { return s.list[i].End() >= blkno })
}

// cut returns what is left of e before and after another extent that it shares
// blocks with.
func cut(e, out format.Extent) (before, after format.Extent) {
	if out.Start > e.Start {
		before = format.Extent{Start: e.Start, Len: out.Start - e.Start}
	}
	if out.End() < e.End() {
		after = format.Extent{Start: out.End() + 1, Len: e.End() - out.End()}
	}
	return before, after
}
