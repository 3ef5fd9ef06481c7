// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"errors"
	"slices"
	"sync"
	"syscall"
	"time"

	"scoutfs/engine/device"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/engine/txn"
)

// WriterOptions say how a Writer works. The zero value is what a mount does
// without options.
type WriterOptions struct {
	// Clock tells the time for inodes; nil is time.Now.
	Clock func() time.Time
	// Preallocation is how many blocks a write allocates at most beyond what
	// it needs; 0 is format.DefaultPreallocation.
	Preallocation uint64
	// PreallocateAnywhere lets writes into any hole preallocate; by default
	// only those that extend a file without holes do (mount option
	// data_prealloc_contig_only=0).
	PreallocateAnywhere bool
	// NoACL is the mount option noacl: ACLs are neither enforced nor
	// inherited, and setting or getting one is EOPNOTSUPP.
	NoACL bool
	// Waiter lets operations wait for offline data; nil lets them fail.
	Waiter DataWaiter
}

// Writer changes a filesystem. Every method is one atomic change, unless its
// comment says that it takes several, and its result is seen by all that come
// after it; [Writer.Sync] makes what was done durable. Errors match the errno
// that the kernel module answers, with checks in its order, and leave things
// as they were.
//
// A Writer is safe for concurrent use; changes are made one after the other.
// It remembers the inodes that are open or whose data is in use, and the quota
// rules, nothing else.
type Writer struct {
	log  *txn.Log
	data device.Device
	opts WriterOptions

	opens openInodes
	locks dataLocks
	packs sync.Pool // *[]byte of dataPerChange, which CreateFiles fills
	rules ruleCache
}

// NewWriter returns a writer that puts changes into log, and file data on
// the data device, which may be nil if no file data is written.
func NewWriter(log *txn.Log, data device.Device, opts WriterOptions) *Writer {
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	if opts.Preallocation == 0 {
		opts.Preallocation = format.DefaultPreallocation
	}
	return &Writer{log: log, data: data, opts: opts}
}

// Caller is on whose behalf a change is made.
type Caller struct {
	UID, GID uint32
	Groups   []uint32 // supplementary
	Umask    uint32
	// Admin is the superuser's capabilities, all of them (CAP_SYS_ADMIN,
	// CAP_DAC_OVERRIDE, CAP_FOWNER and so on).
	Admin bool
}

// Root is the superuser, with a umask of 022.
func Root() Caller { return Caller{Umask: 0o022, Admin: true} }

// inGroup reports whether the caller is a member of a group.
func (who *Caller) inGroup(gid uint32) bool {
	return who.GID == gid || slices.Contains(who.Groups, gid)
}

// Sync makes every change that was made before the call durable.
func (w *Writer) Sync(ctx context.Context) error { return w.log.Sync(ctx) }

// Read calls f with the filesystem as all changes so far have made it, durable
// or not. Nothing changes until f returns; f must not change anything itself,
// nor keep what it was given.
func (w *Writer) Read(ctx context.Context, f func(*FS) error) error {
	return w.log.Read(ctx, func(s *forest.Snapshot) error { return f(New(s, w.data)) })
}

// update makes one atomic change. f may be called again, after what it did
// was undone, if the transaction has to be committed first.
//
// While metadata blocks run low, a change of kind Allocating is refused. The
// kernel asks for room after it has looked whether there is anything to do and
// the caller may do it; so f has its say first here too.
func (w *Writer) update(ctx context.Context, kind txn.Kind, f func(*change) error) error {
	asked := false
	err := w.log.Update(ctx, kind, func(tx *txn.Tx) error {
		asked = true
		return newChange(w, tx).run(f)
	})
	if asked || kind != txn.Allocating || !errors.Is(err, syscall.ENOSPC) {
		return err
	}
	return w.log.Update(ctx, txn.Freeing, func(tx *txn.Tx) error {
		c := newChange(w, tx)
		if own := c.run(f); own != nil || c.idle {
			return own
		}
		return err
	})
}
