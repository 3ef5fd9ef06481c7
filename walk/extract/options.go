// SPDX-License-Identifier: GPL-2.0-or-later

package extract

import (
	"scoutfs/progress"
)

// DefaultJobs is how many files are extracted at the same time.
const DefaultJobs = 8

// Options say how files are extracted.
type Options struct {
	// Overwrite replaces existing files that differ in size or mtime, and
	// gives existing directories the attributes of the volume's.
	Overwrite bool

	// SkipOffline leaves out files with any offline part.
	SkipOffline bool

	// Jobs is how many files are extracted at the same time; 0 is
	// DefaultJobs.
	Jobs int

	// Identity tells volumes apart, so that what an interrupted extraction of
	// another volume left behind is not taken for this one's.
	Identity string

	// Tell hears of everything that did not go as a copy should. It is called
	// by one goroutine at a time; nil for nobody.
	Tell func(Event)

	// NoSync leaves it to the system when files reach the disk. A power
	// failure can then leave files that look complete and are not.
	NoSync bool

	// Progress counts bytes of files; nil for nobody.
	Progress progress.Sink
}

// EventKind is what an Event is about.
type EventKind uint8

const (
	// Failed is something that was not extracted, or not as a whole.
	Failed EventKind = iota
	// Offline is a file with parts in the archive only: written with holes
	// in their place, or left out if they were to be skipped.
	Offline
	// NotKept is a part of a file's attributes that the target does not take.
	// Each kind of attribute and reason is told once, with the first file.
	NotKept
)

// String returns the word for the kind.
func (k EventKind) String() string { return [...]string{"failed", "offline", "not-kept"}[k] }

// Event is something that did not go as a copy should.
type Event struct {
	Kind EventKind
	Path string // in the volume
	Ino  uint64
	Err  error // of Failed and NotKept

	// Of Offline.
	Size         uint64
	OnlineBytes  uint64
	OfflineBytes uint64
	Skipped      bool    // left out
	Ranges       []Range // offline ones, MaxRanges at most

	What string // of NotKept: "owner", "xattr trusted.*", ...
}

// Range is a run of bytes of a file.
type Range struct {
	Offset uint64 `json:"offset"`
	Length uint64 `json:"length"`
}

// MaxRanges is how many offline ranges of a file are told.
const MaxRanges = 1000

// Result counts what was extracted.
type Result struct {
	Files       uint64 // regular ones that were written
	Directories uint64 // made or already there
	Symlinks    uint64
	Specials    uint64 // devices, pipes, sockets
	HardLinks   uint64 // further names of files
	Complete    uint64 // already there: files of all kinds but directories
	Bytes       uint64 // of file data that were written

	Offline        uint64 // names of files without anything online
	Partial        uint64 // names of files with both
	OfflineSkipped uint64 // of the two, those that were left out

	Failed  uint64
	NotKept []Loss // by what, then reason
}

// Loss is an attribute that the target does not take.
type Loss struct {
	What   string
	Reason string
	Files  uint64
}
