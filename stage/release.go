// SPDX-License-Identifier: GPL-2.0-or-later

package stage

import (
	"context"
	"errors"
	"iter"
	"math"

	"scoutfs/engine/format"
	"scoutfs/engine/ioctl"
	"scoutfs/progress"
)

// Release frees the data of files, which the archive has, and leaves it
// offline. The error is why not all files had their turn; what went wrong with
// one is in its result.
func Release(ctx context.Context, open Opener, files iter.Seq2[File, error], opts Options) (Summary, error) {
	r := newRun(open, opts)
	r.work = r.release
	r.opts.Progress.Phase("release", progress.Bytes, progress.Unknown)
	return r.each(ctx, files)
}

func (r *run) release(ctx context.Context, result *Result) (err error) {
	f, err := r.openFile(ctx, &result.File)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	before, err := look(ctx, f)
	if err != nil {
		return err
	}
	if r.opts.NeededOnly && before.OnlineBlocks == 0 {
		result.Skipped = "nothing is online"
		return nil
	}
	if err := r.choose(result, &before); err != nil {
		return err
	}
	result.Offset, result.Length = result.File.Offset, result.File.Length
	if end := roundUp(before.Size); result.Length == 0 && end > result.Offset {
		result.Length = end - result.Offset
	}
	switch {
	case r.opts.DryRun && before.DataVersion != result.DataVersion:
		return &VersionError{Archived: result.DataVersion, Found: before.DataVersion}
	case r.opts.DryRun:
		result.Bytes = min(before.OnlineBlocks*format.SmallBlockSize, result.Length)
		return nil
	}
	total := int64(min(before.OnlineBlocks*format.SmallBlockSize, result.Length))
	r.opts.Progress.Grow(total)
	defer r.opts.Progress.Add(total)
	err = f.Release(ctx, ioctl.Release{Offset: result.Offset, Length: result.Length, DataVersion: result.DataVersion})
	// Part of the range may have been released before an error.
	after, lookErr := f.GetAttrX(context.WithoutCancel(ctx), ioctl.GetAttrX{Mask: ioctl.AttrOnlineBlocks})
	if lookErr == nil && after.OnlineBlocks < before.OnlineBlocks {
		result.Bytes = (before.OnlineBlocks - after.OnlineBlocks) * format.SmallBlockSize
	}
	return err
}

// roundUp returns the end of the last block of a file.
func roundUp(size uint64) uint64 {
	const mask = format.SmallBlockSize - 1
	if size > math.MaxUint64-mask {
		return size &^ uint64(mask)
	}
	return (size + mask) &^ uint64(mask)
}
