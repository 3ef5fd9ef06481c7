// SPDX-License-Identifier: GPL-2.0-or-later

package stage

import (
	"context"
	"errors"
	"iter"
	"os"
	"sync"

	"golang.org/x/sync/errgroup"

	"scoutfs/engine/ioctl"
	"scoutfs/progress"
)

// run is one call of Release or Stage.
type run struct {
	open Opener
	opts Options
	work func(ctx context.Context, r *Result) error

	mu      sync.Mutex // guards summary and the calls of Tell
	summary Summary
}

func newRun(open Opener, opts Options) *run {
	if opts.Jobs <= 0 {
		opts.Jobs = DefaultJobs
	}
	opts.Progress = progress.OrDiscard(opts.Progress)
	return &run{open: open, opts: opts}
}

// each works on all files. The error is why not all of them had their turn.
func (r *run) each(ctx context.Context, files iter.Seq2[File, error]) (Summary, error) {
	var group errgroup.Group
	group.SetLimit(r.opts.Jobs)
	for file, err := range files {
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			r.tell(&Result{File: file, Err: err})
			continue
		}
		group.Go(func() error {
			r.do(ctx, file)
			return nil
		})
	}
	// Jobs return no errors: those are in the results.
	_ = group.Wait()
	return r.summary, context.Cause(ctx)
}

// do works on one file, unless it is too late to begin.
func (r *run) do(ctx context.Context, file File) {
	if ctx.Err() != nil {
		return
	}
	result := Result{File: file}
	result.Err = r.work(ctx, &result)
	if ctx.Err() != nil && result.Err != nil && (errors.Is(result.Err, context.Cause(ctx)) || errors.Is(result.Err, context.Canceled)) {
		r.interrupted(&result)
		return
	}
	r.tell(&result)
}

// interrupted counts what was done to a file before its job was stopped, which
// is no failure of the file's.
func (r *run) interrupted(result *Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.summary.Bytes += result.Bytes
}

func (r *run) tell(result *Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.summary.Bytes += result.Bytes
	switch {
	case result.Err != nil:
		r.summary.Failed++
	case result.Skipped != "":
		r.summary.Skipped++
	default:
		r.summary.Files++
	}
	if r.opts.Tell != nil {
		r.opts.Tell(result)
	}
}

// byNumber opens files by their inode numbers, as [ioctl.Target] does.
type byNumber interface {
	OpenIno(ctx context.Context, ino uint64, flags int) (ioctl.File, error)
}

// openFile opens a file to change it, or in a dry run to look at it.
func (r *run) openFile(ctx context.Context, file *File) (ioctl.File, error) {
	flags := os.O_RDWR
	if r.opts.DryRun {
		flags = os.O_RDONLY
	}
	if numbers, ok := r.open.(byNumber); ok && file.Ino != 0 {
		return numbers.OpenIno(ctx, file.Ino, flags)
	}
	return r.open.OpenPath(ctx, file.Path, flags)
}

// look asks a file for what every job has to know.
func look(ctx context.Context, f ioctl.File) (ioctl.AttrX, error) {
	return f.GetAttrX(ctx, ioctl.GetAttrX{
		Mask: ioctl.AttrDataVersion | ioctl.AttrSize | ioctl.AttrOnlineBlocks | ioctl.AttrOfflineBlocks,
	})
}

// choose decides which data version to ask for.
func (r *run) choose(result *Result, attr *ioctl.AttrX) error {
	switch {
	case result.File.DataVersion != 0:
		result.DataVersion = result.File.DataVersion
	case r.opts.AnyVersion:
		result.DataVersion = attr.DataVersion
	default:
		return errNoVersion
	}
	return nil
}
