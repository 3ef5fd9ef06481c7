// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"errors"

	"scoutfs/engine/format"
	"scoutfs/engine/txn"
)

// WaitOp is what an operation that waits for offline data wants to do
// (kmod/src/ioctl.h: SCOUTFS_IOC_DWO_READ and so on).
type WaitOp uint8

// The operations that wait for offline data.
const (
	WaitRead       WaitOp = 1
	WaitWrite      WaitOp = 2
	WaitChangeSize WaitOp = 4
)

// DataWaiter lets operations wait until offline data is staged. Without one
// they fail with an [*OfflineError]. Its methods are called by many
// goroutines, with locks held: they must not call the Writer.
type DataWaiter interface {
	// Expect registers an operation on an inode that needs a block, in
	// 4 KiB, which is offline. It is called while the block cannot be
	// staged; the function that it returns is called once, when it can. That
	// returns nil when the operation is to look again: after a Wake of the
	// inode that came later than Expect, or for no reason at all. An error
	// of it is the operation's.
	Expect(ino, block uint64, op WaitOp) (wait func(context.Context) error)
	// Wake is called after blocks of an inode have stopped being offline.
	Wake(ino uint64)
}

// offlineWait asks for the operation to be tried again after a wait.
type offlineWait struct {
	OfflineError
	wait func(context.Context) error
}

// checkOnline returns an error if a block of the bytes from off to before end
// is offline: one that retryOffline understands if there is a DataWaiter.
func (w *Writer) checkOnline(ctx context.Context, view *FS, in *Inode, off, end uint64, op WaitOp) error {
	if in.OfflineBlocks == 0 || off >= end {
		return nil
	}
	for e, err := range view.Extents(ctx, in.Ino, off/format.SmallBlockSize) {
		if err != nil {
			return err
		}
		start := max(off, e.Logical*format.SmallBlockSize)
		if start >= end {
			break
		}
		if e.Offline() {
			return w.offline(in, start, e.endBytes(end), op)
		}
	}
	return nil
}

// offline is the error of an operation that met offline bytes.
func (w *Writer) offline(in *Inode, start, end uint64, op WaitOp) error {
	err := OfflineError{Ino: in.Ino, Offset: start, Length: end - start}
	if w.opts.Waiter == nil {
		return &err
	}
	return &offlineWait{err, w.opts.Waiter.Expect(in.Ino, start/format.SmallBlockSize, op)}
}

// retryOffline runs f, which must let go of its locks, and as long as it asks
// for that waits and runs it again.
func (w *Writer) retryOffline(ctx context.Context, f func() error) error {
	for {
		err := f()
		asked := (*offlineWait)(nil)
		if !errors.As(err, &asked) {
			return err
		}
		if err := asked.wait(ctx); err != nil {
			return err
		}
	}
}

// changeData is update of one file's data, which is locked. It wakes those who
// wait for offline blocks if there are fewer of them after it.
func (w *Writer) changeData(ctx context.Context, kind txn.Kind, ino uint64, f func(*change, *Inode) error) error {
	var before, after uint64
	err := w.update(ctx, kind, func(c *change) error {
		in, err := c.inode(ctx, ino)
		if err != nil {
			return err
		}
		before = in.OfflineBlocks
		err = f(c, in)
		after = in.OfflineBlocks
		return err
	})
	if err == nil && after < before && w.opts.Waiter != nil {
		w.opts.Waiter.Wake(ino)
	}
	return err
}

// endBytes is the byte after the extent, or limit, which is not 0, if that is
// less. The last extent that a file can have ends where 64 bits do.
func (e *Extent) endBytes(limit uint64) uint64 {
	if e.End() > (limit-1)/format.SmallBlockSize {
		return limit
	}
	return e.End() * format.SmallBlockSize
}
