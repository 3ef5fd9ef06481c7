// SPDX-License-Identifier: GPL-2.0-or-later

package items

import (
	"scoutfs/fsck/sketch"
)

// class is something that is stored in two places which must agree. Each has
// its sums.
type class uint8

const (
	classLinks   class = iota // readdir and link backref items
	classMetaSeq              // inodes and the index of changes
	classDataSeq              // files and the index of changes of data
	classOrphan               // inodes without links and orphan items
	classTotal                // the values of attributes and totals
	classCount                // the number of attributes and the counts of totals
	classIndx                 // attributes with the indx tag and their index
	classSearch               // attributes with the srch tag and search entries
	sketches                  // number of classes that have sums

	// classDirs is the links of directories whose own two lists of entries
	// differ.
	classDirs = sketches
	// classExtents is extents, free and used, which have a tiling.
	classExtents = sketches + 1
)

// sums are the sums of all classes.
type sums struct {
	of     [sketches]*sketch.Sums
	tiling sketch.Tiling
}

func newSums() *sums {
	s := &sums{}
	for c := range s.of {
		s.of[c] = sketch.NewSums()
	}
	return s
}

func (s *sums) merge(o *sums) {
	for c := range s.of {
		if class(c) == classSearch {
			s.of[c].MergeToggled(o.of[c])
		} else {
			s.of[c].Merge(o.of[c])
		}
	}
	s.tiling.Merge(&o.tiling)
}

// hashes are what a record adds to sums: h chooses the bucket.
type hashes struct{ h, v uint64 }

// inoHash is the hash of an inode, which chooses the bucket of what it says
// of itself.
func (c *check) inoHash(ino uint64) uint64 { return c.mixer.Two(ino, 0) }

// totalHash returns the bucket of a total's name, and an odd number to
// multiply its values with, so that sums of products tell sums apart.
func totalHash(m *sketch.Mixer, name [3]uint64) hashes {
	h := m.Three(name[0], name[1], name[2])
	return hashes{h, m.Then(h, 1) | 1}
}
