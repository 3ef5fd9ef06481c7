// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl

import (
	"context"
	"io"
)

// Target is a scoutfs volume as an archive agent sees it, wherever it is:
// mounted on this machine, served by a node, or on two devices.
//
// Every error of a request has the errno that the kernel module gives
// (errors.Is, [Errno]). Besides those listed at each method there are always
// EIO for damage and broken devices, ENOMEM, EROFS for changes of a volume
// that is read-only, and EPERM where [Info.Capability] asks for one that the
// caller does not have. A volume that cannot do a request at all fails it
// with EOPNOTSUPP; a file system that is not scoutfs fails all of them with
// ENOTTY.
//
// Results are the caller's. A method may be called by many goroutines.
type Target interface {
	Volume

	// OpenPath opens a file or directory by its path from the root of the
	// volume; a leading slash changes nothing, and "" is the root. flags is
	// os.O_RDONLY, os.O_WRONLY or os.O_RDWR; any other fails with EINVAL.
	// Symbolic links are followed; where the volume is not mounted, its root
	// is the root of absolute ones, and its own parent. Other errors are those
	// of open(2), and ENOTTY for anything but a file or directory, which takes
	// no requests.
	OpenPath(ctx context.Context, path string, flags int) (File, error)

	// OpenIno opens a file or directory by its inode number, as requests
	// return them. It fails as OpenPath does, and with ESTALE if there is no
	// such inode, or none with a name.
	OpenIno(ctx context.Context, ino uint64, flags int) (File, error)

	// Close gives the volume up. Files opened through it stay usable on a
	// mount, and only there.
	io.Closer
}

// Volume answers the requests about a volume as a whole.
//
// Requests with a Count return that many results at most, and [MaxBatch] at
// most. An implementation may return fewer, but none only when there are
// none, so a caller asks again from after the last one until none come.
type Volume interface {
	// StatfsMore returns identities, sizes, and the last committed sequence
	// number.
	StatfsMore(ctx context.Context) (StatfsMoreResult, error)

	// AllocDetail returns every store of free blocks, from the last written
	// super block. EOVERFLOW: they are more than q.Count; see [AllocDetails].
	AllocDetail(ctx context.Context, q AllocDetail) ([]AllocDetailEntry, error)

	// ResizeDevices grows the volume. EINVAL: smaller than now, or larger
	// than the device.
	ResizeDevices(ctx context.Context, q ResizeDevices) error

	// WalkInodes returns entries of an index in ascending order, up to the
	// committed sequence number and no further. Go on from the last entry's
	// Next. An inode whose change is not committed yet is missing, and appears
	// behind the committed sequence number of this call when it is; so a
	// walk that is taken up again later where it ended never misses a change.
	// EINVAL: unknown index. First behind Last: no entries.
	WalkInodes(ctx context.Context, q WalkInodes) ([]InodeEntry, error)

	// GetAllocatedInos returns inode numbers in use, ascending, within one
	// group; deleted inodes that still exist are among them. It is no way to
	// list a volume. EINVAL: q.Count is 0.
	GetAllocatedInos(ctx context.Context, q GetAllocatedInos) ([]uint64, error)

	// InoPath returns one path of an inode. For the others go on from the
	// result's At.Next, until ENOENT: no further names; the root and unlinked
	// inodes have none at all. ENAMETOOLONG: q.Bytes is too small. ELOOP:
	// directories above kept vanishing. The path may have changed meanwhile.
	InoPath(ctx context.Context, q InoPath) (InoPathResult, error)

	// GetReferringEntries returns names of an inode in order of their place,
	// the last of all with Last set. Go on from the last entry's At.Next;
	// none means that there are none. EINVAL: q.Bytes has no room for the
	// first.
	GetReferringEntries(ctx context.Context, q GetReferringEntries) ([]ReferringEntry, error)

	// SearchXattrs returns inodes that may have an attribute: check each.
	// Unless End is set or none came, go on with NextIno one past the last
	// inode. Changes not committed yet may be missing. EINVAL: the name is too
	// long, has no srch tag, or its tags are wrong.
	SearchXattrs(ctx context.Context, q SearchXattrs) (SearchXattrsResult, error)

	// ReadXattrTotals returns committed totals in order of their names,
	// without those whose sum and count are 0; they may be ten seconds old.
	// Go on from the last name's Next. EINVAL: q.Count is 0.
	ReadXattrTotals(ctx context.Context, q ReadXattrTotals) ([]XattrTotal, error)

	// ReadXattrIndex returns committed entries of the index of indx
	// attributes in ascending order, each once; they may be ten seconds old.
	// Go on from the last entry's Next. EINVAL: First is behind Last.
	ReadXattrIndex(ctx context.Context, q ReadXattrIndex) ([]XattrIndexEntry, error)

	// InjectTotlDelta changes a total. ENOSPC.
	InjectTotlDelta(ctx context.Context, q InjectTotlDelta) error

	// DataWaiting returns the blocks that tasks of this mount wait for, by
	// inode and block, each once with the operations of all its tasks. Go on
	// after the last one. EINVAL: q.Flags is not 0.
	DataWaiting(ctx context.Context, q DataWaiting) ([]DataWaiter, error)

	// DataWaitErr fails the tasks of this mount that wait for one of the
	// blocks with one of the operations, and returns how many waits there
	// were. q.Count 0: none. EINVAL: an unknown operation, q.Err is not
	// within -4095..-1, the range wraps, or not a regular file. ESTALE: the
	// inode is not in use here.
	DataWaitErr(ctx context.Context, q DataWaitErr) (int, error)

	// GetQuotaRules returns rules in the order of their hashes. Go on from
	// Next until no rules come. EOPNOTSUPP: format version 1.
	GetQuotaRules(ctx context.Context, q GetQuotaRules) (GetQuotaRulesResult, error)

	// AddQuotaRule adds a rule. EEXIST: it is there. EINVAL: it makes no
	// sense. EOPNOTSUPP: format version 1. ENOSPC.
	AddQuotaRule(ctx context.Context, q AddQuotaRule) error

	// DelQuotaRule removes a rule. ENOENT: it is not there. EINVAL,
	// EOPNOTSUPP and ENOSPC as for AddQuotaRule.
	DelQuotaRule(ctx context.Context, q DelQuotaRule) error
}

