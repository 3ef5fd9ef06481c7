// SPDX-License-Identifier: GPL-2.0-or-later

package changes

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"time"
)

// Change is a record of the feed: an inode that changed.
type Change struct {
	// At is the record's place. A feed that starts behind it goes on with
	// the next record.
	At Position
	// Gone says that the inode has lost its last name, or been deleted,
	// since it was entered into the index. Then nothing else is known.
	Gone bool

	Attributes

	// Paths are absolute within the volume: "/" is the root. The first is
	// that of the name with the lowest directory, then the lowest place in
	// it; further ones come only with Detail.AllPaths. Names can be any
	// bytes but NUL and the slash.
	Paths []string
	// Xattrs are sorted by name, and come only with Detail.Xattrs.
	Xattrs []Xattr
}

// Attributes are what is known about an inode. Times are in UTC.
type Attributes struct {
	Mode                 uint32 // POSIX type and permissions
	Nlink                uint32
	UID, GID             uint32
	RdevMajor, RdevMinor uint32 // of device nodes
	Size                 uint64 // bytes
	Blocks               uint64 // of 512 bytes; offline blocks count too
	Atime, Mtime, Ctime  time.Time

	// Archive says that the fields below are known: always on devices, and
	// for files and directories on a mount.
	Archive       bool
	Crtime        time.Time
	MetaSeq       uint64
	DataSeq       uint64
	DataVersion   uint64
	OnlineBlocks  uint64 // of 4 KiB
	OfflineBlocks uint64 // of 4 KiB
	ProjectID     uint64 // 0 in format version 1
	Retention     bool
}

// Xattr is an extended attribute, hidden ones too.
type Xattr struct {
	Name  string
	Value []byte
}

func sortXattrs(xattrs []Xattr) {
	slices.SortFunc(xattrs, func(a, b Xattr) int { return cmp.Compare(a.Name, b.Name) })
}

// Detail says what records have besides attributes and a path.
type Detail struct {
	AllPaths bool
	Xattrs   bool
}

// Source is a volume that feeds are read from.
type Source interface {
	// Committed returns a sequence number: every change that is not to be
	// seen yet will have a greater one.
	Committed(ctx context.Context) (uint64, error)

	// Changes yields the records behind a position up to all of those with a
	// sequence number. A record is good until the next one.
	//
	// Damage of an inode or of the way to it, and a directory's path of more
	// than 65510 bytes (ENAMETOOLONG), is an error beside its record, of which
	// At and what could be read are filled in; the loop goes on. With a nil
	// record an error ends the sequence.
	Changes(ctx context.Context, after Position, last uint64, detail Detail) iter.Seq2[*Change, error]
}
