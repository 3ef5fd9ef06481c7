// SPDX-License-Identifier: GPL-2.0-or-later

package copytree

import (
	"errors"
	"strings"
	"syscall"

	"scoutfs/edit"
	"scoutfs/engine/format"
	"scoutfs/walk/tree"
)

const (
	setuid = 0o4000
	setgid = 0o2000
)

// setAttributes gives a copy all that the source has, times last: they tell a
// complete copy. What the target does not take is told.
func (c *copying) setAttributes(n tree.Node, source string, f *found) error {
	a := &f.attr
	mode := a.Mode & 0o7777
	// Owners come before xattrs: changing them takes capabilities away.
	if !c.setOwner(n, source, a) {
		// A program must not run with the rights of somebody else than its
		// owner was.
		mode &^= setuid | setgid
	}
	for _, x := range f.xattrs {
		c.setXattr(n, source, x)
	}
	last := edit.Attr{Atime: &a.Atime, Mtime: &a.Mtime}
	if !a.IsSymlink() {
		last.Mode = &mode
	}
	return c.dst.SetAttr(c.ctx, n, last)
}

// setOwner reports whether owner and group are what they should be.
func (c *copying) setOwner(n tree.Node, source string, a *tree.Attr) bool {
	err := c.dst.SetAttr(c.ctx, n, edit.Attr{UID: &a.UID, GID: &a.GID})
	if err == nil {
		return true
	}
	c.notKept(n, source, "owner", err)
	if err := c.dst.SetAttr(c.ctx, n, edit.Attr{GID: &a.GID}); err != nil {
		c.notKept(n, source, "group", err)
	}
	return false
}

func (c *copying) setXattr(n tree.Node, source string, x tree.Xattr) {
	if err := c.dst.SetXattr(c.ctx, n, x.Name, x.Value, 0); err != nil {
		c.notKept(n, source, "xattr "+namespace(x.Name), err)
	}
}

// namespace is what attributes are told apart by in reports.
func namespace(name string) string {
	if name == format.XattrACLAccess || name == format.XattrACLDefault {
		return name
	}
	prefix, _, _ := strings.Cut(name, ".")
	return prefix + ".*"
}

// sameOwner reports whether a copy has the owner and permissions of its
// source.
func sameOwner(a, b *tree.Attr) bool {
	return a.UID == b.UID && a.GID == b.GID && (a.IsSymlink() || a.Mode == b.Mode)
}

// isFatal reports whether nothing more can be copied after an error.
func isFatal(err error) bool {
	for _, fatal := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS} {
		if errors.Is(err, fatal) {
			return true
		}
	}
	return false
}

// reason is why something is not kept, without the names of calls and files.
func reason(err error) string {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno.Error()
	}
	return err.Error()
}
