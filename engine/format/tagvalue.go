// SPDX-License-Identifier: GPL-2.0-or-later

package format

// ParseTotl returns the name of the total that an xattr with a totl tag
// adds to: the last three of the numbers separated by dots at the end of its
// full name. Each has 1 to 23 characters and is decimal, 0x hexadecimal or 0
// octal (docs/format.md 3.4; kmod/src/xattr.c: parse_totl_key). The dot
// before the first may be the tag's own. Tags are not looked at.
func ParseTotl[T Text](name T) (a, b, c uint64, ok bool) {
	var n [3]uint64
	if !parseLast(n[:], name) {
		return 0, 0, 0, false
	}
	return n[0], n[1], n[2], true
}

// ParseIndx returns the place in the index of an xattr with an indx tag: the
// last two of the numbers separated by dots at the end of its full name, of
// which the first is at most 255 (kmod/src/xattr.c: parse_indx_key).
func ParseIndx[T Text](name T) (major uint8, minor uint64, ok bool) {
	var n [2]uint64
	if !parseLast(n[:], name) || n[0] > 255 {
		return 0, 0, false
	}
	return uint8(n[0]), n[1], true
}

// parseLast fills n with the numbers after the last len(n) dots of name.
func parseLast[T Text](n []uint64, name T) bool {
	end := len(name)
	for i := end - 1; i >= 0 && len(n) > 0; i-- {
		if name[i] != '.' {
			continue
		}
		v, ok := ParseTotlValue(name[i+1 : end])
		if !ok {
			return false
		}
		n[len(n)-1] = v
		n, end = n[:len(n)-1], i
	}
	return len(n) == 0
}

// ParseTotlValue returns the number in the value of an xattr with a totl tag:
// 1 to 23 characters, decimal, 0x hexadecimal or 0 octal. Upstream reads the
// value as a C string, so that a NUL ends it, and one newline before such a
// NUL is ignored; what a mount has added to a total must come off it again in
// the same way (kmod/src/xattr.c: parse_totl_u64).
func ParseTotlValue[T Text](value T) (v uint64, ok bool) {
	if n := len(value); n < 1 || n > MaxTotlText || value[n-1] == '\n' {
		return 0, false
	}
	for i := range len(value) {
		if value[i] != 0 {
			continue
		}
		value = value[:i]
		if i > 0 && value[i-1] == '\n' {
			value = value[:i-1]
		}
		break
	}
	return parseNumber(value)
}
