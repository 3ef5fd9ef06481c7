// SPDX-License-Identifier: GPL-2.0-or-later

package block

import "scoutfs/engine/format"

const (
	// smallShare is the part of a cache, 1/smallShare, that new blocks may
	// fill before the oldest of them must go or prove itself.
	smallShare = 10
	// promoteUses is how often a block must be used after it was read to
	// move from the small queue to the main one.
	promoteUses = 2
	maxUses     = 3
)

// cache holds up to limit blocks, one version of each, and decides which to
// give up. Blocks wait in two queues as in S3-FIFO (Yang et al., "FIFO
// queues are all you need for cache eviction", SOSP 2023): new ones in
// small, those used again in main. The numbers of blocks that left small
// unused are remembered; one that comes back enters main. It is not safe
// for concurrent use.
//
// Blocks leave the cache in evictSmall, evictMain and remove only. A block
// that must stay, such as one with changes not yet written, would be passed
// over there.
type cache struct {
	limit   int
	entries map[uint64]*entry // by block number
	small   queue
	main    queue
	ghosts  ghosts
}

// entry is a cached block.
type entry struct {
	ref    format.Ref
	magic  uint32
	uses   uint8 // since it entered its queue, up to maxUses
	ahead  bool  // read ahead and not used yet
	inMain bool
	block  []byte

	next, prev *entry // in its queue
}

func newCache(limit int) cache {
	return cache{limit: limit, entries: make(map[uint64]*entry), ghosts: newGhosts(limit)}
}

// get returns a cached block and counts the use, nil if this version is not
// cached.
func (c *cache) get(ref format.Ref) *entry {
	e := c.entries[ref.Blkno]
	if e == nil || e.ref != ref {
		return nil
	}
	if e.ahead {
		e.ahead = false // this is the use it was read for
	} else {
		e.uses = min(e.uses+1, maxUses)
	}
	return e
}

func (c *cache) holds(ref format.Ref) bool {
	e := c.entries[ref.Blkno]
	return e != nil && e.ref == ref
}

// put adds a block, in place of another version of it.
func (c *cache) put(ref format.Ref, magic uint32, block []byte, ahead bool) {
	if c.limit == 0 {
		return
	}
	c.remove(ref.Blkno)
	for len(c.entries) >= c.limit {
		if c.small.n > c.limit/smallShare || c.main.n == 0 {
			c.evictSmall()
		} else {
			c.evictMain()
		}
	}
	e := &entry{ref: ref, magic: magic, ahead: ahead, block: block}
	c.entries[ref.Blkno] = e
	if c.ghosts.take(ref.Blkno) {
		c.pushMain(e)
	} else {
		c.small.push(e)
	}
}

// remove drops a block, whatever its version.
func (c *cache) remove(blkno uint64) {
	e := c.entries[blkno]
	if e == nil {
		return
	}
	delete(c.entries, blkno)
	if e.inMain {
		c.main.remove(e)
	} else {
		c.small.remove(e)
	}
}

// evictSmall moves the oldest new block to the main queue if it was used
// again, and drops it otherwise.
func (c *cache) evictSmall() {
	e := c.small.pop()
	if e.uses >= promoteUses {
		c.pushMain(e)
		return
	}
	delete(c.entries, e.ref.Blkno)
	c.ghosts.add(e.ref.Blkno)
}

// evictMain drops the oldest block of the main queue, or sends it round
// again if it was used.
func (c *cache) evictMain() {
	e := c.main.pop()
	if e.uses > 0 {
		e.uses--
		c.main.push(e)
		return
	}
	delete(c.entries, e.ref.Blkno)
}

func (c *cache) pushMain(e *entry) {
	e.inMain, e.uses = true, 0
	c.main.push(e)
}

// queue is a list of entries in order of age.
type queue struct {
	oldest, newest *entry
	n              int
}

func (q *queue) push(e *entry) {
	e.prev, e.next = q.newest, nil
	if q.newest != nil {
		q.newest.next = e
	} else {
		q.oldest = e
	}
	q.newest = e
	q.n++
}

// pop removes the oldest entry; there must be one.
func (q *queue) pop() *entry {
	e := q.oldest
	q.remove(e)
	return e
}

func (q *queue) remove(e *entry) {
	if e.prev != nil {
		e.prev.next = e.next
	} else {
		q.oldest = e.next
	}
	if e.next != nil {
		e.next.prev = e.prev
	} else {
		q.newest = e.prev
	}
	e.next, e.prev = nil, nil
	q.n--
}

// ghosts remembers the last so many block numbers added.
type ghosts struct {
	ring  []uint64
	next  int            // place in ring of the next one
	place map[uint64]int // in ring
}

func newGhosts(limit int) ghosts {
	return ghosts{ring: make([]uint64, limit), place: make(map[uint64]int)}
}

func (g *ghosts) add(blkno uint64) {
	if forgotten := g.ring[g.next]; g.place[forgotten] == g.next {
		delete(g.place, forgotten)
	}
	g.ring[g.next] = blkno
	g.place[blkno] = g.next
	g.next = (g.next + 1) % len(g.ring)
}

// take reports whether a block number is remembered, and forgets it.
func (g *ghosts) take(blkno uint64) bool {
	_, ok := g.place[blkno]
	delete(g.place, blkno)
	return ok
}
