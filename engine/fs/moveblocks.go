// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"errors"
	"fmt"
	"math"
	"syscall"

	"scoutfs/engine/format"
	"scoutfs/engine/txn"
)

// MoveStage is the flag in Move.Flags with which blocks are moved into offline
// extents, as staging does it, the only one.
const MoveStage = 1 << 0

// Move says which bytes go from one file to another.
type Move struct {
	FromOffset, Length, ToOffset uint64
	DataVersion                  uint64 // with MoveStage that of the destination
	Flags                        uint64
}

// movesPerChange is how many extents one change moves at most.
const movesPerChange = 16

// MoveBlocks moves extents from one file to another without copying data.
// Blocks of the source behind its end stay, holes are skipped, and the
// destination grows if need be. Both files get new times and data versions,
// but not a destination with MoveStage. It takes a change for each 16 extents;
// what was done before an error stays.
//
// A length of 0, and a start behind the source's end, are fine. Errors, in
// this order: EOVERFLOW for ranges that wrap; EINVAL for one and the same
// file, or unknown flags; EPERM for a destination under retention, without
// MoveStage; EINVAL for ranges not of whole blocks, but up to the source's end;
// ESTALE for another data version, with MoveStage; EISDIR, EINVAL for what are
// no regular files; EACCES; ENODATA for offline blocks in the source, or,
// without MoveStage, in the destination; EINVAL for a destination with extents
// in the range, or, with MoveStage, without an offline extent around each one
// moved; ENOENT if there is none behind either; EFBIG.
func (w *Writer) MoveBlocks(ctx context.Context, who Caller, from, to uint64, q Move) error {
	wraps := func(off uint64) bool { return off > math.MaxUint64-(q.Length-1) }
	switch {
	case q.Length == 0:
		return nil
	case wraps(q.FromOffset) || wraps(q.ToOffset):
		return fmt.Errorf("moving %d bytes from byte %d to byte %d: %w", q.Length, q.FromOffset, q.ToOffset, syscall.EOVERFLOW)
	case from == to:
		return fmt.Errorf("moving blocks of inode %d to itself: %w", from, syscall.EINVAL)
	case q.Flags&^MoveStage != 0:
		return fmt.Errorf("moving blocks with flags %#x: %w", q.Flags, syscall.EINVAL)
	}
	m := &mover{w: w, who: &who, from: from, to: to, q: q, block: q.FromOffset / format.SmallBlockSize}
	return w.whileOpen(ctx, from, func() error {
		return w.whileOpen(ctx, to, func() error {
			defer w.locks.writeTwo(from, to)()
			return m.run(ctx)
		})
	})
}

// mover is a MoveBlocks in progress.
type mover struct {
	w        *Writer
	who      *Caller
	from, to uint64
	q        Move
	block    uint64 // of the source, the first that is not done
	started  bool
}

func (m *mover) run(ctx context.Context) error {
	if err := m.w.finishPending(ctx, m.to); err != nil {
		return err
	}
	for done := false; !done; m.started = true {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var next uint64
		err := m.w.changeData(ctx, txn.Freeing, m.to, func(c *change, to *Inode) error {
			done = false
			from, err := c.inode(ctx, m.from)
			if err != nil {
				return err
			}
			if !m.started {
				if nothing, err := m.check(ctx, c, from, to); err != nil || nothing {
					done = true
					return err
				}
			}
			next, done, err = m.step(ctx, c, from, to)
			return err
		})
		if err != nil {
			return err
		}
		m.block = next
	}
	return nil
}

