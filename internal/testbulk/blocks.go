// SPDX-License-Identifier: GPL-2.0-or-later

package testbulk

import (
	"runtime"
	"sync"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

// blockWriter finishes blocks and writes them, beside the walk that makes
// their items. Without a device it throws them away.
type blockWriter struct {
	dev   device.Device
	fsid  uint64
	seed  uint64
	place *placer

	jobs   chan job
	closed bool
	group  sync.WaitGroup
	spare  sync.Pool // of *batch

	mutex sync.Mutex
	err   error // guarded by mutex
}

// job is a tree block to compose and write.
type job struct {
	ref    format.Ref
	height int
	batch  batch
}

func newBlockWriter(dev device.Device, fsid uint64, o Options, place *placer) *blockWriter {
	w := &blockWriter{dev: dev, fsid: fsid, seed: o.Seed, place: place, jobs: make(chan job, 16)}
	for range runtime.GOMAXPROCS(0) {
		w.group.Go(func() {
			block := make([]byte, format.LargeBlockSize)
			for j := range w.jobs {
				clear(block)
				compose(block, j.height, &j.batch, mix(j.ref.Blkno+w.seed, saltBlock))
				w.store(block, format.MagicBtree, j.ref)
				w.spare.Put(&j.batch)
			}
		})
	}
	return w
}

// batch returns an empty batch.
func (w *blockWriter) batch() batch {
	if b, ok := w.spare.Get().(*batch); ok {
		return clearBatch(*b)
	}
	return batch{}
}

func (w *blockWriter) writeTree(ref format.Ref, height int, b batch) {
	if w.jobs == nil {
		return
	}
	w.jobs <- job{ref, height, b}
}

// write places and writes a block that fill fills.
func (w *blockWriter) write(magic uint32, fill func(block []byte)) format.Ref {
	ref := w.place.take()
	w.writeAt(ref, magic, fill)
	return ref
}

func (w *blockWriter) writeAt(ref format.Ref, magic uint32, fill func(block []byte)) {
	block := make([]byte, format.LargeBlockSize)
	fill(block)
	w.store(block, magic, ref)
}

// store seals a block and writes it.
func (w *blockWriter) store(block []byte, magic uint32, ref format.Ref) {
	hdr, err := format.View[format.BlockHeader](block)
	if err != nil {
		panic(err) // all callers have whole blocks
	}
	hdr.Magic.Set(magic)
	hdr.FSID.Set(w.fsid)
	hdr.Seq.Set(ref.Seq)
	hdr.Blkno.Set(ref.Blkno)
	format.Seal(block)
	if _, err := w.dev.WriteAt(block, int64(ref.Blkno)<<format.LargeBlockShift); err != nil {
		w.mutex.Lock()
		defer w.mutex.Unlock()
		w.err = err
	}
}

// failed returns an error of any write so far, or of running out of blocks.
func (w *blockWriter) failed() error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.err == nil && w.place != nil {
		w.err = w.place.err
	}
	return w.err
}

// wait waits for all blocks to be written. No more can be.
func (w *blockWriter) wait() error {
	w.close()
	return w.failed()
}

// close ends the goroutines that write.
func (w *blockWriter) close() {
	if !w.closed {
		w.closed = true
		close(w.jobs)
		w.group.Wait()
	}
}
