// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"fmt"
	"math"
	"syscall"

	"scoutfs/engine/format"
)

// allBlocks is the last block that a file can have.
const allBlocks = format.MaxSmallBlkno

// extentSet changes the extents of one file as a part of a change, and keeps
// the inode's counts of online and offline blocks. What is written is the
// extents; freeing and taking blocks of the device is up to the caller. The
// caller also makes the inode dirty.
type extentSet struct {
	c   *change
	ino uint64
	in  *Inode // nil: the file is being deleted, and nobody counts its blocks
}

// extents returns the extents of a file that the change holds.
func (c *change) extents(in *Inode) extentSet { return extentSet{c: c, ino: in.Ino, in: in} }

// next returns the extent that contains or follows a block, if there is one.
func (x extentSet) next(ctx context.Context, block uint64) (e Extent, found bool, err error) {
	return x.c.view.nextExtent(ctx, x.ino, block)
}

// nextExtent returns the extent of a file that contains or follows a block, if
// there is one.
func (f *FS) nextExtent(ctx context.Context, ino, block uint64) (e Extent, found bool, err error) {
	for e, err := range f.Extents(ctx, ino, block) {
		return e, err == nil, err
	}
	return Extent{}, false, nil
}

// set makes e the state of its blocks: without blocks of the device and flags
// that is a hole. The blocks must all have been in one extent, or in a hole;
// otherwise it is EINVAL. It splits the extent around, and merges with the
// neighbours (docs/format.md 3.4; kmod/src/ext.c: scoutfs_ext_set).
func (x extentSet) set(ctx context.Context, e Extent) error {
	left, old, right, err := x.around(ctx, e)
	if err != nil {
		return err
	}
	if old.Len != 0 {
		if old.Logical > e.Logical || old.End() < e.End() {
			return x.invalid(e, "are not in one extent")
		}
		if err := x.drop(old); err != nil {
			return err
		}
		x.store(old.cut(old.Logical, e.Logical))
		x.store(old.cut(e.End(), old.End()))
	}
	return x.storeMerged(left, e, right)
}

// insert is set of blocks that must all be in a hole; otherwise it is EINVAL
// (kmod/src/ext.c: scoutfs_ext_insert).
func (x extentSet) insert(ctx context.Context, e Extent) error {
	left, old, right, err := x.around(ctx, e)
	if err != nil {
		return err
	}
	if old.Len != 0 {
		return x.invalid(e, "are not a hole")
	}
	return x.storeMerged(left, e, right)
}

func (x extentSet) invalid(e Extent, what string) error {
	return fmt.Errorf("inode %d: blocks %v %s: %w", x.ino, e.run(), what, syscall.EINVAL)
}

// around returns the extent that ends where e begins, the first one that
// overlaps e, and the one that begins where e ends. Those that are not there
// have no length; a neighbour that is not next to e has one too, and does not
// merge with it.
func (x extentSet) around(ctx context.Context, e Extent) (left, old, right Extent, err error) {
	for f, err := range x.c.view.Extents(ctx, x.ino, max(e.Logical, 1)-1) {
		switch {
		case err != nil:
			return left, old, right, err
		case f.End() <= e.Logical:
			left = f
			continue
		case f.Logical >= e.End():
			right = f
		case old.Len == 0:
			old = f
			if f.End() <= e.End() {
				continue // one that follows may have to merge
			}
		}
		break
	}
	return left, old, right, nil
}

// storeMerged stores an extent together with the neighbours that it merges
// with.
func (x extentSet) storeMerged(left, e, right Extent) error {
	if left.joins(&e) {
		if err := x.drop(left); err != nil {
			return err
		}
		e = Extent{Logical: left.Logical, Len: left.Len + e.Len, Blkno: left.Blkno, Flags: e.Flags}
	}
	if e.joins(&right) {
		if err := x.drop(right); err != nil {
			return err
		}
		e.Len += right.Len
	}
	x.store(e)
	return nil
}

// store writes an extent's item, of one that is not nothing.
func (x extentSet) store(e Extent) {
	if e.Len == 0 || e.hole() {
		return
	}
	v := new(format.DataExtent)
	v.Blkno.Set(e.Blkno)
	v.Flags = e.Flags
	x.c.tx.Create(format.DataExtentKey(x.ino, e.run()), format.Bytes(v))
	if x.in != nil {
		x.in.OnlineBlocks += e.online()
		x.in.OfflineBlocks += e.offline()
	}
}

