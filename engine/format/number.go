// SPDX-License-Identifier: GPL-2.0-or-later

package format

// Text is what functions over names and numbers take, so that neither a
// string nor the bytes of an item need a copy.
type Text interface{ ~[]byte | ~string }

// parseNumber reads an unsigned number as C does: decimal, 0x hexadecimal or
// 0 octal, with nothing before or after it.
func parseNumber[T Text](s T) (v uint64, ok bool) {
	if len(s) == 0 {
		return 0, false
	}
	base, i := uint64(10), 0
	if s[0] == '0' {
		base = 8
		if len(s) > 2 && s[1]|0x20 == 'x' {
			base, i = 16, 2
		}
	}
	for ; i < len(s); i++ {
		d := digit(s[i])
		if d >= base || v > (1<<64-1-d)/base {
			return 0, false
		}
		v = v*base + d
	}
	return v, true
}

// digit returns the value of a digit of any base up to 16, else 16.
func digit(c byte) uint64 {
	switch {
	case c >= '0' && c <= '9':
		return uint64(c - '0')
	case c >= 'a' && c <= 'f':
		return uint64(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return uint64(c-'A') + 10
	}
	return 16
}
