// SPDX-License-Identifier: GPL-2.0-or-later

package block

import (
	"sync"
	"sync/atomic"

	"scoutfs/engine/format"
)

const (
	maxShards = 16
	// minShardBlocks keeps a shard's short queue from being too short to see
	// a block used again.
	minShardBlocks = 32
)

// shard is the part of a Reader that is concerned with some block numbers.
type shard struct {
	mutex   sync.Mutex
	cache   cache
	flights map[flightKey]*flight
	stats   Stats
}

// flightKey is what is read: versions of a block are read independently.
type flightKey struct {
	ref   format.Ref
	magic uint32
}

// flight is a read in progress that others can wait for.
type flight struct {
	flightKey
	ahead bool // reads ahead: nobody waited for it when it began
	// taken is set by whoever does the read. One that reads ahead may wait
	// its turn for long, and someone in need take it over.
	taken atomic.Bool

	done  chan struct{} // closed when the fields below are set
	block []byte
	err   error
}

// newShards splits a cache of so many blocks. The number of shards is a
// power of two.
func newShards(blocks int) []shard {
	n := 1
	for n < maxShards && blocks/(2*n) >= minShardBlocks {
		n *= 2
	}
	shards := make([]shard, n)
	for i := range shards {
		shards[i].cache = newCache(blocks / n)
		shards[i].flights = make(map[flightKey]*flight)
	}
	return shards
}

func (r *Reader) shard(blkno uint64) *shard { return &r.shards[blkno&uint64(len(r.shards)-1)] }

// begin looks for a block in the cache and among the reads in progress. It
// returns the cached block with its magic; or a read in progress to wait
// for; or, with mine, a new one that the caller must end.
func (s *shard) begin(ref format.Ref, magic uint32) (block []byte, cachedMagic uint32, f *flight, mine bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if e := s.cache.get(ref); e != nil {
		s.stats.Hits++
		return e.block, e.magic, nil, false
	}
	if f := s.flights[flightKey{ref, magic}]; f != nil {
		return nil, 0, f, false
	}
	return nil, 0, s.fly(ref, magic, false), true
}

// beginAhead returns a new read for the caller to end, or nil if the block
// is cached or being read.
func (s *shard) beginAhead(ref format.Ref, magic uint32) *flight {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.cache.holds(ref) || s.flights[flightKey{ref, magic}] != nil {
		return nil
	}
	return s.fly(ref, magic, true)
}

func (s *shard) fly(ref format.Ref, magic uint32, ahead bool) *flight {
	f := &flight{flightKey: flightKey{ref, magic}, ahead: ahead, done: make(chan struct{})}
	f.taken.Store(!ahead)
	s.flights[f.flightKey] = f
	return f
}

// end hands a flight's outcome to those who wait, and a good block to the
// cache unless it was invalidated meanwhile.
// The block is used at once unless it was read ahead.
func (s *shard) end(f *flight, block []byte, err error, ahead bool) {
	f.block, f.err = block, err
	close(f.done)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.flights[f.flightKey] != f {
		return
	}
	delete(s.flights, f.flightKey)
	if err == nil {
		s.cache.put(f.ref, f.magic, block, ahead)
	}
}

func (s *shard) invalidate(blkno uint64) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.cache.remove(blkno)
	for key := range s.flights {
		if key.ref.Blkno == blkno {
			delete(s.flights, key)
		}
	}
}

func (s *shard) countRead() {
	s.mutex.Lock()
	s.stats.Blocks++
	s.mutex.Unlock()
}

func (s *shard) countAhead() {
	s.mutex.Lock()
	s.stats.Blocks++
	s.stats.Ahead++
	s.mutex.Unlock()
}

// Stats counts what a Reader did.
type Stats struct {
	Blocks uint64 // blocks read from the device
	Bytes  uint64 // the same in bytes
	Ahead  uint64 // blocks read before they were asked for, part of Blocks
	Hits   uint64 // reads answered from the cache
}

// Stats returns the counts since the Reader was made.
func (r *Reader) Stats() Stats {
	var sum Stats
	for i := range r.shards {
		s := &r.shards[i]
		s.mutex.Lock()
		sum.Blocks += s.stats.Blocks
		sum.Ahead += s.stats.Ahead
		sum.Hits += s.stats.Hits
		s.mutex.Unlock()
	}
	sum.Bytes = sum.Blocks << format.LargeBlockShift
	return sum
}
