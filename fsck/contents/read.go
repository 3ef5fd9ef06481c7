// SPDX-License-Identifier: GPL-2.0-or-later

package contents

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// requestSize is how many bytes are read at once, requestBlocks how many
// blocks they are.
const (
	requestSize   = 1 << 20
	requestBlocks = requestSize / format.SmallBlockSize
)

// reader reads extents of the data device.
type reader struct {
	opts  Options
	bytes atomic.Uint64 // that were read
}

// request is a run of blocks, and the extents that have blocks of it.
type request struct {
	blkno, blocks uint64
	extents       []extent
}

// read reads a batch of extents. It puts them in order.
func (r *reader) read(ctx context.Context, batch []extent) {
	sortByPlace(batch)
	work := make(chan request)
	var wait sync.WaitGroup
	for range r.opts.Workers {
		wait.Go(func() {
			buf := device.AlignedBuffer(requestSize)
			for q := range work {
				if ctx.Err() == nil {
					r.request(ctx, q, buf)
				}
			}
		})
	}
	for q := range requests(batch) {
		if ctx.Err() != nil {
			break
		}
		work <- q
	}
	close(work)
	wait.Wait()
}

// sortByPlace orders extents by their place on the device.
func sortByPlace(batch []extent) {
	slices.SortFunc(batch, func(a, b extent) int {
		return cmp.Or(cmp.Compare(a.blkno, b.blkno), cmp.Compare(a.ino, b.ino), cmp.Compare(a.logical, b.logical))
	})
}

// requests cuts extents in order into runs of blocks that follow each other.
// No block is in two of them, however many extents have it.
func requests(batch []extent) iter.Seq[request] {
	return func(yield func(request) bool) {
		var q request
		done := uint64(0) // the block behind those that are in requests
		for _, e := range batch {
			if e.blkno < done && q.blocks > 0 {
				q.extents = append(q.extents, e)
			}
			for start, end := max(e.blkno, done), e.blkno+e.blocks; start < end; start = done {
				if q.blocks > 0 && (start > done || q.blocks == requestBlocks) {
					if !yield(q) {
						return
					}
					q = request{}
				}
				if q.blocks == 0 {
					q.blkno = start
				}
				if n := len(q.extents); n == 0 || q.extents[n-1] != e {
					q.extents = append(q.extents, e)
				}
				n := min(end-start, requestBlocks-q.blocks)
				q.blocks += n
				done = start + n
			}
		}
		if q.blocks > 0 {
			yield(q)
		}
	}
}

// request reads a run of blocks, and reports those that cannot be read.
func (r *reader) request(ctx context.Context, q request, buf []byte) {
	var bad run
	r.halve(ctx, q.blkno, q.blocks, buf, func(blkno uint64, err error) {
		if bad.blocks > 0 && bad.blkno+bad.blocks == blkno && bad.err.Error() == err.Error() {
			bad.blocks++
			return
		}
		r.report(q, bad)
		bad = run{blkno, 1, err}
	})
	r.report(q, bad)
	r.opts.Progress.Add(int64(q.blocks) * format.SmallBlockSize)
}

// run is a run of blocks that cannot be read.
type run struct {
	blkno, blocks uint64
	err           error
}

// halve reads blocks, halves what cannot be read, and calls bad with each
// block in order.
func (r *reader) halve(ctx context.Context, blkno, blocks uint64, buf []byte, bad func(blkno uint64, err error)) {
	if ctx.Err() != nil {
		return
	}
	n, err := r.opts.Data.ReadAt(buf[:blocks*format.SmallBlockSize], int64(blkno)*format.SmallBlockSize)
	switch {
	case err == nil:
		r.bytes.Add(uint64(n))
	case blocks == 1:
		bad(blkno, cause(err))
	default:
		half := blocks / 2
		r.halve(ctx, blkno, half, buf, bad)
		r.halve(ctx, blkno+half, blocks-half, buf, bad)
	}
}

// cause is a device's error without the range that was asked for.
func cause(err error) error {
	if failed, ok := errors.AsType[*device.Error](err); ok {
		return failed.Err
	}
	return err
}

// report reports a run of blocks for each extent that has some of them.
func (r *reader) report(q request, bad run) {
	if bad.blocks == 0 {
		return
	}
	for _, e := range q.extents {
		first, end := max(bad.blkno, e.blkno), min(bad.blkno+bad.blocks, e.blkno+e.blocks)
		if first >= end {
			continue
		}
		off := (e.logical + first - e.blkno) * format.SmallBlockSize
		r.opts.Report(problem.Finding{
			Number: problem.DataUnreadable,
			Place:  problem.Place{Device: problem.DataDevice, Blkno: first, Blocks: end - first, Ino: e.ino},
			Found:  fmt.Sprintf("%s at bytes %d to %d", bad.err, off, off+(end-first)*format.SmallBlockSize-1),
		})
	}
}
