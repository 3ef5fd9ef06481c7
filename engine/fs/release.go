// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"fmt"
	"math"
	"syscall"

	"scoutfs/engine/format"
	"scoutfs/engine/txn"
)

// ByteRange is a range of a file's bytes.
type ByteRange struct {
	Offset, Length uint64
}

// wraps reports whether the range ends beyond 64 bits.
func (r ByteRange) wraps() bool { return r.Length != 0 && r.Offset > math.MaxUint64-(r.Length-1) }

// aligned reports whether the range is of whole blocks.
func (r ByteRange) aligned() bool {
	return r.Offset%format.SmallBlockSize == 0 && r.Length%format.SmallBlockSize == 0
}

// blocks are the first and last block of a range that is not empty.
func (r ByteRange) blocks() (first, last uint64) {
	return r.Offset / format.SmallBlockSize, (r.Offset + r.Length - 1) / format.SmallBlockSize
}

// String writes offset and length.
func (r ByteRange) String() string {
	return fmt.Sprintf("%d bytes from byte %d on", r.Length, r.Offset)
}

// Release frees the data of a range and leaves it offline. Holes, and what is
// offline already, stay as they are; when no block of the file is online any
// more, extents behind its end go as well. It takes a change for each 8
// extents; what was done before an error stays.
//
// A length of 0 is fine. Errors: EINVAL for a range that is not of whole
// blocks or wraps, what is no regular file, or one that is not open for
// writing; ESTALE for another data version. Retention keeps nobody from it.
func (w *Writer) Release(ctx context.Context, h Handle, r ByteRange, version uint64) error {
	switch {
	case r.Length == 0:
		return nil
	case r.wraps() || !r.aligned():
		return fmt.Errorf("inode %d: %v cannot be released: %w", h.Ino, r, syscall.EINVAL)
	}
	first, last := r.blocks()
	return w.lockData(ctx, h.Ino, func() error {
		for more := true; more; {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			next := first
			err := w.changeData(ctx, txn.Freeing, h.Ino, func(c *change, in *Inode) (err error) {
				if err := h.checkArchive(in); err != nil {
					return err
				}
				if err := checkDataVersion(in, version); err != nil {
					return err
				}
				next, more, err = c.release(ctx, in, first, last)
				return err
			})
			if err != nil {
				return err
			}
			first = next
		}
		return nil
	})
}

// release does a part of a release, and returns the block to go on from, or
// false for done. When all of the file is offline, a next block behind the
// end of the file is one of those to remove.
func (c *change) release(ctx context.Context, in *Inode, first, last uint64) (next uint64, more bool, err error) {
	c.dirty(in)
	x := c.extents(in)
	if next, more, err = x.truncate(ctx, first, last, true); err != nil || more {
		return next, more, err
	}
	if in.OnlineBlocks != 0 || in.Size == 0 {
		return 0, false, nil
	}
	_, more, err = x.truncate(ctx, blocksFor(in.Size), math.MaxUint64, false)
	return last + 1, more, err
}
