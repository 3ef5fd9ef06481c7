// SPDX-License-Identifier: GPL-2.0-or-later

// Package contents reads all data of the files of a volume, to see whether the
// data device returns it. There are no checksums of file data, so what it
// returns is not judged.
//
// [Read] collects the extents of files in a pass over the items, as many as
// its memory holds, sorts them by their place on the device, and reads them in
// that order with several large requests at a time; then it goes on with the
// next ones. Where a request fails, it is halved until the blocks that cannot
// be read are known, each of which is reported with its file.
package contents

import (
	"context"

	"scoutfs/engine/device"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
	"scoutfs/progress"
)

// PhaseName is the name of the phase of the progress, which counts bytes.
const PhaseName = "file data"

// Options say what is read.
type Options struct {
	Snapshot *forest.Snapshot
	Data     device.Device
	// Report takes the findings. It may be called from many goroutines.
	Report problem.Reporter
	// Progress may be nil. Total is how many bytes there are, or
	// progress.Unknown.
	Progress progress.Sink
	Total    int64
	// Memory bounds the memory in bytes for extents and buffers; at least
	// MinMemory is used.
	Memory int64
	// Workers is how many requests are made at once, at least one.
	Workers int
}

// MinMemory is the least memory that is used: buffers, and some extents.
const MinMemory = 16 << 20

// extent is a run of blocks on the device that a file has written.
type extent struct {
	blkno, blocks uint64
	ino, logical  uint64 // where they are in the file
}

const extentSize = 32

// Read reads all written blocks of files and returns how many bytes it has
// read. Items and blocks of metadata that cannot be used are passed over: they
// are for others to report. The error is that of the context.
func Read(ctx context.Context, opts Options) (bytes uint64, err error) {
	opts.Progress = progress.OrDiscard(opts.Progress)
	opts.Workers = max(opts.Workers, 1)
	memory := max(opts.Memory, MinMemory) - int64(opts.Workers)*requestSize
	return readBatches(ctx, opts, max(int(memory/extentSize/growth), 1024))
}

// growth is how much larger a slice may be while it grows.
const growth = 2

// readBatches reads the extents in batches of at most so many.
func readBatches(ctx context.Context, opts Options, most int) (bytes uint64, err error) {
	opts.Progress.Phase(PhaseName, progress.Bytes, opts.Total)
	r := &reader{opts: opts}
	var batch []extent
	for e := range extents(ctx, opts.Snapshot, uint64(opts.Data.Size()/format.SmallBlockSize)) {
		batch = append(batch, e)
		if len(batch) == most {
			r.read(ctx, batch)
			batch = batch[:0]
		}
	}
	r.read(ctx, batch)
	return r.bytes.Load(), context.Cause(ctx)
}
