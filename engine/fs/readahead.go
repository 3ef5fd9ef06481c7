// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"errors"
	"io"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

// readAhead reads from a stream in a goroutine of its own, while what it has
// read before is being written. It belongs to one goroutine, which must stop
// it in the end. It has two buffers, no more.
type readAhead struct {
	full   chan filled
	empty  chan []byte
	left   []byte // of the buffer that is being handed out
	buffer []byte
	err    error
}

// filled is a buffer, full but for the last one, whose rest is zeros up to a
// whole block; or the error after it.
type filled struct {
	p   []byte
	err error
}

// newReadAhead starts reading so many bytes.
func newReadAhead(from io.Reader, length uint64) *readAhead {
	r := &readAhead{full: make(chan filled), empty: make(chan []byte, 2)}
	size := int(min(streamBuffer/format.SmallBlockSize, blocksFor(length))) * format.SmallBlockSize
	for range 2 {
		r.empty <- device.AlignedBuffer(size)
	}
	go r.read(from, length)
	return r
}

func (r *readAhead) read(from io.Reader, length uint64) {
	defer close(r.full)
	for length > 0 {
		p, ok := <-r.empty
		if !ok {
			return
		}
		n := int(min(uint64(len(p)), length))
		if _, err := io.ReadFull(from, p[:n]); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			r.full <- filled{err: err}
			return
		}
		length -= uint64(n)
		whole := int(blocksFor(uint64(n))) * format.SmallBlockSize
		clear(p[n:whole])
		r.full <- filled{p: p[:whole]}
	}
}

// next returns the bytes that follow, as many as wanted or fewer, whole blocks
// of them. They are good until the next call.
func (r *readAhead) next(want int) ([]byte, error) {
	if len(r.left) == 0 && r.err == nil {
		if r.buffer != nil {
			r.empty <- r.buffer[:cap(r.buffer)]
		}
		f, ok := <-r.full
		if !ok {
			f.err = io.ErrUnexpectedEOF
		}
		r.buffer, r.left, r.err = f.p, f.p, f.err
	}
	if r.err != nil {
		return nil, r.err
	}
	p := r.left[:min(want, len(r.left))]
	r.left = r.left[len(p):]
	return p, nil
}

// stop ends the reading, once a read that is going on has returned.
func (r *readAhead) stop() {
	close(r.empty)
	for range r.full {
	}
}