// drop deletes an extent's item. It fails if the inode counts fewer blocks
// than the extent has.
func (x extentSet) drop(e Extent) error {
	if x.in != nil {
		if x.in.OnlineBlocks < e.online() || x.in.OfflineBlocks < e.offline() {
			return corruptItem(format.InodeKey(x.ino), "online and offline blocks",
				fmt.Sprintf("%d and %d", x.in.OnlineBlocks, x.in.OfflineBlocks),
				fmt.Sprintf("those of the extent of blocks %v, at least", e.run()), "")
		}
		x.in.OnlineBlocks -= e.online()
		x.in.OfflineBlocks -= e.offline()
	}
	x.c.tx.Delete(format.DataExtentKey(x.ino, e.run()))
	return nil
}

// perChange is how many extents one change removes at most; those of a large
// file take several (kmod/src/data.c: EXTENTS_PER_HOLD).
const perChange = 8

// truncate frees the blocks of the device that the file's blocks from first
// to last have, and makes those blocks a hole; with offline it leaves holes
// and makes the others offline. It stops after perChange extents, and returns
// the block to go on from, or false for done.
func (x extentSet) truncate(ctx context.Context, first, last uint64, offline bool) (next uint64, more bool, err error) {
	last = min(last, allBlocks)
	if !offline {
		return x.remove(ctx, first, last)
	}
	for range perChange {
		if first > last {
			return 0, false, nil
		}
		e, found, err := x.next(ctx, first)
		if err != nil || !found || e.Logical > last {
			return 0, false, err
		}
		if e = e.cut(max(first, e.Logical), min(e.End(), last+1)); e.Blkno != 0 {
			if err := x.unmap(ctx, e, true); err != nil {
				return 0, false, err
			}
		}
		first = e.End()
	}
	return first, first <= last, nil
}

// remove is truncate to holes, which merge with nothing: it needs to look at
// the neighbours of none but an extent of which a part stays.
func (x extentSet) remove(ctx context.Context, first, last uint64) (next uint64, more bool, err error) {
	budget := perChange
	for e, err := range x.c.view.Extents(ctx, x.ino, first) {
		if err != nil || e.Logical > last {
			return 0, false, err
		}
		if budget--; budget < 0 {
			return e.Logical, true, nil
		}
		part := e.cut(max(first, e.Logical), min(e.End(), last+1))
		if part.Len < e.Len {
			err = x.unmap(ctx, part, false)
		} else if err = x.drop(e); err == nil && e.Blkno != 0 {
			x.c.tx.FreeData(e.blocks())
		}
		if err != nil {
			return 0, false, err
		}
	}
	return 0, false, nil
}

// unmap makes a part of an extent a hole or offline and frees its blocks.
func (x extentSet) unmap(ctx context.Context, e Extent, offline bool) error {
	to := Extent{Logical: e.Logical, Len: e.Len}
	if offline {
		to.Flags = format.ExtentOffline
	}
	if err := x.set(ctx, to); err != nil {
		return err
	}
	if e.Blkno != 0 {
		x.c.tx.FreeData(e.blocks())
	}
	return nil
}

// removeExtents frees the data of an inode that is being deleted, a bounded
// part of it from a block on. It returns the block to go on from in another
// change, or false when no data is left.
func (c *change) removeExtents(ctx context.Context, ino, first uint64) (next uint64, more bool, err error) {
	return extentSet{c: c, ino: ino}.truncate(ctx, first, math.MaxUint64, false)
}

// run is the extent's blocks in the file.
func (e *Extent) run() format.Extent { return format.Extent{Start: e.Logical, Len: e.Len} }

// blocks are the extent's blocks on the device, which it must have.
func (e *Extent) blocks() format.Extent { return format.Extent{Start: e.Blkno, Len: e.Len} }

// hole reports whether this is the state of blocks without an extent.
func (e *Extent) hole() bool { return e.Blkno == 0 && e.Flags == 0 }

// written reports whether the blocks are allocated and hold data.
func (e *Extent) written() bool { return e.Blkno != 0 && !e.Unwritten() }

// online is how many of the blocks count as online.
func (e *Extent) online() uint64 {
	if e.written() {
		return e.Len
	}
	return 0
}

// offline is how many of the blocks count as offline.
func (e *Extent) offline() uint64 {
	if e.Offline() && !e.written() {
		return e.Len
	}
	return 0
}

// cut returns the part of an extent from one block to before another. It has
// no length if they are the same.
func (e *Extent) cut(from, to uint64) Extent {
	part := Extent{Logical: from, Len: to - from, Blkno: e.Blkno, Flags: e.Flags}
	if part.Blkno != 0 {
		part.Blkno += from - e.Logical
	}
	return part
}

// joins reports whether the other extent continues this one in every respect.
func (e *Extent) joins(next *Extent) bool {
	return e.Len != 0 && next.Len != 0 && e.End() == next.Logical && e.Flags == next.Flags &&
		(e.Blkno == 0 && next.Blkno == 0 || e.Blkno != 0 && e.Blkno+e.Len == next.Blkno)
}
