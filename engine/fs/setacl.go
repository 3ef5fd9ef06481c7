// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"fmt"
	"slices"
	"syscall"

	"scoutfs/engine/format"
)

// setACLXattr is setxattr(2) and removexattr(2) of an ACL (kmod/src/acl.c:
// scoutfs_acl_set_xattr): EPERM for who is not the owner; EOPNOTSUPP without
// ACLs and for symbolic links, which have none; EINVAL for a value that is no
// ACL, EOPNOTSUPP for one of another version. Flags do not count.
func (c *change) setACLXattr(ctx context.Context, who *Caller, in *Inode, s *xattrSet) error {
	if err := checkOwner(who, in); err != nil {
		return err
	}
	if c.w.opts.NoACL || in.IsSymlink() {
		return fmt.Errorf("ACL of inode %d: %w", in.Ino, syscall.EOPNOTSUPP)
	}
	var entries []format.ACLEntry
	if !s.remove {
		var err error
		if entries, err = format.ViewACL(s.value); err != nil {
			return err
		}
		if len(entries) > 0 {
			if err := format.CheckACL(entries); err != nil {
				return err
			}
		}
	}
	c.dirty(in)
	return c.setACL(ctx, who, in, s.name, slices.Clone(entries))
}

// setACL gives an inode an ACL, or takes it away without entries. An access
// ACL sets the mode's permissions, and is not stored if they say all of it. A
// default ACL is for directories: EINVAL (kmod/src/acl.c:
// scoutfs_set_acl_locked; Linux fs/posix_acl.c: posix_acl_update_mode).
func (c *change) setACL(ctx context.Context, who *Caller, in *Inode, name string, entries []format.ACLEntry) error {
	mode, setMode := in.Mode, false
	switch {
	case name == format.XattrACLDefault && !in.IsDir():
		if len(entries) > 0 {
			return fmt.Errorf("default ACL of inode %d, which is no directory: %w", in.Ino, syscall.EINVAL)
		}
		return nil
	case name == format.XattrACLAccess && len(entries) > 0:
		perm, all := aclMode(entries)
		mode, setMode = in.Mode&^0o777|perm, true
		if all {
			entries = nil
		}
		if !who.Admin && !who.inGroup(in.GID) {
			mode &^= modeSetgid
		}
	}
	s := xattrSet{name: name, value: encodeACL(entries), remove: len(entries) == 0}
	if err := c.setXattr(ctx, in, &s); err != nil {
		return err
	}
	if setMode {
		in.Mode = mode
		if s.remove {
			c.linksChanged(in)
		}
	}
	return nil
}

// inheritACL gives a new inode the ACLs that its directory's default ACL
// makes, or else the umask (kmod/src/acl.c: scoutfs_init_acl_locked).
func (c *change) inheritACL(ctx context.Context, who *Caller, dir, in *Inode) error {
	entries, err := c.acl(ctx, dir, format.XattrACLDefault)
	if err != nil {
		return err
	}
	if entries == nil {
		in.Mode &^= who.Umask & 0o777
		return nil
	}
	if in.IsDir() {
		if err := c.setACL(ctx, who, in, format.XattrACLDefault, entries); err != nil {
			return err
		}
	}
	own := slices.Clone(entries)
	in.Mode = maskACL(own, in.Mode)
	if _, all := aclMode(own); all {
		return nil
	}
	return c.setACL(ctx, who, in, format.XattrACLAccess, own)
}

// chmodACL makes an access ACL, if there is one, say what a new mode says
// (kmod/src/acl.c: scoutfs_acl_chmod_locked; Linux fs/posix_acl.c:
// __posix_acl_chmod_masq).
func (c *change) chmodACL(ctx context.Context, who *Caller, in *Inode, mode uint32) error {
	entries, err := c.acl(ctx, in, format.XattrACLAccess)
	if err != nil || entries == nil {
		return err
	}
	own := slices.Clone(entries)
	group := format.ACLGroupObj
	if hasACLMask(own) {
		group = format.ACLMask
	}
	for i := range own {
		switch int(own[i].Tag.Get()) {
		case format.ACLUserObj:
			own[i].Perm.Set(uint16(mode >> 6 & 7))
		case group:
			own[i].Perm.Set(uint16(mode >> 3 & 7))
		case format.ACLOther:
			own[i].Perm.Set(uint16(mode & 7))
		}
	}
	return c.setACL(ctx, who, in, format.XattrACLAccess, own)
}

// aclMode returns the permissions that an access ACL makes of a mode, and
// whether they are all that it says (Linux fs/posix_acl.c:
// posix_acl_equiv_mode).
func aclMode(entries []format.ACLEntry) (perm uint32, all bool) {
	all = true
	for i := range entries {
		p := uint32(entries[i].Perm.Get() & 7)
		switch entries[i].Tag.Get() {
		case format.ACLUserObj:
			perm |= p << 6
		case format.ACLGroupObj:
			perm |= p << 3
		case format.ACLOther:
			perm |= p
		case format.ACLMask:
			perm = perm&^0o070 | p<<3
			all = false
		default:
			all = false
		}
	}
	return perm, all
}

// maskACL reduces a default ACL, which becomes an access ACL, and the mode
// that a new inode is to have to what both grant, and returns the mode (Linux
// fs/posix_acl.c: posix_acl_create_masq).
func maskACL(entries []format.ACLEntry, mode uint32) uint32 {
	group := format.ACLGroupObj
	if hasACLMask(entries) {
		group = format.ACLMask
	}
	for i := range entries {
		e := &entries[i]
		shift := 0
		switch int(e.Tag.Get()) {
		case format.ACLUserObj:
			shift = 6
		case group:
			shift = 3
		case format.ACLOther:
		default:
			continue
		}
		perm := uint32(e.Perm.Get()) & (mode >> shift) & 7
		e.Perm.Set(uint16(perm))
		mode = mode&^(7<<shift) | perm<<shift
	}
	return mode
}

func hasACLMask(entries []format.ACLEntry) bool {
	return slices.ContainsFunc(entries, func(e format.ACLEntry) bool { return e.Tag.Get() == format.ACLMask })
}

// encodeACL returns the value of an ACL's xattr, as Linux writes it: tags that
// name nobody have an undefined ID.
func encodeACL(entries []format.ACLEntry) []byte {
	if len(entries) == 0 {
		return nil
	}
	var head format.ACLHead
	head.Version.Set(format.ACLVersion)
	value := make([]byte, 0, format.Size[format.ACLHead]()+len(entries)*format.Size[format.ACLEntry]())
	value = append(value, format.Bytes(&head)...)
	for _, e := range entries {
		if tag := e.Tag.Get(); tag != format.ACLUser && tag != format.ACLGroup {
			e.ID.Set(format.ACLUndefinedID)
		}
		value = append(value, format.Bytes(&e)...)
	}
	return value
}
