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

// Truncate sets the size of a regular file, as truncate(2) does. What is cut
// off is gone at once, though its blocks may take many changes to free; one
// that is interrupted is finished by the next change of the file's data. Blocks
// that were preallocated behind the end are freed too, also if the size
// stays as it is.
//
// Errors: EISDIR, EINVAL for what is no regular file; EACCES; EFBIG; EPERM
// under retention; and, for a size that is new and not 0, an [*OfflineError]
// if a byte before it is offline and there is no DataWaiter. There is no
// ENOSPC.
func (w *Writer) Truncate(ctx context.Context, who Caller, ino, size uint64) error {
	return w.lockData(ctx, ino, func() error {
		pending := false
		err := w.update(ctx, txn.Freeing, func(c *change) error {
			in, err := c.inode(ctx, ino)
			if err == nil {
				pending = in.Flags&format.InodeFlagTruncate != 0
				err = c.checkTruncate(ctx, &who, in, size)
			}
			return err
		})
		if err == nil && pending {
			err = w.finishTruncate(ctx, ino)
		}
		if err != nil {
			return err
		}
		return w.truncate(ctx, ino, size)
	})
}

func (c *change) checkTruncate(ctx context.Context, who *Caller, in *Inode, size uint64) error {
	if err := checkRegular(*in); err != nil {
		return err
	}
	if err := c.permission(ctx, who, in, mayWrite); err != nil {
		return err
	}
	if size > maxFileSize {
		return fmt.Errorf("inode %d cannot have %d bytes: %w", in.Ino, size, syscall.EFBIG)
	}
	return checkRetention(in)
}

// truncate sets the size of a file that has no truncate pending.
func (w *Writer) truncate(ctx context.Context, ino, size uint64) error {
	more := false
	err := w.changeData(ctx, txn.Freeing, ino, func(c *change, in *Inode) (err error) {
		if size > 0 && size != in.Size {
			if err := w.checkOnline(ctx, c.view, in, 0, size, WaitChangeSize); err != nil {
				return err
			}
		}
		more, err = c.resize(ctx, in, size)
		return err
	})
	if err != nil {
		return err
	}
	if more {
		return w.finishTruncate(ctx, ino)
	}
	return nil
}

// resize sets a file's size, and frees some of what is behind it if the file
// does not grow. It reports whether there is more to free, for which the
// inode is marked.
func (c *change) resize(ctx context.Context, in *Inode, size uint64) (more bool, err error) {
	grows := size > in.Size
	if size < in.Size {
		if err := c.clearTail(ctx, in, size); err != nil {
			return false, err
		}
	}
	if size != in.Size {
		in.DataVersion++
	}
	in.Size, in.DataSeq = size, c.tx.Seq()
	in.Ctime, in.Mtime = c.now, c.now
	c.changed(in)
	if grows {
		return false, nil
	}
	return c.cutOff(ctx, in)
}

// cutOff frees some of what is behind the end of a file. The inode is marked
// as long as there is more.
func (c *change) cutOff(ctx context.Context, in *Inode) (more bool, err error) {
	c.dirty(in)
	_, more, err = c.extents(in).truncate(ctx, blocksFor(in.Size), math.MaxUint64, false)
	if more {
		in.Flags |= format.InodeFlagTruncate
	} else {
		in.Flags &^= format.InodeFlagTruncate
	}
	return more, err
}

// finishTruncate frees what is behind the end of a file on which a truncate is
// pending (kmod/src/inode.c: scoutfs_complete_truncate).
func (w *Writer) finishTruncate(ctx context.Context, ino uint64) error {
	for more := true; more; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		err := w.changeData(ctx, txn.Freeing, ino, func(c *change, in *Inode) (err error) {
			more, err = c.cutOff(ctx, in)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// finishPending finishes a truncate if one is pending on a file, which exists or
// not. Before a file grows it must be: what is to be cut off would be a part of
// the file again.
func (w *Writer) finishPending(ctx context.Context, ino uint64) error {
	var in Inode
	err := w.Read(ctx, func(view *FS) (err error) {
		in, err = view.Inode(ctx, ino)
		return err
	})
	if errors.Is(err, syscall.ENOENT) || err == nil && in.Flags&format.InodeFlagTruncate == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	return w.finishTruncate(ctx, ino)
}

// clearTail makes the rest of the block in which a file is to end zeros, so
// that a file that grows again reads as zeros there. The block is copied to
// another, since the last commit's file still has the rest; only on a device
// without a free block it is cleared in place, as upstream does.
func (c *change) clearTail(ctx context.Context, in *Inode, size uint64) error {
	kept := size % format.SmallBlockSize
	if kept == 0 {
		return nil
	}
	block, x := size/format.SmallBlockSize, c.extents(in)
	e, found, err := x.next(ctx, block)
	if err != nil || !found || e.Logical > block || !e.written() {
		return err
	}
	if c.w.data == nil {
		return ErrNoDataDevice
	}
	old := e.cut(block, block+1)
	now, err := x.another(ctx, old)
	if err != nil {
		return err
	}
	var data [format.SmallBlockSize]byte
	if _, err = c.w.data.ReadAt(data[:kept], int64(old.Blkno*format.SmallBlockSize)); err == nil {
		_, err = c.w.data.WriteAt(data[:], int64(now.Blkno*format.SmallBlockSize))
	}
	if err != nil {
		return fmt.Errorf("inode %d, block %d: %w", in.Ino, block, err)
	}
	return nil
}

// another gives a file's block another place on the device, if there is one, and
// returns the block as it is then.
func (x extentSet) another(ctx context.Context, e Extent) (Extent, error) {
	got, err := x.c.tx.AllocData(ctx, e.Len)
	if errors.Is(err, syscall.ENOSPC) {
		return e, nil
	}
	if err != nil {
		return e, err
	}
	x.c.tx.FreeData(e.blocks())
	e.Blkno = got.Start
	return e, x.set(ctx, e)
}

// blocksFor is how many blocks hold so many bytes.
func blocksFor(size uint64) uint64 {
	return size/format.SmallBlockSize + min(1, size%format.SmallBlockSize)
}
