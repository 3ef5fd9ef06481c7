// SPDX-License-Identifier: GPL-2.0-or-later

// Package block reads and writes metadata blocks that verify themselves. A
// block is reached through a [format.Ref], and what comes back either carries
// the right crc, magic, volume id, number and sequence number, or is an error
// that says which of them is wrong (docs/format.md 2.1, 12).
//
// # Writing
//
// A [Writer] gives out copies of blocks, with new numbers, to be changed. They
// stay in memory until [Writer.Write] seals and writes all of them, and are
// clean blocks in the Reader's cache from then on. Flushing the device, and
// writing the super that leads to them, is up to the caller.
//
// # Cache
//
// A [Reader] keeps blocks that were read, verified once, in a cache bounded
// by bytes. Blocks are shared and read-only: the slices that Read returns are
// valid for as long as the caller holds them, whatever the cache does, so a
// caller may keep views into them. Memory in use is at most the cache's
// bytes, blocks being read, and blocks that callers hold.
//
// The cache is split into shards by block number. Within one, blocks queue
// as in S3-FIFO: a new block enters a short queue and leaves the cache at its
// end unless it was used again, so that a scan of many leaves does not push
// out the parents that every lookup passes.
//
// # Staleness
//
// Blocks are written only where the last committed super has none, so a
// reference taken from one super stays good until a later commit has freed
// the block and another has used it again. A reader beside a writer meets
// such blocks; [ErrStale] tells them from damage.
//
// A Reader is safe for concurrent use. A shard's mutex guards its queues and
// the reads in progress; no two shards are locked at once, and no lock is
// held during a read.
package block

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

// Defaults of Options.
const (
	DefaultCacheBytes = 64 << 20
	DefaultWorkers    = 8
)

// Options say what a Reader reads and how much it may use for it.
type Options struct {
	// FSID is the volume id that blocks must carry; 0 accepts any.
	FSID uint64
	// TotalBlocks is the number of large blocks on the device; references
	// at or beyond it are corrupt. 0 is what the device has room for.
	TotalBlocks uint64
	// CacheBytes bounds the cache; 0 is DefaultCacheBytes, and less than
	// one block is no cache.
	CacheBytes int64
	// Workers bounds the goroutines that read ahead; 0 is DefaultWorkers,
	// and a negative number turns reading ahead off.
	Workers int
}

// Reader reads and verifies the large blocks of a metadata device.
type Reader struct {
	dev    device.Device
	fsid   uint64
	total  atomic.Uint64 // references must be below
	shards []shard

	maxAhead int            // blocks of one Prefetch
	workers  chan struct{}  // holds one value for each goroutine that reads ahead
	ahead    sync.WaitGroup // the same goroutines, for Wait
}

// NewReader returns a Reader of a metadata device. It does no I/O.
func NewReader(dev device.Device, opts Options) *Reader {
	if opts.CacheBytes == 0 {
		opts.CacheBytes = DefaultCacheBytes
	}
	if opts.Workers == 0 {
		opts.Workers = DefaultWorkers
	}
	if opts.TotalBlocks == 0 {
		opts.TotalBlocks = uint64(max(dev.Size(), 0)) >> format.LargeBlockShift
	}
	blocks := int(max(opts.CacheBytes, 0) >> format.LargeBlockShift)
	r := &Reader{
		dev:      dev,
		fsid:     opts.FSID,
		shards:   newShards(blocks),
		maxAhead: min(blocks/4, maxAhead),
		workers:  make(chan struct{}, max(opts.Workers, 0)),
	}
	r.Grow(opts.TotalBlocks)
	return r
}

// FSID returns the volume id that blocks must carry, 0 for any.
func (r *Reader) FSID() uint64 { return r.fsid }

// TotalBlocks returns the number of large blocks that the device has, the
// static ones included.
func (r *Reader) TotalBlocks() uint64 { return r.total.Load() }

// Grow sets TotalBlocks after the volume was made larger.
func (r *Reader) Grow(total uint64) {
	// Byte offsets are signed.
	r.total.Store(min(total, math.MaxInt64>>format.LargeBlockShift))
}

