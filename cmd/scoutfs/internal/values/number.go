// SPDX-License-Identifier: GPL-2.0-or-later

// Package values holds what options can be set to: it reads each kind of
// value as upstream's tools do, with their messages, and writes sizes as they
// write them. Each kind is a pflag.Value, made by a constructor that takes
// the variable to set; its current value is the default.
//
// Upstream's readers let some mistakes pass in silence: numbers that do not
// fit wrap or stop at the largest, and a size may be followed by anything.
// These are errors here.
package values

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// ParseUint64 reads an unsigned number as strtoull(3) does in base 0:
// decimal, hexadecimal after 0x, octal after 0, and after leading blanks. A
// minus sign counts down from 2^64, so that -1 is the largest number. Empty
// text is 0.
func ParseUint64(text string) (uint64, error) {
	magnitude, negative, rest, ok := scanInteger(text)
	if !ok || rest != "" {
		return 0, fmt.Errorf("invalid 64bit value: '%s'", text)
	}
	if negative {
		magnitude = -magnitude
	}
	return magnitude, nil
}

// ParseInt64 reads a signed number like ParseUint64.
func ParseInt64(text string) (int64, error) {
	magnitude, negative, rest, ok := scanInteger(text)
	limit := uint64(math.MaxInt64)
	if negative {
		limit++
	}
	if !ok || rest != "" || magnitude > limit {
		return 0, fmt.Errorf("invalid 64bit value: '%s'", text)
	}
	if negative {
		magnitude = -magnitude
	}
	return int64(magnitude), nil
}

// scanInteger reads the number that text starts with, and returns it without
// its sign and what follows it. Without a number it is 0 and rest is text. ok
// is false if it does not fit.
func scanInteger(text string) (magnitude uint64, negative bool, rest string, ok bool) {
	s := strings.TrimLeft(text, " \t\n\v\f\r")
	if s != "" && (s[0] == '-' || s[0] == '+') {
		negative = s[0] == '-'
		s = s[1:]
	}
	base := uint64(10)
	switch {
	case len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x' && digit(s[2]) < 16:
		base, s = 16, s[2:]
	case s != "" && s[0] == '0':
		base = 8
	}
	i := 0
	ok = true
	for ; i < len(s) && digit(s[i]) < base; i++ {
		high, low := bits.Mul64(magnitude, base)
		sum, carry := bits.Add64(low, digit(s[i]), 0)
		ok = ok && high == 0 && carry == 0
		magnitude = sum
	}
	if i == 0 {
		return 0, false, text, true
	}
	return magnitude, negative, s[i:], ok
}

// digit returns the value of a digit of any base up to 16, or 16.
func digit(c byte) uint64 {
	switch {
	case '0' <= c && c <= '9':
		return uint64(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return uint64(c|0x20-'a') + 10
	}
	return 16
}

// Uint64 is an option that ParseUint64 reads.
func Uint64(target *uint64) *Uint64Value { return (*Uint64Value)(target) }

// Uint64Value is a pflag.Value.
type Uint64Value uint64

// Set implements pflag.Value.
func (v *Uint64Value) Set(text string) error {
	n, err := ParseUint64(text)
	if err != nil {
		return err
	}
	*v = Uint64Value(n)
	return nil
}

// String implements pflag.Value.
func (v *Uint64Value) String() string { return strconv.FormatUint(uint64(*v), 10) }

// Type implements pflag.Value.
func (*Uint64Value) Type() string { return "number" }

// Int64 is an option that ParseInt64 reads.
func Int64(target *int64) *Int64Value { return (*Int64Value)(target) }

// Int64Value is a pflag.Value.
type Int64Value int64

// Set implements pflag.Value.
func (v *Int64Value) Set(text string) error {
	n, err := ParseInt64(text)
	if err != nil {
		return err
	}
	*v = Int64Value(n)
	return nil
}

// String implements pflag.Value.
func (v *Int64Value) String() string { return strconv.FormatInt(int64(*v), 10) }

// Type implements pflag.Value.
func (*Int64Value) Type() string { return "number" }
