// SPDX-License-Identifier: GPL-2.0-or-later

package stage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"syscall"

	"scoutfs/engine/format"
	"scoutfs/engine/ioctl"
	"scoutfs/progress"
	"scoutfs/walk"
)

// Stage writes the data of files back from their archive copies. The error is
// why not all files had their turn; what went wrong with one is in its result.
func Stage(ctx context.Context, open Opener, files iter.Seq2[File, error], opts Options) (Summary, error) {
	r := newRun(open, opts)
	r.work = r.stage
	r.opts.Progress.Phase("stage", progress.Bytes, progress.Unknown)
	return r.each(ctx, files)
}

func (r *run) stage(ctx context.Context, result *Result) (err error) {
	file := &result.File
	if file.Offset%format.SmallBlockSize != 0 {
		return fmt.Errorf("%w, and not at %d: %w", errBlock, file.Offset, syscall.EINVAL)
	}
	f, err := r.openFile(ctx, file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	attr, err := look(ctx, f)
	if err != nil {
		return err
	}
	if r.opts.NeededOnly && attr.OfflineBlocks == 0 {
		result.Skipped = "nothing is offline"
		return nil
	}
	if err := r.choose(result, &attr); err != nil {
		return err
	}
	if attr.DataVersion != result.DataVersion {
		return &VersionError{Archived: result.DataVersion, Found: attr.DataVersion}
	}
	src, err := openSource(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.close()) }()
	result.Offset, result.Length = file.Offset, r.length(file, src, attr.Size)
	ranges, err := r.ranges(ctx, f, result, attr.Size)
	if err != nil {
		return err
	}
	total := uint64(0)
	for _, part := range ranges {
		total += part.length
	}
	if total == 0 && r.opts.NeededOnly {
		result.Skipped = "nothing is offline in the range"
		return nil
	}
	checked, ok := f.(CheckedStager)
	if ok && file.Checksum != nil && !r.opts.DryRun && total == result.Length {
		r.opts.Progress.Grow(int64(total))
		return r.writeChecked(ctx, checked, src, result)
	}
	if file.Checksum != nil {
		if err := src.verify(ctx, *file.Checksum, result.Length); err != nil {
			return err
		}
	}
	if r.opts.DryRun {
		result.Bytes = total
		return nil
	}
	r.opts.Progress.Grow(int64(total))
	return r.write(ctx, f, src, result, ranges)
}

// writeChecked stages all of the range, if it has the checksum that it should.
func (r *run) writeChecked(ctx context.Context, f CheckedStager, src *source, result *Result) error {
	h := newHash(result.File.Checksum.Algorithm)
	from := &sourceReader{src: src, progress: r.opts.Progress}
	var wrong error
	err := f.StageChecked(ctx, result.DataVersion, result.Offset, result.Length, io.TeeReader(from, h), func() error {
		wrong = src.compare(h, *result.File.Checksum)
		return wrong
	})
	if err == nil {
		result.Bytes = result.Length
	}
	return cmp.Or(from.err, wrong, err)
}

// length is how many bytes are meant.
func (r *run) length(file *File, src *source, size uint64) uint64 {
	switch {
	case file.Length != 0:
		return file.Length
	case r.opts.WholeSource && src.regular:
		return src.size - min(file.SourceOffset, src.size)
	}
	return size - min(file.Offset, size)
}

// span is a range of the file to be staged.
type span struct{ offset, length uint64 }

// ranges are the parts of the file's range that are to be staged: all of it,
// or what is offline.
func (r *run) ranges(ctx context.Context, f ioctl.File, result *Result, size uint64) ([]span, error) {
	all := []span{{result.Offset, result.Length}}
	if !r.opts.NeededOnly || result.Length == 0 {
		return all, nil
	}
	var offline []span
	end := min(result.Offset+result.Length, size)
	for e, err := range walk.Extents(ctx, f, result.Offset, result.Length) {
		if errors.Is(err, syscall.EOPNOTSUPP) {
			return all, nil // a file system in userspace shows none
		}
		if err != nil {
			return nil, err
		}
		from, to := max(e.Logical, result.Offset), min(e.Logical+e.Length, end)
		if e.Flags&ioctl.ExtentUnknown == 0 || from >= to {
			continue
		}
		if n := len(offline); n > 0 && offline[n-1].offset+offline[n-1].length == from {
			offline[n-1].length += to - from
			continue
		}
		offline = append(offline, span{from, to - from})
	}
	return offline, nil
}
