// SPDX-License-Identifier: GPL-2.0-or-later

package items

import "slices"

// sameNames finds names that are twice among those that one hash in item
// keys brings together, by a better hash of them. Nearly always there is one
// name; items that somebody made up may share one hash in great numbers.
type sameNames struct {
	hash  uint64 // in the keys
	begun bool
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
func (s *sameNames) add(hash, name uint64) (twice bool) {
	if !s.begun || s.hash != hash {
		s.begun, s.hash, s.names, s.many = true, hash, s.names[:0], nil
	}
	if s.many != nil {
		_, twice = s.many[name]
		if len(s.many) < mostNames {
			s.many[name] = struct{}{}
		}
		return twice
	}
	if slices.Contains(s.names, name) {
		return true
	}
	s.names = append(s.names, name)
	if len(s.names) > fewNames {
		s.many = make(map[uint64]struct{})
		for _, n := range s.names {
			s.many[n] = struct{}{}
		}
	}
	return false
}

// reset returns s without names for the next inode.
func (s *sameNames) reset() sameNames { return sameNames{names: s.names[:0]} }