// check checks the files, in upstream's order, before anything is moved. It
// reports whether nothing is to be moved.
func (m *mover) check(ctx context.Context, c *change, from, to *Inode) (nothing bool, err error) {
	stage := m.q.Flags&MoveStage != 0
	if !stage {
		if err := checkRetention(to); err != nil {
			return false, err
		}
	}
	partial := m.q.Length%format.SmallBlockSize != 0 && m.q.FromOffset+m.q.Length != from.Size
	if m.q.FromOffset%format.SmallBlockSize != 0 || m.q.ToOffset%format.SmallBlockSize != 0 || partial {
		return false, fmt.Errorf("moving %d bytes from byte %d of inode %d to byte %d of inode %d: %w",
			m.q.Length, m.q.FromOffset, from.Ino, m.q.ToOffset, to.Ino, syscall.EINVAL)
	}
	if stage {
		if err := checkDataVersion(to, m.q.DataVersion); err != nil {
			return false, err
		}
	}
	if m.q.FromOffset >= from.Size {
		return true, nil
	}
	if from.IsDir() || to.IsDir() {
		return false, fmt.Errorf("moving blocks from inode %d to inode %d, of which one is a directory: %w", from.Ino, to.Ino, syscall.EISDIR)
	}
	for _, in := range []*Inode{from, to} {
		if err := checkRegular(*in); err != nil {
			return false, err
		}
	}
	for _, in := range []*Inode{from, to} {
		if err := c.permission(ctx, m.who, in, mayWrite); err != nil {
			return false, err
		}
	}
	if from.OfflineBlocks != 0 || to.OfflineBlocks != 0 && !stage {
		return false, fmt.Errorf("inodes %d and %d have %d and %d offline blocks: %w",
			from.Ino, to.Ino, from.OfflineBlocks, to.OfflineBlocks, syscall.ENODATA)
	}
	return false, nil
}

// step moves some extents, and returns the block of the source to go on from,
// or true for done. It fails only if it did nothing.
func (m *mover) step(ctx context.Context, c *change, from, to *Inode) (next uint64, done bool, err error) {
	next = m.block
	end := m.q.FromOffset/format.SmallBlockSize + blocksFor(min(m.q.Length, from.Size-m.q.FromOffset))
	source := c.extents(from)
	moved := 0
	for ; moved < movesPerChange; moved++ {
		e, found, err := source.next(ctx, next)
		if err == nil && (!found || e.Logical >= end) {
			done = true
			break
		}
		if err == nil {
			e = e.cut(max(e.Logical, next), min(e.End(), end))
			err = m.move(ctx, c, from, to, e)
		}
		if err != nil && moved > 0 && refuses(err) {
			break // the next step meets it again
		}
		if err != nil {
			return 0, false, err
		}
		next = e.End()
	}
	c.dataChanged(from)
	c.changed(from)
	if m.q.Flags&MoveStage == 0 {
		c.dataChanged(to)
		c.changed(to)
	} else {
		c.dirty(to)
	}
	return next, done, nil
}

// refuses reports whether an extent of the destination is the reason that
// nothing could be moved there, and so nothing was changed.
func refuses(err error) bool {
	return errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.EFBIG)
}

// move moves one extent of the source.
func (m *mover) move(ctx context.Context, c *change, from, to *Inode, e Extent) error {
	moved := e
	moved.Logical = m.q.ToOffset/format.SmallBlockSize + e.Logical - m.q.FromOffset/format.SmallBlockSize
	place := m.insert
	if m.q.Flags&MoveStage != 0 {
		place = m.stage
	}
	if moved.End() > blocksFor(maxFileSize) {
		return fmt.Errorf("inode %d cannot have block %d: %w", to.Ino, moved.End()-1, syscall.EFBIG)
	}
	if err := place(ctx, c.extents(to), moved); err != nil {
		return err
	}
	if err := c.extents(from).set(ctx, Extent{Logical: e.Logical, Len: e.Len}); err != nil {
		return err
	}
	// The source's last block keeps its part. Upstream takes that part off after
	// it has found that the file grows, so that one can shrink and lose its end.
	past := e.End()*format.SmallBlockSize - min(from.Size, e.End()*format.SmallBlockSize)
	to.Size = max(to.Size, moved.End()*format.SmallBlockSize-past)
	return nil
}

func (m *mover) insert(ctx context.Context, x extentSet, e Extent) error { return x.insert(ctx, e) }

// stage replaces a part of an offline extent. Blocks that were allocated for
// it are freed; upstream loses them.
func (m *mover) stage(ctx context.Context, x extentSet, e Extent) error {
	old, found, err := x.next(ctx, e.Logical)
	switch {
	case err != nil:
		return err
	case !found:
		return fmt.Errorf("inode %d has no extent from block %d on: %w", x.ino, e.Logical, syscall.ENOENT)
	case old.Logical > e.Logical || old.End() < e.End() || !old.Offline():
		return x.invalid(e, "are not in an offline extent")
	}
	if err := x.set(ctx, e); err != nil {
		return err
	}
	if old.Blkno != 0 {
		part := old.cut(e.Logical, e.End())
		x.c.tx.FreeData(part.blocks())
	}
	return nil
}
