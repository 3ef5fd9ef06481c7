// SPDX-License-Identifier: GPL-2.0-or-later

package format

import (
	"errors"
	"syscall"
)

// WireError reports a message from the network that the protocol does not
// allow. A peer that sends one is disconnected; a datagram is dropped.
// errors.Is(err, syscall.EPROTO) holds. Empty fields are left out of the text.
type WireError struct {
	Structure string // what was received: "net header", "LOCK request"
	Field     string // which part of it was wrong
	Found     string // what was there
	Expected  string // what the protocol asks for
}

// Error names structure, field, found and expected in one line.
func (e *WireError) Error() string {
	return "invalid " + e.Structure + mismatch(e.Field, e.Found, e.Expected)
}

// Unwrap makes errors.Is(err, syscall.EPROTO) true.
func (e *WireError) Unwrap() error { return syscall.EPROTO }

// wireErrnos are the errnos that responses can carry, indexed by their number
// on the wire (docs/format.md 13.2). Number 0 is success.
var wireErrnos = [...]syscall.Errno{
	1: syscall.ENOENT,
	2: syscall.ENOMEM,
	3: syscall.EIO,
	4: syscall.ENOSPC,
	5: syscall.EINVAL,
	6: syscall.ENOLINK,
}

// NetErrors is the number of wire errors, success included.
const NetErrors = len(wireErrnos)

// NetErrorOf returns the wire error of the errno that err wraps, 0 for nil. An
// errno that has no wire error, and an err without errno, is EINVAL's, as
// upstream sends it.
func NetErrorOf(err error) uint8 {
	if err == nil {
		return 0
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		for n, e := range wireErrnos {
			if n != 0 && e == errno {
				return uint8(n)
			}
		}
	}
	return NetErrorOf(syscall.EINVAL)
}

// NetErrno returns the syscall.Errno of a wire error, nil for 0 and EINVAL for
// a number that [NetHeader.Check] refuses.
func NetErrno(n uint8) error {
	switch {
	case n == 0:
		return nil
	case int(n) < len(wireErrnos):
		return wireErrnos[n]
	}
	return syscall.EINVAL
}
