// SPDX-License-Identifier: GPL-2.0-or-later

package block

import (
	"context"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

// Batch reads many blocks at once for one goroutine that needs each of them
// once: past the cache, in the order in which they lie on the device,
// neighbours with one request, and into memory that is used again and again.
// It waits for the device, which is kept busy by having several of them.
type Batch struct {
	r      *Reader
	memory []byte
	blocks []batched
	reqs   []device.ReadRequest
}

// batchReaders is how many requests of a batch are made at once, where its
// blocks are no neighbours.
const batchReaders = 4

// batched is a block of a batch.
type batched struct {
	ref      format.Ref
	bytes    []byte
	err      error
	verified bool
}

// NewBatch returns a Batch of at most n blocks.
func (r *Reader) NewBatch(n int) *Batch {
	return &Batch{r: r, memory: device.AlignedBuffer(n << format.LargeBlockShift), blocks: make([]batched, 0, n)}
}

// Size returns the most blocks that the batch holds.
func (b *Batch) Size() int { return cap(b.blocks) }

// Fill reads the blocks of refs, at most Size, in place of those that the
// batch had. References that cannot be one are left out. How it went is told
// by Block.
func (b *Batch) Fill(ctx context.Context, refs []format.Ref) {
	b.blocks, b.reqs = b.blocks[:0], b.reqs[:0]
	for _, ref := range refs {
		if len(b.blocks) == cap(b.blocks) || b.r.CheckRef(ref, format.MagicBtree) != nil {
			continue
		}
		start := len(b.blocks) << format.LargeBlockShift
		bytes := b.memory[start : start+format.LargeBlockSize : start+format.LargeBlockSize]
		b.blocks = append(b.blocks, batched{ref: ref, bytes: bytes})
		b.reqs = append(b.reqs, device.ReadRequest{Off: offset(ref.Blkno), Buf: bytes})
	}
	// Each request has its own error.
	_ = device.ReadMany(ctx, b.r.dev, b.reqs, batchReaders)
	for i := range b.reqs {
		b.blocks[i].err = b.reqs[i].Err
		if b.reqs[i].Err == nil {
			b.r.shard(b.blocks[i].ref.Blkno).countAhead()
		}
	}
}

// Block returns a block of the batch, verified as by [Reader.Read], and there
// as false if the batch does not have it. The bytes are good until the next
// Fill.
func (b *Batch) Block(ref format.Ref, magic uint32) (block []byte, there bool, err error) {
	for i := range b.blocks {
		e := &b.blocks[i]
		if e.ref != ref {
			continue
		}
		if e.err == nil && !e.verified {
			e.bytes, e.err = b.r.verifyOrReread(e.bytes, ref, magic)
			e.verified = true
		}
		return e.bytes, true, e.err
	}
	return nil, false, nil
}
