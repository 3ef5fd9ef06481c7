// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"scoutfs/engine/format"
	"scoutfs/engine/txn"
)

// FallocateKeepSize is fallocate(2)'s FALLOC_FL_KEEP_SIZE, the only mode that
// there is beside 0.
const FallocateKeepSize = 1

// maxFallocate is how many blocks fallocate takes at a time
// (kmod/src/data.c: SCOUTFS_FALLOCATE_ALLOC_LIMIT).
const maxFallocate = 32768

// Fallocate gives the bytes from off on blocks on the device where they have
// none. Holes and what is preallocated read as zeros, offline blocks stay
// offline. The file grows to the end of the range unless mode says otherwise.
// It takes a change for each 8 extents; what was done before an error stays.
//
// Errors: EOPNOTSUPP for any other mode; EFBIG; EBADF for a file that is not
// open for writing; EISDIR, ENODEV for what is no regular file; EDQUOT; ENOSPC.
// Neither retention nor offline data keep it from anything.
func (w *Writer) Fallocate(ctx context.Context, h Handle, mode uint32, off, length uint64) error {
	switch {
	case mode&^FallocateKeepSize != 0:
		return fmt.Errorf("fallocate with mode %#x: %w", mode, syscall.EOPNOTSUPP)
	case length == 0:
		return nil
	case off > maxFileSize || length > maxFileSize-off:
		return fmt.Errorf("inode %d cannot have %d bytes from byte %d on: %w", h.Ino, length, off, syscall.EFBIG)
	}
	if err := h.forWriting(); err != nil {
		return err
	}
	f := &fallocation{w: w, ino: h.Ino, keepSize: mode != 0, end: off + length, block: off / format.SmallBlockSize}
	return w.lockData(ctx, h.Ino, func() error { return f.run(ctx) })
}

// fallocation is a Fallocate in progress.
type fallocation struct {
	w        *Writer
	ino      uint64
	keepSize bool
	end      uint64 // in bytes
	block    uint64 // the first that is not done
}

func (f *fallocation) run(ctx context.Context) error {
	if err := f.w.finishPending(ctx, f.ino); err != nil {
		return err
	}
	for last := blocksFor(f.end); f.block < last; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		done := f.block
		err := f.w.update(ctx, txn.Allocating, func(c *change) (err error) {
			done, err = f.step(ctx, c, last)
			return err
		})
		if err != nil {
			return err
		}
		f.block = done
	}
	return nil
}

// step does a part of the work and returns the block to go on from.
func (f *fallocation) step(ctx context.Context, c *change, last uint64) (uint64, error) {
	in, err := c.inode(ctx, f.ino)
	if err != nil {
		return 0, err
	}
	switch {
	case in.IsDir():
		return 0, fmt.Errorf("inode %d is a directory: %w", in.Ino, syscall.EISDIR)
	case !in.IsRegular():
		return 0, fmt.Errorf("inode %d is no regular file: %w", in.Ino, syscall.ENODEV)
	}
	if err := c.checkData(ctx, in); err != nil {
		return 0, err
	}
	block, x := f.block, c.extents(in)
	for range perChange {
		if block >= last {
			break
		}
		next, err := x.preallocate(ctx, block, last)
		if block > f.block && errors.Is(err, syscall.ENOSPC) {
			break // the next step meets it again
		}
		if err != nil {
			return 0, err
		}
		block = next
	}
	c.dirty(in)
	if size := min(f.end, block*format.SmallBlockSize); !f.keepSize && size > in.Size {
		in.Size = size
		in.DataVersion++
		in.Version++
	}
	return block, nil
}

// preallocate gives some of the blocks from one to before last blocks on the
// device, all alike, and returns the block to go on from.
func (x extentSet) preallocate(ctx context.Context, block, last uint64) (uint64, error) {
	e, found, err := x.next(ctx, block)
	switch {
	case err != nil:
		return 0, err
	case found && e.Logical <= block && e.Blkno != 0:
		return min(e.End(), last), nil
	case found && e.Logical <= block:
		e = e.cut(block, min(e.End(), last))
	case found:
		e = Extent{Logical: block, Len: min(e.Logical, last) - block}
	default:
		e = Extent{Logical: block, Len: last - block}
	}
	got, err := x.c.tx.AllocData(ctx, min(e.Len, maxFallocate))
	if err != nil {
		return 0, err
	}
	e.Len, e.Blkno = got.Len, got.Start
	e.Flags |= format.ExtentUnwritten
	return e.End(), x.set(ctx, e)
}
