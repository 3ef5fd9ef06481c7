// SPDX-License-Identifier: GPL-2.0-or-later

package stage

import (
	"context"
	"fmt"
	"syscall"

	"golang.org/x/sync/errgroup"

	"scoutfs/engine/format"
	"scoutfs/engine/ioctl"
)

// chunk is a piece of the file on its way from the copy.
type chunk struct {
	offset uint64 // in the file
	data   []byte
}

// write stages ranges. The next chunk is read while one is staged.
func (r *run) write(ctx context.Context, f ioctl.File, src *source, result *Result, ranges []span) error {
	group, inside := errgroup.WithContext(ctx)
	chunks := make(chan chunk)
	free := make(chan []byte, 3)
	for range cap(free) {
		free <- nil
	}
	group.Go(func() error {
		defer close(chunks)
		return read(inside, src, result.Offset, ranges, free, chunks)
	})
	group.Go(func() error {
		for c := range chunks {
			if err := r.put(inside, f, result, c); err != nil {
				return err
			}
			free <- c.data[:cap(c.data)]
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		return err
	}
	if result.File.Checksum != nil {
		return src.unchanged()
	}
	return nil
}

// read reads the ranges chunk by chunk.
func read(ctx context.Context, src *source, first uint64, ranges []span, free <-chan []byte, chunks chan<- chunk) error {
	for _, part := range ranges {
		for done := uint64(0); done < part.length; {
			n := min(part.length-done, chunkSize)
			var buf []byte
			select {
			case buf = <-free:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			if uint64(cap(buf)) < n {
				buf = make([]byte, n)
			}
			c := chunk{part.offset + done, buf[:n]}
			if err := src.read(c.data, c.offset-first); err != nil {
				return err
			}
			select {
			case chunks <- c:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			done += n
		}
	}
	return nil
}

// put stages a chunk. A file system that takes less than all of it says why
// when it is asked for the rest.
func (r *run) put(ctx context.Context, f ioctl.File, result *Result, c chunk) error {
	for rest := c.data; len(rest) > 0; {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		offset := c.offset + uint64(len(c.data)-len(rest))
		n, err := f.Stage(ctx, ioctl.Stage{DataVersion: result.DataVersion, Offset: offset, Data: rest})
		if err != nil {
			return err
		}
		if n < len(rest) {
			n &^= format.SmallBlockSize - 1 // the next request starts at a block
		}
		if n <= 0 {
			return fmt.Errorf("at byte %d: nothing was staged: %w", offset, syscall.EIO)
		}
		result.Bytes += uint64(n)
		r.opts.Progress.Add(int64(n))
		rest = rest[n:]
	}
	return nil
}
