// SPDX-License-Identifier: GPL-2.0-or-later

package alloc

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"

	"scoutfs/engine/format"
)

// Sizes in blocks of the data pool.
const (
	// chunkBlocks is what small requests are served from, one after another,
	// so that they lie together; larger ones are served directly
	// (docs/format.md 6.3).
	chunkBlocks = 2048
	// supplyExtents is how many free extents are looked up at once.
	supplyExtents = 64
)

// DataPool hands out data blocks while transactions are open. It takes them
// from the free extents of the last commit, which it only reads: what was
// taken and what was freed is remembered, and changes the tree with the coming
// commit.
//
// A block that was freed is not handed out before the commit that frees it is
// done, since what it held belongs to the last one until then.
//
// Memory is a few words for each extent that is reserved, used or freed and
// not committed; neighbours count as one. The methods are safe for concurrent
// use.
type DataPool struct {
	mu    sync.Mutex // guards all below; nothing else is locked under it
	free  *Extents   // as of the last commit
	total uint64     // blocks on the device

	reserved ExtentSet // handed out, and not part of any commit
	coming   dataChanges
	writing  dataChanges // those of the commit that is being written

	chunk format.Extent // what small requests are served from; may be empty
	// supply is free extents that were looked up, largest first, without
	// what was handed out; next is the key where it goes on in the tree.
	supply []format.Extent
	next   format.Key
	dry    bool // the tree has no more than that
}

// dataChanges are what a commit changes in the tree of free data extents.
type dataChanges struct {
	used, freed ExtentSet
}

// NewDataPool returns a pool of the blocks that are free by a committed tree,
// on a data device with total blocks. It does no I/O.
func NewDataPool(free *Extents, total uint64) *DataPool {
	p := &DataPool{}
	p.reset(free, total)
	return p
}

// reset makes the pool look at a tree from its start.
func (p *DataPool) reset(free *Extents, total uint64) {
	p.free, p.total = free, total
	p.supply, p.next, p.dry = nil, format.Key{Zone: format.ZoneFreeOrder}, false
}

// Reserve hands out at least one and up to want blocks that lie together. They
// stay out of everybody's reach, across commits, until they are used or
// returned. The error is ENOSPC when none is left; EINVAL if want is 0; or
// that of reading the tree.
func (p *DataPool) Reserve(ctx context.Context, want uint64) (format.Extent, error) {
	if want == 0 {
		return format.Extent{}, fmt.Errorf("reserving no data blocks: %w", syscall.EINVAL)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	e, err := p.reserve(ctx, want)
	if err == nil && (p.coming.used.Overlaps(e) || p.writing.used.Overlaps(e) || !p.reserved.Add(e)) {
		err = &format.CorruptError{
			Structure: "free data extents", Found: extentText(e) + ", of which some are in use", Expected: "free blocks only, each once",
		}
	}
	return e, err
}

func (p *DataPool) reserve(ctx context.Context, want uint64) (format.Extent, error) {
	if want >= chunkBlocks {
		e, err := p.take(ctx, want)
		if p.chunk.Len == 0 || !errors.Is(err, syscall.ENOSPC) {
			return e, err
		}
	} else if err := p.growChunk(ctx, want); err != nil {
		return format.Extent{}, err
	}
	var e format.Extent
	e, p.chunk = front(p.chunk, want)
	return e, nil
}

// growChunk makes sure that there is a chunk, and that it holds want blocks if
// those after it are free.
func (p *DataPool) growChunk(ctx context.Context, want uint64) error {
	if p.chunk.Len >= want {
		return nil
	}
	if p.chunk.Len > 0 && (len(p.supply) == 0 || p.supply[0].Start != p.chunk.End()+1) {
		return nil
	}
	e, err := p.take(ctx, chunkBlocks)
	if err != nil {
		return err
	}
	if p.chunk.Len > 0 {
		e = format.Extent{Start: p.chunk.Start, Len: p.chunk.Len + e.Len}
	}
	p.chunk = e
	return nil
}

// take cuts up to want blocks from the largest free extent.
func (p *DataPool) take(ctx context.Context, want uint64) (format.Extent, error) {
	for len(p.supply) == 0 {
		if p.dry {
			return format.Extent{}, fmt.Errorf("no free data blocks: %w", syscall.ENOSPC)
		}
		if err := p.load(ctx); err != nil {
			return format.Extent{}, err
		}
	}
	var e format.Extent
	e, p.supply[0] = front(p.supply[0], want)
	if p.supply[0].Len == 0 {
		p.supply = p.supply[1:]
	}
	return e, nil
}

// front cuts up to n blocks from the front of an extent.
func front(e format.Extent, n uint64) (first, rest format.Extent) {
	n = min(n, e.Len)
	return format.Extent{Start: e.Start, Len: n}, format.Extent{Start: e.Start + n, Len: e.Len - n}
}

// load looks up more free extents.
func (p *DataPool) load(ctx context.Context) error {
	read := 0
	p.dry = true
	err := p.free.bySizeFrom(ctx, p.next, func(e format.Extent, err error) bool {
		if err == nil {
			err = p.check(e)
		}
		if err != nil {
			// Whoever needs space can do with the sound extents; a check of
			// the volume tells of the others.
			return true
		}
		if read == supplyExtents {
			p.next, p.dry = format.FreeOrderKey(e), false
			return false
		}
		read++
		p.supply = append(p.supply, p.without(e)...)
		return true
	})
	if err != nil {
		p.dry = false
	}
	return err
}

// without returns the parts of a free extent that are still to be had.
func (p *DataPool) without(e format.Extent) []format.Extent {
	parts := []format.Extent{e}
	taken := []*ExtentSet{&p.reserved, &p.coming.used, &p.writing.used}
	if p.chunk.Len > 0 {
		taken = append(taken, &ExtentSet{list: []format.Extent{p.chunk}})
	}
	for _, set := range taken {
		var rest []format.Extent
		for _, part := range parts {
			for free := range set.Without(part) {
				rest = append(rest, free)
			}
		}
		parts = rest
	}
	return parts
}

// check refuses extents that do not lie on the device.
func (p *DataPool) check(e format.Extent) error {
	if e.Valid() && e.Start >= format.FirstDataBlkno && e.End() < p.total {
		return nil
	}
	return extentError(format.FreeBlknoKey(e), extentText(e), fmt.Sprintf("blocks of at least %d and less than %d", format.FirstDataBlkno, p.total))
}

// Use makes reserved blocks part of the coming commit. It panics if they are
// not reserved.
func (p *DataPool) Use(e format.Extent) { p.move(e, &p.reserved, &p.coming.used) }

// Unuse undoes Use. It panics if they are not used, or by a commit that was
// begun.
func (p *DataPool) Unuse(e format.Extent) { p.move(e, &p.coming.used, &p.reserved) }

func (p *DataPool) move(e format.Extent, from, to *ExtentSet) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !from.Remove(e) || !to.Add(e) {
		panic(fmt.Sprintf("alloc: data blocks %v are not what the caller takes them for", e))
	}
}

