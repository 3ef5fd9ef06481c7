// SPDX-License-Identifier: GPL-2.0-or-later

package print

import (
	"math/bits"
	"strconv"
)

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
// the digits in place, two at a time, is faster than strconv's copy of them.
func (t text) u(v uint64) text {
	if v < 10 {
		return append(t, byte('0'+v))
	}
	n := digits(v)
	t = append(t, zeros[:n]...)
	at := len(t)
	for ; v >= 100; v /= 100 {
		at -= 2
		pair := v % 100 * 2
		t[at], t[at+1] = pairs[pair], pairs[pair+1]
	}
	if v >= 10 {
		t[at-2], t[at-1] = pairs[v*2], pairs[v*2+1]
	} else {
		t[at-1] = byte('0' + v)
	}
	return t
}

const (
	// zeros is room for the longest number.
	zeros = "00000000000000000000"
	// pairs are the numbers of two digits.
	pairs = "00010203040506070809" +
		"10111213141516171819" +
		"20212223242526272829" +
		"30313233343536373839" +
		"40414243444546474849" +
		"50515253545556575859" +
		"60616263646566676869" +
		"70717273747576777879" +
		"80818283848586878889" +
		"90919293949596979899"
)

// digits is the number of decimal digits of v.
func digits(v uint64) int {
	v |= 1 // 0 has a digit too, and no other number of digits changes
	// 1233/4096 is just above the decimal logarithm of 2: n is the number of
	// digits, or one less from the power of ten on that has n zeros.
	n := bits.Len64(v) * 1233 >> 12
	if v >= powers[n] {
		n++
	}
	return n
}

// powers are those of ten.
var powers = [...]uint64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
	1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
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
