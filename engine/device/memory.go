// SPDX-License-Identifier: GPL-2.0-or-later

package device

import (
	"io"
	"iter"
	"maps"
	"sync"
)

// chunkSize is the unit in which a Memory allocates and copies on write.
const chunkSize = 64 << 10

// Memory is a device in memory, for tests. It takes memory only for what has
// been written, in units of 64 KiB, and shares it with its clones until either
// side writes. It implements [Discarder]; what was discarded reads as zeros.
//
// Reads are concurrent and writes are atomic with respect to them. Close does
// nothing, so that a test can go on with the contents after the code under test
// has closed the device.
type Memory struct {
	name string
	size int64
	base io.ReaderAt // contents of the chunks that are not in the map, or nil for zeros

	mutex  sync.RWMutex
	chunks map[int64]chunk // by offset / chunkSize
	owner  *owner
}

// chunk is part of a Memory. A chunk whose owner is not the Memory's current one
// is shared and must be copied before it is changed.
type chunk struct {
	bytes *[chunkSize]byte // nil for zeros
	owner *owner
}

// owner is compared by address, so it must not be of size zero.
type owner struct{ _ byte }

// NewMemory returns a device of size zero bytes.
func NewMemory(name string, size int64) *Memory {
	return &Memory{name: name, size: max(size, 0), chunks: make(map[int64]chunk), owner: new(owner)}
}

// NewOverlay returns a device with the contents of base, which it reads when they
// are asked for and never writes. Base must not be written meanwhile.
func NewOverlay(name string, base Device) *Memory {
	m := NewMemory(name, base.Size())
	m.base = base
	return m
}

// Name returns the name it was made with.
func (m *Memory) Name() string { return m.name }

// Size returns the size it was made with.
func (m *Memory) Size() int64 { return m.size }

// Flush does nothing: a Memory loses nothing. See [Recorder] for one that does.
func (m *Memory) Flush() error { return nil }

// Close does nothing.
func (m *Memory) Close() error { return nil }

// Clone returns a device with the same contents, which from now on change
// independently. It copies no contents, only one map entry a chunk.
func (m *Memory) Clone(name string) *Memory {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.owner = new(owner)
	return &Memory{name: name, size: m.size, base: m.base, chunks: maps.Clone(m.chunks), owner: new(owner)}
}

// Allocated returns the bytes of memory that hold contents, counting what is
// shared with clones in full.
func (m *Memory) Allocated() int64 {
	m.mutex.RLock()
	defer m.mutex.RUnlock()
	total := int64(0)
	for _, c := range m.chunks {
		if c.bytes != nil {
			total += chunkSize
		}
	}
	return total
}

// ReadAt is as [Device] says.
func (m *Memory) ReadAt(p []byte, off int64) (int, error) {
	want := int64(len(p))
	inside, err := readable(m.size, off, want)
	done := int64(0)
	if err == nil {
		m.mutex.RLock()
		done, err = m.read(p[:inside], off)
		m.mutex.RUnlock()
	}
	if err == nil && done < want {
		err = endError(done)
	}
	if err != nil {
		return int(done), &Error{Op: OpRead, Device: m.name, Off: off, Len: want, Done: done, Err: err}
	}
	return int(done), nil
}

func (m *Memory) read(p []byte, off int64) (int64, error) {
	done := int64(0)
	for index, part := range chunkParts(off, int64(len(p))) {
		target := p[done : done+part.length]
		c, ok := m.chunks[index]
		switch {
		case ok && c.bytes != nil:
			copy(target, c.bytes[part.start:])
		case ok || m.base == nil:
			clear(target)
		default:
			if _, err := m.base.ReadAt(target, off+done); err != nil {
				return done, err
			}
		}
		done += part.length
	}
	return done, nil
}

// WriteAt is as [Device] says.
func (m *Memory) WriteAt(p []byte, off int64) (int, error) {
	err := checkInside(m.size, off, int64(len(p)))
	done := int64(0)
	if err == nil {
		m.mutex.Lock()
		done, err = m.write(p, off)
		m.mutex.Unlock()
	}
	if err != nil {
		return int(done), &Error{Op: OpWrite, Device: m.name, Off: off, Len: int64(len(p)), Done: done, Err: err}
	}
	return int(done), nil
}

func (m *Memory) write(p []byte, off int64) (int64, error) {
	done := int64(0)
	for index, part := range chunkParts(off, int64(len(p))) {
		target, err := m.own(index, part.length == chunkSize)
		if err != nil {
			return done, err
		}
		copy(target[part.start:], p[done:done+part.length])
		done += part.length
	}
	return done, nil
}

// own returns a chunk that may be changed. Its contents are those of the device
// unless they are about to be overwritten as a whole.
func (m *Memory) own(index int64, whole bool) (*[chunkSize]byte, error) {
	c, ok := m.chunks[index]
	if ok && c.owner == m.owner && c.bytes != nil {
		return c.bytes, nil
	}
	fresh := new([chunkSize]byte)
	switch {
	case whole:
	case ok && c.bytes != nil:
		*fresh = *c.bytes
	case !ok && m.base != nil:
		if err := m.readBase(fresh, index); err != nil {
			return nil, err
		}
	}
	m.chunks[index] = chunk{fresh, m.owner}
	return fresh, nil
}

func (m *Memory) readBase(c *[chunkSize]byte, index int64) error {
	start := index * chunkSize
	_, err := m.base.ReadAt(c[:min(chunkSize, m.size-start)], start)
	return err
}

// Discard makes the range zero, and frees the chunks that are wholly within.
func (m *Memory) Discard(off, length int64) error {
	err := checkInside(m.size, off, length)
	if err == nil {
		m.mutex.Lock()
		err = m.discard(off, length)
		m.mutex.Unlock()
	}
	if err != nil {
		return &Error{Op: OpDiscard, Device: m.name, Off: off, Len: length, Err: err}
	}
	return nil
}

func (m *Memory) discard(off, length int64) error {
	for index, part := range chunkParts(off, length) {
		c, ok := m.chunks[index]
		switch {
		case part.length == chunkSize && m.base == nil:
			delete(m.chunks, index)
		case part.length == chunkSize:
			m.chunks[index] = chunk{}
		case ok && c.bytes == nil || !ok && m.base == nil:
		default:
			target, err := m.own(index, false)
			if err != nil {
				return err
			}
			clear(target[part.start : part.start+part.length])
		}
	}
	return nil
}

var _ interface {
	Device
	Discarder
} = (*Memory)(nil)

// chunkPart is the bytes [start, start+length) of a chunk.
type chunkPart struct{ start, length int64 }

// chunkParts yields the parts of chunks that make up a range, with the index of
// each chunk.
func chunkParts(off, length int64) iter.Seq2[int64, chunkPart] {
	return func(yield func(int64, chunkPart) bool) {
		for end := off + length; off < end; {
			start := off % chunkSize
			n := min(chunkSize-start, end-off)
			if !yield(off/chunkSize, chunkPart{start, n}) {
				return
			}
			off += n
		}
	}
}