// Return gives reserved blocks back. It panics if they are not reserved.
func (p *DataPool) Return(e format.Extent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reserved.Remove(e) {
		panic(fmt.Sprintf("alloc: data blocks %v that are given back were not reserved", e))
	}
	if p.chunk.Len > 0 && e.End()+1 == p.chunk.Start {
		p.chunk = format.Extent{Start: e.Start, Len: e.Len + p.chunk.Len}
		return
	}
	p.supply = append(p.supply, e)
}

// Free makes blocks free with the coming commit: those of a committed file, or
// used ones. Blocks that are free already, or lie outside the device, are a
// [*format.CorruptError], and nothing changes.
func (p *DataPool) Free(ctx context.Context, e format.Extent) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.check(e); err != nil {
		return err
	}
	if err := p.checkInUse(ctx, e); err != nil {
		return err
	}
	p.coming.freed.Add(e)
	return nil
}

// checkInUse refuses extents with blocks that nobody uses.
func (p *DataPool) checkInUse(ctx context.Context, e format.Extent) error {
	twice := p.coming.freed.Overlaps(e) || p.writing.freed.Overlaps(e) || p.reserved.Overlaps(e)
	for blkno := e.Start; !twice && blkno <= e.End(); {
		free, err := p.free.Next(ctx, blkno)
		if err == syscall.ENOENT || err == nil && free.Start > e.End() { //nolint:errorlint // Next returns it as it is
			return nil
		}
		if err != nil {
			return err
		}
		// What a commit to come takes out of the tree is in use.
		start := max(free.Start, e.Start)
		free = format.Extent{Start: start, Len: min(free.End(), e.End()) - start + 1}
		for part := range p.coming.used.Without(free) {
			for range p.writing.used.Without(part) {
				twice = true
			}
		}
		blkno = free.End() + 1
	}
	if twice {
		return &format.CorruptError{
			Structure: "data extent", Place: fmt.Sprintf("block %d", e.Start), Found: extentText(e) + " that are free, or become free, already",
			Expected: "blocks that are in use, each once",
		}
	}
	return nil
}

// Unfree undoes Free. It panics if the blocks were not freed, or by a commit
// that was begun.
func (p *DataPool) Unfree(e format.Extent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.coming.freed.Remove(e) {
		panic(fmt.Sprintf("alloc: data blocks %v were not freed", e))
	}
}

// Freed returns how many blocks wait for a commit to become free.
func (p *DataPool) Freed() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.coming.freed.Total() + p.writing.freed.Total()
}

// Changes returns how many extents the coming commit changes.
func (p *DataPool) Changes() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.coming.used.list) + len(p.coming.freed.list)
}
