// SPDX-License-Identifier: GPL-2.0-or-later

package values

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"

	"scoutfs/engine/format"
)

// maxAddrLen is how much of an address is read, as in the C tools.
const maxAddrLen = 45

// DuplicateSlotError is a quorum slot given twice. It is a mistake in the
// command line as a whole, not in one value, and reported as such.
type DuplicateSlotError struct {
	Slot int
	Text string // the later of the two
}

// Error is upstream's text without its last newline.
func (e *DuplicateSlotError) Error() string {
	return fmt.Sprintf("Quorum slot %d already specified before slot '%s'", e.Slot, e.Text)
}

// ParseQuorumSlot reads NR,ADDR,PORT. ADDR has the forms of inet_aton(3), and
// is neither 0.0.0.0 nor 255.255.255.255.
func ParseQuorumSlot(text string) (slot int, addr netip.AddrPort, err error) {
	fail := func(format string, args ...any) (int, netip.AddrPort, error) {
		return 0, netip.AddrPort{}, fmt.Errorf(format, args...)
	}
	nr, rest, nrFound := scanDecimal(text)
	host, port, portFound := strings.Cut(strings.TrimPrefix(rest, ","), ",")
	if !nrFound || !strings.HasPrefix(rest, ",") || host == "" || len(host) > maxAddrLen || !portFound {
		return fail("failed to parse all three NR,ADDR,PORT tokens in quorum slot '%s'", text)
	}
	port, rest, portFound = scanDecimal(port)
	switch {
	case !portFound:
		return fail("failed to parse all three NR,ADDR,PORT tokens in quorum slot '%s'", text)
	case rest != "":
		return fail("extra unparsed trailing characters in quorum slot '%s'", text)
	}
	slotNumber, err := strconv.ParseUint(nr, 10, 64)
	if err != nil || slotNumber >= format.QuorumSlots {
		return fail("invalid nr '%s' in quorum slot '%s', must be between 0 and %d", nr, text, format.QuorumSlots-1)
	}
	portNumber, err := strconv.ParseUint(port, 10, 16)
	if err != nil || portNumber == 0 {
		return fail("invalid ipv4 port '%s' in quorum slot '%s', must be between 1 and %d", port, text, math.MaxUint16)
	}
	ip, ok := parseInetAddr(host)
	if !ok || ip.IsUnspecified() || ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return fail("invalid ipv4 address '%s' in quorum slot '%s'", host, text)
	}
	return int(slotNumber), netip.AddrPortFrom(ip, uint16(portNumber)), nil
}

// scanDecimal returns the decimal number that text starts with, after blanks,
// and what follows it. A plus sign is dropped, a minus sign kept.
func scanDecimal(text string) (number, rest string, found bool) {
	s := strings.TrimPrefix(strings.TrimLeft(text, " \t\n\v\f\r"), "+")
	digits := strings.TrimPrefix(s, "-")
	n := len(digits) - len(strings.TrimLeft(digits, "0123456789"))
	end := len(s) - len(digits) + n
	return s[:end], s[end:], n > 0
}

// QuorumSlots is an option that adds one slot each time it is given.
func QuorumSlots(target *format.QuorumAddrs) *QuorumSlotsValue {
	return &QuorumSlotsValue{target}
}

// QuorumSlotsValue is a pflag.Value.
type QuorumSlotsValue struct {
	addrs *format.QuorumAddrs
}

// Set implements pflag.Value.
func (v *QuorumSlotsValue) Set(text string) error {
	slot, addr, err := ParseQuorumSlot(text)
	if err != nil {
		return err
	}
	if v.addrs[slot].IsValid() {
		return &DuplicateSlotError{slot, text}
	}
	v.addrs[slot] = addr
	return nil
}

// String implements pflag.Value.
func (v *QuorumSlotsValue) String() string {
	return strings.Join(v.GetSlice(), " ")
}

// Type implements pflag.Value.
func (*QuorumSlotsValue) Type() string { return "NR,ADDR,PORT" }

// Append implements pflag.SliceValue.
func (v *QuorumSlotsValue) Append(text string) error { return v.Set(text) }

// Replace implements pflag.SliceValue.
func (v *QuorumSlotsValue) Replace(texts []string) error {
	*v.addrs = format.QuorumAddrs{}
	for _, text := range texts {
		if err := v.Set(text); err != nil {
			return err
		}
	}
	return nil
}

// GetSlice implements pflag.SliceValue.
func (v *QuorumSlotsValue) GetSlice() []string {
	var texts []string
	if v.addrs == nil {
		return nil
	}
	for slot, addr := range v.addrs {
		if addr.IsValid() {
			texts = append(texts, fmt.Sprintf("%d,%s,%d", slot, addr.Addr(), addr.Port()))
		}
	}
	return texts
}
