// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"scoutfs/engine/txn"
)

// punchesPerChange is how many extents one change makes holes at most.
const punchesPerChange = 32

// PunchOffline turns the offline extents of a range into holes, behind the end
// of the file too. It takes a change for each 32 extents; what was done before
// an error stays.
//
// A length of 0 is fine. Errors: EOVERFLOW for a range that is not of whole
// blocks or wraps; EINVAL for flags, of which there are none, for what is no
// regular file, or not open for writing; EACCES; ESTALE for another data
// version; EPERM under retention; EINVAL if it meets an extent with blocks on
// the device.
func (w *Writer) PunchOffline(ctx context.Context, who Caller, h Handle, r ByteRange, version, flags uint64) error {
	switch {
	case r.Length == 0:
		return nil
	case r.wraps() || !r.aligned():
		return fmt.Errorf("inode %d: %v cannot be punched: %w", h.Ino, r, syscall.EOVERFLOW)
	case flags != 0:
		return fmt.Errorf("punching with flags %#x: %w", flags, syscall.EINVAL)
	}
	first, last := r.blocks()
	last = min(last, allBlocks)
	return w.lockData(ctx, h.Ino, func() error {
		for first <= last {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			next := first
			err := w.changeData(ctx, txn.Freeing, h.Ino, func(c *change, in *Inode) (err error) {
				if err := c.checkPunch(ctx, &who, h, in, version); err != nil {
					return err
				}
				c.dirty(in)
				next, err = c.extents(in).punch(ctx, first, last)
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

func (c *change) checkPunch(ctx context.Context, who *Caller, h Handle, in *Inode, version uint64) error {
	if err := h.checkArchive(in); err != nil {
		return err
	}
	if err := c.permission(ctx, who, in, mayWrite); err != nil {
		return err
	}
	if err := checkDataVersion(in, version); err != nil {
		return err
	}
	return checkRetention(in)
}

// punch makes some of the offline blocks from first to last holes, and returns
// the block to go on from.
func (x extentSet) punch(ctx context.Context, first, last uint64) (next uint64, err error) {
	next = first
	for i := 0; i < punchesPerChange && next <= last; i++ {
		e, found, err := x.next(ctx, next)
		if err == nil && (!found || e.Logical > last) {
			return last + 1, nil
		}
		if err == nil && e.Blkno != 0 {
			err = fmt.Errorf("inode %d has blocks on the device at block %d: %w", x.ino, max(e.Logical, next), syscall.EINVAL)
		}
		if err == nil {
			from, to := max(e.Logical, next), min(e.End(), last+1)
			err = x.set(ctx, Extent{Logical: from, Len: to - from})
		}
		if i > 0 && errors.Is(err, syscall.EINVAL) {
			return next, nil // the next change meets it again
		}
		if err != nil {
			return 0, err
		}
		next = min(e.End(), last+1)
	}
	return next, nil
}