// Read returns the 64 KiB block that ref refers to, from the cache or from
// the device. The bytes are shared and must not be changed. Concurrent reads
// of one block cost one read of the device.
//
// The error is a [*format.CorruptError] if the reference or the block is
// not valid, matching [ErrStale] if the block is intact but not the one that
// was referred to; or the device's, or the context's.
func (r *Reader) Read(ctx context.Context, ref format.Ref, magic uint32) ([]byte, error) {
	if err := r.CheckRef(ref, magic); err != nil {
		return nil, err
	}
	s := r.shard(ref.Blkno)
	for {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		block, cachedMagic, f, mine := s.begin(ref, magic)
		switch {
		case block != nil:
			if cachedMagic != magic {
				return nil, r.verify(block, ref, magic)
			}
			return block, nil
		case mine, f.taken.CompareAndSwap(false, true):
			block, err := r.load(ref, magic)
			s.end(f, block, err, false)
			return block, err
		}
		select {
		case <-ctx.Done():
		case <-f.done:
			if f.err == nil || !f.ahead {
				return f.block, f.err
			}
			// Reading ahead may fail for its own reasons, such as the end
			// of its context: read again.
		}
	}
}

// ReadRaw returns the 64 KiB at a block number as they are on the device:
// nothing is verified or cached, and the bytes are the caller's.
func (r *Reader) ReadRaw(ctx context.Context, blkno uint64) ([]byte, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if blkno > math.MaxInt64>>format.LargeBlockShift {
		return nil, fmt.Errorf("meta blkno %d is beyond any device", blkno)
	}
	block := make([]byte, format.LargeBlockSize)
	if _, err := r.dev.ReadAt(block, offset(blkno)); err != nil {
		return nil, err
	}
	r.shard(blkno).countRead()
	return block, nil
}

// Invalidate drops a block from the cache, and keeps a read of it that is in
// progress from entering the cache. The next Read goes to the device.
func (r *Reader) Invalidate(ref format.Ref) { r.shard(ref.Blkno).invalidate(ref.Blkno) }

// store puts a block that was just written into the cache, in place of any
// other version of it. A read in progress of another version does not enter the
// cache any more.
func (r *Reader) store(ref format.Ref, magic uint32, block []byte) {
	s := r.shard(ref.Blkno)
	s.invalidate(ref.Blkno)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.cache.put(ref, magic, block, false)
}

// CheckRef reports whether a reference can be one at all: its block number
// must be in [2, TotalBlocks). The error is a [*format.CorruptError].
func (r *Reader) CheckRef(ref format.Ref, magic uint32) error {
	if ref.Blkno >= format.FirstMetaBlkno && ref.Blkno < r.TotalBlocks() {
		return nil
	}
	return &format.CorruptError{
		Structure: "reference to " + structure(magic),
		Field:     "blkno",
		Found:     fmt.Sprint(ref.Blkno),
		Expected:  fmt.Sprintf("at least %d and less than %d", format.FirstMetaBlkno, r.TotalBlocks()),
	}
}

// structure names a kind of block, 0 being any.
func structure(magic uint32) string { return cmp.Or(format.MagicName(magic), "block") }

// load reads a block from the device and verifies it.
func (r *Reader) load(ref format.Ref, magic uint32) ([]byte, error) {
	block := make([]byte, format.LargeBlockSize)
	if _, err := r.dev.ReadAt(block, offset(ref.Blkno)); err != nil {
		return nil, err
	}
	r.shard(ref.Blkno).countRead()
	return r.verifyOrReread(block, ref, magic)
}

// verifyOrReread verifies a block. One with a wrong crc is read once more,
// since a block that was being overwritten while it was read is stale and
// not damaged.
func (r *Reader) verifyOrReread(block []byte, ref format.Ref, magic uint32) ([]byte, error) {
	err := r.verify(block, ref, magic)
	if err == nil {
		return block, nil
	}
	if isStale(err) {
		return nil, err
	}
	if _, err := r.dev.ReadAt(block, offset(ref.Blkno)); err != nil {
		return nil, err
	}
	r.shard(ref.Blkno).countRead()
	if err := r.verify(block, ref, magic); err != nil {
		return nil, err
	}
	return block, nil
}

func offset(blkno uint64) int64 { return int64(blkno) << format.LargeBlockShift }
