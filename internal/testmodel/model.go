// SPDX-License-Identifier: GPL-2.0-or-later

package testmodel

import (
	"maps"
	"slices"
	"syscall"
	"time"

	"scoutfs/engine/format"
)

// Model is a volume.
type Model struct {
	Version  uint64 // format version
	inodes   map[uint64]*Inode
	rules    []Rule
	injected map[[3]uint64]Total // deltas that no attribute stands for

	// Unclear are files whose content Compare does not look at.
	Unclear map[uint64]bool
}

// Total is the sum and the number of what counts in it.
type Total struct {
	Sum, Count uint64
}

// Inode is a file of any type. Blocks are of 4 KiB.
type Inode struct {
	Ino            uint64
	Mode           uint32 // type and permissions
	Nlink          uint32
	UID, GID       uint32
	Rdev           uint32
	Size           uint64
	Proj           uint64
	Retained       bool
	Opaque         bool
	Opens          int // while it is open, an inode without links stays
	Parent         uint64
	Target         string // of a symbolic link
	Xattrs         map[string]string
	Names          map[string]uint64 // entries of a directory
	Order          []string          // in the order of readdir
	Atime, Mtime   time.Time
	Ctime, Crtime  time.Time
	Blocks         map[uint64]*Block // but for holes
	DataVersion    uint64            // as the engine has it
	DataSeq        uint64            // as the engine has it
	dataVersion    change            // what the last operation did to it
	dataSeq        change
	everReferenced bool // had a name once
}

// change says whether an operation changes a field.
type change uint8

const (
	stays change = iota
	moves
)

// Block is a block of a file that is not a hole. Preallocated blocks that are
// not written have neither content nor OFFLINE; the model hears of them from
// the engine only.
type Block struct {
	Data      []byte // of a written block
	Offline   bool
	Unwritten bool // as the engine has it
}

func (b *Block) online() bool { return b.Data != nil }

// Rule is a quota rule.
type Rule = format.QuotaRule

// New returns a volume that mkfs made: the root directory.
func New(version uint64, created time.Time) *Model {
	m := &Model{Version: version, inodes: map[uint64]*Inode{}, injected: map[[3]uint64]Total{}}
	root := newInode(format.RootIno, format.ModeDirectory|0o755, created)
	root.Nlink, root.Parent = 2, format.RootIno
	m.inodes[format.RootIno] = root
	return m
}

func newInode(ino uint64, mode uint32, now time.Time) *Inode {
	return &Inode{
		Ino: ino, Mode: mode, Nlink: 1,
		Atime: now, Mtime: now, Ctime: now, Crtime: now,
		Xattrs: map[string]string{}, Names: map[string]uint64{}, Blocks: map[uint64]*Block{},
	}
}

// Inode returns an inode, nil if there is none.
func (m *Model) Inode(ino uint64) *Inode { return m.inodes[ino] }

// Inos returns the numbers of all inodes in order.
func (m *Model) Inos() []uint64 { return slices.Sorted(maps.Keys(m.inodes)) }

// Clone returns an independent copy.
func (m *Model) Clone() *Model {
	c := &Model{
		Version: m.Version, inodes: make(map[uint64]*Inode, len(m.inodes)),
		rules: slices.Clone(m.rules), injected: maps.Clone(m.injected),
	}
	for ino, in := range m.inodes {
		c.inodes[ino] = in.clone()
	}
	return c
}

func (in *Inode) clone() *Inode {
	c := *in
	c.Xattrs, c.Names, c.Order = maps.Clone(in.Xattrs), maps.Clone(in.Names), slices.Clone(in.Order)
	c.Blocks = make(map[uint64]*Block, len(in.Blocks))
	for b, block := range in.Blocks {
		copied := *block
		c.Blocks[b] = &copied // contents are replaced, never changed
	}
	return &c
}

// IsDir reports whether the inode is a directory.
func (in *Inode) IsDir() bool { return in.Mode&format.ModeTypeMask == format.ModeDirectory }

// IsRegular reports whether the inode is a regular file.
func (in *Inode) IsRegular() bool { return in.Mode&format.ModeTypeMask == format.ModeRegular }

// IsSymlink reports whether the inode is a symbolic link.
func (in *Inode) IsSymlink() bool { return in.Mode&format.ModeTypeMask == format.ModeSymlink }

// OnlineBlocks is how many blocks are written.
func (in *Inode) OnlineBlocks() (n uint64) {
	for _, b := range in.Blocks {
		if b.online() {
			n++
		}
	}
	return n
}

// OfflineBlocks is how many blocks are in the archive only.
func (in *Inode) OfflineBlocks() (n uint64) {
	for _, b := range in.Blocks {
		if b.Offline {
			n++
		}
	}
	return n
}

// begin takes note that an operation starts.
func (m *Model) begin() {
	for _, in := range m.inodes {
		in.dataVersion, in.dataSeq = stays, stays
	}
}

// dir returns a directory that can be changed.
func (m *Model) dir(ino uint64) (*Inode, syscall.Errno) {
	in := m.inodes[ino]
	switch {
	case in == nil:
		return nil, syscall.ENOENT
	case !in.IsDir():
		return nil, syscall.ENOTDIR
	case in.Nlink == 0:
		return nil, syscall.ENOENT
	}
	return in, 0
}

// drop removes an inode that has neither names nor users.
func (m *Model) drop(in *Inode) {
	if in.Nlink == 0 && in.Opens == 0 {
		delete(m.inodes, in.Ino)
	}
}

// Open counts a user of an inode.
func (m *Model) Open(ino uint64) { m.inodes[ino].Opens++ }

// Close is the end of a user of an inode.
func (m *Model) Close(ino uint64) {
	in := m.inodes[ino]
	in.Opens--
	m.drop(in)
}

// CloseAll is the end of all users, as when the volume is closed. Inodes
// without names go with them.
func (m *Model) CloseAll() {
	for _, in := range m.inodes {
		in.Opens = 0
		m.drop(in)
	}
}
