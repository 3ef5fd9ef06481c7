// SPDX-License-Identifier: GPL-2.0-or-later

package device

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
)

// MergeLimit is the most bytes that [ReadMany] reads with one merged request. The
// block layer splits larger ones on most devices.
const MergeLimit = bounceSize

// ReadRequest is one range of a device to read.
type ReadRequest struct {
	Off int64
	Buf []byte // where to; its length is how much to read
	Err error  // set by ReadMany: nil if Buf was filled
}

// ReadMany reads all requests, at most workers of them at once (at least one), in
// order of their offsets. Requests that follow each other on the device without a
// gap are read with one request of up to [MergeLimit] bytes if the device is a
// [VectorReader], so the requests of a scan are best given many at a time.
//
// A request that fails does not stop the others: each one's Err says how it went,
// and of a merged one that failed each part is read again on its own. ReadMany
// returns nil if all succeeded, and otherwise the Err of the first in reqs that
// has one.
//
// When ctx ends, no more reads are started; the requests that were not, and
// ReadMany itself, get the context's cause. ReadMany always waits for the reads
// in progress, so it leaves no goroutine and no buffer in use behind.
func ReadMany(ctx context.Context, dev Device, reqs []ReadRequest, workers int) error {
	for i := range reqs {
		reqs[i].Err = nil
	}
	b := newBatch(dev, reqs)
	var group sync.WaitGroup
	for range min(workers, b.runs()) - 1 {
		group.Go(func() { b.work(ctx) })
	}
	b.work(ctx)
	group.Wait()
	if b.next < len(reqs) || b.stopped.Load() {
		b.cancel(context.Cause(ctx))
		return context.Cause(ctx)
	}
	for i := range reqs {
		if reqs[i].Err != nil {
			return reqs[i].Err
		}
	}
	return nil
}

// batch is the state of one ReadMany.
type batch struct {
	dev    Device
	vector VectorReader // dev, or nil if it is none
	reqs   []ReadRequest
	order  []int // indexes in reqs by offset; nil if reqs are in order

	stopped atomic.Bool // a request that was taken was not read because ctx ended

	mutex sync.Mutex
	next  int // place in order of the first request that nobody has taken
}

func newBatch(dev Device, reqs []ReadRequest) *batch {
	b := &batch{dev: dev, reqs: reqs}
	b.vector, _ = dev.(VectorReader)
	byOffset := func(x, y ReadRequest) int { return cmp.Compare(x.Off, y.Off) }
	if !slices.IsSortedFunc(reqs, byOffset) {
		b.order = make([]int, len(reqs))
		for i := range b.order {
			b.order[i] = i
		}
		slices.SortStableFunc(b.order, func(x, y int) int { return byOffset(reqs[x], reqs[y]) })
	}
	return b
}

// runs counts the requests that are left when neighbours are merged.
func (b *batch) runs() (n int) {
	for place := 0; place < len(b.reqs); n++ {
		place = b.runEnd(place)
	}
	return n
}

// runEnd returns the place after the last of the requests that follow each
// other on the device from one on and are to be read as one.
func (b *batch) runEnd(first int) int {
	end := first + 1
	if b.vector == nil {
		return end
	}
	req := b.at(first)
	total := len(req.Buf)
	for off := req.Off; end < len(b.reqs) && end-first < maxVector; end++ {
		off += int64(len(req.Buf))
		req = b.at(end)
		total += len(req.Buf)
		if req.Off != off || total > MergeLimit {
			break
		}
	}
	return end
}

func (b *batch) at(place int) *ReadRequest {
	if b.order != nil {
		place = b.order[place]
	}
	return &b.reqs[place]
}

// work reads until all requests are taken or ctx ends.
func (b *batch) work(ctx context.Context) {
	var bufs [][]byte
	for ctx.Err() == nil {
		first, end := b.take()
		if first == end {
			return
		}
		if end-first > 1 {
			bufs = bufs[:0]
			for place := first; place < end; place++ {
				bufs = append(bufs, b.at(place).Buf)
			}
			if _, err := b.vector.ReadVectorAt(bufs, b.at(first).Off); err == nil {
				continue
			}
		}
		for place := first; place < end; place++ {
			b.read(ctx, b.at(place))
		}
	}
}

// read reads one request on its own.
func (b *batch) read(ctx context.Context, req *ReadRequest) {
	if ctx.Err() != nil {
		b.stopped.Store(true)
		req.Err = context.Cause(ctx)
		return
	}
	_, req.Err = b.dev.ReadAt(req.Buf, req.Off)
}

// take returns the places of the next requests, which follow each other on the
// device and are to be read as one.
func (b *batch) take() (first, end int) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.next == len(b.reqs) {
		return b.next, b.next
	}
	first, end = b.next, b.runEnd(b.next)
	b.next = end
	return first, end
}

// cancel marks the requests that nobody has taken.
func (b *batch) cancel(cause error) {
	for place := b.next; place < len(b.reqs); place++ {
		b.at(place).Err = cause
	}
}
