// SPDX-License-Identifier: GPL-2.0-or-later

package device

import (
	"errors"
	"io"
	"io/fs"
	"sync"

	"golang.org/x/sys/unix"
)

// file is a block device or regular file. It implements Device, Discarder,
// VectorReader, VectorWriter and Aligner.
type file struct {
	name     string
	size     int64
	block    bool // block device, not regular file
	writable bool
	claimed  bool // fd holds a lock

	// align is Alignment. directFD is -1, and bounce nil, when it is 1.
	align  int
	bounce *bouncePool

	// life is held for reading during every system call on the descriptors,
	// and for writing to close them: a descriptor's number may belong to
	// another file as soon as it is closed.
	life     sync.RWMutex
	closed   bool
	fd       int // through the page cache
	directFD int // past it

	flushMutex sync.Mutex // serialises Flush
	flushErr   error      // of the first Flush that failed
}

func (f *file) Name() string   { return f.name }
func (f *file) Size() int64    { return f.size }
func (f *file) Alignment() int { return f.align }

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	f.life.RLock()
	defer f.life.RUnlock()
	want := int64(len(p))
	inside, err := readable(f.size, off, want)
	if err == nil && f.closed {
		err = fs.ErrClosed
	}
	var done int
	if err == nil {
		done, err = f.read(p[:inside], off)
	}
	if err == nil && int64(done) < want {
		err = endError(int64(done))
	}
	if err != nil {
		return done, &Error{Op: OpRead, Device: f.name, Off: off, Len: want, Done: int64(done), Err: err}
	}
	return done, nil
}

// read reads until p is full or the storage ends.
func (f *file) read(p []byte, off int64) (int, error) {
	done := 0
	for done < len(p) {
		n, err := f.readOnce(p[done:], off+int64(done))
		done += n
		if err != nil || n == 0 {
			return done, err
		}
	}
	return done, nil
}

// readOnce reads at least one byte unless the storage ends.
func (f *file) readOnce(p []byte, off int64) (int, error) {
	if f.directFD < 0 {
		return pread(f.fd, p, off)
	}
	if n := alignedPrefix(p, off, f.align); n > 0 {
		return pread(f.directFD, p[:n], off)
	}
	return f.readBounced(p, off)
}

func (f *file) WriteAt(p []byte, off int64) (int, error) {
	f.life.RLock()
	defer f.life.RUnlock()
	done := 0
	err := f.checkChange(off, int64(len(p)))
	if err == nil {
		done, err = f.write(p, off)
	}
	if err != nil {
		return done, &Error{Op: OpWrite, Device: f.name, Off: off, Len: int64(len(p)), Done: int64(done), Err: err}
	}
	return done, nil
}

// checkChange refuses a change of a range that cannot be made.
func (f *file) checkChange(off, length int64) error {
	switch {
	case f.closed:
		return fs.ErrClosed
	case !f.writable:
		return ErrReadOnly
	}
	return checkInside(f.size, off, length)
}

func (f *file) write(p []byte, off int64) (int, error) {
	// Part of a sector can only be changed through the page cache, which
	// the kernel keeps coherent with direct transfers of the same file.
	direct := f.directFD >= 0 && isMultiple(off, f.align) && isMultiple(int64(len(p)), f.align)
	done := 0
	for done < len(p) {
		rest, at := p[done:], off+int64(done)
		var n int
		var err error
		switch {
		case !direct:
			n, err = pwrite(f.fd, rest, at)
		case alignedPrefix(rest, at, f.align) > 0:
			n, err = pwrite(f.directFD, rest, at)
		default:
			n, err = f.writeBounced(rest, at)
		}
		done += n
		if err != nil {
			return done, err
		}
		if n == 0 {
			return done, io.ErrShortWrite
		}
	}
	if !direct && done >= writeBehind {
		f.startWriting(off, int64(done))
	}
	return done, nil
}

// writeBehind is how large a write has to be to go to the storage at once
// rather than with the next flush: bulk data, which nobody writes again.
const writeBehind = 1 << 20

// startWriting has the system write what is in its page cache, so that the
// storage is busy before a flush asks for all of it. Whether it can is of no
// consequence: the flush does what is left, and tells of errors.
func (f *file) startWriting(off, length int64) {
	_ = unix.SyncFileRange(f.fd, off, length, unix.SYNC_FILE_RANGE_WRITE)
}

// Flush is fdatasync(2). On a block device it writes out the device's dirty
// pages and then has the device empty its volatile write cache, which covers
// direct writes as well. On a regular file it does the same through the file
// system, together with the metadata needed to find the data again.
//
// Once a flush has failed, every later one fails with the same error: the kernel
// reports lost pages once and then forgets them, so success would mean nothing.
func (f *file) Flush() error {
	f.life.RLock()
	defer f.life.RUnlock()
	if f.closed {
		return &Error{Op: OpFlush, Device: f.name, Err: fs.ErrClosed}
	}
	if !f.writable {
		return nil
	}
	f.flushMutex.Lock()
	defer f.flushMutex.Unlock()
	if f.flushErr == nil {
		if err := retryInterrupted(func() error { return unix.Fdatasync(f.fd) }); err != nil {
			f.flushErr = &Error{Op: OpFlush, Device: f.name, Err: err}
		}
	}
	return f.flushErr
}

func (f *file) Close() error {
	f.life.Lock()
	defer f.life.Unlock()
	if f.closed {
		return &fs.PathError{Op: "close", Path: f.name, Err: fs.ErrClosed}
	}
	f.closed = true
	var errs []error
	if f.directFD >= 0 {
		errs = append(errs, unix.Close(f.directFD))
	}
	if f.claimed {
		errs = append(errs, unlock(f.fd))
	}
	errs = append(errs, unix.Close(f.fd))
	if err := errors.Join(errs...); err != nil {
		return &fs.PathError{Op: "close", Path: f.name, Err: err}
	}
	return nil
}

func pread(fd int, p []byte, off int64) (int, error) {
	for {
		n, err := unix.Pread(fd, p, off)
		if !errors.Is(err, unix.EINTR) {
			return max(n, 0), err
		}
	}
}

func pwrite(fd int, p []byte, off int64) (int, error) {
	for {
		n, err := unix.Pwrite(fd, p, off)
		if !errors.Is(err, unix.EINTR) {
			return max(n, 0), err
		}
	}
}
