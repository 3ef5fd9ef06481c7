// SPDX-License-Identifier: GPL-2.0-or-later

package txn

import (
	"context"
	"errors"
	"syscall"

	"scoutfs/engine/forest"
	"scoutfs/engine/format"
)

// Tx is one operation of the open transaction. It is good until the function
// that got it returns, and for that function's goroutine.
type Tx struct {
	log *Log

	allocated []format.Extent // by AllocData
	used      []format.Extent // of those that were reserved before
	freed     []format.Extent
	entries   int // search entries of earlier operations
	inodes    int64
	// dry is set when an allocation failed for want of data blocks.
	dry bool
}

// View returns the filesystem's items as the operation has left them so far. A
// cursor over it goes on after changes, with the changed items.
func (t *Tx) View() *forest.Snapshot { return t.log.view }

// Super returns the last committed super, which must not be changed.
func (t *Tx) Super() *format.Super { return t.log.server.Super() }

// Seq returns the transaction's number, the seq of all items that it writes.
func (t *Tx) Seq() uint64 { return t.log.seq }

// Set gives a key an item, whether it has one or not. The value is kept and
// must not be changed any more. Totals are changed by AddTotal only.
func (t *Tx) Set(k format.Key, value []byte) {
	t.log.leaves.touch(k)
	t.log.overlay.Set(k, t.log.seq, value)
}

// Create is Set of a key that has no item in View, which the caller must know.
// An item that is created and deleted in one transaction leaves nothing behind.
func (t *Tx) Create(k format.Key, value []byte) {
	t.log.leaves.touch(k)
	t.log.overlay.Create(k, t.log.seq, value)
}

// Delete takes a key's item away, whether there is one or not.
func (t *Tx) Delete(k format.Key) {
	t.log.leaves.touch(k)
	t.log.overlay.Delete(k, t.log.seq)
}

// AddTotal adds to a total and its count, modulo 2^64.
func (t *Tx) AddTotal(k format.Key, total, count uint64) {
	t.log.leaves.touch(k)
	t.log.overlay.AddTotal(k, t.log.seq, total, count)
}

// AddSrch adds an entry to the search files. Searches find it once it is
// committed.
func (t *Tx) AddSrch(e format.SrchEntry) { t.log.entries = append(t.log.entries, e) }

// AllocIno returns an inode number that was never used. If the operation fails
// it is not used either.
func (t *Tx) AllocIno(ctx context.Context) (uint64, error) {
	if err := ctx.Err(); err != nil {
		return 0, context.Cause(ctx)
	}
	return t.log.server.AllocInos(1)
}

// CountInodes adds to the number of the volume's inodes.
func (t *Tx) CountInodes(delta int64) { t.inodes += delta }

// AllocData takes free data blocks for the operation, at least one and at most
// as many as are wanted. The error matches ENOSPC if there is none. The operation
// should then end with it: it is run again if a commit frees blocks.
func (t *Tx) AllocData(ctx context.Context, want uint64) (format.Extent, error) {
	e, err := t.log.server.Data().Reserve(ctx, want)
	if err != nil {
		t.dry = t.dry || errors.Is(err, syscall.ENOSPC)
		return format.Extent{}, err
	}
	t.allocated = append(t.allocated, e)
	return e, nil
}

// UseData takes data blocks that were reserved by [Log.ReserveData]. They stay
// reserved if the operation fails.
func (t *Tx) UseData(e format.Extent) { t.used = append(t.used, e) }

// FreeData gives data blocks back. They are not used again before the commit.
func (t *Tx) FreeData(e format.Extent) { t.freed = append(t.freed, e) }

// changed reports whether the operation did anything.
func (t *Tx) changed() bool {
	return t.log.overlay.Changed() || len(t.log.entries) > t.entries || t.inodes != 0 ||
		len(t.allocated)+len(t.used)+len(t.freed) > 0
}

// keep makes the operation's data blocks part of the transaction. After an error
// they are as before.
func (t *Tx) keep(ctx context.Context) error {
	data := t.log.server.Data()
	t.eachUsed(data.Use)
	// An operation may free what it has allocated.
	for i, e := range t.freed {
		if err := data.Free(ctx, e); err != nil {
			t.freed = t.freed[:i]
			t.unkeep()
			return err
		}
	}
	return nil
}

// unkeep undoes keep.
func (t *Tx) unkeep() {
	data := t.log.server.Data()
	for _, e := range t.freed {
		data.Unfree(e)
	}
	t.eachUsed(data.Unuse)
}

func (t *Tx) eachUsed(do func(format.Extent)) {
	for _, extents := range [][]format.Extent{t.allocated, t.used} {
		for _, e := range extents {
			do(e)
		}
	}
}

// rollback takes everything back.
func (t *Tx) rollback() {
	for _, e := range t.allocated {
		t.log.server.Data().Return(e)
	}
	t.log.entries = t.log.entries[:t.entries]
	t.log.overlay.Rollback()
}
