// SPDX-License-Identifier: GPL-2.0-or-later

package txn

import (
	"context"
	"errors"
	"fmt"
	"syscall"
)

// Update runs f as one atomic operation of the open transaction: its changes
// appear whole or, if it fails, not at all. A transaction that is full is
// committed first. f may be run again after a commit, if there was no room for
// what it did in the transaction, or in the free data blocks while others waited
// for the commit; the first run has then left nothing. f must not use the Log
// itself.
//
// The error is f's, or the commit's, or the context's. With kind Allocating it
// matches ENOSPC while metadata blocks run low.
func (l *Log) Update(ctx context.Context, kind Kind, f func(*Tx) error) error {
	if err := l.take(ctx); err != nil {
		return err
	}
	defer l.release()
	if l.server.Low() {
		if err := l.makeRoom(ctx, kind); err != nil {
			return err
		}
	}
	if l.dirty() && l.full() {
		if err := l.commit(ctx); err != nil {
			return err
		}
	}
	for try := 0; ; try++ {
		again, err := l.run(ctx, f)
		if !again || try == maxTries {
			return err
		}
		if err := l.commitForRoom(ctx); err != nil {
			return err
		}
	}
}

// maxTries is how many commits an operation may find too little room after. A
// commit gives what two lists of free blocks have by turns (docs/format.md 6.3).
const maxTries = 3

// commitForRoom makes a commit even if there is nothing to commit.
func (l *Log) commitForRoom(ctx context.Context) error {
	if l.dirty() {
		return l.commit(ctx)
	}
	defer l.refresh()
	return l.failed(l.server.Commit(ctx, nil))
}

// run runs an operation once. again says that it failed for want of what a
// commit of the operations before it may give.
func (l *Log) run(ctx context.Context, f func(*Tx) error) (again bool, err error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	t := &Tx{log: l, entries: len(l.entries)}
	l.overlay.Begin()
	kept := false
	defer func() {
		if !kept { // f may have panicked
			t.rollback()
		}
	}()
	if err := f(t); err != nil {
		return t.dry && errors.Is(err, syscall.ENOSPC) && l.server.Data().Freed() > 0, err
	}
	if !t.changed() {
		return false, nil
	}
	if err := t.keep(ctx); err != nil {
		return false, err
	}
	if need, room := l.need(), l.server.Room(); need > room {
		t.unkeep()
		return true, fmt.Errorf("the operation may take %d metadata blocks and there is room for %d: %w", need, room, syscall.ENOSPC)
	}
	l.inodes += t.inodes
	kept = true
	l.changed()
	return false, nil
}

// changed notes that the transaction has changed.
func (l *Log) changed() {
	first := !l.dirty()
	l.done.Add(1)
	if first && l.opts.Interval > 0 {
		select {
		case l.dirtied <- struct{}{}:
		default:
		}
	}
}
