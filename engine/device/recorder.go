// SPDX-License-Identifier: GPL-2.0-or-later

package device

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"
)

// Op is one change that a [Recorder] saw.
type Op struct {
	Kind OpKind // OpWrite, OpFlush or OpDiscard
	Seq  int64  // place among the operations of all devices that are recorded together, from 0
	Off  int64  // first byte; 0 for a flush
	Len  int64  // bytes; 0 for a flush
	Data []byte // what was written; it must not be changed
}

// Recorder is a device that passes everything on to another one and keeps, in
// order, every write, flush and discard, so that the state after any of them can
// be built again with [Recorder.Prefix] and [Recorder.Replay]. It is for tests:
// all that is written stays in memory.
//
// A write is recorded where it started, with the bytes that arrived, even if they
// are none. A flush is recorded where it ended, and only if it succeeded. Changes of one device are serialised;
// reads are not. Nothing but the recorder may change the other device.
type Recorder struct {
	inner Device
	clock *atomic.Int64 // the next Op.Seq

	// mutex is held for writing during a change of inner.
	mutex  sync.RWMutex
	ops    []Op
	before *Memory // the contents of inner before the first operation
	// captures is set when before is an overlay on inner, and each chunk has
	// to be captured in it before it changes for the first time.
	captures bool

	// replayMutex guards the cursors. It is taken before mutex.
	replayMutex sync.Mutex
	prefixes    cursor // of Prefix
	durables    cursor // of Replay: the durable part
}

// NewRecorder records the changes of d from now on.
func NewRecorder(d Device) *Recorder { return newRecorder(d, new(atomic.Int64)) }

func newRecorder(d Device, clock *atomic.Int64) *Recorder {
	r := &Recorder{inner: d, clock: clock}
	if memory, ok := d.(*Memory); ok {
		r.before = memory.Clone(d.Name())
	} else {
		r.before, r.captures = NewOverlay(d.Name(), d), true
	}
	return r
}

// Name returns the name of the other device.
func (r *Recorder) Name() string { return r.inner.Name() }

// Size returns the size of the other device.
func (r *Recorder) Size() int64 { return r.inner.Size() }

// ReadAt reads the other device.
func (r *Recorder) ReadAt(p []byte, off int64) (int, error) { return r.inner.ReadAt(p, off) }

// Close closes the other device. The record stays. States that are built after
// Close need the other device only if it is not a [Memory].
func (r *Recorder) Close() error { return r.inner.Close() }

// WriteAt writes and records.
func (r *Recorder) WriteAt(p []byte, off int64) (int, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if err := r.capture(off, int64(len(p))); err != nil {
		return 0, err
	}
	seq := r.clock.Add(1) - 1
	n, err := r.inner.WriteAt(p, off)
	r.ops = append(r.ops, Op{Kind: OpWrite, Seq: seq, Off: off, Len: int64(n), Data: bytes.Clone(p[:n])})
	return n, err
}

// Flush flushes and, if that succeeds, records.
func (r *Recorder) Flush() error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if err := r.inner.Flush(); err != nil {
		return err
	}
	r.ops = append(r.ops, Op{Kind: OpFlush, Seq: r.clock.Add(1) - 1})
	return nil
}

// Discard discards and records. In the states that are built later, a discarded
// range reads as zeros.
func (r *Recorder) Discard(off, length int64) error {
	inner, ok := r.inner.(Discarder)
	if !ok {
		return &Error{Op: OpDiscard, Device: r.Name(), Off: off, Len: length, Err: errors.ErrUnsupported}
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if err := r.capture(off, length); err != nil {
		return err
	}
	seq := r.clock.Add(1) - 1
	err := inner.Discard(off, length)
	if err != nil {
		length = 0
	}
	r.ops = append(r.ops, Op{Kind: OpDiscard, Seq: seq, Off: off, Len: length})
	return err
}

// Len returns how many operations were recorded. A test that remembers it when a
// promise was made knows from which state on the promise must hold.
func (r *Recorder) Len() int {
	r.mutex.RLock()
	defer r.mutex.RUnlock()
	return len(r.ops)
}

// Ops returns the operations that were recorded, in order.
func (r *Recorder) Ops() []Op {
	r.mutex.RLock()
	defer r.mutex.RUnlock()
	return slices.Clip(slices.Clone(r.ops))
}

// capture keeps the original contents of a range that is about to change. A range
// that the device will refuse needs none.
func (r *Recorder) capture(off, length int64) error {
	inside := checkInside(r.Size(), off, length) == nil
	if r.captures && inside {
		return r.before.capture(off, length)
	}
	return nil
}

// capture makes a range independent of what the base holds from now on.
func (m *Memory) capture(off, length int64) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	for index := range chunkParts(off, length) {
		if _, ok := m.chunks[index]; ok {
			continue
		}
		fresh := new([chunkSize]byte)
		if err := m.readBase(fresh, index); err != nil {
			return err
		}
		m.chunks[index] = chunk{fresh, m.owner}
	}
	return nil
}

// original returns a new device with the contents from before the first operation.
func (r *Recorder) original() *Memory {
	if !r.captures {
		return r.before.Clone(r.Name())
	}
	m := NewMemory(r.Name(), r.Size())
	m.base = originalReader{r}
	return m
}

// originalReader reads what the recorded device held before the first operation,
// while it changes.
type originalReader struct{ recorder *Recorder }

func (o originalReader) ReadAt(p []byte, off int64) (int, error) {
	o.recorder.mutex.RLock()
	defer o.recorder.mutex.RUnlock()
	return o.recorder.before.ReadAt(p, off)
}

var (
	_ Device      = (*Recorder)(nil)
	_ Discarder   = (*Recorder)(nil)
	_ io.ReaderAt = originalReader{}
)
