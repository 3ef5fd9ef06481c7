// SPDX-License-Identifier: GPL-2.0-or-later

package print

import "strconv"

// text builds output without fmt: a print of a large volume is bound by how
// fast numbers become digits. Each method appends and returns the result, so
// a line of the grammar reads from left to right.
type text []byte

const hexDigits = "0123456789abcdef"

// s appends a string.
func (t text) s(s string) text { return append(t, s...) }

// nl ends a line.
func (t text) nl() text { return append(t, '\n') }

// u appends a decimal number. Most numbers of a print are small, and writing
// the digits in place is faster than strconv's copy of them.
func (t text) u(v uint64) text {
	if v < 10 {
		return append(t, byte('0'+v))
	}
	n := digits(v)
	t = append(t, twenty[:n]...)
	for at := len(t) - 1; n > 0; n-- {
		t[at] = byte('0' + v%10)
		v /= 10
		at--
	}
	return t
}

// twenty is room for the longest number.
const twenty = "00000000000000000000"

// digits is the number of decimal digits of v.
func digits(v uint64) int {
	n := 1
	for ; v >= 10; v /= 10 {
		n++
	}
	return n
}

// i appends a signed decimal number.
func (t text) i(v int64) text { return strconv.AppendInt(t, v, 10) }

// x appends a hexadecimal number without leading zeros.
func (t text) x(v uint64) text { return strconv.AppendUint(t, v, 16) }

// o appends an octal number.
func (t text) o(v uint64) text { return strconv.AppendUint(t, v, 8) }

// x8 appends eight hexadecimal digits.
func (t text) x8(v uint32) text {
	for shift := 28; shift >= 0; shift -= 4 {
		t = append(t, hexDigits[v>>shift&0xf])
	}
	return t
}

// x16 appends sixteen hexadecimal digits.
func (t text) x16(v uint64) text { return t.x8(uint32(v >> 32)).x8(uint32(v)) }

// pad appends v in decimal with zeros in front up to width digits.
func (t text) pad(v uint64, width int) text {
	var digits [20]byte
	d := strconv.AppendUint(digits[:0], v, 10)
	for n := len(d); n < width; n++ {
		t = append(t, '0')
	}
	return append(t, d...)
}
