// SPDX-License-Identifier: GPL-2.0-or-later

package values

import (
	"encoding/binary"
	"net/netip"
	"strings"
)

// parseInetAddr reads an IPv4 address in the forms of inet_aton(3): one to
// four numbers with dots between them, decimal, octal or hexadecimal, of
// which the last fills all the bytes that are left. Blanks and anything after
// them are ignored, as there.
func parseInetAddr(text string) (netip.Addr, bool) {
	if i := strings.IndexAny(text, " \t\n\v\f\r"); i >= 0 {
		text = text[:i]
	}
	parts := strings.Split(text, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var addr uint64
	for i, part := range parts {
		if part == "" || digit(part[0]) > 9 {
			return netip.Addr{}, false
		}
		value, _, rest, ok := scanInteger(part) // it starts with a digit, so there is no sign
		width := 8
		if i == len(parts)-1 {
			width = 32 - 8*i
		}
		if !ok || rest != "" || value >= 1<<width {
			return netip.Addr{}, false
		}
		addr = addr<<width | value
	}
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, uint32(addr)))), true
}
