// SPDX-License-Identifier: GPL-2.0-or-later

package tree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"scoutfs/engine/fs"
)

const (
	// ChunkSize is how many bytes are read at a time.
	ChunkSize = 1 << 20
	// DefaultReads is how many chunks are read at the same time.
	DefaultReads = 8
)

// StreamOptions say how a file is streamed.
type StreamOptions struct {
	// Wait reads offline parts too, which waits until they are staged on a
	// mount. On devices nothing stages them.
	Wait bool
	// Reads is how many chunks are read at the same time, and at most held
	// in memory; 0 is DefaultReads.
	Reads int
}

// Stream writes a file's content to w from its first byte to its last, holes
// as zeros, while the chunks that follow are read. It ends at the first byte
// that cannot be read, after it has written everything before: an offline
// part is a *fs.OfflineError. written counts what w took.
func Stream(ctx context.Context, f File, w io.Writer, opts StreamOptions) (written uint64, err error) {
	if f.Attr().Size == 0 {
		return drain(ctx, f, w)
	}
	if opts.Reads <= 0 {
		opts.Reads = DefaultReads
	}
	s := &stream{
		file:   f,
		wait:   opts.Wait,
		chunks: make(chan *chunk, opts.Reads),
		free:   make(chan []byte, opts.Reads),
	}
	for range opts.Reads {
		s.free <- nil // allocated when it is needed
	}
	inside, cancel := context.WithCancel(ctx)
	defer s.group.Wait()
	defer cancel()
	s.group.Go(func() { s.plan(inside) })
	for c := range s.chunks {
		if c.done != nil {
			<-c.done
		}
		n, err := c.write(ctx, w)
		written += n
		if err != nil {
			return written, err
		}
		if c.buf != nil {
			s.free <- c.buf
		}
	}
	return written, context.Cause(ctx)
}

// drain reads a file that says it is empty, as those of procfs do.
func drain(ctx context.Context, f File, w io.Writer) (written uint64, err error) {
	buf := make([]byte, 64<<10)
	for {
		n, err := f.ReadAt(ctx, buf, written)
		if n > 0 {
			n, err := w.Write(buf[:n])
			written += uint64(n)
			if err != nil {
				return written, err
			}
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return written, err
		}
	}
}

// stream is a file being streamed.
type stream struct {
	file   File
	wait   bool
	group  sync.WaitGroup
	chunks chan *chunk // in order; one with an error is the last
	free   chan []byte // buffers
}

// chunk is a run of bytes of the file: first those read into buf, then zeros,
// then the error that ends the file.
type chunk struct {
	done   chan struct{} // closed when buf has been filled; nil if nothing is read
	buf    []byte
	filled int
	zeros  uint64
	err    error
}

// write writes what is known of a chunk and returns its error.
func (c *chunk) write(ctx context.Context, w io.Writer) (written uint64, err error) {
	if c.filled > 0 {
		n, err := w.Write(c.buf[:c.filled])
		written = uint64(n)
		if err != nil {
			return written, err
		}
	}
	if c.zeros == 0 {
		return written, c.err
	}
	zero := make([]byte, min(c.zeros, 256<<10))
	for left := c.zeros; left > 0; {
		if err := context.Cause(ctx); err != nil {
			return written, err
		}
		n, err := w.Write(zero[:min(left, uint64(len(zero)))])
		written += uint64(n)
		left -= uint64(n)
		if err != nil {
			return written, err
		}
	}
	return written, c.err
}

// plan cuts the file into chunks, and has them read while there is room.
func (s *stream) plan(ctx context.Context) {
	defer close(s.chunks)
	attr := s.file.Attr()
	at := uint64(0)
	for e, err := range s.file.Extents(ctx, 0) {
		if err != nil {
			s.pass(ctx, &chunk{err: err})
			return
		}
		if e.Offset > at && !s.pass(ctx, &chunk{zeros: e.Offset - at}) {
			return
		}
		if e.Offline && !s.wait {
			s.pass(ctx, &chunk{err: &fs.OfflineError{Ino: attr.Ino, Offset: e.Offset, Length: e.Length}})
			return
		}
		for at = e.Offset; at < e.End(); {
			length := min(e.End()-at, ChunkSize-at%ChunkSize)
			if !s.read(ctx, at, int(length)) {
				return
			}
			at += length
		}
	}
	if at < attr.Size {
		s.pass(ctx, &chunk{zeros: attr.Size - at})
	}
}

func (s *stream) pass(ctx context.Context, c *chunk) bool {
	select {
	case s.chunks <- c:
		return true
	case <-ctx.Done():
		return false
	}
}

// read starts to read a chunk.
func (s *stream) read(ctx context.Context, at uint64, length int) bool {
	c := &chunk{done: make(chan struct{})}
	select {
	case c.buf = <-s.free:
	case <-ctx.Done():
		return false
	}
	s.group.Go(func() {
		defer close(c.done)
		if c.buf == nil {
			c.buf = make([]byte, ChunkSize)
		}
		c.filled, c.err = s.file.ReadAt(ctx, c.buf[:length], at)
		switch {
		case c.filled == length:
			c.err = nil
		case c.err == nil || errors.Is(c.err, io.EOF):
			c.err = fmt.Errorf("inode %d ends at byte %d: %w", s.file.Attr().Ino, at+uint64(c.filled), io.ErrUnexpectedEOF)
		}
	})
	return s.pass(ctx, c)
}
