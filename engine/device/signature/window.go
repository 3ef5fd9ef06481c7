// SPDX-License-Identifier: GPL-2.0-or-later

package signature

import (
	"errors"
	"fmt"
	"io"
)

const (
	// readUnit is the alignment of every read, so that devices opened for direct I/O can be probed.
	readUnit = 4 << 10
	// headSize and tailSize cover all the fixed places but the copies that live megabytes away.
	headSize = 256 << 10
	tailSize = 192 << 10
	// maxRead bounds a single read whose length comes from the device.
	maxRead = 128 << 10
	// maxBad is how many reads may fail before there are no more: each can take a failing disk minutes.
	maxBad = 8
)

// A window reads places of a device for the probers. The two ends, where nearly everything is, are read once, or
// place by place if that fails.
type window struct {
	r    io.ReaderAt
	size int64
	head record // bytes [0, len(head))
	tail record // bytes [size-len(tail), size)
	err  error  // the first read that failed
	bad  int    // how many have failed
}

func newWindow(r io.ReaderAt, size int64) *window {
	w := &window{r: r, size: max(size, 0)}
	w.head = w.read(0, min(w.size, headSize))
	if w.size > headSize {
		start := max(headSize, w.size-tailSize) &^ (readUnit - 1)
		w.tail = w.read(start, w.size-start)
	}
	return w
}

// at returns the n bytes at off, or nil if they are not all on the device, cannot be read, or are more than maxRead.
func (w *window) at(off int64, n int) record {
	if off < 0 || n <= 0 || n > maxRead || off > w.size-int64(n) {
		return nil
	}
	end := off + int64(n)
	if end <= int64(len(w.head)) {
		return w.head[off:end:end]
	}
	if t := w.size - int64(len(w.tail)); off >= t {
		return w.tail[off-t : end-t : end-t]
	}
	start := off &^ (readUnit - 1)
	stop := min((end+readUnit-1)&^(readUnit-1), w.size)
	b := w.read(start, stop-start)
	if b == nil {
		return nil
	}
	return b[off-start : end-start : end-start]
}

func (w *window) read(off, n int64) record {
	if n <= 0 || w.bad >= maxBad {
		return nil
	}
	b := make(record, n)
	got, err := w.r.ReadAt(b, off)
	if got == len(b) {
		return b
	}
	w.bad++
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if w.err == nil {
		w.err = fmt.Errorf("read %d bytes at byte %d: %w", n, off, err)
	}
	return nil
}

// fromEnd returns the n bytes that start back bytes before the end of the device rounded down to a multiple of align,
// and where they start.
func (w *window) fromEnd(align, back int64, n int) (record, int64) {
	off := w.size - w.size%align - back
	return w.at(off, n), off
}
