// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import "sync"

// dataLocks lock the extents of files. Who changes extents, or writes to
// blocks that a file has, holds the file's lock for writing; who reads blocks
// holds it for reading, so that they do not become another file's meanwhile.
// A lock is taken before the transaction's, and two of them in the order of
// inode numbers. Locks that nobody holds or waits for are not kept.
type dataLocks struct {
	mu    sync.Mutex // guards the map and the counts; held for no I/O and no other lock
	locks map[uint64]*dataLock
}

type dataLock struct {
	sync.RWMutex
	users int // holders and waiters
}

// use returns an inode's lock, which is kept until done.
func (d *dataLocks) use(ino uint64) *dataLock {
	d.mu.Lock()
	defer d.mu.Unlock()
	l := d.locks[ino]
	if l == nil {
		if d.locks == nil {
			d.locks = make(map[uint64]*dataLock)
		}
		l = new(dataLock)
		d.locks[ino] = l
	}
	l.users++
	return l
}

func (d *dataLocks) done(ino uint64, l *dataLock) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l.users--; l.users == 0 {
		delete(d.locks, ino)
	}
}

// write locks a file for changing, until the function returned is called.
func (d *dataLocks) write(ino uint64) (unlock func()) {
	l := d.use(ino)
	l.Lock()
	return func() {
		l.Unlock()
		d.done(ino, l)
	}
}

// writeTwo is write of two files.
func (d *dataLocks) writeTwo(a, b uint64) (unlock func()) {
	first := d.write(min(a, b))
	second := d.write(max(a, b))
	return func() {
		second()
		first()
	}
}

// read locks a file for reading its data.
func (d *dataLocks) read(ino uint64) (unlock func()) {
	l := d.use(ino)
	l.RLock()
	return func() {
		l.RUnlock()
		d.done(ino, l)
	}
}
