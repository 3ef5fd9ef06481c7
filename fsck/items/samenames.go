// SPDX-License-Identifier: GPL-2.0-or-later

package items

import (
	"slices"

	"scoutfs/fsck/sketch"
)

// sameNames finds names that are twice among those that one hash in item
// keys brings together, by a better hash of them. Nearly always there is one
// name; items that somebody made up may share one hash in great numbers.
type sameNames struct {
	hash  uint64 // in the keys
	begun bool
	first []byte // a copy of the first name with it
	names []uint64
	many  map[uint64]struct{} // instead of names when there are many
}

const (
	// fewNames are compared one by one.
	fewNames = 16
	// mostNames bounds the memory; names beyond are not compared.
	mostNames = 1 << 20
)

// add takes the next name and reports whether it was there before. hash is
// that in the keys, which ascends.
func (s *sameNames) add(m *sketch.Mixer, hash uint64, name []byte) (twice bool) {
	if !s.begun || s.hash != hash {
		s.begun, s.hash, s.first, s.names, s.many = true, hash, append(s.first[:0], name...), s.names[:0], nil
		return false
	}
	if len(s.names) == 0 {
		s.names = append(s.names, m.Bytes(0, s.first))
	}
	h := m.Bytes(0, name)
	if s.many != nil {
		_, twice = s.many[h]
		if len(s.many) < mostNames {
			s.many[h] = struct{}{}
		}
		return twice
	}
	if slices.Contains(s.names, h) {
		return true
	}
	s.names = append(s.names, h)
	if len(s.names) > fewNames {
		s.many = make(map[uint64]struct{})
		for _, n := range s.names {
			s.many[n] = struct{}{}
		}
	}
	return false
}

// reset returns s without names for the next inode.
func (s *sameNames) reset() sameNames { return sameNames{first: s.first[:0], names: s.names[:0]} }
