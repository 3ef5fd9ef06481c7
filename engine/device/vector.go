// SPDX-License-Identifier: GPL-2.0-or-later

package device

import (
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"
)

// maxVector is the most buffers in one request. The kernel's own limit is 1024.
const maxVector = 256

func (f *file) ReadVectorAt(bufs [][]byte, off int64) (int, error) {
	f.life.RLock()
	defer f.life.RUnlock()
	want := vectorLen(bufs)
	inside, err := readable(f.size, off, want)
	if err == nil && f.closed {
		err = fs.ErrClosed
	}
	var done int64
	if err == nil {
		done, err = f.readVector(bufs, off, inside)
	}
	if err == nil && done < want {
		err = endError(done)
	}
	if err != nil {
		return int(done), &Error{Op: OpRead, Device: f.name, Off: off, Len: want, Done: done, Err: err}
	}
	return int(done), nil
}

// readVector reads the first inside bytes of bufs. What one vectored request
// does not bring is read buffer by buffer.
func (f *file) readVector(bufs [][]byte, off, inside int64) (int64, error) {
	done, err := f.readVectorOnce(bufs, off, inside)
	if err != nil {
		return done, err
	}
	skip := done
	for _, buf := range bufs {
		past := min(skip, int64(len(buf)))
		skip -= past
		buf = buf[past:]
		buf = buf[:min(int64(len(buf)), inside-done)]
		n, err := f.read(buf, off+done)
		done += int64(n)
		if err != nil || n < len(buf) {
			return done, err
		}
	}
	return done, nil
}

// readVectorOnce makes one request if it can, and otherwise returns 0.
func (f *file) readVectorOnce(bufs [][]byte, off, inside int64) (int64, error) {
	switch {
	case len(bufs) < 2 || len(bufs) > maxVector || vectorLen(bufs) != inside:
		return 0, nil
	case f.directFD < 0:
		return preadv(f.fd, bufs, off)
	case f.alignedVector(bufs, off):
		return preadv(f.directFD, bufs, off)
	}
	return f.readVectorBounced(bufs, off, inside)
}

func (f *file) WriteVectorAt(bufs [][]byte, off int64) (int, error) {
	f.life.RLock()
	defer f.life.RUnlock()
	want := vectorLen(bufs)
	done := int64(0)
	err := f.checkChange(off, want)
	if err == nil {
		done, err = f.writeVector(bufs, off)
	}
	if err != nil {
		return int(done), &Error{Op: OpWrite, Device: f.name, Off: off, Len: want, Done: done, Err: err}
	}
	return int(done), nil
}

// writeVector writes all of bufs. What one vectored request does not take is
// written buffer by buffer.
func (f *file) writeVector(bufs [][]byte, off int64) (int64, error) {
	done, err := f.writeVectorOnce(bufs, off)
	if err != nil {
		return done, err
	}
	skip := done
	for _, buf := range bufs {
		past := min(skip, int64(len(buf)))
		skip -= past
		n, err := f.write(buf[past:], off+done)
		done += int64(n)
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// writeVectorOnce makes one request if it can, and otherwise returns 0.
func (f *file) writeVectorOnce(bufs [][]byte, off int64) (int64, error) {
	switch {
	case len(bufs) < 2 || len(bufs) > maxVector:
		return 0, nil
	case f.directFD < 0:
		return pwritev(f.fd, bufs, off)
	case f.alignedVector(bufs, off):
		return pwritev(f.directFD, bufs, off)
	}
	return 0, nil
}

func (f *file) alignedVector(bufs [][]byte, off int64) bool {
	for _, buf := range bufs {
		if alignedPrefix(buf, off, f.align) != len(buf) {
			return false
		}
		off += int64(len(buf))
	}
	return true
}

// readVectorBounced makes one request into a bounce buffer if it fits, and deals
// it out.
func (f *file) readVectorBounced(bufs [][]byte, off, inside int64) (int64, error) {
	mask := int64(f.align - 1)
	start := off &^ mask
	end := (off + inside + mask) &^ mask
	if end-start > bounceSize {
		return 0, nil
	}
	bounce := f.bounce.get()
	defer f.bounce.put(bounce)
	n, err := pread(f.directFD, bounce[:end-start], start)
	got := bounce[min(off-start, int64(n)):min(int64(n), off-start+inside)]
	done := int64(0)
	for _, buf := range bufs {
		n := copy(buf, got)
		got = got[n:]
		done += int64(n)
	}
	return done, err
}

func preadv(fd int, bufs [][]byte, off int64) (int64, error) {
	for {
		n, err := unix.Preadv(fd, bufs, off)
		if !errors.Is(err, unix.EINTR) {
			return int64(max(n, 0)), err
		}
	}
}

func pwritev(fd int, bufs [][]byte, off int64) (int64, error) {
	for {
		n, err := unix.Pwritev(fd, bufs, off)
		if !errors.Is(err, unix.EINTR) {
			return int64(max(n, 0)), err
		}
	}
}

func vectorLen(bufs [][]byte) int64 {
	total := int64(0)
	for _, buf := range bufs {
		total += int64(len(buf))
	}
	return total
}
