// SPDX-License-Identifier: GPL-2.0-or-later

package format

import "fmt"

// LockMode is what a cluster lock grants (docs/format.md 13.5).
type LockMode uint8

// The modes of cluster locks.
const (
	LockNull      LockMode = iota // nothing
	LockRead                      // reading, shared
	LockWrite                     // reading and writing, alone
	LockWriteOnly                 // writing without reading, shared with its like
	LockModes                     // number of modes
)

// String returns upstream's name.
func (m LockMode) String() string {
	switch m {
	case LockNull:
		return "NULL"
	case LockRead:
		return "READ"
	case LockWrite:
		return "WRITE"
	case LockWriteOnly:
		return "WRITE_ONLY"
	}
	return fmt.Sprintf("mode %d", uint8(m))
}

// NetLock is the payload of LOCK messages in both directions and one lock of
// a LOCK_RECOVER response, 48 bytes.
type NetLock struct {
	Key      DiskKey // start of the lock's range, see LockRange
	WriteSeq U64     // seq of a grant that may write; in other messages anything
	OldMode  LockMode
	NewMode  LockMode
	Pad      [6]byte // may hold anything
}

// Check returns a *WireError for an unknown mode.
func (l *NetLock) Check() error {
	for _, m := range [...]struct {
		field string
		mode  LockMode
	}{{"old_mode", l.OldMode}, {"new_mode", l.NewMode}} {
		if m.mode >= LockModes {
			return &WireError{"net lock", m.field, fmt.Sprint(uint8(m.mode)), fmt.Sprintf("at most %d", LockModes-1)}
		}
	}
	return nil
}

// MaxNetLockRecover is the most locks in a LOCK_RECOVER response.
const MaxNetLockRecover = 22

// NetLockRecover is the payload of a LOCK_RECOVER response: the client's next
// locks in key order, none after the last. Only the locks in use are sent; see
// [ViewNetLockRecover] and Payload.
type NetLockRecover struct {
	Nr    U16
	Pad   [6]byte // may hold anything
	Locks [MaxNetLockRecover]NetLock
}

// Payload returns the bytes to send, 8 and 48 for each of Nr locks; they alias
// r. A Nr over MaxNetLockRecover counts as that.
func (r *NetLockRecover) Payload() []byte {
	nr := min(int(r.Nr.Get()), MaxNetLockRecover)
	return Bytes(r)[:netLockRecoverHead+nr*Size[NetLock]()]
}

const netLockRecoverHead = 8

// ViewNetLockRecover returns the locks of a LOCK_RECOVER response's payload;
// they alias b. The error is a *WireError for a length that does not fit the
// number of locks, an unknown mode, or locks that are not in ascending order
// of their keys.
func ViewNetLockRecover(b []byte) ([]NetLock, error) {
	if len(b) < netLockRecoverHead {
		return nil, recoverError("length", fmt.Sprint(len(b)), fmt.Sprintf("at least %d", netLockRecoverHead))
	}
	nr := int((*U16)(b[:2]).Get())
	if nr > MaxNetLockRecover {
		return nil, recoverError("nr", fmt.Sprint(nr), fmt.Sprintf("at most %d", MaxNetLockRecover))
	}
	if size := netLockRecoverHead + nr*Size[NetLock](); len(b) != size {
		return nil, recoverError("length", fmt.Sprint(len(b)), fmt.Sprintf("%d for %d locks", size, nr))
	}
	locks := viewSlice[NetLock](b[netLockRecoverHead:], nr)
	for i := range locks {
		if err := locks[i].Check(); err != nil {
			return nil, err
		}
		if i > 0 && !locks[i-1].Key.Key().Less(locks[i].Key.Key()) {
			return nil, recoverError(fmt.Sprintf("key of lock %d", i), locks[i].Key.Key().String(),
				"more than "+locks[i-1].Key.Key().String())
		}
	}
	return locks, nil
}

func recoverError(field, found, expected string) error {
	return &WireError{Structure: "LOCK_RECOVER response", Field: field, Found: found, Expected: expected}
}
