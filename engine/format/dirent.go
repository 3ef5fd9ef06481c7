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
	DirentWhiteout // never written by upstream
	DirentTypes    // number of types
)

// The file type bits of a POSIX mode.
const (
	ModeTypeMask    = 0o170000
	ModeFIFO        = 0o010000
	ModeCharDevice  = 0o020000
	ModeDirectory   = 0o040000
	ModeBlockDevice = 0o060000
	ModeRegular     = 0o100000
	ModeSymlink     = 0o120000
	ModeSocket      = 0o140000
)

// DirentTypeOfMode returns the entry type of a POSIX mode; ok is false for a
// mode without a known type.
func DirentTypeOfMode(mode uint32) (t uint8, ok bool) {
	switch mode & ModeTypeMask {
	case ModeFIFO:
		return DirentFIFO, true
	case ModeCharDevice:
		return DirentCharDevice, true
	case ModeDirectory:
		return DirentDirectory, true
	case ModeBlockDevice:
		return DirentBlockDevice, true
	case ModeRegular:
		return DirentRegular, true
	case ModeSymlink:
		return DirentSymlink, true
	case ModeSocket:
		return DirentSocket, true
	}
	return 0, false
}

// ModeOfDirentType returns the file type bits of an entry type; ok is false
// for whiteouts, which no mode has, and for unknown types.
func ModeOfDirentType(t uint8) (mode uint32, ok bool) {
	switch t {
	case DirentFIFO:
		return ModeFIFO, true
	case DirentCharDevice:
		return ModeCharDevice, true
	case DirentDirectory:
		return ModeDirectory, true
	case DirentBlockDevice:
		return ModeBlockDevice, true
	case DirentRegular:
		return ModeRegular, true
	case DirentSymlink:
		return ModeSymlink, true
	case DirentSocket:
		return ModeSocket, true
	}
	return 0, false
}

// LinuxDirentType returns the d_type of getdents(2) and FUSE for an entry
// type, DT_UNKNOWN (0) for one that is unknown.
func LinuxDirentType(t uint8) uint8 {
	if t == DirentWhiteout {
		return 14
	}
	mode, _ := ModeOfDirentType(t)
	return uint8(mode >> 12)
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
			Expected:  fmt.Sprintf("1 to %d", MaxNameLen),
			Source:    source,
		}
	}
	d, err = View[Dirent](val)
	return d, val[Size[Dirent]():], err
}
