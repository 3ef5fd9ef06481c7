// SPDX-License-Identifier: GPL-2.0-or-later

package server

import (
	"bytes"
	"context"
	"fmt"

	"scoutfs/engine/alloc"
	"scoutfs/engine/block"
	"scoutfs/engine/format"
)

// Commit is a commit that is being made. It is for one goroutine at a time,
// and good until the function returns that got it.
type Commit struct {
	// Super is the super that is going to be written: what it is to be
	// changes. Its counters, its header and everything about free space are
	// the server's to change.
	Super *format.Super
	// Blocks changes and makes metadata blocks. Those that it gives up become
	// free with the commit.
	Blocks *block.Writer

	server *Server
	from   *committed
	block  []byte // of Super
	lists  *metaLists
	bulk   alloc.ExtentSet // metadata blocks to be freed besides
	grown  format.Extent   // new blocks of the data device
	wrong  error           // what was wrong with blocks to be freed
	// reclaimed are data blocks that the commit's own change frees. Other than
	// what users of the pool free, they wait for no later commit.
	reclaimed []format.Extent
}

// Commit makes changes durable, all or nothing: what change does to the
// commit's super, and through its Blocks, and what [Server.Data] was told by
// the time that change returns. Nobody may use the pool for a later commit
// before that. A nil change is none. Commits wait for each other.
//
// With an error before the super is written, everything is as it was before
// the call, and the pool's changes wait for the next commit. That includes
// ENOSPC if change took more than [Server.Room] blocks. Only if file data
// could not be flushed, so that nobody knows what became of it, or if the
// write of the super failed, so that nobody knows which of two it is, every
// later commit fails with an [*UncertainError].
func (s *Server) Commit(ctx context.Context, change func(ctx context.Context, c *Commit) error) error {
	return s.commit(ctx, change, s.data.Begin)
}

// commitApart is Commit without what [Server.Data] was told, which belongs to
// changes of an open transaction.
func (s *Server) commitApart(ctx context.Context, change func(ctx context.Context, c *Commit) error) error {
	return s.commit(ctx, change, func() {})
}

func (s *Server) commit(ctx context.Context, change func(ctx context.Context, c *Commit) error, beginData func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed != nil {
		return s.failed
	}
	c, err := s.begin(ctx)
	if err != nil {
		return err
	}
	if change != nil {
		if err := change(ctx, c); err != nil {
			c.undo()
			return err
		}
	}
	beginData()
	next, err := c.write(ctx)
	if err != nil {
		s.data.End(nil, 0)
		c.undo()
		return err
	}
	s.super.Store(next)
	s.blocks.Grow(next.super.TotalMetaBlocks.Get())
	s.data.End(alloc.OpenExtents(s.blocks, &next.super.DataAlloc), next.super.TotalDataBlocks.Get())
	return nil
}

// UncertainError is why a server can no longer commit: after a write or a
// flush that failed, what is on the device is not known. Opening the volume
// again finds out.
type UncertainError struct {
	What string // what failed
	Err  error
}

// Error says what failed.
func (e *UncertainError) Error() string {
	return fmt.Sprintf("%s: what the volume holds is not certain, open it again: %v", e.What, e.Err)
}

// Unwrap returns the error of the device.
func (e *UncertainError) Unwrap() error { return e.Err }

// begin starts a commit from the last super.
func (s *Server) begin(ctx context.Context) (*Commit, error) {
	from := s.super.Load()
	lists, err := readLists(ctx, s.blocks, from)
	if err != nil {
		return nil, err
	}
	raw := bytes.Clone(from.block)
	super, err := format.View[format.Super](raw)
	if err != nil {
		return nil, err
	}
	lists.floor = from.needs(s.data.Changes())
	return &Commit{
		Super:  super,
		Blocks: block.NewWriter(s.blocks, s.pair.Meta, super.Hdr.FSID.Get(), lists, s.random),
		server: s,
		from:   from,
		block:  raw,
		lists:  lists,
	}, nil
}

// undo takes back what the commit's change did to anything but the commit.
func (c *Commit) undo() {
	c.Blocks.Discard()
	for _, e := range c.reclaimed {
		c.server.data.Unfree(e)
	}
}

// Room returns how many blocks the commit's caller can still take.
func (c *Commit) Room() int { return room(c.lists.avail.Total(), c.lists.floor) }

// write writes everything, and returns what then is committed.
func (c *Commit) write(ctx context.Context) (*committed, error) {
	next, err := c.settle(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.writeBlocks(ctx); err != nil {
		return nil, err
	}
	c.Super.Seq.Set(c.server.seq.Load())
	c.Super.NextIno.Set(max(c.Super.NextIno.Get(), c.server.nextIno.Load()))
	c.Super.Hdr.Seq.Set(c.Super.Hdr.Seq.Get() + 1)
	format.Seal(c.block)
	return next, c.writeSuper()
}

// writeBlocks makes all but the super durable: metadata, and the file data
// that was written before the commit.
func (c *Commit) writeBlocks(ctx context.Context) error {
	s := c.server
	flushed := make(chan error, 1)
	go func() { flushed <- s.pair.Data.Flush() }()
	err := c.Blocks.Write(ctx)
	if err == nil {
		err = s.pair.Meta.Flush()
	}
	if dataErr := <-flushed; dataErr != nil {
		s.failed = &UncertainError{"flushing file data", dataErr}
		return s.failed
	}
	return err
}

// writeSuper is the commit itself.
func (c *Commit) writeSuper() error {
	s := c.server
	_, err := s.pair.Meta.WriteAt(c.block, format.SuperBlkno<<format.SmallBlockShift)
	if err == nil {
		err = s.pair.Meta.Flush()
	}
	if err != nil {
		s.failed = &UncertainError{"writing the super block", err}
		return s.failed
	}
	return nil
}
