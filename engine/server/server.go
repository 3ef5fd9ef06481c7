// SPDX-License-Identifier: GPL-2.0-or-later

package server

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"syscall"

	"scoutfs/engine/alloc"
	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

// Options say how a volume is opened for writing.
type Options struct {
	// Random returns any 64 bits, for the sequence numbers of blocks, which
	// must not repeat. It is called by one goroutine at a time. nil is the
	// generator of math/rand/v2.
	Random func() uint64
	// StepBlocks is how many blocks, about, a commit of Merge or CompactSrch
	// changes, which are in memory until it is made. 0 is DefaultStepBlocks.
	// What has to be done at once may take more.
	StepBlocks int
}

// DefaultStepBlocks are 128 MiB.
const DefaultStepBlocks = 2048

// Server is the server half of a volume that is open for writing. It does not
// own the devices.
type Server struct {
	pair   device.Pair
	blocks *block.Reader
	random func() uint64
	data   *alloc.DataPool
	// stepBlocks is Options.StepBlocks.
	stepBlocks int

	super   atomic.Pointer[committed]
	seq     atomic.Uint64
	nextIno atomic.Uint64

	mu     sync.Mutex // held during a commit; guards failed
	failed error      // why there can be no more commits
}

// committed is a super that was written, and what is known about the volume
// that it describes. It does not change.
type committed struct {
	block []byte        // the super's whole block
	super *format.Super // a view of it
	// active is the pair of lists from which the coming commit allocates.
	active int
	// dataBlocks is how many blocks the tree of free data extents has.
	dataBlocks int
}

// larger returns which of the trees of free metadata extents has more blocks:
// the one to allocate from (docs/format.md 6.3).
func (c *committed) larger() int {
	if c.super.MetaAlloc[1].TotalLen.Get() > c.super.MetaAlloc[0].TotalLen.Get() {
		return 1
	}
	return 0
}

// ErrClosed is a commit after Close.
var ErrClosed = errors.New("the volume was closed")

// Super returns the last super that was written. It must not be changed.
func (s *Server) Super() *format.Super { return s.super.Load().super }

// Data returns the pool of data blocks, whose changes are part of each commit.
func (s *Server) Data() *alloc.DataPool { return s.data }

// Blocks returns the reader of metadata blocks.
func (s *Server) Blocks() *block.Reader { return s.blocks }

// Devices returns the volume's devices.
func (s *Server) Devices() device.Pair { return s.pair }

// Seq returns the last sequence number that was given out.
func (s *Server) Seq() uint64 { return s.seq.Load() }

// AdvanceSeq gives out a new sequence number: greater than all that the volume
// has seen (docs/format.md 7.2). A commit stores the greatest.
func (s *Server) AdvanceSeq() uint64 { return s.seq.Add(1) }

// AllocInos gives out n inode numbers in a row and returns the first. Those
// that no commit makes use of are lost, which does no harm. The error is
// ENOSPC if there are no such numbers.
func (s *Server) AllocInos(n uint64) (first uint64, err error) {
	for {
		first = s.nextIno.Load()
		if n > math.MaxUint64-first {
			return 0, fmt.Errorf("%d inode numbers from %d on: %w", n, first, syscall.ENOSPC)
		}
		if s.nextIno.CompareAndSwap(first, first+n) {
			return first, nil
		}
	}
}

// Close ends all commits. It waits for the one that is being made.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		s.failed = ErrClosed
	}
	return nil
}
