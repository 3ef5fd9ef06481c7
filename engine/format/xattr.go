// SPDX-License-Identifier: GPL-2.0-or-later

package format

import "fmt"

// XattrHead starts the first part of an xattr, 8 bytes. Name and value
// follow and continue in the next parts (docs/format.md 3.4).
type XattrHead struct {
	ValLen  U16
	NameLen byte
	Pad     [5]byte
}

// ViewXattr views the first part of an xattr. name and the part of the value
// that it holds alias val. A part whose length is not exactly XattrPartSize
// of the lengths in its head is an error.
func ViewXattr(val []byte) (x *XattrHead, name, value []byte, err error) {
	x, err = View[XattrHead](val)
	if err != nil {
		return nil, nil, nil, err
	}
	rest := val[Size[XattrHead]():]
	nameLen := int(x.NameLen)
	if nameLen < 1 || nameLen > len(rest) {
		return nil, nil, nil, &CorruptError{
			Structure: "xattr",
			Field:     "name length",
			Found:     fmt.Sprint(nameLen),
			Expected:  fmt.Sprintf("1 to %d, inside the first part", min(len(rest), MaxNameLen)),
		}
	}
	if size := XattrPartSize(nameLen, int(x.ValLen.Get()), 0); len(val) != size {
		return nil, nil, nil, &CorruptError{
			Structure: "xattr",
			Field:     "first part's length",
			Found:     fmt.Sprint(len(val)),
			Expected:  fmt.Sprint(size),
		}
	}
	return x, rest[:nameLen], rest[nameLen:], nil
}

// XattrParts is the number of items that an xattr with these lengths takes.
func XattrParts(nameLen, valLen int) int {
	return valueParts(Size[XattrHead]() + nameLen + valLen)
}

// XattrPartSize is the value length of part number part of an xattr with
// these lengths, 0 for a part that it does not have. Part 0 starts with the
// head and the name.
func XattrPartSize(nameLen, valLen, part int) int {
	return valuePartSize(Size[XattrHead]()+nameLen+valLen, part)
}

// valueParts is the number of items that hold size bytes, each but the last
// as long as a value may be.
func valueParts(size int) int { return (size + MaxBtreeValue - 1) / MaxBtreeValue }

func valuePartSize(size, part int) int {
	if part < 0 || part >= valueParts(size) {
		return 0
	}
	return min(size-part*MaxBtreeValue, MaxBtreeValue)
}

// XattrTotal is the value of a totl item, 16 bytes. Both numbers are added
// modulo 2^64 and read as signed. In log trees the value is a delta.
type XattrTotal struct {
	Total U64 `fmt:"signed"`
	Count U64 `fmt:"signed"`
}

// Add adds o to t, modulo 2^64.
func (t *XattrTotal) Add(o *XattrTotal) {
	t.Total.Set(t.Total.Get() + o.Total.Get())
	t.Count.Set(t.Count.Get() + o.Count.Get())
}

// IsZero reports whether both numbers are 0, which means that there is no
// such total.
func (t *XattrTotal) IsZero() bool { return *t == XattrTotal{} }
