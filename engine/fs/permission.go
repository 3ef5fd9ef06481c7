// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"fmt"
	"syscall"

	"scoutfs/engine/format"
)

// What a caller wants of an inode, as bits of one digit of a mode.
const (
	mayExec  = 1
	mayWrite = 2
	mayRead  = 4
)

// permission returns EACCES if a caller may not have all of want of an inode:
// by the mode's digit of the first of owner, group and others that the caller
// is, or by the access ACL if there is one. The superuser may do all but
// execute what nobody may (Linux fs/namei.c: generic_permission).
func (c *change) permission(ctx context.Context, who *Caller, in *Inode, want uint32) error {
	if who.Admin && (in.IsDir() || want&mayExec == 0 || in.Mode&0o111 != 0) {
		return nil
	}
	granted, err := c.granted(ctx, who, in, want)
	if err != nil || granted {
		return err
	}
	return fmt.Errorf("inode %d with mode %04o grants user %d not %03b: %w", in.Ino, in.Mode&0o7777, who.UID, want, syscall.EACCES)
}

func (c *change) granted(ctx context.Context, who *Caller, in *Inode, want uint32) (bool, error) {
	mode := in.Mode
	switch {
	case who.UID == in.UID:
		mode >>= 6
	case mode&0o070 != 0:
		// With an ACL the group's digit is its mask: 0 cannot grant anything.
		entries, err := c.acl(ctx, in, format.XattrACLAccess)
		if err != nil {
			return false, err
		}
		if entries != nil {
			return aclGrants(entries, who, in, want), nil
		}
		if who.inGroup(in.GID) {
			mode >>= 3
		}
	case who.inGroup(in.GID):
		mode >>= 3
	}
	return mode&want == want, nil
}

// checkOwner returns EPERM for who neither owns an inode nor is the superuser.
func checkOwner(who *Caller, in *Inode) error {
	if who.Admin || who.UID == in.UID {
		return nil
	}
	return fmt.Errorf("user %d does not own inode %d: %w", who.UID, in.Ino, syscall.EPERM)
}

// checkAdmin returns EPERM for who is not the superuser.
func checkAdmin(who *Caller, what string) error {
	if who.Admin {
		return nil
	}
	return fmt.Errorf("%s is for the superuser: %w", what, syscall.EPERM)
}

// aclGrants reports whether an access ACL grants all of want (Linux
// fs/posix_acl.c: posix_acl_permission). The owner's entry is the mode's, and
// was looked at before; it stands first.
func aclGrants(entries []format.ACLEntry, who *Caller, in *Inode, want uint32) bool {
	mask := uint32(7)
	for i := range entries {
		if entries[i].Tag.Get() == format.ACLMask {
			mask = uint32(entries[i].Perm.Get())
		}
	}
	member := false
	for i := range entries {
		e := &entries[i]
		perm := uint32(e.Perm.Get())
		switch e.Tag.Get() {
		case format.ACLUser:
			if e.ID.Get() == who.UID {
				return perm&mask&want == want
			}
		case format.ACLGroupObj, format.ACLGroup:
			gid := e.ID.Get()
			if e.Tag.Get() == format.ACLGroupObj {
				gid = in.GID
			}
			if who.inGroup(gid) {
				if perm&mask&want == want {
					return true
				}
				member = true
			}
		case format.ACLOther:
			return !member && perm&want == want
		}
	}
	return false
}
