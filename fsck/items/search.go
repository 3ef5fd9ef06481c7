// SPDX-License-Identifier: GPL-2.0-or-later

package items

import (
	"sync"

	"scoutfs/engine/format"
	"scoutfs/fsck/sketch"
)

// Search is a sketch of a volume's search entries, fed while their files are
// checked. Its methods may be called from many goroutines.
type Search struct {
	mixer sketch.Mixer

	mutex sync.Mutex
	free  []*sketch.Sums // that nobody is adding to
	all   []*sketch.Sums
}

// NewSearch returns an empty sketch. The seed must be that of the check.
func NewSearch(seed uint64) *Search { return &Search{mixer: sketch.NewMixer(seed)} }

// Add takes the entries of a part of a file. What was added twice counts as
// taken back (docs/format.md 8.4).
func (s *Search) Add(entries []format.SrchEntry) {
	sums := s.take()
	for _, e := range entries {
		h, v := searchHash(&s.mixer, e)
		sums.Toggle(h, v)
	}
	s.mutex.Lock()
	s.free = append(s.free, sums)
	s.mutex.Unlock()
}

// take returns sums for one goroutine to add to. There are as many as have
// been in use at once.
func (s *Search) take() *sketch.Sums {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if n := len(s.free); n > 0 {
		sums := s.free[n-1]
		s.free = s.free[:n-1]
		return sums
	}
	sums := sketch.NewSums()
	s.all = append(s.all, sums)
	return sums
}

// mergeInto adds the entries to sums of the same seed.
func (s *Search) mergeInto(sums *sketch.Sums) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, o := range s.all {
		sums.MergeToggled(o)
	}
}

// searchHash returns the hashes of an entry: that of the attribute it is
// about, which chooses the bucket, and of all of it.
func searchHash(m *sketch.Mixer, e format.SrchEntry) (h, v uint64) {
	h = m.Two(e.Ino, e.ID)
	return h, m.Then(h, e.Hash)
}
