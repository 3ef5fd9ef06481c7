// SPDX-License-Identifier: GPL-2.0-or-later

// Package fs gives the items of a volume their meaning: inodes, directory
// entries, symbolic links, xattrs, extents and file data, quota rules, totals,
// indexes and searches, as docs/format.md 2.7 and 3.4 define them.
//
// An [FS] reads one snapshot of the volume's trees: every answer is about the
// same moment, however long it takes. All of it is safe for concurrent use.
// Memory in use does not grow with the volume, but for [FS.SearchXattrs],
// whose comment names its bound.
//
// # Sequences
//
// Sequences are iter.Seq2 of a value and an error. Each can be left at any
// point and taken up again, later or by another process, from the position
// that follows the last value. Byte slices in values (names, xattr values)
// alias shared blocks: they stay valid, and must not be changed.
//
// A damaged item does not end a sequence. It yields its place, in the value's
// fields that say where it is, and the error; a loop that goes on gets the
// items behind it. What ends a sequence early is a block that cannot be read,
// or the context; its error is then the last pair.
//
// # Writing
//
// A [Writer] changes the filesystem of an open transaction log. Each operation
// on names, attributes, xattrs and rules is one atomic change: it checks what
// the kernel and its filesystem check, in the same order, for a [Caller] whose
// rights are taken on trust, and changes the inodes and items of the operation
// together. An inode is stored once for each change that makes it dirty, with
// the transaction's number as its meta_seq, and its places in the indexes move
// with it. Operations that may need many items, such as deleting an inode or
// cutting off a long file, are several changes, each of which leaves a
// filesystem that is sound and says what is left to be done: the orphan item of
// an inode without links, the truncate flag of a file.
//
// What a change sets that its caller does not choose is what the kernel module
// sets (kmod/src/dir.c, inode.c, xattr.c): the version grows wherever it does
// there; a directory's size is the sum of its names' lengths; an entry gets a
// position that its directory never had, also when it is renamed; ids of
// xattrs are not used again, and a replaced one keeps its own.
//
// # Writing file data
//
// Data goes to the device first, without the transaction's lock: to blocks that
// the file has, in place, or to reserved ones, which become the file's in the
// change that follows and nobody's if it fails. So a commit never leads to a
// block whose data is not there. What a crash can leave half done is only the
// overwriting of blocks that were written before, as with the kernel module.
// [Writer.StageFrom], [Writer.WriteFrom] where a file has nothing yet, and
// [Writer.CreateFiles] show nothing before all data is on the device.
//
// Each file has a lock of its own for its data. Requests on different files
// wait for each other only while they change items. Extents split and merge as
// the kernel module has them do (kmod/src/ext.c), blocks are preallocated as it
// does (kmod/src/data.c), and the counts of online and offline blocks, the data
// version and the sequence numbers move when they do there. A request that
// meets offline data waits for a [DataWaiter], or fails.
//
// # Errors
//
// Errors match the errno that the kernel module would answer, with errors.Is:
// ENOENT, ENODATA, ENOTDIR and so on. Damage is a *format.CorruptError, which
// matches EIO and names the item. On a volume that is being written, any read
// can fail with block.ErrStale; load a new snapshot and start over.
package fs

import (
	"errors"
	"fmt"

	"scoutfs/engine/device"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
)

// FS reads the filesystem in a snapshot.
type FS struct {
	snapshot *forest.Snapshot
	data     device.Device
}

// New returns the filesystem in a snapshot. data may be nil for questions
// about metadata; reading file data is then an error.
func New(snapshot *forest.Snapshot, data device.Device) *FS {
	return &FS{snapshot: snapshot, data: data}
}

// Super returns the super that the snapshot was loaded from. It must not be
// changed.
func (f *FS) Super() *format.Super { return f.snapshot.Super }

// Snapshot returns what the filesystem is read from.
func (f *FS) Snapshot() *forest.Snapshot { return f.snapshot }

// corruptItem is a damaged item.
func corruptItem(k format.Key, field, found, expected, source string) error {
	return &format.CorruptError{
		Structure: format.KindOf(k).String() + " item",
		Place:     k.String(),
		Field:     field,
		Found:     found,
		Expected:  expected,
		Source:    source,
	}
}

// atItem gives a decoder's error the place of the item.
func atItem(k format.Key, err error) error {
	if c := (*format.CorruptError)(nil); errors.As(err, &c) {
		return c.At("%s item %v", format.KindOf(k), k)
	}
	return fmt.Errorf("%s item %v: %w", format.KindOf(k), k, err)
}
