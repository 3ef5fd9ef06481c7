// SPDX-License-Identifier: GPL-2.0-or-later

package testmodel

import (
	"slices"
	"syscall"
	"time"

	"scoutfs/engine/format"
)

// Who asks for an operation. All of them may do everything; what they are
// called only decides who owns what they make.
type Who struct {
	UID, GID uint32
	Umask    uint32
}

// CanCreate returns what Create answers before an inode number is known.
func (m *Model) CanCreate(who Who, dir uint64, name string) syscall.Errno {
	if len(name) > format.MaxNameLen {
		return syscall.ENAMETOOLONG
	}
	d, errno := m.dir(dir)
	if errno != 0 {
		return errno
	}
	if errno := m.absent(d, name); errno != 0 {
		return errno
	}
	return m.checkInodeQuota(d, who)
}

func (m *Model) absent(d *Inode, name string) syscall.Errno {
	if _, ok := d.Names[name]; ok {
		return syscall.EEXIST
	}
	return 0
}

// Create makes an inode of any type, with the number that the engine gave it.
// mode has the type; target is that of a symbolic link.
func (m *Model) Create(who Who, now time.Time, dir uint64, name string, mode, rdev uint32, target string, ino uint64) {
	m.begin()
	d := m.inodes[dir]
	in := m.make(who, now, d, mode, ino)
	in.Rdev = rdev
	if in.IsSymlink() {
		in.Target, in.Size = target, uint64(len(target)+1)
	}
	if in.IsDir() {
		in.Nlink, in.Parent = 2, dir
		d.Nlink++
	}
	m.enter(d, name, in, now)
}

func (m *Model) make(who Who, now time.Time, d *Inode, mode uint32, ino uint64) *Inode {
	in := newInode(ino, mode, now)
	switch {
	case in.IsSymlink():
		in.Mode |= 0o777
	case !in.inherit(d):
		in.Mode &^= who.Umask
	}
	in.UID, in.GID, in.Proj = who.UID, who.GID, d.Proj
	if d.Mode&syscall.S_ISGID != 0 {
		in.GID = d.GID
		if in.IsDir() {
			in.Mode |= syscall.S_ISGID
		}
	}
	in.dataVersion, in.dataSeq = moves, moves // from nothing to something
	m.inodes[ino] = in
	return in
}

// Tmpfile makes a regular file without a name, which is open. CanCreate with
// an unused name tells whether it can.
func (m *Model) Tmpfile(who Who, now time.Time, dir uint64, mode uint32, ino uint64) {
	m.begin()
	in := m.make(who, now, m.inodes[dir], format.ModeRegular|mode, ino)
	in.Nlink, in.Opens = 0, 1
}

// enter adds an entry at the end of a directory.
func (m *Model) enter(d *Inode, name string, in *Inode, now time.Time) {
	d.Names[name] = in.Ino
	d.Order = append(d.Order, name)
	d.Size += uint64(len(name))
	d.Mtime, d.Ctime = now, now
	in.everReferenced = true
}

// leave removes an entry.
func (m *Model) leave(d *Inode, name string, now time.Time) {
	delete(d.Names, name)
	d.Order = slices.DeleteFunc(d.Order, func(n string) bool { return n == name })
	d.Size -= uint64(len(name))
	d.Mtime, d.Ctime = now, now
}

// Link gives an inode another name.
func (m *Model) Link(now time.Time, ino, dir uint64, name string) syscall.Errno {
	m.begin()
	if len(name) > format.MaxNameLen {
		return syscall.ENAMETOOLONG
	}
	d, errno := m.dir(dir)
	if errno != 0 {
		return errno
	}
	if errno := m.absent(d, name); errno != 0 {
		return errno
	}
	in := m.inodes[ino]
	switch {
	case in == nil:
		return syscall.ENOENT
	case in.IsDir():
		return syscall.EPERM
	}
	in.Nlink++
	in.Ctime = now
	m.enter(d, name, in, now)
	return 0
}

// Unlink removes a name of what is no directory.
func (m *Model) Unlink(now time.Time, dir uint64, name string) syscall.Errno {
	return m.remove(now, dir, name, false)
}

// Rmdir removes an empty directory.
func (m *Model) Rmdir(now time.Time, dir uint64, name string) syscall.Errno {
	return m.remove(now, dir, name, true)
}

func (m *Model) remove(now time.Time, dir uint64, name string, directory bool) syscall.Errno {
	m.begin()
	if len(name) > format.MaxNameLen {
		return syscall.ENAMETOOLONG
	}
	d, errno := m.dir(dir)
	if errno != 0 {
		return errno
	}
	in, errno := m.entry(d, name)
	switch {
	case errno != 0:
		return errno
	case directory && !in.IsDir():
		return syscall.ENOTDIR
	case !directory && in.IsDir():
		return syscall.EISDIR
	case in.Retained:
		return syscall.EPERM
	case in.IsDir() && len(in.Names) > 0:
		return syscall.ENOTEMPTY
	}
	m.leave(d, name, now)
	m.unlinked(d, in, now)
	return 0
}

