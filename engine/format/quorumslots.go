// SPDX-License-Identifier: GPL-2.0-or-later

package format

import (
	"errors"
	"fmt"
	"net/netip"
)

// QuorumAddrs are the addresses of a volume's quorum slots by slot number.
// The zero AddrPort is a slot that is not configured.
type QuorumAddrs [QuorumSlots]netip.AddrPort

// Addrs returns the addresses of the configured slots.
func (q *QuorumConfig) Addrs() QuorumAddrs {
	var addrs QuorumAddrs
	for i := range q.Slots {
		if ap, ok := q.Slots[i].AddrPort(); ok {
			addrs[i] = ap
		}
	}
	return addrs
}

// SetAddrs stores the slots with zero spare bytes and leaves Version alone.
func (q *QuorumConfig) SetAddrs(addrs QuorumAddrs) {
	for i, ap := range addrs {
		q.Slots[i].SetIPv4(ap)
	}
}

// Configured counts the slots that have an address.
func (a *QuorumAddrs) Configured() int {
	n := 0
	for _, ap := range a {
		if ap.IsValid() {
			n++
		}
	}
	return n
}

// Check returns what forbids storing the slots: none is configured, an
// address is not IPv4, unspecified or the limited broadcast, a port is 0, or
// two slots share an address and port. All problems are joined, one line
// each, in slot order; each is a [*QuorumAddrError].
func (a *QuorumAddrs) Check() error {
	if a.Configured() == 0 {
		return &QuorumAddrError{Slot: -1, Problem: "no quorum slot is configured"}
	}
	var errs []error
	for i, ap := range a {
		if !ap.IsValid() {
			continue
		}
		if problem := unstorable(ap); problem != "" {
			errs = append(errs, &QuorumAddrError{i, fmt.Sprintf("quorum slot nr %d has the address %s: %s", i, ap, problem)})
		}
		for j := i + 1; j < len(a); j++ {
			if a[j] == ap {
				errs = append(errs, &QuorumAddrError{i, fmt.Sprintf("quorum slot nr %d and %d have the same address %s", i, j, ap)})
			}
		}
	}
	return errors.Join(errs...)
}

func unstorable(ap netip.AddrPort) string {
	switch addr := ap.Addr(); {
	case !addr.Is4():
		return "only IPv4 can be stored"
	case addr.IsUnspecified(), addr == limitedBroadcast():
		return "not an address of a host"
	case ap.Port() == 0:
		return "port 0 can not be bound"
	}
	return ""
}

// CheckMountable returns what makes the kernel module refuse every mount of
// a volume with these slots, in addition to what Check finds: it wants
// unicast addresses outside 0.0.0.0/8 and ports below 65535
// (kmod/src/quorum.c:verify_quorum_slots). The errors are as Check's.
func (a *QuorumAddrs) CheckMountable() error {
	var errs []error
	for i, ap := range a {
		if !ap.IsValid() {
			continue
		}
		addr := ap.Addr()
		if addr.IsMulticast() || addr == limitedBroadcast() || addr.Is4() && addr.As4()[0] == 0 || ap.Port() == 1<<16-1 {
			errs = append(errs, &QuorumAddrError{i, fmt.Sprintf("quorum slot nr %d has the address %s, with which no mount will start", i, ap)})
		}
	}
	return errors.Join(errs...)
}

func limitedBroadcast() netip.Addr { return netip.AddrFrom4([4]byte{255, 255, 255, 255}) }

// QuorumAddrError is a problem with the address of a quorum slot.
type QuorumAddrError struct {
	Slot    int // the slot, or the lower of two; -1 if it is about all
	Problem string
}

// Error is a sentence that names the slots and addresses.
func (e *QuorumAddrError) Error() string { return e.Problem }
