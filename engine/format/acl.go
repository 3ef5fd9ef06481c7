// SPDX-License-Identifier: GPL-2.0-or-later

package format

import (
	"fmt"
	"syscall"
)

// Names of the xattrs that hold POSIX ACLs.
const (
	XattrACLAccess  = "system.posix_acl_access"
	XattrACLDefault = "system.posix_acl_default"
)

// ACLVersion is the only version of the encoding.
const ACLVersion = 2

// Tags of ACL entries, in the order in which entries must stand.
const (
	ACLUserObj  = 0x01 // the owner
	ACLUser     = 0x02 // the user ID
	ACLGroupObj = 0x04 // the owning group
	ACLGroup    = 0x08 // the group ID
	ACLMask     = 0x10 // the most that ACLUser, ACLGroupObj and ACLGroup grant
	ACLOther    = 0x20 // everybody else
)

// ACLUndefinedID is the ID of entries that name nobody.
const ACLUndefinedID = 1<<32 - 1

// ACLHead starts the value of an ACL xattr, 4 bytes. The encoding is Linux's
// own, the same in user space and in stored xattrs (docs/format.md 3.4).
type ACLHead struct {
	Version U32
}

// ACLEntry is one entry of an ACL, 8 bytes.
type ACLEntry struct {
	Tag  U16
	Perm U16 `fmt:"octal"` // 4 read, 2 write, 1 execute
	ID   U32 // uid or gid, ACLUndefinedID for other tags
}

// ViewACL returns the entries in the value of an ACL xattr; they alias val.
// No entries mean that there is no ACL. It checks the shape only, see
// [CheckACL]. The error wraps EOPNOTSUPP for an unknown version and EINVAL
// for a wrong length, as the kernel answers.
func ViewACL(val []byte) ([]ACLEntry, error) {
	head, err := View[ACLHead](val)
	if err != nil {
		return nil, fmt.Errorf("acl of %d bytes, expected a head of %d: %w", len(val), Size[ACLHead](), syscall.EINVAL)
	}
	if v := head.Version.Get(); v != ACLVersion {
		return nil, fmt.Errorf("acl version is %d, expected %d: %w", v, ACLVersion, syscall.EOPNOTSUPP)
	}
	entries := val[Size[ACLHead]():]
	if len(entries)%Size[ACLEntry]() != 0 {
		return nil, fmt.Errorf("acl of %d bytes, expected %d and a multiple of %d: %w",
			len(val), Size[ACLHead](), Size[ACLEntry](), syscall.EINVAL)
	}
	return viewSlice[ACLEntry](entries, len(entries)/Size[ACLEntry]()), nil
}

// CheckACL checks that entries form an ACL that may be set: owner, users,
// owning group, groups, mask, other, in this order; the three of owner,
// owning group and other once each, a mask at most once and always with
// users or groups; permissions of three bits; IDs that are defined. The error
// wraps EINVAL. (Linux fs/posix_acl.c: posix_acl_valid)
func CheckACL(entries []ACLEntry) error {
	var seen, last uint16
	for i := range entries {
		e := &entries[i]
		tag := e.Tag.Get()
		switch tag {
		case ACLUserObj, ACLGroupObj, ACLMask, ACLOther:
			if seen&tag != 0 {
				return aclError(i, "repeats tag %#x", tag)
			}
		case ACLUser, ACLGroup:
			if e.ID.Get() == ACLUndefinedID {
				return aclError(i, "has no ID")
			}
		default:
			return aclError(i, "has unknown tag %#x", tag)
		}
		if tag < last {
			return aclError(i, "with tag %#x follows one with tag %#x", tag, last)
		}
		if perm := e.Perm.Get(); perm > 7 {
			return aclError(i, "has permissions %#o, expected at most 7", perm)
		}
		seen |= tag
		last = tag
	}
	need := uint16(ACLUserObj | ACLGroupObj | ACLOther)
	if seen&(ACLUser|ACLGroup) != 0 {
		need |= ACLMask
	}
	if missing := need &^ seen; missing != 0 {
		return fmt.Errorf("acl has no entry with tag %#x: %w", missing&-missing, syscall.EINVAL)
	}
	return nil
}

func aclError(i int, format string, args ...any) error {
	return fmt.Errorf("acl entry %d "+format+": %w", append(append([]any{i}, args...), syscall.EINVAL)...)
}
