// SPDX-License-Identifier: GPL-2.0-or-later

package format

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// DiskKey is a key as stored: 32 bytes whose memory order differs from the
// comparison order (docs/format.md 2.1 and 3.1). The pad must be zero, since
// it is part of the hashed bytes.
type DiskKey struct {
	First  U64
	Second U64
	Third  U64
	Fourth byte
	Zone   byte
	Type   byte
	Pad    [5]byte
}

// Key returns the key's value. The pad is ignored.
func (d *DiskKey) Key() Key {
	return Key{
		Zone:   d.Zone,
		First:  d.First.Get(),
		Type:   d.Type,
		Second: d.Second.Get(),
		Third:  d.Third.Get(),
		Fourth: d.Fourth,
	}
}

// Set stores k with a zero pad.
func (d *DiskKey) Set(k Key) {
	d.First.Set(k.First)
	d.Second.Set(k.Second)
	d.Third.Set(k.Third)
	d.Fourth, d.Zone, d.Type = k.Fourth, k.Zone, k.Type
	d.Pad = [5]byte{}
}

// Key orders all items. The fields stand in comparison order, most
// significant first, each an unsigned number (docs/format.md 3.1). What the
// numbers mean depends on zone and type; use the constructors (InodeKey and
// so on) rather than filling fields by hand. The zero Key is the smallest.
type Key struct {
	Zone   uint8
	First  uint64
	Type   uint8
	Second uint64
	Third  uint64
	Fourth uint8
}

// MaxKey is the greatest key: every field all ones.
func MaxKey() Key {
	return Key{
		Zone: math.MaxUint8, First: math.MaxUint64, Type: math.MaxUint8,
		Second: math.MaxUint64, Third: math.MaxUint64, Fourth: math.MaxUint8,
	}
}

// Compare returns -1, 0 or +1 as k sorts before, with or after o.
func (k Key) Compare(o Key) int {
	if c := cmp.Compare(k.Zone, o.Zone); c != 0 {
		return c
	}
	if c := cmp.Compare(k.First, o.First); c != 0 {
		return c
	}
	if c := cmp.Compare(k.Type, o.Type); c != 0 {
		return c
	}
	if c := cmp.Compare(k.Second, o.Second); c != 0 {
		return c
	}
	if c := cmp.Compare(k.Third, o.Third); c != 0 {
		return c
	}
	return cmp.Compare(k.Fourth, o.Fourth)
}

// Less reports whether k sorts before o.
func (k Key) Less(o Key) bool { return k.Compare(o) < 0 }

// Next returns the key that follows k, seen as one 216-bit number; after
// MaxKey it wraps to the zero key (kmod/src/key.h: scoutfs_key_inc).
func (k Key) Next() Key {
	if k.Fourth++; k.Fourth != 0 {
		return k
	}
	if k.Third++; k.Third != 0 {
		return k
	}
	if k.Second++; k.Second != 0 {
		return k
	}
	if k.Type++; k.Type != 0 {
		return k
	}
	if k.First++; k.First != 0 {
		return k
	}
	k.Zone++
	return k
}

// Prev returns the key before k; before the zero key it wraps to MaxKey.
func (k Key) Prev() Key {
	if k.Fourth--; k.Fourth != math.MaxUint8 {
		return k
	}
	if k.Third--; k.Third != math.MaxUint64 {
		return k
	}
	if k.Second--; k.Second != math.MaxUint64 {
		return k
	}
	if k.Type--; k.Type != math.MaxUint8 {
		return k
	}
	if k.First--; k.First != math.MaxUint64 {
		return k
	}
	k.Zone--
	return k
}

// IsMax reports whether k is MaxKey.
func (k Key) IsMax() bool { return k == MaxKey() }

// String writes the fields in comparison order, in decimal, separated by
// dots: zone.first.type.second.third.fourth, as upstream's tools do.
func (k Key) String() string {
	return string(k.Append(make([]byte, 0, 32)))
}

// Append appends String's text to b.
func (k Key) Append(b []byte) []byte {
	b = strconv.AppendUint(b, uint64(k.Zone), 10)
	b = strconv.AppendUint(append(b, '.'), k.First, 10)
	b = strconv.AppendUint(append(b, '.'), uint64(k.Type), 10)
	b = strconv.AppendUint(append(b, '.'), k.Second, 10)
	b = strconv.AppendUint(append(b, '.'), k.Third, 10)
	return strconv.AppendUint(append(b, '.'), uint64(k.Fourth), 10)
}

// MarshalText and UnmarshalText make a key its String in JSON.
func (k Key) MarshalText() ([]byte, error) { return k.Append(nil), nil }

// UnmarshalText reads String's form.
func (k *Key) UnmarshalText(b []byte) error {
	p, err := ParseKey(string(b))
	if err == nil {
		*k = p
	}
	return err
}

// ParseKey reads String's form. Fields may be left off at the end and are
// then zero; a number may be decimal, 0x hexadecimal or 0 octal. "max" is
// MaxKey.
func ParseKey(s string) (Key, error) {
	if s == "max" {
		return MaxKey(), nil
	}
	var k Key
	parts := strings.Split(s, ".")
	if len(parts) > 6 {
		return Key{}, fmt.Errorf("key %q has %d fields, expected zone.first.type.second.third.fourth", s, len(parts))
	}
	for i, p := range parts {
		bits := uint(64)
		if i == 0 || i == 2 || i == 5 {
			bits = 8
		}
		v, ok := parseNumber(p)
		if !ok || v>>(bits-1)>>1 != 0 {
			return Key{}, fmt.Errorf("key %q: field %d is %q, expected a number of at most %d bits", s, i+1, p, bits)
		}
		switch i {
		case 0:
			k.Zone = uint8(v)
		case 1:
			k.First = v
		case 2:
			k.Type = uint8(v)
		case 3:
			k.Second = v
		case 4:
			k.Third = v
		case 5:
			k.Fourth = uint8(v)
		}
	}
	return k, nil
}
