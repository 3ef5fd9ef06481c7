// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"scoutfs/engine/format"
)

// Inode is an inode's fields (docs/format.md 2.7).
type Inode struct {
	Ino            uint64
	Size           uint64 // bytes; of a directory the sum of its names' lengths, of a symbolic link with the NUL
	MetaSeq        uint64 // transaction of the last change
	DataSeq        uint64 // transaction of the last change of data
	DataVersion    uint64 // grows with each possible change of data
	OnlineBlocks   uint64 // 4 KiB
	OfflineBlocks  uint64 // 4 KiB
	NextReaddirPos uint64
	NextXattrID    uint64
	Version        uint64
	Proj           uint64 // project id; 0 in format version 1
	Nlink          uint32
	UID            uint32
	GID            uint32
	Mode           uint32 // POSIX type and permissions
	Rdev           uint32 // of a device node; see format.SplitRdev
	Flags          uint32 // format.InodeFlagTruncate and so on
	Atime          time.Time
	Ctime          time.Time
	Mtime          time.Time
	Crtime         time.Time
}

// IsDir reports whether the inode is a directory.
func (in *Inode) IsDir() bool { return in.Mode&format.ModeTypeMask == format.ModeDirectory }

// IsRegular reports whether the inode is a regular file.
func (in *Inode) IsRegular() bool { return in.Mode&format.ModeTypeMask == format.ModeRegular }

// IsSymlink reports whether the inode is a symbolic link.
func (in *Inode) IsSymlink() bool { return in.Mode&format.ModeTypeMask == format.ModeSymlink }

// Blocks is the number of 512-byte units that stat(2) shows: offline blocks
// count too.
func (in *Inode) Blocks() uint64 { return (in.OnlineBlocks + in.OfflineBlocks) * 8 }

// Retention reports whether the file is under retention.
func (in *Inode) Retention() bool { return in.Flags&format.InodeFlagRetention != 0 }

// Inode returns an inode by number: ENOENT if there is none. One without
// links, which waits for its deletion, is found too.
func (f *FS) Inode(ctx context.Context, ino uint64) (Inode, error) {
	it, err := f.snapshot.Lookup(ctx, format.InodeKey(ino))
	if errors.Is(err, syscall.ENOENT) {
		return Inode{Ino: ino}, fmt.Errorf("inode %d: %w", ino, syscall.ENOENT)
	}
	if err != nil {
		return Inode{Ino: ino}, err
	}
	return f.decodeInode(it.Key, it.Value)
}

// decodeInode decodes an inode item. Its error comes with the inode's
// number.
func (f *FS) decodeInode(k format.Key, val []byte) (Inode, error) {
	v, proj, err := format.ViewInode(val)
	if err != nil {
		return Inode{Ino: k.First}, atItem(k, err)
	}
	if size := format.InodeSize(f.snapshot.Super.FmtVers.Get()); len(val) > size {
		return Inode{Ino: k.First}, corruptItem(k, "value length", fmt.Sprint(len(val)),
			fmt.Sprintf("%d in format version %d", size, f.snapshot.Super.FmtVers.Get()), "")
	}
	return Inode{
		Ino:            k.First,
		Size:           v.Size.Get(),
		MetaSeq:        v.MetaSeq.Get(),
		DataSeq:        v.DataSeq.Get(),
		DataVersion:    v.DataVersion.Get(),
		OnlineBlocks:   v.OnlineBlocks.Get(),
		OfflineBlocks:  v.OfflineBlocks.Get(),
		NextReaddirPos: v.NextReaddirPos.Get(),
		NextXattrID:    v.NextXattrID.Get(),
		Version:        v.Version.Get(),
		Proj:           proj,
		Nlink:          v.Nlink.Get(),
		UID:            v.UID.Get(),
		GID:            v.GID.Get(),
		Mode:           v.Mode.Get(),
		Rdev:           v.Rdev.Get(),
		Flags:          v.Flags.Get(),
		Atime:          v.Atime.Time(),
		Ctime:          v.Ctime.Time(),
		Mtime:          v.Mtime.Time(),
		Crtime:         v.Crtime.Time(),
	}, nil
}
