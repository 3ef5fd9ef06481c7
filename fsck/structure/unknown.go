// SPDX-License-Identifier: GPL-2.0-or-later

package structure

import (
	"slices"
	"sort"
	"sync"
	"sync/atomic"

	"scoutfs/engine/format"
)

// maxUnknown bounds the ranges that an Unknown keeps apart.
const maxUnknown = 1 << 16

// Unknown is a growing set of keys about which nothing can be said. Its
// methods may be called from many goroutines at once. It takes at most some
// 10 MiB: when it has too many ranges, those between the nearest are added.
type Unknown struct {
	some atomic.Bool

	mutex  sync.RWMutex
	ranges []format.Range // ascending, apart from each other
}

// Add adds the keys of a range.
func (u *Unknown) Add(r format.Range) {
	if r.End.Less(r.Start) {
		return
	}
	u.mutex.Lock()
	defer u.mutex.Unlock()
	// Ranges [first, last) overlap or touch the new one.
	first := sort.Search(len(u.ranges), func(i int) bool { return !before(u.ranges[i], r) })
	last := first + sort.Search(len(u.ranges)-first, func(i int) bool { return before(r, u.ranges[first+i]) })
	if first < last {
		if u.ranges[first].Start.Less(r.Start) {
			r.Start = u.ranges[first].Start
		}
		if r.End.Less(u.ranges[last-1].End) {
			r.End = u.ranges[last-1].End
		}
	}
	u.ranges = slices.Replace(u.ranges, first, last, r)
	if len(u.ranges) > maxUnknown {
		u.coarsen()
	}
	u.some.Store(true)
}

// before reports whether a ends before b starts and they do not touch.
func before(a, b format.Range) bool {
	return a.End.Less(b.Start) && a.End.Next() != b.Start
}

// coarsen joins every two neighbours.
func (u *Unknown) coarsen() {
	half := u.ranges[:0]
	for pair := range slices.Chunk(u.ranges, 2) {
		half = append(half, format.Range{Start: pair[0].Start, End: pair[len(pair)-1].End})
	}
	u.ranges = half
}

// Any reports whether anything is unknown. It costs next to nothing.
func (u *Unknown) Any() bool { return u.some.Load() }

// Overlaps reports whether a key of a range is unknown. While nothing is, it
// costs next to nothing.
func (u *Unknown) Overlaps(r format.Range) bool {
	if !u.some.Load() {
		return false
	}
	u.mutex.RLock()
	defer u.mutex.RUnlock()
	i := sort.Search(len(u.ranges), func(i int) bool { return !u.ranges[i].End.Less(r.Start) })
	return i < len(u.ranges) && !r.End.Less(u.ranges[i].Start)
}

// Contains reports whether a key is unknown.
func (u *Unknown) Contains(k format.Key) bool { return u.Overlaps(format.Range{Start: k, End: k}) }

// Ranges returns the ranges that are unknown now, ascending.
func (u *Unknown) Ranges() []format.Range {
	u.mutex.RLock()
	defer u.mutex.RUnlock()
	return slices.Clone(u.ranges)
}
