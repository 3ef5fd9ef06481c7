// SPDX-License-Identifier: GPL-2.0-or-later

package fsck

import (
	"time"

	"scoutfs/fsck/problem"
)

// Case is a finding with what the check found out about it.
type Case struct {
	problem.Finding
	// Path leads to the inode Finding.Place.Ino: from the root if it begins
	// with a slash. Where directories on the way are damaged it begins with
	// "[inode N]" in place of what cannot be found. It is empty without an
	// inode, for one without links, and beyond the bound on paths.
	Path string
}

// Tally is what was found of one kind of problem.
type Tally struct {
	problem.Problem
	// Count is how many cases there are.
	Count uint64
	// Cases are the first of them in the order of their places, at most
	// [Options].Cases.
	Cases []Case
}

// Phase is a part of the check and the time that it took.
type Phase struct {
	Name    string
	Elapsed time.Duration
}

// Volume says which volume was checked.
type Volume struct {
	FSID          uint64
	UUID          [16]byte
	FormatVersion uint64
	// Seq is the sequence number of the super that was checked.
	Seq uint64
	// MetaBlocks and DataBlocks are the sizes of the devices as the super
	// has them, of 64 KiB and 4 KiB.
	MetaBlocks, DataBlocks uint64
}

// Summary is the outcome of a check.
type Summary struct {
	// Volume is nil if there is no super to tell.
	Volume *Volume
	// Tallies are the kinds of problems that were found, ascending by
	// number; notes are among them.
	Tallies []Tally

	// What was looked at.
	Inodes, Files, Directories, Symlinks, Specials uint64
	Names, Xattrs, Extents, Items                  uint64
	DataBlocks                                     uint64 // of files, of 4 KiB
	MetaUsed, MetaFree                             uint64 // blocks of the metadata device, of 64 KiB
	Blocks, Bytes                                  uint64 // of metadata that were read
	DataRead                                       uint64 // bytes of files, with [Options].ReadData
	WithData                                       bool   // the data device was there

	// Readings is how often the volume was read; more than 1 only with
	// [Options].Live.
	Readings int
	Phases   []Phase // of the last reading
	Elapsed  time.Duration
}

// Count returns how many cases of a severity were found.
func (s *Summary) Count(severity problem.Severity) uint64 {
	n := uint64(0)
	for i := range s.Tallies {
		if s.Tallies[i].Severity == severity {
			n += s.Tallies[i].Count
		}
	}
	return n
}

// Clean reports whether nothing was found but notes.
func (s *Summary) Clean() bool {
	return s.Count(problem.Warning)+s.Count(problem.Error)+s.Count(problem.Fatal) == 0
}

// Has returns how many cases of a kind were found.
func (s *Summary) Has(n problem.Number) uint64 {
	for i := range s.Tallies {
		if s.Tallies[i].Number == n {
			return s.Tallies[i].Count
		}
	}
	return 0
}
