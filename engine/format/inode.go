// SPDX-License-Identifier: GPL-2.0-or-later

package format

import (
	"fmt"
	"time"
)

// Timespec is a time, 16 bytes. Sec holds a signed number.
type Timespec struct {
	Sec  U64
	Nsec U32
	Pad  [4]byte
}

// Time returns the time.
func (t *Timespec) Time() time.Time {
	return time.Unix(int64(t.Sec.Get()), int64(t.Nsec.Get()))
}

// Set stores v with a zero pad.
func (t *Timespec) Set(v time.Time) {
	t.Sec.Set(uint64(v.Unix()))
	t.Nsec.Set(uint32(v.Nanosecond()))
	t.Pad = [4]byte{}
}

// Flags of an inode.
const (
	InodeFlagTruncate  = 1 // an interrupted truncate has to be finished
	InodeFlagRetention = 2 // data and most attributes may not change (format 2)
)

// InodeV1 is an inode as format 1 writes it, 160 bytes (docs/format.md 2.7).
type InodeV1 struct {
	Size           U64 // bytes; directories: sum of name lengths; symlinks: target with its NUL
	MetaSeq        U64 // transaction of the last inode change
	DataSeq        U64 // transaction of the last data change
	DataVersion    U64
	OnlineBlocks   U64 // small blocks
	OfflineBlocks  U64 // small blocks
	NextReaddirPos U64
	NextXattrID    U64
	Version        U64
	Nlink          U32
	UID            U32
	GID            U32
	Mode           U32 `fmt:"octal"`
	Rdev           U32 `fmt:"hex"` // major << 20 | minor
	Flags          U32 `fmt:"hex"`
	Atime          Timespec
	Ctime          Timespec
	Mtime          Timespec
	Crtime         Timespec
}

// Inode is an inode as format 2 writes it, 168 bytes.
type Inode struct {
	InodeV1
	Proj U64 // project id
}

// InodeSize is the length of an inode item's value as a volume of this format
// version writes it.
func InodeSize(fmtVers uint64) int {
	if fmtVers == 1 {
		return Size[InodeV1]()
	}
	return Size[Inode]()
}

// ViewInode views an inode item's value. A value of 160 bytes is an inode
// without a project id; proj is then 0. Both lengths are valid in a volume
// of format 2 (docs/format.md 10).
func ViewInode(val []byte) (in *InodeV1, proj uint64, err error) {
	switch len(val) {
	case Size[InodeV1]():
		in, err = View[InodeV1](val)
		return in, 0, err
	case Size[Inode]():
		v2, err := View[Inode](val)
		if err != nil {
			return nil, 0, err
		}
		return &v2.InodeV1, v2.Proj.Get(), nil
	}
	return nil, 0, &CorruptError{
		Structure: "inode item",
		Field:     "value length",
		Found:     fmt.Sprint(len(val)),
		Expected:  "160 or 168",
	}
}
