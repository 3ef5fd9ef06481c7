// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl

import (
	"iter"
	"slices"
	"syscall"
)

// Subject is what a request is about.
type Subject uint8

const (
	// OnVolume requests may be made on any file or directory of the volume.
	OnVolume Subject = iota
	// OnFile requests act on the file that they are made on.
	OnFile
)

// Capability is what the calling task must be capable of.
type Capability uint8

// The capabilities that requests ask for. Without it they fail with EPERM.
const (
	NoCapability  Capability = iota
	DACReadSearch            // CAP_DAC_READ_SEARCH
	SysAdmin                 // CAP_SYS_ADMIN
)

// String is the capability's name in capabilities(7), or "none".
func (c Capability) String() string {
	switch c {
	case DACReadSearch:
		return "CAP_DAC_READ_SEARCH"
	case SysAdmin:
		return "CAP_SYS_ADMIN"
	}
	return "none"
}

// Data says which ways bytes travel, whatever the direction bits of the
// request's number say.
type Data uint8

// The ways.
const (
	ArgumentIn  Data = 1 << iota // the argument structure is read
	ArgumentOut                  // the argument structure is written to
	BufferIn                     // a buffer that the argument points to is read
	BufferOut                    // a buffer that the argument points to is written to
)

// Info is one request's row in the table of requests.
type Info struct {
	Number     Number
	Name       string // upstream's, without SCOUTFS_IOC_
	Subject    Subject
	Capability Capability
	Data       Data

	// Readable or Writable is set if the descriptor that the request is made
	// on must have been opened for that. OpenErrno is how it fails otherwise:
	// EBADF comes before every other check, EINVAL among the checks of the
	// file (see the request at [File]).
	Readable, Writable bool
	OpenErrno          syscall.Errno

	in, out buffer
}

// Info is the request's row, and false if there is none.
func (n Number) Info() (Info, bool) {
	// Ours are numbered from 1 in the order of the table; FIEMAP follows.
	i := int(n&0xff) - 1
	if n == NumberFiemap {
		i = len(requests) - 1
	}
	if i < 0 || i >= len(requests) || requests[i].Number != n {
		return Info{}, false
	}
	return requests[i], true
}

// Requests iterates over the table: the 25 requests in order of their
// number, then FIEMAP.
func Requests() iter.Seq[Info] { return slices.Values(requests[:]) }

