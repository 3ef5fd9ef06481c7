// SPDX-License-Identifier: GPL-2.0-or-later

package block

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

const (
	// maxAhead is the most blocks that one Prefetch reads.
	maxAhead = 256
	// maxRun is the most neighbouring blocks that are read, and arrive, as one.
	maxRun = device.MergeLimit / format.LargeBlockSize
)

// Prefetch starts reading blocks that will probably be asked for soon, and
// does not wait for them. Blocks that are cached or being read are left
// out; neighbours on the device are read together. It is a hint: when the
// workers are busy it does nothing and returns false, and of very many refs it
// takes the first. Errors are not kept, a later Read meets them itself. When
// ctx ends, no more reads are started.
func (r *Reader) Prefetch(ctx context.Context, magic uint32, refs []format.Ref) bool {
	refs = refs[:min(len(refs), r.maxAhead)]
	if len(refs) == 0 || ctx.Err() != nil {
		return true
	}
	if !r.acquire() {
		return false
	}
	runs := splitRuns(r.beginAhead(magic, refs))
	if len(runs) == 0 {
		r.release()
		return true
	}
	var taken atomic.Int64
	work := func() {
		defer r.release()
		for i := taken.Add(1); i <= int64(len(runs)); i = taken.Add(1) {
			r.readRun(ctx, runs[i-1])
		}
	}
	r.ahead.Go(work)
	for started := 1; started < len(runs) && r.acquire(); started++ {
		r.ahead.Go(work)
	}
	return true
}

// acquire takes a worker's place if one is free.
func (r *Reader) acquire() bool {
	select {
	case r.workers <- struct{}{}:
		return true
	default:
		return false
	}
}

func (r *Reader) release() { <-r.workers }

// Wait returns when the reads that earlier calls of Prefetch started are
// over. It must not run beside a Prefetch.
func (r *Reader) Wait() { r.ahead.Wait() }

// beginAhead registers reads of those refs that need one.
func (r *Reader) beginAhead(magic uint32, refs []format.Ref) []*flight {
	var flights []*flight
	for _, ref := range refs {
		if r.CheckRef(ref, magic) != nil {
			continue
		}
		if f := r.shard(ref.Blkno).beginAhead(ref, magic); f != nil {
			flights = append(flights, f)
		}
	}
	return flights
}

// splitRuns sorts flights by place and splits them where they are not
// neighbours.
func splitRuns(flights []*flight) [][]*flight {
	slices.SortFunc(flights, func(a, b *flight) int { return cmp.Compare(a.ref.Blkno, b.ref.Blkno) })
	var runs [][]*flight
	for start, i := 0, 1; i <= len(flights); i++ {
		if i == len(flights) || i-start == maxRun || flights[i].ref.Blkno != flights[i-1].ref.Blkno+1 {
			runs = append(runs, flights[start:i])
			start = i
		}
	}
	return runs
}

// readRun reads neighbouring blocks, but for those that someone else has
// taken, and ends their flights.
func (r *Reader) readRun(ctx context.Context, run []*flight) {
	var flights []*flight
	var reqs []device.ReadRequest
	for _, f := range run {
		if f.taken.CompareAndSwap(false, true) {
			flights = append(flights, f)
			reqs = append(reqs, device.ReadRequest{Off: offset(f.ref.Blkno), Buf: make([]byte, format.LargeBlockSize)})
		}
	}
	// Each request has its own error.
	_ = device.ReadMany(ctx, r.dev, reqs, 1)
	for i, f := range flights {
		block, err := reqs[i].Buf, reqs[i].Err
		s := r.shard(f.ref.Blkno)
		if err == nil {
			s.countAhead()
			block, err = r.verifyOrReread(block, f.ref, f.magic)
		}
		s.end(f, block, err, true)
	}
}
