// SPDX-License-Identifier: GPL-2.0-or-later

// Package stage frees the data of archived files and brings it back, of many
// files at the same time and wherever the volume is. [Release] frees,
// [Stage] writes back what an archive copy on this machine holds.
//
// Files come as a sequence, such as a list, or what is [Below] some
// directories, and each is a [File]: where it is, which range of it is meant,
// and the data version that was archived. A file whose data has another
// version by now is left alone (ESTALE), for releasing it would lose what
// changed. Neither changes a file's times, size or data version.
//
// # Results
//
// A file that fails does not stop the others: [Options].Tell hears of each
// file when it is done. Memory is bounded by the number of jobs. When the
// context ends, files that were begun are finished up to the request in
// progress; what is done stays, and doing it again with [Options].NeededOnly
// goes on with the rest.
package stage

import (
	"context"
	"io"

	"scoutfs/engine/ioctl"
	"scoutfs/progress"
)

// Opener opens files by their paths, as [ioctl.Target] does.
type Opener interface {
	OpenPath(ctx context.Context, path string, flags int) (ioctl.File, error)
}

// CheckedStager is an open file that can stage data without making it a part
// of the file before it is known to be right. Files on devices can.
type CheckedStager interface {
	// StageChecked stages a range from a reader. Nothing of the file changes
	// unless all of it was read and verify has not failed.
	StageChecked(ctx context.Context, version, offset, length uint64, from io.Reader, verify func() error) error
}

// File is a file to release or to stage.
type File struct {
	Path string

	// Ino is the inode number, 0 if it is not known. An Opener that has
	// OpenIno, as [ioctl.Target] does, is asked for that: it is faster than a
	// path.
	Ino uint64

	// DataVersion is the version of the data in the archive. 0 stands for the
	// version that the file has when its turn comes, with Options.AnyVersion.
	DataVersion uint64

	// Offset and Length are the range in bytes. A Length of 0 is up to the
	// end of the file, or of the archive copy where Options.WholeSource says
	// so. Offset is a multiple of 4096, and so is Length unless it ends at the
	// end of the file.
	Offset uint64
	Length uint64

	// Source is the archive copy: the path of a file, pipe or device on this
	// machine, of which the bytes from SourceOffset on belong to Offset.
	Source       string
	SourceOffset uint64

	// Checksum, if it is not nil, is that of the bytes for the whole range. It
	// is compared before any of them becomes a part of the file: while they are
	// staged if the file is a CheckedStager, and else by reading them twice.
	Checksum *Checksum
}

// DefaultJobs is how many files are worked on at the same time.
const DefaultJobs = 8

// Options say how files are released or staged.
type Options struct {
	// Jobs is how many files are worked on at the same time; 0 is DefaultJobs.
	Jobs int

	// AnyVersion accepts files without a DataVersion.
	AnyVersion bool

	// NeededOnly skips files with nothing to release or to stage, and stages
	// only what is offline. Without it every byte of the range is asked for,
	// and the volume says what it thinks of it.
	NeededOnly bool

	// WholeSource stages as much as the archive copy has where no Length is
	// given.
	WholeSource bool

	// DryRun opens and looks, and changes nothing.
	DryRun bool

	// Progress counts bytes; nil for nobody.
	Progress progress.Sink

	// Tell hears of every file, in the order in which they are done, by one
	// goroutine at a time; nil for nobody.
	Tell func(*Result)
}

// Result is what became of a file.
type Result struct {
	File        File
	DataVersion uint64 // that was asked for; 0 if the file could not be asked
	Offset      uint64 // the range that was asked for, in bytes
	Length      uint64
	Bytes       uint64 // that were released or staged, or in a dry run would be
	Skipped     string // why there was nothing to do; "" if there was
	Err         error  // what went wrong; Bytes were done before
}

// Summary counts results.
type Summary struct {
	Files   uint64 // done
	Bytes   uint64 // of those, and of files that failed half way
	Skipped uint64
	Failed  uint64
}
