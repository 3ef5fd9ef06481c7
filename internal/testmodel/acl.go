// SPDX-License-Identifier: GPL-2.0-or-later

package testmodel

import (
	"encoding/binary"
	"syscall"
	"time"

	"scoutfs/engine/format"
)

// Tags of the entries of an ACL, as Linux's encoding has them.
const (
	aclUserObj  = 1
	aclUser     = 2
	aclGroupObj = 4
	aclGroup    = 8
	aclMask     = 16
	aclOther    = 32
)

// ACLEntry is an entry of an ACL. ID counts for the tags that name somebody.
type ACLEntry struct {
	Tag, Perm uint16
	ID        uint32
}

// ACL is a list of entries in the order of their tags.
type ACL []ACLEntry

// Encode returns the value of the attribute that stores it.
func (a ACL) Encode() string {
	b := binary.LittleEndian.AppendUint32(nil, 2)
	for _, e := range a {
		b = binary.LittleEndian.AppendUint16(b, e.Tag)
		b = binary.LittleEndian.AppendUint16(b, e.Perm)
		id := e.ID
		if e.Tag != aclUser && e.Tag != aclGroup {
			id = 1<<32 - 1
		}
		b = binary.LittleEndian.AppendUint32(b, id)
	}
	return string(b)
}

func decodeACL(value string) ACL {
	var a ACL
	for b := []byte(value)[4:]; len(b) > 0; b = b[8:] {
		a = append(a, ACLEntry{
			binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint16(b[2:]), binary.LittleEndian.Uint32(b[4:]),
		})
	}
	return a
}

// perm returns the permissions that a tag has, and whether the ACL has it.
func (a ACL) perm(tag uint16) (*uint16, bool) {
	for i := range a {
		if a[i].Tag == tag {
			return &a[i].Perm, true
		}
	}
	return new(uint16), false
}

// group is the entry that stands for the group's bits of a mode.
func (a ACL) group() *uint16 {
	if mask, ok := a.perm(aclMask); ok {
		return mask
	}
	group, _ := a.perm(aclGroupObj)
	return group
}

// mode is the permissions of the mode that belongs to the ACL, and whether they
// say all that it does.
func (a ACL) mode() (mode uint32, all bool) {
	user, _ := a.perm(aclUserObj)
	other, _ := a.perm(aclOther)
	return uint32(*user)<<6 | uint32(*a.group())<<3 | uint32(*other), len(a) == 3
}

// SetACL sets an ACL of an inode; nil removes it.
func (m *Model) SetACL(now time.Time, ino uint64, name string, a ACL) syscall.Errno {
	m.begin()
	in := m.inodes[ino]
	switch {
	case in == nil:
		return syscall.ENOENT
	case in.IsSymlink():
		return syscall.EOPNOTSUPP
	case name == format.XattrACLDefault && !in.IsDir():
		if a == nil {
			return 0
		}
		return syscall.EINVAL
	}
	_, there := in.Xattrs[name]
	if name == format.XattrACLAccess && a != nil {
		mode, all := a.mode()
		in.Mode = in.Mode&^0o777 | mode
		in.Ctime = now
		if all {
			a = nil
		}
	}
	switch {
	case a != nil:
		in.Xattrs[name], in.Ctime = a.Encode(), now
	case there:
		delete(in.Xattrs, name)
		in.Ctime = now
	}
	return 0
}

// inherit gives a new inode what its directory's default ACL says. It reports
// whether there is one; without it the umask counts.
func (in *Inode) inherit(d *Inode) bool {
	value, ok := d.Xattrs[format.XattrACLDefault]
	if !ok || in.IsSymlink() {
		return false
	}
	a := decodeACL(value)
	user, _ := a.perm(aclUserObj)
	other, _ := a.perm(aclOther)
	group := a.group()
	*user &= uint16(in.Mode >> 6 & 7)
	*group &= uint16(in.Mode >> 3 & 7)
	*other &= uint16(in.Mode & 7)
	mode, all := a.mode()
	in.Mode = in.Mode&^0o777 | mode
	if !all {
		in.Xattrs[format.XattrACLAccess] = a.Encode()
	}
	if in.IsDir() {
		in.Xattrs[format.XattrACLDefault] = value
	}
	return true
}

// chmod makes an ACL say what a new mode does.
func (in *Inode) chmod() {
	value, ok := in.Xattrs[format.XattrACLAccess]
	if !ok {
		return
	}
	a := decodeACL(value)
	user, _ := a.perm(aclUserObj)
	other, _ := a.perm(aclOther)
	*user, *a.group(), *other = uint16(in.Mode>>6&7), uint16(in.Mode>>3&7), uint16(in.Mode&7)
	in.Xattrs[format.XattrACLAccess] = a.Encode()
}
