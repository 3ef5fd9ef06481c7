// SPDX-License-Identifier: GPL-2.0-or-later

package format

import "fmt"

// Types of a directory entry (docs/format.md 2.7).
const (
	DirentFIFO = iota
	DirentCharDevice
	DirentDirectory
	DirentBlockDevice
	DirentRegular
	DirentSymlink
	DirentSocket
	DirentWhiteout
	DirentTypes
)

// DirentTypeOfMode returns the entry type of a POSIX mode; ok is false for a
// mode without a known type.
func DirentTypeOfMode(mode uint32) (t uint8, ok bool) {
	switch mode & 0o170000 {
	case 0o010000:
		return DirentFIFO, true
	case 0o020000:
		return DirentCharDevice, true
	case 0o040000:
		return DirentDirectory, true
	case 0o060000:
		return DirentBlockDevice, true
	case 0o100000:
		return DirentRegular, true
	case 0o120000:
		return DirentSymlink, true
	case 0o140000:
		return DirentSocket, true
	}
	return 0, false
}

// Dirent starts the value of dirent, readdir and link backref items, 32
// bytes. The name follows without a terminator. The three items of a link
// have the same value.
type Dirent struct {
	Ino  U64 // the entry's inode
	Hash U64 `fmt:"hex"` // DirentNameHash of the name
	Pos  U64 // readdir position
	Type byte
	Pad  [7]byte
}

// ViewDirent views a dirent's value and returns its name, which aliases val.
// source is the corruption source of a wrong name length for this item's
// kind.
func ViewDirent(val []byte, source string) (d *Dirent, name []byte, err error) {
	n := len(val) - Size[Dirent]()
	if n < 1 || n > MaxNameLen {
		return nil, nil, &CorruptError{
			Structure: "dirent",
			Field:     "name length",
			Found:     fmt.Sprint(n),
			Expected:  "1 to 255",
			Source:    source,
		}
	}
	d, err = View[Dirent](val)
	return d, val[Size[Dirent]():], err
}

// XattrHead starts the first part of an xattr, 8 bytes. Name and value
// follow and continue in the next parts (docs/format.md 3.4).
type XattrHead struct {
	ValLen  U16
	NameLen byte
	Pad     [5]byte
}

// ViewXattr views the first part of an xattr. name and the part of the value
// that it holds alias val.
func ViewXattr(val []byte) (x *XattrHead, name, value []byte, err error) {
	x, err = View[XattrHead](val)
	if err != nil {
		return nil, nil, nil, err
	}
	rest := val[Size[XattrHead]():]
	if n := int(x.NameLen); n < 1 || n > len(rest) {
		return nil, nil, nil, &CorruptError{
			Structure: "xattr",
			Field:     "name length",
			Found:     fmt.Sprint(n),
			Expected:  fmt.Sprintf("1 to %d, inside the first part", min(len(rest), MaxNameLen)),
		}
	}
	value = rest[x.NameLen:]
	if len(value) > int(x.ValLen.Get()) {
		return nil, nil, nil, &CorruptError{
			Structure: "xattr",
			Field:     "first part's length",
			Found:     fmt.Sprint(len(val)),
			Expected:  fmt.Sprintf("at most %d", Size[XattrHead]()+int(x.NameLen)+int(x.ValLen.Get())),
		}
	}
	return x, rest[:x.NameLen], value, nil
}

// XattrParts is the number of items that an xattr with these lengths takes.
func XattrParts(nameLen, valLen int) int {
	return (Size[XattrHead]() + nameLen + valLen + MaxBtreeValue - 1) / MaxBtreeValue
}

// XattrTotal is the value of a totl item, 16 bytes. Both numbers are added
// modulo 2^64 and read as signed. In log trees the value is a delta.
type XattrTotal struct {
	Total U64 `fmt:"signed"`
	Count U64 `fmt:"signed"`
}

// Flags of a data extent (docs/format.md 3.4).
const (
	ExtentOffline   = 1 // the blocks' content is in the archive
	ExtentUnwritten = 2 // allocated and never written: reads as zeros
)

// DataExtent is the value of a data extent item, 16 bytes. The key holds the
// logical place.
type DataExtent struct {
	Blkno U64  // first small block on the data device, 0 for none
	Flags byte `fmt:"hex"`
	Pad   [7]byte
}
