// SPDX-License-Identifier: GPL-2.0-or-later

package tree

import (
	"time"

	"scoutfs/engine/format"
)

// Want says which attributes a caller needs besides those of stat(2). Where
// they are free they come anyway.
type Want uint8

const (
	// WantArchive asks for Archive but its last two fields.
	WantArchive Want = 1 << iota
	// WantProject asks for Archive.Project and Archive.Retention.
	WantProject
)

// Attr is the attributes of a file of any kind.
type Attr struct {
	Dev       uint64 // of the file system on a mount, as stat(2) has it; 0 on devices
	Ino       uint64
	Size      uint64 // bytes
	Blocks    uint64 // of 512 bytes, offline ones too
	Mode      uint32 // POSIX type and permissions
	Nlink     uint32
	UID       uint32
	GID       uint32
	RdevMajor uint32 // of device nodes
	RdevMinor uint32
	Atime     time.Time
	Mtime     time.Time
	Ctime     time.Time
	Crtime    time.Time // zero if unknown
	Archive   Archive
}

// Archive is what scoutfs adds to an inode. On a mount, sequence numbers and
// project of what is neither file nor directory are unknown.
type Archive struct {
	Denied        bool // unknown because the caller may not read the file
	Known         bool // the fields from here to OfflineBlocks
	MetaSeq       uint64
	DataSeq       uint64
	DataVersion   uint64
	OnlineBlocks  uint64 // 4 KiB
	OfflineBlocks uint64 // 4 KiB

	ProjectKnown bool // the next two
	Project      uint64
	Retention    bool
}

// Type is the type part of the mode.
func (a *Attr) Type() uint32 { return a.Mode & format.ModeTypeMask }

// IsDir reports whether the file is a directory.
func (a *Attr) IsDir() bool { return a.Type() == format.ModeDirectory }

// IsRegular reports whether the file is a regular one.
func (a *Attr) IsRegular() bool { return a.Type() == format.ModeRegular }

// IsSymlink reports whether the file is a symbolic link.
func (a *Attr) IsSymlink() bool { return a.Type() == format.ModeSymlink }

// OnlineBytes is what the file takes on the data device. Where scoutfs is
// not asked it is what stat(2) says is allocated.
func (a *Attr) OnlineBytes() uint64 {
	if !a.Archive.Known {
		return a.Blocks * 512
	}
	return a.Archive.OnlineBlocks * format.SmallBlockSize
}

// OfflineBytes is what of the file is in the archive only, in whole blocks.
func (a *Attr) OfflineBytes() uint64 { return a.Archive.OfflineBlocks * format.SmallBlockSize }

// State says where the data of a regular file is.
type State uint8

const (
	// StateUnknown is a file that scoutfs was not asked about, or that has no
	// data because it is not a regular one.
	StateUnknown State = iota
	// StateOnline is a file without offline blocks.
	StateOnline
	// StatePartial is a file with both kinds of blocks.
	StatePartial
	// StateOffline is a file with offline blocks only.
	StateOffline
)

// String returns the word for the state, "" if it is unknown.
func (s State) String() string { return [...]string{"", "online", "partial", "offline"}[s] }

// State returns where the file's data is.
func (a *Attr) State() State {
	switch {
	case !a.Archive.Known || !a.IsRegular():
		return StateUnknown
	case a.Archive.OfflineBlocks == 0:
		return StateOnline
	case a.Archive.OnlineBlocks == 0:
		return StateOffline
	}
	return StatePartial
}
