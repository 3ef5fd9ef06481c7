// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"fmt"
	"strings"
	"syscall"

	"scoutfs/engine/format"
	"scoutfs/engine/txn"
)

// Flags of setxattr(2).
const (
	XattrCreate  = 1 // fail with EEXIST if there is such an xattr
	XattrReplace = 2 // fail with ENODATA if there is none
)

// SetXattr gives an inode an xattr, or another value to one that it has. A name
// with tags changes search files, totals or the xattr index with it. The names
// of ACLs, format.XattrACLAccess and format.XattrACLDefault, set ACLs from
// Linux's encoding of them, whatever the flags; an access ACL sets the mode's
// permissions too, and is not kept if they say all of it.
//
// Errors in order: EINVAL for unknown flags; ERANGE for an empty name or one over
// 255 bytes, EINVAL for one with a NUL; E2BIG for a value over 65536 bytes;
// ENOENT for the inode; by the name's prefix EPERM for user xattrs of what
// is neither regular file nor directory, and of others' sticky directories, for
// trusted and security ones by who is not the superuser, and for ACLs by who
// does not own the inode, EACCES for user and scoutfs ones without write
// permission, and EOPNOTSUPP for other prefixes and for ACLs that are off;
// EINVAL for a prefix alone and for bad tags; E2BIG for a value of 65536 bytes;
// EINVAL for both flags; EPERM for
// tags by who is not the superuser; EINVAL for a totl or indx name without its
// numbers, before it EOPNOTSUPP for indx in format version 1; EPERM for user
// xattrs under retention; EEXIST and ENODATA by the flags; EINVAL for an indx
// value that is not empty, a totl value that is no number, a value that is no
// ACL, and the default ACL of what is no directory.
func (w *Writer) SetXattr(ctx context.Context, who Caller, ino uint64, name string, value []byte, flags uint32) error {
	if flags&^(XattrCreate|XattrReplace) != 0 {
		return fmt.Errorf("xattr flags %#x: %w", flags, syscall.EINVAL)
	}
	if err := checkXattrName(name); err != nil {
		return err
	}
	if len(value) > maxLinuxXattr {
		return tooBig(len(value))
	}
	return w.changeXattr(ctx, &who, ino, &xattrSet{name: name, value: value, flags: flags})
}

// RemoveXattr takes an xattr away: ENODATA if there is none. To remove an ACL
// that is not there is no error. Otherwise errors are those of SetXattr.
func (w *Writer) RemoveXattr(ctx context.Context, who Caller, ino uint64, name string) error {
	if err := checkXattrName(name); err != nil {
		return err
	}
	return w.changeXattr(ctx, &who, ino, &xattrSet{name: name, remove: true, flags: XattrReplace})
}

// maxLinuxXattr is how long a value may be before its filesystem is asked
// (Linux include/uapi/linux/limits.h: XATTR_SIZE_MAX), one byte more than it
// takes.
const maxLinuxXattr = 65536

func tooBig(size int) error { return fmt.Errorf("xattr value of %d bytes: %w", size, syscall.E2BIG) }

func checkXattrName(name string) error {
	if len(name) == 0 || len(name) > format.MaxNameLen {
		return fmt.Errorf("xattr name of %d bytes: %w", len(name), syscall.ERANGE)
	}
	if strings.IndexByte(name, 0) >= 0 {
		return fmt.Errorf("xattr name %q has a NUL: %w", name, syscall.EINVAL)
	}
	return nil
}

// xattrSet says what is to become of an xattr.
type xattrSet struct {
	name   string
	value  []byte
	remove bool
	flags  uint32
	tags   format.XattrTags
}

func (w *Writer) changeXattr(ctx context.Context, who *Caller, ino uint64, s *xattrSet) error {
	return w.update(ctx, txn.Allocating, func(c *change) error {
		in, err := c.inode(ctx, ino)
		if err != nil {
			return err
		}
		if err := c.checkNamespace(ctx, who, in, s.name); err != nil {
			return err
		}
		if s.name == format.XattrACLAccess || s.name == format.XattrACLDefault {
			return c.setACLXattr(ctx, who, in, s)
		}
		tags, ok := format.ParseXattrTags(s.name)
		if !ok {
			return fmt.Errorf("xattr %q has no valid tags: %w", s.name, syscall.EINVAL)
		}
		s.tags = tags
		if err := c.checkXattr(who, in, s); err != nil {
			return err
		}
		c.dirty(in)
		return c.setXattr(ctx, in, s)
	})
}

// checkNamespace checks who may change xattrs with a name of such a prefix
// (Linux fs/xattr.c: xattr_permission, xattr_resolve_name;
// security/commoncap.c: cap_inode_setxattr): "security." and "trusted." are
// for the superuser; "user." is for regular files and directories, in sticky
// ones only for their owner, and like "scoutfs." takes permission to write.
// Other prefixes are EOPNOTSUPP, a prefix alone is EINVAL.
func (c *change) checkNamespace(ctx context.Context, who *Caller, in *Inode, name string) error {
	if name == format.XattrACLAccess || name == format.XattrACLDefault {
		return nil
	}
	prefix, rest, _ := strings.Cut(name, ".")
	switch prefix {
	case "trusted", "security":
		if err := checkAdmin(who, "changing "+prefix+" xattrs"); err != nil {
			return err
		}
	case "user":
		if !in.IsRegular() && !in.IsDir() {
			return fmt.Errorf("user xattr of inode %d, neither regular file nor directory: %w", in.Ino, syscall.EPERM)
		}
		if in.IsDir() && in.Mode&modeSticky != 0 {
			if err := checkOwner(who, in); err != nil {
				return err
			}
		}
		if err := c.permission(ctx, who, in, mayWrite); err != nil {
			return err
		}
	case "scoutfs":
		if err := c.permission(ctx, who, in, mayWrite); err != nil {
			return err
		}
	default:
		return fmt.Errorf("xattr %q: %w", name, syscall.EOPNOTSUPP)
	}
	switch {
	case len(name) == len(prefix): // "user" without a dot
		return fmt.Errorf("xattr %q: %w", name, syscall.EOPNOTSUPP)
	case rest == "":
		return fmt.Errorf("xattr %q is a prefix without a name: %w", name, syscall.EINVAL)
	}
	return nil
}

// checkXattr checks what can be known without the inode's xattrs
// (kmod/src/xattr.c: scoutfs_xattr_set_locked).
func (c *change) checkXattr(who *Caller, in *Inode, s *xattrSet) error {
	if len(s.value) > format.MaxXattrValueLen {
		return tooBig(len(s.value))
	}
	if s.flags == XattrCreate|XattrReplace {
		return fmt.Errorf("an xattr to create and to replace: %w", syscall.EINVAL)
	}
	if s.tags.Any() {
		if err := checkAdmin(who, "an xattr with tags"); err != nil {
			return err
		}
	}
	if s.tags.Totl {
		if _, _, _, ok := format.ParseTotl(s.name); !ok {
			return fmt.Errorf("xattr %q does not end in three numbers: %w", s.name, syscall.EINVAL)
		}
	}
	if s.tags.Indx {
		if c.tx.Super().FmtVers.Get() < 2 {
			return fmt.Errorf("indx xattrs need format version 2: %w", syscall.EOPNOTSUPP)
		}
		if _, _, ok := format.ParseIndx(s.name); !ok {
			return fmt.Errorf("xattr %q does not end in two numbers, the first at most 255: %w", s.name, syscall.EINVAL)
		}
	}
	if strings.HasPrefix(s.name, "user.") {
		return checkRetention(in)
	}
	return nil
}
