// SPDX-License-Identifier: GPL-2.0-or-later

// Package manifest reads the manifest.txt of a test image: what upstream's
// kernel module showed of the volume through a mount of it.
//
// A manifest has sections, each headed "[NAME] COMMENT". The section inodes
// has one JSON object for each path; all others are the output of a command.
// Reading is strict: a section, a field or a line that this package does not
// know is an error, so that a test that compares every value of a [Manifest]
// has compared all that the manifest says.
package manifest

import (
	"time"

	"scoutfs/engine/format"
)

// Manifest is one manifest.
type Manifest struct {
	Inodes []Inode // one for each path, depth first in the order of readdir
	Count  int     // of them, as the section count says

	MetaSeq []IndexEntry // walk-inodes of everything
	DataSeq []IndexEntry

	Searches   []Search
	Totals     []Total
	XattrIndex []XattrIndexEntry

	// Quotas holds the rules sorted as the command does, QuotasUnsorted as
	// the kernel returned them. Both are nil with NoQuotas set if the volume's
	// format version has no quotas.
	Quotas, QuotasUnsorted []format.QuotaRule
	NoQuotas               bool

	Allocated []uint64 // inode numbers in use, ascending
	Unlinked  []uint64 // those of them that no path led to

	Statfs     Statfs
	ScoutfsDF  ScoutfsDF
	DF         DF // of 1 KiB blocks
	DFInodes   DF // of inodes
	FileSystem StatF
}

// Inode is what was seen at one path.
type Inode struct {
	Path   string // from the root, which is "."; the bytes of names as they are
	Ino    uint64
	Mode   uint32 // POSIX type and permissions
	UID    uint32
	GID    uint32
	Nlink  uint32
	Size   uint64
	Blocks uint64 // of 512 bytes
	Rdev   Device // of device nodes

	Atime, Mtime, Ctime time.Time

	More  *More  // nil for what takes no ioctls
	AttrX *AttrX // nil for what takes no ioctls, and in format version 1

	Target *Content // of symbolic links

	// Xattrs are what listxattr(2) showed, and Hidden what LISTXATTR_HIDDEN
	// showed, each in this order.
	Xattrs, Hidden []Xattr

	// Extents is the number of extents, -1 if they were not asked for. Map
	// has the first 64; MapSHA256 is over all, each as three little-endian
	// numbers of 64 bits and one of 32. It is empty without extents.
	Extents   int
	Map       []Extent
	MapSHA256 string

	// One of these tells the content of a regular file if it was read.
	SHA256       string // of all of it
	SparseSHA256 string // of offset and length, 64 bits each, and bytes of each written extent
	OnlineParts  []Part // of a partly offline file
	PartlyOnline bool   // OnlineParts tells the content, even if there are none
}

// Device is the number of a device.
type Device struct{ Major, Minor uint32 }

// More is the answer to STAT_MORE.
type More struct {
	MetaSeq, DataSeq, DataVersion, OnlineBlocks, OfflineBlocks uint64
	Crtime                                                     time.Time
}

// AttrX is the answer to GET_ATTR_X.
type AttrX struct {
	Mask, Flags, Size, Bits, ProjectID uint64
	Ctime, Crtime                      time.Time
}

// Content is a string of bytes: short ones as they are, long ones by their
// hash.
type Content struct {
	Len    int
	Bytes  []byte
	SHA256 string // empty if Bytes are given
}

// Xattr is an extended attribute.
type Xattr struct {
	Name  string
	Value Content
}

// Extent is an extent as FIEMAP shows it, in bytes.
type Extent struct {
	Logical, Physical, Length uint64
	Flags                     uint32
}

// Part is a part of a file that is not offline, in bytes, with the flags of
// its extent.
type Part struct {
	Offset, Length uint64
	Flags          uint32
	SHA256         string
}

// IndexEntry is a place in an index of inodes.
type IndexEntry struct {
	Major uint64
	Minor uint32
	Ino   uint64
}

// Search is what search-xattrs found.
type Search struct {
	Name string
	Inos []uint64
}

// Total is a line of read-xattr-totals.
type Total struct {
	Name         [3]uint64
	Total, Count int64
}

// XattrIndexEntry is a line of read-xattr-index.
type XattrIndexEntry struct {
	Major uint8
	Minor uint64
	Ino   uint64
}

// Statfs is the answer to STATFS_MORE as the command shows it.
type Statfs struct {
	FSID, RID                                      uint64
	CommittedSeq, TotalMetaBlocks, TotalDataBlocks uint64
}

// ScoutfsDF is the output of scoutfs df, in blocks.
type ScoutfsDF struct {
	Meta, Data DFRow
}

// DFRow is one row of scoutfs df.
type DFRow struct {
	BlockKiB, Total, Used, Free, UsePercent uint64
}

// DF is the output of df.
type DF struct {
	Total, Used, Available, UsePercent uint64
}

// StatF is the output of stat -f.
type StatF struct {
	ID           uint64 // of statfs(2), its first number in the high half
	Namelen      uint64
	Type         uint64
	BlockSize    uint64
	FragmentSize uint64
	Blocks       uint64
	Free         uint64
	Available    uint64
	Inodes       uint64
	FreeInodes   uint64
}
