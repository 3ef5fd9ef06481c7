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

// maxFileSize is the greatest offset that a file can be written up to.
const maxFileSize = math.MaxInt64

// bytesPerChange is how many bytes of file data one change adds at most.
const bytesPerChange = 8 << 20

// Write writes to a regular file, as pwrite(2) does, or at its end with
// O_APPEND. It takes a change for each 8 MiB, or less where the file is in many pieces; with an
// error comes how much was written before it. Data goes to the device before
// the change that makes it a part of the file, but what overwrites data that
// the file has is seen at once, and stays if the change fails.
//
// Errors: EBADF for a file that is not open for writing; EISDIR, EINVAL for
// what is no regular file; EFBIG beyond the largest file; EPERM under
// retention; EDQUOT; ENOSPC; and an [*OfflineError] if any part of the file is
// offline and there is no DataWaiter.
func (w *Writer) Write(ctx context.Context, h Handle, p []byte, off uint64) (n int, err error) {
	if err := h.forWriting(); err != nil {
		return 0, err
	}
	err = w.lockData(ctx, h.Ino, func() (err error) {
		n, err = w.write(ctx, h, p, off)
		return err
	})
	if err == nil && h.Flags&(syscall.O_SYNC|syscall.O_DSYNC) != 0 {
		err = w.Sync(ctx)
	}
	return n, err
}

// write is Write with the file's data locked.
func (w *Writer) write(ctx context.Context, h Handle, p []byte, off uint64) (n int, err error) {
	in, err := w.prepareWrite(ctx, h.Ino)
	if err != nil {
		return 0, err
	}
	if h.Flags&syscall.O_APPEND != 0 {
		off = in.Size
	}
	if len(p) == 0 {
		return 0, nil
	}
	if off >= maxFileSize {
		return 0, fmt.Errorf("inode %d cannot be written at byte %d: %w", h.Ino, off, syscall.EFBIG)
	}
	p = p[:min(uint64(len(p)), maxFileSize-off)]
	return w.writeAll(ctx, &fill{ino: h.Ino}, p, off)
}

// prepareWrite makes a file fit for a write, if it may be written to, and
// returns its inode.
func (w *Writer) prepareWrite(ctx context.Context, ino uint64) (Inode, error) {
	for {
		var in Inode
		err := w.update(ctx, txn.Allocating, func(c *change) error {
			held, err := c.inode(ctx, ino)
			if err != nil {
				return err
			}
			in = *held
			return c.checkWrite(ctx, held)
		})
		if err != nil || in.Flags&format.InodeFlagTruncate == 0 {
			return in, err
		}
		if err := w.finishTruncate(ctx, ino); err != nil {
			return in, err
		}
	}
}

// checkWrite checks whether a file may be written to, in upstream's order. The
// rest is checked when a truncate that is pending has been finished.
func (c *change) checkWrite(ctx context.Context, in *Inode) error {
	if err := checkRegular(*in); err != nil {
		return err
	}
	if err := checkRetention(in); err != nil {
		return err
	}
	if in.Flags&format.InodeFlagTruncate != 0 {
		return nil
	}
	if err := c.checkData(ctx, in); err != nil {
		return err
	}
	return c.w.checkOnline(ctx, c.view, in, 0, in.Size, WaitWrite)
}

// fill is what fills blocks of a file: a write, or staging, which changes no
// more of the inode than it must.
type fill struct {
	ino     uint64
	staging bool
}

// writeAll writes p in as many changes as it takes.
func (w *Writer) writeAll(ctx context.Context, f *fill, p []byte, off uint64) (n int, err error) {
	for n < len(p) {
		if ctx.Err() != nil {
			return n, context.Cause(ctx)
		}
		part := p[n:]
		if room := bytesPerChange - (off+uint64(n))%format.SmallBlockSize; uint64(len(part)) > room {
			part = part[:room]
		}
		m, err := w.writePart(ctx, f, part, off+uint64(n))
		if n += m; err != nil {
			return n, err
		}
	}
	return n, nil
}

// writePart writes p or the beginning of it in one change.
func (w *Writer) writePart(ctx context.Context, f *fill, p []byte, off uint64) (int, error) {
	first, end := off/format.SmallBlockSize, (off+uint64(len(p))-1)/format.SmallBlockSize+1
	var in Inode
	var list []piece
	err := w.Read(ctx, func(view *FS) (err error) {
		if in, err = view.Inode(ctx, f.ino); err != nil {
			return err
		}
		list, err = view.pieces(ctx, f.ino, first, end, w.preallocation())
		return err
	})
	if err != nil {
		return 0, err
	}
	if list, err = w.reserve(ctx, list, in.OnlineBlocks); err != nil {
		return 0, err
	}
	if written := list[len(list)-1].End(); written < end {
		p = p[:written*format.SmallBlockSize-off]
	}
	if err := w.writeBlocks(ctx, &in, list, p, off); err != nil {
		w.giveBack(list)
		return 0, err
	}
	if err := w.mapPieces(ctx, f, list, off+uint64(len(p))); err != nil {
		w.giveBack(list)
		return 0, err
	}
	return len(p), nil
}

// mapPieces makes the pieces a part of the file, up to byte end.
func (w *Writer) mapPieces(ctx context.Context, f *fill, list []piece, end uint64) error {
	return w.changeData(ctx, txn.Allocating, f.ino, func(c *change, in *Inode) error {
		x := c.extents(in)
		for i := range list {
			if err := list[i].store(ctx, x); err != nil {
				return err
			}
		}
		if !f.staging {
			in.Size = max(in.Size, end)
			c.dataChanged(in)
		}
		c.changed(in)
		return nil
	})
}

// dataChanged notes that a file's content or size is another.
func (c *change) dataChanged(in *Inode) {
	in.DataVersion++
	in.DataSeq = c.tx.Seq()
	in.Ctime, in.Mtime = c.now, c.now
}

func (w *Writer) preallocation() preallocation {
	return preallocation{blocks: w.opts.Preallocation, anywhere: w.opts.PreallocateAnywhere}
}
