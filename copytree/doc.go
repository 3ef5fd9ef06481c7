// SPDX-License-Identifier: GPL-2.0-or-later

// Package copytree copies files and whole trees into a volume, with
// everything that a file has: holes, owners, permissions, ACLs, extended
// attributes, times, hard links, symbolic links, devices, pipes and sockets.
// It reads any [tree.Tree], in parallel, and writes any [edit.Files]; where
// those are an [edit.Bulk], new small files are created many at a time.
//
// # Interruption
//
// A file gets its time of last change after all else. What has the size and
// that time of its source is therefore complete, and is not copied again: a
// copy that was stopped, in whatever way, is completed by the same copy.
// Nothing is removed but what has the name of something that is copied.
//
// # Bounds
//
// A copy holds a bounded number of files, a few MiB for each job, the
// directories that it is in or has files in progress of, and one entry for
// each file with several names as long as not all of them have been seen.
package copytree

import (
	"scoutfs/progress"
)

// DefaultJobs is how many files are copied at the same time.
const DefaultJobs = 8

// Options say how files are copied.
type Options struct {
	// Jobs is how many files are copied at the same time; 0 is DefaultJobs.
	Jobs int

	// NoClobber leaves everything alone that is there, but directories, into
	// which goes what is missing.
	NoClobber bool

	// Tell hears of everything that did not go as a copy should, and with
	// Every of everything else. It is called by one goroutine at a time; nil
	// for nobody.
	Tell  func(Event)
	Every bool

	// Progress counts bytes of files; nil for nobody.
	Progress progress.Sink
}

// EventKind is what an Event is about.
type EventKind uint8

const (
	// Failed is something that was not copied, or not as a whole.
	Failed EventKind = iota
	// NotKept is a part of a file's attributes that the target does not take.
	// Each kind of attribute and reason is told once, with the first file.
	NotKept
	// Copied is something that was copied, with Options.Every.
	Copied
)

// String returns the word for the kind.
func (k EventKind) String() string { return [...]string{"failed", "not-kept", "copied"}[k] }

// Event is what became of a file.
type Event struct {
	Kind EventKind
	Path string // of the source
	To   string // of the copy
	What string // of NotKept: "owner", "xattr user.*", ...
	Err  error  // of Failed and NotKept
}

// Source is a file or directory to copy: the path of the source, and that of
// the copy, whose directory is there.
type Source struct {
	Path string
	To   string
}

// Result counts what was copied.
type Result struct {
	Files        uint64 // regular ones
	Directories  uint64 // made or already there
	Symlinks     uint64
	Specials     uint64 // devices, pipes, sockets
	HardLinks    uint64 // further names of files
	AlreadyThere uint64 // complete before, or left alone
	Bytes        uint64 // of file data that were written
	Failed       uint64
	NotKept      []Loss // by what, then reason
}

// Loss is an attribute that the target does not take.
type Loss struct {
	What   string
	Reason string
	Files  uint64
}