// requests restates kmod/src/ioctl.c, where each request checks in its own
// function, and kmod/src/ioctl.h for the places of pointers and lengths.
var requests = [...]Info{
	{
		Number: NumberWalkInodes, Name: "WALK_INODES", Data: ArgumentIn | BufferOut,
		out: buffer{pointer: 48, length: 56, width: 4, unit: walkEntrySize},
	},
	{
		Number: NumberInoPath, Name: "INO_PATH", Capability: DACReadSearch, Data: ArgumentIn | BufferOut,
		out: buffer{pointer: 24, length: 32, width: 2, unit: 1},
	},
	{
		Number: NumberRelease, Name: "RELEASE", Subject: OnFile, Data: ArgumentIn,
		Writable: true, OpenErrno: syscall.EINVAL,
	},
	{
		Number: NumberStage, Name: "STAGE", Subject: OnFile, Data: ArgumentIn | BufferIn,
		Writable: true, OpenErrno: syscall.EINVAL,
		in: buffer{pointer: 8, length: 24, width: 4, unit: 1},
	},
	{
		Number: NumberStatMore, Name: "STAT_MORE", Subject: OnFile, Data: ArgumentOut,
	},
	{
		Number: NumberDataWaiting, Name: "DATA_WAITING", Data: ArgumentIn | BufferOut,
		out: buffer{pointer: 24, length: 32, width: 2, unit: waitingEntrySize},
	},
	{
		Number: NumberSetattrMore, Name: "SETATTR_MORE", Subject: OnFile, Capability: SysAdmin, Data: ArgumentIn,
		Writable: true, OpenErrno: syscall.EBADF,
	},
	{
		Number: NumberListxattrHidden, Name: "LISTXATTR_HIDDEN", Subject: OnFile, Data: ArgumentIn | ArgumentOut | BufferOut,
		out: buffer{pointer: 8, length: 16, width: 4, unit: 1},
	},
	{
		Number: NumberSearchXattrs, Name: "SEARCH_XATTRS", Capability: SysAdmin, Data: ArgumentIn | ArgumentOut | BufferIn | BufferOut,
		Readable: true, OpenErrno: syscall.EBADF,
		in:  buffer{pointer: 16, length: 48, width: 2, unit: 1},
		out: buffer{pointer: 24, length: 40, width: 8, unit: 8},
	},
	{
		Number: NumberStatfsMore, Name: "STATFS_MORE", Data: ArgumentOut,
	},
	{
		Number: NumberDataWaitErr, Name: "DATA_WAIT_ERR", Capability: SysAdmin, Data: ArgumentIn,
	},
	{
		Number: NumberAllocDetail, Name: "ALLOC_DETAIL", Data: ArgumentIn | BufferOut,
		out: buffer{pointer: 0, length: 8, width: 8, unit: allocEntrySize},
	},
	{
		// The header asks for both files to be open for writing; the module
		// checks write permission on the inodes instead.
		Number: NumberMoveBlocks, Name: "MOVE_BLOCKS", Subject: OnFile, Data: ArgumentIn,
	},
	{
		Number: NumberResizeDevices, Name: "RESIZE_DEVICES", Capability: SysAdmin, Data: ArgumentIn,
		Readable: true, OpenErrno: syscall.EBADF,
	},
	{
		Number: NumberReadXattrTotals, Name: "READ_XATTR_TOTALS", Capability: SysAdmin, Data: ArgumentIn | BufferOut,
		Readable: true, OpenErrno: syscall.EBADF,
		out: buffer{pointer: 24, length: 32, width: 8, unit: 1, align: 8},
	},
	{
		Number: NumberGetAllocatedInos, Name: "GET_ALLOCATED_INOS", Capability: SysAdmin, Data: ArgumentIn | BufferOut,
		Readable: true, OpenErrno: syscall.EBADF,
		out: buffer{pointer: 8, length: 16, width: 8, unit: 1, align: 8},
	},
	{
		Number: NumberGetReferringEntries, Name: "GET_REFERRING_ENTRIES", Capability: DACReadSearch, Data: ArgumentIn | BufferOut,
		out: buffer{pointer: 24, length: 32, width: 8, unit: 1},
	},
	{
		Number: NumberGetAttrX, Name: "GET_ATTR_X", Subject: OnFile, Data: ArgumentIn | ArgumentOut,
	},
	{
		Number: NumberSetAttrX, Name: "SET_ATTR_X", Subject: OnFile, Capability: SysAdmin, Data: ArgumentIn,
	},
	{
		Number: NumberGetQuotaRules, Name: "GET_QUOTA_RULES", Capability: SysAdmin, Data: ArgumentIn | ArgumentOut | BufferOut,
		out: buffer{pointer: 16, length: 24, width: 8, unit: quotaRuleSize},
	},
	{
		Number: NumberAddQuotaRule, Name: "ADD_QUOTA_RULE", Capability: SysAdmin, Data: ArgumentIn,
	},
	{
		Number: NumberDelQuotaRule, Name: "DEL_QUOTA_RULE", Capability: SysAdmin, Data: ArgumentIn,
	},
	{
		Number: NumberReadXattrIndex, Name: "READ_XATTR_INDEX", Capability: SysAdmin, Data: ArgumentIn | BufferOut,
		out: buffer{pointer: 56, length: 64, width: 8, unit: indexEntrySize},
	},
	{
		Number: NumberPunchOffline, Name: "PUNCH_OFFLINE", Subject: OnFile, Data: ArgumentIn,
		Writable: true, OpenErrno: syscall.EINVAL,
	},
	{
		Number: NumberInjectTotlDelta, Name: "INJECT_TOTL_DELTA", Capability: SysAdmin, Data: ArgumentIn,
	},
	{
		Number: NumberFiemap, Name: "FIEMAP", Subject: OnFile, Data: ArgumentIn | ArgumentOut | BufferOut,
		out: buffer{pointer: follows, length: 24, width: 4, unit: fiemapExtentSize},
	},
}
