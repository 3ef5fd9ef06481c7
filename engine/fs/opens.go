// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
)

// openInodes counts who has which inode open. An inode without links is
// deleted only when nobody has, and nobody gets at it any more once its
// deletion has begun. It is safe for concurrent use; its lock is held for no
// other lock and no I/O.
type openInodes struct {
	mu     sync.Mutex
	states map[uint64]openState
}

// openState is one inode's; those of inodes that are neither open nor being
// deleted are not kept.
type openState struct {
	count    int
	deleting bool
	// linkable is an inode that was made without a link, and may get one
	// (open(2), O_TMPFILE). Others without links can have none again.
	linkable bool
}

// open counts one more opener: ENOENT if the inode is being deleted.
func (o *openInodes) open(ino uint64, linkable bool) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.states[ino]
	if s.deleting {
		return fmt.Errorf("inode %d is being deleted: %w", ino, syscall.ENOENT)
	}
	if o.states == nil {
		o.states = make(map[uint64]openState)
	}
	s.count++
	s.linkable = s.linkable || linkable
	o.states[ino] = s
	return nil
}

// close counts one opener less, and reports whether that was the last. ok is
// false if there is none.
func (o *openInodes) close(ino uint64) (last, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.states[ino]
	if s.count == 0 {
		return false, false
	}
	if s.count--; s.count == 0 {
		delete(o.states, ino)
		return true, true
	}
	o.states[ino] = s
	return false, true
}

// beginDelete keeps everybody from an inode, unless somebody has it open or
// it is being deleted already.
func (o *openInodes) beginDelete(ino uint64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, busy := o.states[ino]; busy {
		return false
	}
	if o.states == nil {
		o.states = make(map[uint64]openState)
	}
	o.states[ino] = openState{deleting: true}
	return true
}

func (o *openInodes) endDelete(ino uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.states, ino)
}

func (o *openInodes) deleting(ino uint64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.states[ino].deleting
}

func (o *openInodes) linkable(ino uint64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.states[ino].linkable
}

// Open counts an opener of an inode. Until as many calls of Close, an inode
// whose last link goes away stays: ENOENT if there is no such inode.
func (w *Writer) Open(ctx context.Context, ino uint64) error {
	if err := w.opens.open(ino, false); err != nil {
		return err
	}
	err := w.Read(ctx, func(f *FS) error {
		_, err := f.Inode(ctx, ino)
		return err
	})
	if err != nil {
		w.opens.close(ino)
	}
	return err
}

// Close takes back one Open. When the last one is closed an inode without
// links is deleted, in several changes; if that fails it is found again by
// [Writer.DeleteOrphans]. EBADF if the inode is not open.
func (w *Writer) Close(ctx context.Context, ino uint64) error {
	last, ok := w.opens.close(ino)
	if !ok {
		return fmt.Errorf("inode %d is not open: %w", ino, syscall.EBADF)
	}
	if !last {
		return nil
	}
	unlinked := false
	err := w.Read(ctx, func(f *FS) error {
		in, err := f.Inode(ctx, ino)
		unlinked = err == nil && in.Nlink == 0
		return err
	})
	if errors.Is(err, syscall.ENOENT) { // deleted by somebody else since
		return nil
	}
	if err != nil || !unlinked {
		return err
	}
	return w.deleteUnlinked(ctx, ino)
}
