// SPDX-License-Identifier: GPL-2.0-or-later

package testblock

import (
	"context"
	"fmt"
	"math/rand/v2"
	"syscall"
)

// Space is an allocator of metadata blocks for tests of what changes blocks,
// a block.Allocator. It hands out the blocks from Next up to Limit, and those
// that were freed before the last Commit.
type Space struct {
	Next, Limit uint64
	// Fail, if it is not nil, is asked before each call; its error is the
	// call's.
	Fail func() error

	used  map[uint64]bool // handed out, or freed and not committed
	freed []uint64
	free  []uint64
}

// Space returns an allocator of the blocks that were not written, behind those
// that were.
func (v *Volume) Space() *Space {
	return &Space{Next: v.next, Limit: uint64(v.Dev.Size()) >> 16}
}

// Alloc hands out a block.
func (s *Space) Alloc(context.Context) (uint64, error) {
	if err := s.fail(); err != nil {
		return 0, err
	}
	if n := len(s.free); n > 0 {
		blkno := s.free[n-1]
		s.free = s.free[:n-1]
		return blkno, nil
	}
	if s.Next >= s.Limit {
		return 0, syscall.ENOSPC
	}
	s.Next++
	return s.Next - 1, nil
}

// Free takes a block back.
func (s *Space) Free(_ context.Context, blkno uint64) error {
	if err := s.fail(); err != nil {
		return err
	}
	if s.used == nil {
		s.used = make(map[uint64]bool)
	}
	if s.used[blkno] {
		return fmt.Errorf("block %d freed twice", blkno)
	}
	s.used[blkno] = true
	s.freed = append(s.freed, blkno)
	return nil
}

func (s *Space) fail() error {
	if s.Fail == nil {
		return nil
	}
	return s.Fail()
}

// Freed returns the blocks freed since the last Commit.
func (s *Space) Freed() []uint64 { return s.freed }

// Commit makes the blocks that were freed free, in no order.
func (s *Space) Commit(random *rand.Rand) {
	s.free = append(s.free, s.freed...)
	random.Shuffle(len(s.free), func(i, j int) { s.free[i], s.free[j] = s.free[j], s.free[i] })
	s.freed = nil
	clear(s.used)
}
