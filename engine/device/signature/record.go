// SPDX-License-Identifier: GPL-2.0-or-later

package signature

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/google/uuid"
)

// A record is bytes of a device seen as a structure. Its accessors take offsets in the structure and read zero
// beyond its end, so no content can make a prober panic.
type record []byte

func (b record) part(off, n int) record {
	if off < 0 || n < 0 || off > len(b) || n > len(b)-off {
		return nil
	}
	return b[off : off+n : off+n]
}

func (b record) u8(off int) uint8 {
	if p := b.part(off, 1); p != nil {
		return p[0]
	}
	return 0
}

func (b record) le16(off int) uint16 {
	if p := b.part(off, 2); p != nil {
		return binary.LittleEndian.Uint16(p)
	}
	return 0
}

func (b record) le32(off int) uint32 {
	if p := b.part(off, 4); p != nil {
		return binary.LittleEndian.Uint32(p)
	}
	return 0
}

func (b record) le64(off int) uint64 {
	if p := b.part(off, 8); p != nil {
		return binary.LittleEndian.Uint64(p)
	}
	return 0
}

func (b record) be16(off int) uint16 {
	if p := b.part(off, 2); p != nil {
		return binary.BigEndian.Uint16(p)
	}
	return 0
}

func (b record) be32(off int) uint32 {
	if p := b.part(off, 4); p != nil {
		return binary.BigEndian.Uint32(p)
	}
	return 0
}

func (b record) be64(off int) uint64 {
	if p := b.part(off, 8); p != nil {
		return binary.BigEndian.Uint64(p)
	}
	return 0
}

// has says whether s stands at off.
func (b record) has(off int, s string) bool {
	return string(b.part(off, len(s))) == s
}

// hasAny says whether one of the strings stands at off.
func (b record) hasAny(off int, strs ...string) bool {
	for _, s := range strs {
		if b.has(off, s) {
			return true
		}
	}
	return false
}

// zero says whether the n bytes at off exist and are all zero.
func (b record) zero(off, n int) bool {
	p := b.part(off, n)
	return p != nil && len(bytes.TrimLeft(p, "\x00")) == 0
}

// text returns the string of at most n bytes at off, ended by a NUL or padded with blanks. The result is for people and
// may come from a hostile device: what cannot be printed is replaced.
func (b record) text(off, n int) string {
	p, _, _ := bytes.Cut(b.part(off, n), []byte{0})
	return printable(string(p))
}

// utf16 returns the string of at most n bytes at off in UTF-16 of the given byte order, like text.
func (b record) utf16(off, n int, order binary.ByteOrder) string {
	return printable(b.part(off, n).decodeUTF16(order))
}

func (b record) decodeUTF16(order binary.ByteOrder) string {
	units := make([]uint16, 0, len(b)/2)
	for ; len(b) >= 2; b = b[2:] {
		u := order.Uint16(b)
		if u == 0 {
			break
		}
		units = append(units, u)
	}
	return string(utf16.Decode(units))
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, strings.TrimRight(s, " \t\r\n"))
}

// uuid returns the 16 bytes at off as RFC 4122 writes them, or "" if they are all zero.
func (b record) uuid(off int) string {
	u, err := uuid.FromBytes(b.part(off, 16))
	if err != nil || u == uuid.Nil {
		return ""
	}
	return u.String()
}

// guid is uuid for the layout of Microsoft and EFI, whose first three fields are little-endian.
func (b record) guid(off int) string {
	p := b.part(off, 16)
	if p == nil {
		return ""
	}
	return record{
		p[3], p[2], p[1], p[0], p[5], p[4], p[7], p[6],
		p[8], p[9], p[10], p[11], p[12], p[13], p[14], p[15],
	}.uuid(0)
}

// serial returns the 4 bytes at off as DOS writes a volume's serial number.
func (b record) serial(off int) string {
	p := b.part(off, 4)
	if p == nil {
		return ""
	}
	return strings.ToUpper(hex.EncodeToString([]byte{p[3], p[2]}) + "-" + hex.EncodeToString([]byte{p[1], p[0]}))
}

func powerOfTwo[T uint8 | uint16 | uint32 | uint64](n T) bool {
	return n != 0 && n&(n-1) == 0
}

// within says whether lo <= n <= hi.
func within[T uint8 | uint16 | uint32 | uint64 | int64](n, lo, hi T) bool {
	return lo <= n && n <= hi
}
