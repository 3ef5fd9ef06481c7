// SPDX-License-Identifier: GPL-2.0-or-later

package server

import (
	"context"
	"fmt"
	"slices"
	"syscall"

	"scoutfs/engine/alloc"
	"scoutfs/engine/block"
)

// metaLists is the pair of block lists that a commit allocates from and frees
// to. It implements [block.Allocator].
type metaLists struct {
	reader *block.Reader
	avail  *alloc.List
	old    *alloc.List // what was freed by earlier commits
	freed  []uint64    // what was freed by this one
	floor  uint64      // how many blocks Alloc leaves
}

func readLists(ctx context.Context, r *block.Reader, c *committed) (*metaLists, error) {
	avail, err := alloc.ReadList(ctx, r, c.super.ServerMetaAvail[c.active])
	if err != nil {
		return nil, fmt.Errorf("server_meta_avail[%d]: %w", c.active, err)
	}
	old, err := alloc.ReadList(ctx, r, c.super.ServerMetaFreed[c.active])
	if err != nil {
		return nil, fmt.Errorf("server_meta_freed[%d]: %w", c.active, err)
	}
	slices.Sort(avail.Entries)
	return &metaLists{reader: r, avail: avail, old: old}, nil
}

// above returns how many blocks there are beyond so many.
func (m *metaLists) above(floor uint64) uint64 {
	total := m.avail.Total()
	return total - min(total, floor)
}

// Alloc takes the first block.
func (m *metaLists) Alloc(ctx context.Context) (uint64, error) {
	if m.above(m.floor) == 0 {
		return 0, fmt.Errorf("metadata blocks for one commit: %w", syscall.ENOSPC)
	}
	if err := m.advance(ctx, 1); err != nil {
		return 0, err
	}
	blkno := m.avail.Entries[0]
	m.avail.Entries = m.avail.Entries[1:]
	return blkno, nil
}

// advance gives up blocks of the chain until the first has so many entries, or
// is the only one. Few entries that are left in one become freed ones.
func (m *metaLists) advance(ctx context.Context, least int) error {
	for len(m.avail.Entries) < least && !m.avail.Next.IsZero() {
		m.freed = append(m.freed, m.avail.Entries...)
		old, err := m.avail.Advance(ctx, m.reader)
		if err != nil {
			return err
		}
		m.freed = append(m.freed, old.Blkno)
		slices.Sort(m.avail.Entries)
	}
	return nil
}

// Free takes a block back, for the commit after the next.
func (m *metaLists) Free(_ context.Context, blkno uint64) error {
	m.freed = append(m.freed, blkno)
	return nil
}
