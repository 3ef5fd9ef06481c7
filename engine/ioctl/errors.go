// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// Error is a request that failed. errors.Is finds its Errno, as in
// errors.Is(err, syscall.ESTALE).
type Error struct {
	Request Number
	Object  string // what it was made on: a path or a device; empty if unknown
	Errno   syscall.Errno
	Detail  string // what was wrong, where that is known
}

// Error names request, object and errno, and what usually is the matter.
func (e *Error) Error() string {
	var s strings.Builder
	s.WriteString(e.Request.String())
	if e.Object != "" {
		s.WriteString(" on " + e.Object)
	}
	fmt.Fprintf(&s, ": %s (%d)", e.Errno.Error(), int(e.Errno))
	if e.Detail != "" {
		s.WriteString(": " + e.Detail)
	} else if why := e.explain(); why != "" {
		s.WriteString(": " + why)
	}
	return s.String()
}

// Unwrap returns the errno.
func (e *Error) Unwrap() error { return e.Errno }

// explain says what an errno means for a request, where its own text misleads.
func (e *Error) explain() string {
	info, _ := e.Request.Info()
	switch e.Errno {
	case syscall.ENOTTY:
		return "not a file or directory of a scoutfs file system, or one whose module does not know the request"
	case syscall.EPERM:
		if info.Capability != NoCapability {
			return "needs " + info.Capability.String()
		}
	case syscall.EBADF:
		if info.Writable && info.OpenErrno == syscall.EBADF {
			return "needs the file opened for writing"
		}
	case syscall.ESTALE:
		if e.Request == NumberDataWaitErr {
			return "no task of this mount uses the inode"
		}
		return "the file's data version is another, or the file is gone"
	case syscall.EOPNOTSUPP:
		switch e.Request {
		case NumberGetAttrX, NumberSetAttrX, NumberGetQuotaRules, NumberAddQuotaRule, NumberDelQuotaRule:
			return "needs a volume of format version 2"
		}
	}
	return ""
}

// Errno is the errno that a request which failed with err returns to its
// caller: the one that err holds, EINTR for a request that was given up, and
// EIO for anything else. It is 0 for nil.
func Errno(err error) syscall.Errno {
	var errno syscall.Errno
	switch {
	case err == nil:
		return 0
	case errors.As(err, &errno):
		return errno
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return syscall.EINTR
	}
	return syscall.EIO
}
