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

// xattrsPerChange bounds what a change deletes of an inode; each xattr has up
// to format.MaxXattrParts items.
const xattrsPerChange = 8

// DeleteOrphans deletes every inode that has no links and is not open, which
// a crash or an error has left, and returns how many. An inode that cannot be
// deleted does not keep others from it; the error is then of all of them.
func (w *Writer) DeleteOrphans(ctx context.Context) (deleted uint64, err error) {
	for next, more := uint64(0), true; more; {
		var found []uint64
		found, err2 := w.someOrphans(ctx, next)
		if err2 != nil {
			return deleted, errors.Join(err, err2)
		}
		for _, ino := range found {
			ok, e := w.tryDelete(ctx, ino)
			if ok {
				deleted++
			}
			err = errors.Join(err, e)
			if ctx.Err() != nil {
				return deleted, err
			}
		}
		more = len(found) > 0 && found[len(found)-1] != math.MaxUint64
		if more {
			next = found[len(found)-1] + 1
		}
	}
	return deleted, err
}

// orphansAtOnce bounds how many orphans are remembered.
const orphansAtOnce = 1024

func (w *Writer) someOrphans(ctx context.Context, from uint64) (found []uint64, err error) {
	err = w.Read(ctx, func(f *FS) error {
		for ino, err := range f.Orphans(ctx, from) {
			if err != nil {
				return err
			}
			if found = append(found, ino); len(found) == orphansAtOnce {
				break
			}
		}
		return nil
	})
	return found, err
}

// deleteUnlinked deletes an inode whose last link is gone, unless it is open.
func (w *Writer) deleteUnlinked(ctx context.Context, ino uint64) error {
	if _, err := w.tryDelete(ctx, ino); err != nil {
		return fmt.Errorf("deleting inode %d, which has no links any more: %w", ino, err)
	}
	return nil
}

// tryDelete deletes an inode if it has no links and is not open. Data goes
// first, then xattrs; each step can be taken up again by another attempt,
// since the orphan item goes last (kmod/src/inode.c: delete_inode_items). An
// orphan item without an inode stays, as with the kernel.
func (w *Writer) tryDelete(ctx context.Context, ino uint64) (deleted bool, err error) {
	if !w.opens.beginDelete(ino) {
		return false, nil
	}
	defer w.opens.endDelete(ino)
	d := deletion{ino: ino}
	for !d.done {
		if err := w.update(ctx, txn.Freeing, func(c *change) error { return d.step(ctx, c) }); err != nil {
			return false, err
		}
	}
	return d.deleted, nil
}

// deletion is on its way to an inode's end.
type deletion struct {
	ino           uint64
	done, deleted bool
}

func (d *deletion) step(ctx context.Context, c *change) error {
	d.done, d.deleted = false, false
	in, err := c.anyInode(ctx, d.ino)
	if errors.Is(err, syscall.ENOENT) {
		d.done = true
		return nil
	}
	if err != nil {
		return err
	}
	if in.Nlink > 0 {
		d.done = true
		return nil
	}
	if in.IsRegular() {
		_, more, err := c.removeExtents(ctx, d.ino, 0)
		if err != nil || more {
			return err
		}
	}
	if more, err := c.removeXattrs(ctx, in); err != nil || more {
		return err
	}
	if in.IsSymlink() {
		if err := c.removeTarget(ctx, in); err != nil {
			return err
		}
	}
	c.removeInode(in)
	c.tx.Delete(format.OrphanKey(d.ino))
	d.done, d.deleted = true, true
	return nil
}

func (c *change) removeTarget(ctx context.Context, in *Inode) error {
	most := uint64(format.SymlinkParts(format.MaxSymlinkSize)) // whatever its size says
	for it, err := range c.tx.View().Items(ctx, format.Range{
		Start: format.SymlinkKey(in.Ino, 0),
		End:   format.SymlinkKey(in.Ino, most-1),
	}) {
		if err != nil {
			return err
		}
		c.tx.Delete(it.Key)
	}
	return nil
}
