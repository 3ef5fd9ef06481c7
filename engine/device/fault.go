// SPDX-License-Identifier: GPL-2.0-or-later

package device

import (
	"errors"
	"sync"

	"golang.org/x/sys/unix"
)

// Fault describes requests of a [Faulty] device that are to fail. The zero value
// fails every read with EIO; Fault{Op: OpWrite, After: 2, Count: 1} fails the
// third write.
type Fault struct {
	Op OpKind // the kind of request; flushes have no range

	// Off and Len limit the fault to requests that touch [Off, Off+Len). With
	// Len 0 it is everywhere.
	Off, Len int64

	After int // how many such requests succeed first
	Count int // how many then fail; 0 for all of them

	// Done is how many bytes a failing read or write transfers before it
	// fails, or all but one if it is shorter than that.
	Done int

	Err error // the cause; nil for EIO
}

// Faulty is a device that passes everything on to another one, except for the
// requests that it was told to fail. It is for tests.
type Faulty struct {
	inner Device

	mutex  sync.Mutex
	faults []*armedFault
	failed int
}

// armedFault is a fault with the number of matching requests so far.
type armedFault struct {
	Fault
	seen int
}

// NewFaulty returns a device that fails as the faults say, each of which counts
// on its own the requests that match it. Of several that apply to one request,
// the first decides how it fails.
func NewFaulty(d Device, faults ...Fault) *Faulty {
	f := &Faulty{inner: d}
	f.Add(faults...)
	return f
}

// Add arms more faults, which count requests from now on.
func (f *Faulty) Add(faults ...Fault) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for _, fault := range faults {
		f.faults = append(f.faults, &armedFault{Fault: fault})
	}
}

// Clear disarms all faults.
func (f *Faulty) Clear() {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.faults = nil
}

// Failed returns how many requests were made to fail.
func (f *Faulty) Failed() int {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.failed
}

// Name returns the name of the other device.
func (f *Faulty) Name() string { return f.inner.Name() }

// Size returns the size of the other device.
func (f *Faulty) Size() int64 { return f.inner.Size() }

// Close closes the other device.
func (f *Faulty) Close() error { return f.inner.Close() }

// ReadAt reads or fails.
func (f *Faulty) ReadAt(p []byte, off int64) (int, error) {
	return f.transfer(OpRead, f.inner.ReadAt, p, off)
}

// WriteAt writes or fails.
func (f *Faulty) WriteAt(p []byte, off int64) (int, error) {
	return f.transfer(OpWrite, f.inner.WriteAt, p, off)
}

// Flush flushes, or fails and does not flush.
func (f *Faulty) Flush() error {
	if fault := f.match(OpFlush, 0, 0); fault != nil {
		return &Error{Op: OpFlush, Device: f.Name(), Err: fault.cause()}
	}
	return f.inner.Flush()
}

// Discard discards, or fails and does not discard.
func (f *Faulty) Discard(off, length int64) error {
	failure := &Error{Op: OpDiscard, Device: f.Name(), Off: off, Len: length}
	if fault := f.match(OpDiscard, off, length); fault != nil {
		failure.Err = fault.cause()
		return failure
	}
	inner, ok := f.inner.(Discarder)
	if !ok {
		failure.Err = errors.ErrUnsupported
		return failure
	}
	return inner.Discard(off, length)
}

func (f *Faulty) transfer(op OpKind, do func([]byte, int64) (int, error), p []byte, off int64) (int, error) {
	fault := f.match(op, off, int64(len(p)))
	if fault == nil {
		return do(p, off)
	}
	done := 0
	if part := min(fault.Done, len(p)-1); part > 0 {
		var err error
		if done, err = do(p[:part], off); err != nil {
			return done, err
		}
	}
	return done, &Error{Op: op, Device: f.Name(), Off: off, Len: int64(len(p)), Done: int64(done), Err: fault.cause()}
}

// match counts a request and returns the fault that makes it fail, or nil.
func (f *Faulty) match(op OpKind, off, length int64) *armedFault {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	var first *armedFault
	for _, fault := range f.faults {
		if !fault.matches(op, off, length) {
			continue
		}
		fault.seen++
		if first == nil && fault.due() {
			first = fault
		}
	}
	if first != nil {
		f.failed++
	}
	return first
}

func (f *armedFault) matches(op OpKind, off, length int64) bool {
	if f.Op != op {
		return false
	}
	return op == OpFlush || f.Len == 0 || off < f.Off+f.Len && f.Off < off+length
}

// due reports whether the request that was counted last is one that fails.
func (f *armedFault) due() bool {
	return f.seen > f.After && (f.Count == 0 || f.seen <= f.After+f.Count)
}

func (f *armedFault) cause() error {
	if f.Err == nil {
		return unix.EIO
	}
	return f.Err
}

var (
	_ Device    = (*Faulty)(nil)
	_ Discarder = (*Faulty)(nil)
)
