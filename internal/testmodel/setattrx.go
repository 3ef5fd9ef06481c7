// SPDX-License-Identifier: GPL-2.0-or-later

package testmodel

import (
	"syscall"
	"time"
)

// AttrX is what SetAttrX sets; nil fields stay.
type AttrX struct {
	DataVersion *uint64
	Size        *uint64
	Offline     bool // all of the size is in the archive
	Ctime       *time.Time
	Crtime      *time.Time
	Retention   *bool
	Proj        *uint64
}

func (a *AttrX) nothing() bool {
	return a.DataVersion == nil && a.Size == nil && a.Ctime == nil && a.Crtime == nil && a.Retention == nil && a.Proj == nil
}

// SetAttrX sets attributes, all or none.
func (m *Model) SetAttrX(ino uint64, a AttrX) syscall.Errno {
	m.begin()
	in := m.inodes[ino]
	switch {
	case a.nothing():
		return 0
	case in == nil:
		return syscall.ENOENT
	}
	if errno := m.cannotSetAttrX(in, a); errno != 0 {
		return errno
	}
	if a.DataVersion != nil {
		in.DataVersion = *a.DataVersion
	}
	if a.Size != nil {
		in.Size = *a.Size
		if a.Offline {
			for b := range blocksOf(in.Size) {
				in.Blocks[b] = &Block{Offline: true}
			}
		}
	}
	if a.Ctime != nil {
		in.Ctime = *a.Ctime
	}
	if a.Crtime != nil {
		in.Crtime = *a.Crtime
	}
	if a.Retention != nil {
		in.Retained = *a.Retention
	}
	if a.Proj != nil {
		in.Proj = *a.Proj
	}
	return 0
}

func (m *Model) cannotSetAttrX(in *Inode, a AttrX) syscall.Errno {
	size := uint64(0)
	if a.Size != nil {
		size = *a.Size
	}
	switch {
	case (a.Retention != nil || a.Proj != nil) && m.Version < 2:
		return syscall.EOPNOTSUPP
	case a.DataVersion != nil && *a.DataVersion == 0:
		return syscall.EINVAL
	case (a.Size != nil || a.DataVersion != nil) && (!in.IsRegular() || in.DataVersion != 0):
		return syscall.EINVAL
	case size > 0 && a.DataVersion == nil:
		return syscall.EINVAL
	case a.Offline && size == 0:
		return syscall.EINVAL
	case a.Retention != nil && !in.IsRegular():
		return syscall.EINVAL
	case in.Retained && (a.Retention == nil || *a.Retention):
		return syscall.EPERM
	case a.Offline && in.anyIn(blocksOf(size)):
		return syscall.EINVAL
	}
	return 0
}

// anyIn reports whether a file has blocks, or even only allocated ones among
// the first so many.
func (in *Inode) anyIn(end uint64) bool {
	for b, block := range in.Blocks {
		if b < end || block.online() || block.Offline {
			return true
		}
	}
	return false
}
