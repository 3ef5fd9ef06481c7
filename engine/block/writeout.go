// SPDX-License-Identifier: GPL-2.0-or-later

package block

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

// maxWriters is the most runs of blocks that are written at once.
const maxWriters = 8

// Write seals all dirty blocks and writes them, and returns when the device
// has them all; it does not flush. They are written in the order of their
// numbers, neighbours as one. From then on they are clean blocks in the
// Reader's cache, and their bytes must not be changed any more.
//
// After an error, the device's or the context's cause, the blocks are as dirty
// as before; some of them may have been written.
func (w *Writer) Write(ctx context.Context) error {
	runs := w.dirtyRuns()
	var next atomic.Int64
	var failed errorOnce
	work := func() {
		for failed.get() == nil {
			i := int(next.Add(1)) - 1
			if i >= len(runs) {
				return
			}
			if ctx.Err() != nil {
				failed.set(context.Cause(ctx))
				return
			}
			failed.set(w.writeRun(runs[i]))
		}
	}
	var group sync.WaitGroup
	for range min(len(runs), maxWriters) - 1 {
		group.Go(work)
	}
	work()
	group.Wait()
	if err := failed.get(); err != nil {
		return err
	}
	for _, d := range w.dirty {
		w.reader.store(d.ref, d.magic, d.bytes)
	}
	w.Discard()
	return nil
}

// dirtyRuns returns the dirty blocks by number, split where they are not
// neighbours and after so many as are written as one.
func (w *Writer) dirtyRuns() (runs [][]*dirtyBlock) {
	blocks := make([]*dirtyBlock, 0, len(w.dirty))
	for _, d := range w.dirty {
		blocks = append(blocks, d)
	}
	slices.SortFunc(blocks, func(a, b *dirtyBlock) int { return cmp.Compare(a.ref.Blkno, b.ref.Blkno) })
	for start, i := 0, 1; i <= len(blocks); i++ {
		if i == len(blocks) || i-start == maxRun || blocks[i].ref.Blkno != blocks[i-1].ref.Blkno+1 {
			runs = append(runs, blocks[start:i])
			start = i
		}
	}
	return runs
}

// writeRun seals and writes neighbouring blocks.
func (w *Writer) writeRun(run []*dirtyBlock) error {
	bufs := make([][]byte, len(run))
	for i, d := range run {
		format.Seal(d.bytes)
		bufs[i] = d.bytes
	}
	if vector, ok := w.dev.(device.VectorWriter); ok && len(run) > 1 {
		_, err := vector.WriteVectorAt(bufs, offset(run[0].ref.Blkno))
		return err
	}
	for i, d := range run {
		if _, err := w.dev.WriteAt(bufs[i], offset(d.ref.Blkno)); err != nil {
			return err
		}
	}
	return nil
}

// errorOnce keeps the first error of several goroutines.
type errorOnce struct {
	mutex sync.Mutex
	err   error
}

func (e *errorOnce) set(err error) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if e.err == nil {
		e.err = err
	}
}

func (e *errorOnce) get() error {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	return e.err
}