// File is an open file or directory, and answers the requests about it. What
// it was opened for decides which of them succeed, as listed.
//
// Requests that change blocks do so in several transactions: what was done
// before an error stays.
type File interface {
	// StatMore returns what stat(2) does not show.
	StatMore(ctx context.Context) (StatMoreResult, error)

	// GetAttrX returns the attributes in q.Mask, none of which is always
	// fine. EINVAL: unknown mask or flags. EOPNOTSUPP: an attribute that
	// format version 1 does not have.
	GetAttrX(ctx context.Context, q GetAttrX) (AttrX, error)

	// SetAttrX sets the attributes in q.Mask, all or none of them. EINVAL:
	// unknown mask or flags; a data version of 0; a size or data version for
	// what is not a regular file with a data version of 0; a size without a
	// data version; AttrSizeOffline without a size, or with blocks in the
	// file; retention of what is not a regular file. EPERM: the file is
	// retained and stays so. EOPNOTSUPP as for GetAttrX. ENOSPC.
	SetAttrX(ctx context.Context, q SetAttrX) error

	// SetattrMore does what the SetAttrX that q.AttrX returns does, on a file
	// open for writing. It always sets a size, so the file must be regular
	// and its data version 0. EBADF: not open for writing, before all else.
	// EINVAL: unknown flags, and as for SetAttrX.
	SetattrMore(ctx context.Context, q SetattrMore) error

	// ListxattrHidden returns names of attributes with the hide tag, in the
	// order of hash and id. Go on from Next until no names come; with less
	// than 256 bytes that may also mean that the next one does not fit.
	// EACCES: no permission to read the inode.
	ListxattrHidden(ctx context.Context, q ListxattrHidden) (ListxattrHiddenResult, error)

	// Release frees the data of a range and leaves it offline. Holes, and what
	// is offline already, stay as they are; when no block is online any more,
	// extents behind the end of the file go as well. A length of 0 is fine.
	// EINVAL: the range is unaligned or wraps; not a regular file; not open
	// for writing. ESTALE: another data version.
	Release(ctx context.Context, q Release) error

	// Stage writes archived data back, and returns how many bytes; fewer than
	// there are only if something went wrong after them, or at [MaxStage].
	// No data is fine. Nothing else about the file changes. EINVAL: the
	// offset is unaligned; beyond the end of the file; an end that is neither
	// aligned nor that of the file; not a regular file; not open for writing,
	// or open with O_APPEND, O_DIRECT or O_SYNC. ESTALE: another data
	// version. ENOSPC.
	Stage(ctx context.Context, q Stage) (int, error)

	// MoveBlocks moves data here from another file of the same Target.
	// Blocks of the source behind its end stay, holes are skipped. A length
	// of 0, and a start behind the source's end, are fine. Checked in this
	// order: EOVERFLOW: a range wraps. EINVAL: from is this file. EXDEV: from
	// is of another file system. EINVAL: unknown flags. EPERM: this file is
	// retained, without MoveStage. EINVAL: unaligned. ESTALE: another data
	// version, with MoveStage. EISDIR, EINVAL: not regular files. EACCES: no
	// permission to write to one of the inodes; how they were opened does not
	// matter. ENODATA: offline blocks in the source; or here, without
	// MoveStage. EINVAL: there is data here already, or, with MoveStage, no
	// offline extent around each extent moved; ENOENT: none behind it either.
	MoveBlocks(ctx context.Context, from File, q MoveBlocks) error

	// PunchOffline turns offline extents of a range into holes. A length of 0
	// is fine. EOVERFLOW: unaligned, or the range wraps. EINVAL: q.Flags is
	// not 0; not a regular file; not open for writing; there is data in the
	// range. EACCES: no permission to write to the inode. ESTALE: another
	// data version. EPERM: the file is retained.
	PunchOffline(ctx context.Context, q PunchOffline) error

	// Fiemap returns extents in ascending order. Go on from the end of the
	// last one unless it has ExtentLast; none means that there are none.
	// EOPNOTSUPP: the file system has no extents to show. EINVAL: q.Length is
	// 0. EFBIG: q.Start is beyond the largest file. EBADR: unknown flags.
	Fiemap(ctx context.Context, q Fiemap) (FiemapResult, error)

	io.Closer
}
