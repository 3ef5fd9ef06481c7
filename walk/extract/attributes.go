// SPDX-License-Identifier: GPL-2.0-or-later

package extract

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"scoutfs/engine/format"
	"scoutfs/walk/tree"
)

// target is a file of the target by a directory and a name there.
type target struct {
	dir  int
	name string
	path string // for messages
}

// procPath is the target's path for calls that take no directory. It leads
// through the open directory, so nothing on the way can be exchanged.
func (t target) procPath() string { return fmt.Sprintf("/proc/self/fd/%d/%s", t.dir, t.name) }

// setAttributes gives a file of the target the attributes of the volume's.
// What the target does not take is told; only its times are an error, since
// they tell a complete file.
func (e *extraction) setAttributes(ctx context.Context, t target, n tree.Node, a *tree.Attr) error {
	mode := a.Mode & 0o7777
	if !e.setOwner(t, n, a) {
		// A program must not run with the rights of somebody else than its
		// owner was.
		mode &^= unix.S_ISUID | unix.S_ISGID
	}
	acls := e.setXattrs(ctx, t, n)
	if !a.IsSymlink() {
		if err := unix.Fchmodat(t.dir, t.name, mode, 0); err != nil {
			return &os.PathError{Op: "chmod", Path: t.path, Err: err}
		}
	}
	// Permissions are part of an access ACL, so it comes after them.
	for _, acl := range acls {
		e.setXattr(t, n, acl)
	}
	if a.Archive.Project != 0 {
		e.notKept(n, "project", errProject)
	}
	if a.Archive.Retention {
		e.notKept(n, "retention", errRetention)
	}
	if !e.clock.inRange(a.Mtime) || !e.clock.inRange(a.Atime) {
		e.notKept(n, "times", errTimes)
	}
	return setTimes(t, a)
}

var (
	errProject   = errors.New("projects belong to the volume")
	errRetention = errors.New("retention belongs to the volume")
	errTimes     = errors.New("they are beyond what the file system can store")
)

// setOwner reports whether owner and group are what they should be.
func (e *extraction) setOwner(t target, n tree.Node, a *tree.Attr) bool {
	err := unix.Fchownat(t.dir, t.name, int(a.UID), int(a.GID), unix.AT_SYMLINK_NOFOLLOW)
	if err == nil {
		return true
	}
	e.notKept(n, "owner", err)
	if err := unix.Fchownat(t.dir, t.name, -1, int(a.GID), unix.AT_SYMLINK_NOFOLLOW); err != nil {
		e.notKept(n, "group", err)
	}
	return false
}

// setXattrs sets the extended attributes but ACLs, which it returns. A file
// is worth having without those that cannot be read.
func (e *extraction) setXattrs(ctx context.Context, t target, n tree.Node) (acls []tree.Xattr) {
	for x, err := range e.src.Xattrs(ctx, n, true) {
		switch {
		case err != nil:
			e.fail(n, fmt.Errorf("extracted without all of its xattrs: %w", err))
		case x.Name == format.XattrACLAccess || x.Name == format.XattrACLDefault:
			acls = append(acls, x)
		default:
			e.setXattr(t, n, x)
		}
	}
	return acls
}

func (e *extraction) setXattr(t target, n tree.Node, x tree.Xattr) {
	if err := unix.Lsetxattr(t.procPath(), x.Name, x.Value, 0); err != nil {
		e.notKept(n, "xattr "+namespace(x.Name), err)
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

func setTimes(t target, a *tree.Attr) error {
	var times [2]unix.Timespec
	for i, at := range []time.Time{a.Atime, a.Mtime} {
		times[i] = unix.Timespec{Sec: at.Unix(), Nsec: int64(at.Nanosecond())}
	}
	if err := unix.UtimesNanoAt(t.dir, t.name, times[:], unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return &os.PathError{Op: "set times of", Path: t.path, Err: err}
	}
	return nil
}

// reason is why something is not kept, without the names of calls and files.
func reason(err error) string {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno.Error()
	}
	return err.Error()
}
