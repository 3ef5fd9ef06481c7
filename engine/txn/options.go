// SPDX-License-Identifier: GPL-2.0-or-later

package txn

import (
	"log/slog"
	"time"
)

// Defaults of Options.
const (
	DefaultInterval    = 10 * time.Second
	DefaultMaxBytes    = 64 << 20
	DefaultMaxLogTrees = 64
)

// Options say how a Log commits.
type Options struct {
	// Random returns random numbers, for the log's id.
	Random func() uint64
	// Interval is how long after its first change a transaction is committed
	// by itself; with 0 it is not.
	Interval time.Duration
	// MaxBytes bounds the memory of a transaction's changes: the next operation
	// finds them committed. 0 is DefaultMaxBytes.
	MaxBytes int
	// MaxLogTrees is how many log trees there may be before Close merges them,
	// which otherwise the next mount does. 0 is DefaultMaxLogTrees, and a negative
	// number is any.
	MaxLogTrees int
	// Logger is told of commits by the timer that fail, and of merges for lack
	// of space. nil is nobody.
	Logger *slog.Logger
}

// Kind says whether an operation may take the last free blocks
// (kmod/src/trans.c: scoutfs_hold_trans).
type Kind uint8

const (
	// Allocating operations fail with ENOSPC when metadata blocks run low:
	// create, mkdir, mknod, symlink, tmpfile, link, rename, setting and removing
	// xattrs and ACLs, write, stage, fallocate, set_attr_x, setattr_more, quota
	// rules added and deleted, totals injected.
	Allocating Kind = iota
	// Freeing operations go on then, so that there can be room again: unlink,
	// rmdir, setattr and truncate, release, punch_offline, move_blocks, and the
	// deletion of inodes.
	Freeing
)
