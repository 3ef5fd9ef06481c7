// SPDX-License-Identifier: GPL-2.0-or-later

package device

import (
	"errors"
	"fmt"
	"io"

	"golang.org/x/sys/unix"
)

// OpKind is a kind of request on a device.
type OpKind uint8

// The kinds of request.
const (
	OpRead OpKind = iota
	OpWrite
	OpFlush
	OpDiscard
)

// String is the verb: "read", "write", "flush" or "discard".
func (k OpKind) String() string {
	switch k {
	case OpRead:
		return "read"
	case OpWrite:
		return "write"
	case OpFlush:
		return "flush"
	case OpDiscard:
		return "discard"
	}
	return fmt.Sprintf("operation %d", uint8(k))
}

func isEOF(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// readable returns how many bytes of a read of length bytes at off lie within a
// device of the given size.
func readable(size, off, length int64) (int64, error) {
	if off < 0 || length < 0 {
		return 0, unix.EINVAL
	}
	return max(0, min(length, size-off)), nil
}

// endError is the cause of a read that got fewer bytes than it wanted because
// the device ends, in io.ReadFull's convention.
func endError(got int64) error {
	if got == 0 {
		return io.EOF
	}
	return io.ErrUnexpectedEOF
}

// checkInside refuses a range that is not wholly within a device of the given
// size, with the error a block device gives.
func checkInside(size, off, length int64) error {
	if off < 0 || length < 0 {
		return unix.EINVAL
	}
	if off > size || length > size-off {
		return unix.ENOSPC
	}
	return nil
}
