// SPDX-License-Identifier: GPL-2.0-or-later

package device

import (
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"
)

// Error is a failed request on a device.
type Error struct {
	Op     OpKind // what was asked for
	Device string // the device's name
	Off    int64  // first byte of the request; 0 for a flush
	Len    int64  // bytes asked for; 0 for a flush
	Done   int64  // bytes transferred before the failure
	Err    error  // the cause: an errno, io.EOF, fs.ErrClosed, ErrReadOnly, ...
}

// Error names the request, the device, the range and the cause.
func (e *Error) Error() string {
	if e.Op == OpFlush {
		return fmt.Sprintf("%s %s: %v", e.Op, e.Device, e.Err)
	}
	if e.Done > 0 || isEOF(e.Err) {
		return fmt.Sprintf("%s %s: wanted %d bytes at offset %d, got %d: %v",
			e.Op, e.Device, e.Len, e.Off, e.Done, e.Err)
	}
	return fmt.Sprintf("%s %s: %d bytes at offset %d: %v", e.Op, e.Device, e.Len, e.Off, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ErrReadOnly is the cause of a failed write to a device that was opened
// read-only. errors.Is finds it to be fs.ErrPermission and EBADF as well.
var ErrReadOnly error = readOnlyError{}

type readOnlyError struct{}

func (readOnlyError) Error() string { return "device is opened read-only" }

func (readOnlyError) Is(target error) bool {
	return target == fs.ErrPermission || target == unix.EBADF
}

// BusyError says that a device cannot be claimed because something else uses
// it. errors.Is(err, unix.EBUSY) holds.
type BusyError struct {
	Path string // as given to Open

	// Holder says who uses the device as far as that could be found out, as
	// the end of the sentence "PATH is in use by ...". It begins with
	// "another process" when nothing better is known.
	Holder string
}

// Error is the sentence "PATH is in use by HOLDER".
func (e *BusyError) Error() string { return e.Path + " is in use by " + e.Holder }

// Unwrap returns EBUSY.
func (e *BusyError) Unwrap() error { return unix.EBUSY }

// typeError says that a path is neither a regular file nor a block device.
type typeError struct{ path string }

// Error is the wording of upstream's tools, which scripts may look for:
// utils/src/dev.c:get_device_size.
func (e *typeError) Error() string {
	return fmt.Sprintf("path isn't regular or device file '%s'", e.path)
}

func (e *typeError) Unwrap() error { return unix.EINVAL }