func (m *Model) entry(d *Inode, name string) (*Inode, syscall.Errno) {
	ino, ok := d.Names[name]
	if !ok {
		return nil, syscall.ENOENT
	}
	return m.inodes[ino], 0
}

// unlinked takes a link off an inode whose entry in d is gone.
func (m *Model) unlinked(d, in *Inode, now time.Time) {
	in.Ctime = now
	in.Nlink--
	if in.IsDir() {
		in.Nlink = 0
		d.Nlink--
	}
	m.drop(in)
}

// NoReplace is the one flag of Rename.
const NoReplace = 1

// Rename moves an entry. Where several errnos apply, all of them are returned:
// an engine may find any of them first.
func (m *Model) Rename(now time.Time, oldDir uint64, oldName string, newDir uint64, newName string, flags uint32) []syscall.Errno {
	m.begin()
	if flags&^NoReplace != 0 {
		return []syscall.Errno{syscall.EINVAL}
	}
	if max(len(oldName), len(newName)) > format.MaxNameLen {
		return []syscall.Errno{syscall.ENAMETOOLONG, syscall.ENOENT, syscall.ENOTDIR}
	}
	from, errno := m.dir(oldDir)
	if errno != 0 {
		return []syscall.Errno{errno}
	}
	to, errno := m.dir(newDir)
	if errno != 0 {
		return []syscall.Errno{errno}
	}
	in, errno := m.entry(from, oldName)
	if errno != 0 {
		return []syscall.Errno{errno}
	}
	over := m.inodes[to.Names[newName]]
	if errnos := m.cannotRename(from, to, in, over, flags); errnos != nil {
		return errnos
	}
	if over == in {
		return nil
	}
	m.leave(from, oldName, now)
	if over != nil {
		m.leave(to, newName, now)
	}
	m.enter(to, newName, in, now)
	in.Ctime = now
	if in.IsDir() {
		from.Nlink--
		to.Nlink++
		in.Parent = newDir
	}
	if over != nil {
		m.unlinked(to, over, now)
	}
	return nil
}

func (m *Model) cannotRename(from, to, in, over *Inode, flags uint32) (errnos []syscall.Errno) {
	if over != nil && flags&NoReplace != 0 {
		errnos = append(errnos, syscall.EEXIST)
	}
	if in.IsDir() && m.contains(in, to) {
		errnos = append(errnos, syscall.EINVAL)
	}
	if over != nil && over != in {
		if over.IsDir() && m.contains(over, from) {
			errnos = append(errnos, syscall.ENOTEMPTY)
		}
		switch {
		case in.IsDir() && !over.IsDir():
			errnos = append(errnos, syscall.ENOTDIR)
		case !in.IsDir() && over.IsDir():
			errnos = append(errnos, syscall.EISDIR)
		}
		if over.IsDir() && len(over.Names) > 0 {
			errnos = append(errnos, syscall.ENOTEMPTY)
		}
		if over.Retained {
			errnos = append(errnos, syscall.EPERM)
		}
	}
	if over != in && in.Retained {
		errnos = append(errnos, syscall.EPERM)
	}
	return errnos
}

// contains reports whether d is the directory above or below which in is.
func (m *Model) contains(above, in *Inode) bool {
	for ; ; in = m.inodes[in.Parent] {
		if in == above {
			return true
		}
		if in.Ino == format.RootIno {
			return false
		}
	}
}

// Attr is what SetAttr changes; nil fields stay.
type Attr struct {
	Mode         *uint32 // permissions
	UID, GID     *uint32
	Atime, Mtime *time.Time
}

// SetAttr changes owner, permissions and times.
func (m *Model) SetAttr(now time.Time, ino uint64, a Attr) syscall.Errno {
	m.begin()
	in := m.inodes[ino]
	switch {
	case in == nil:
		return syscall.ENOENT
	case a.Mode != nil && in.IsSymlink():
		return syscall.EOPNOTSUPP
	case in.Retained:
		return syscall.EPERM
	}
	if a.UID != nil || a.GID != nil {
		if !in.IsDir() {
			in.Mode &^= syscall.S_ISUID
			if in.Mode&syscall.S_IXGRP != 0 {
				in.Mode &^= syscall.S_ISGID
			}
		}
	}
	if a.UID != nil {
		in.UID = *a.UID
	}
	if a.GID != nil {
		in.GID = *a.GID
	}
	if a.Mode != nil {
		in.Mode = in.Mode&format.ModeTypeMask | *a.Mode&0o7777
		in.chmod()
	}
	if a.Atime != nil {
		in.Atime = *a.Atime
	}
	if a.Mtime != nil {
		in.Mtime = *a.Mtime
	}
	in.Ctime = now
	return 0
}
