// SPDX-License-Identifier: GPL-2.0-or-later

// Package errno turns errors into the number, name and text that C programs
// show for them. Scripts match these texts, and Go's own differ from them
// (lower case, other words).
package errno

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// Of returns the error number that best stands for err: the syscall.Errno it wraps, or else
//
//	a cancelled context          EINTR
//	an expired deadline          ETIMEDOUT
//	fs.ErrNotExist               ENOENT
//	fs.ErrExist                  EEXIST
//	fs.ErrPermission             EPERM
//	fs.ErrClosed                 EBADF
//	fs.ErrInvalid                EINVAL
//	errors.ErrUnsupported        EOPNOTSUPP
//	anything else                EIO
//
// The last row includes corruption, which has no number of its own, and input that ends early.
func Of(err error) syscall.Errno {
	var number syscall.Errno
	switch {
	case err == nil:
		return 0
	case errors.As(err, &number):
		return number
	case errors.Is(err, context.Canceled):
		return syscall.EINTR
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return syscall.ETIMEDOUT
	case errors.Is(err, io.ErrUnexpectedEOF):
		return syscall.EIO
	case errors.Is(err, fs.ErrNotExist):
		return syscall.ENOENT
	case errors.Is(err, fs.ErrExist):
		return syscall.EEXIST
	case errors.Is(err, fs.ErrPermission):
		return syscall.EPERM
	case errors.Is(err, fs.ErrClosed):
		return syscall.EBADF
	case errors.Is(err, fs.ErrInvalid):
		return syscall.EINVAL
	case errors.Is(err, errors.ErrUnsupported):
		return syscall.EOPNOTSUPP
	default:
		return syscall.EIO
	}
}

// String returns glibc's strerror text of number, such as "Input/output error".
func String(number syscall.Errno) string {
	if number == 0 {
		return "Success"
	}
	if int(number) < len(table) && table[number].text != "" {
		return table[number].text
	}
	return fmt.Sprintf("Unknown error %d", int(number))
}

// Name returns the symbol of number, such as "EIO", or "" if Linux has none.
func Name(number syscall.Errno) string {
	if int(number) < len(table) {
		return table[number].name
	}
	return ""
}

// Text returns "STRERROR (NUMBER)" for err, as upstream's messages end: "No
// such file or directory (2)".
func Text(err error) string {
	number := Of(err)
	return fmt.Sprintf("%s (%d)", String(number), int(number))
}
