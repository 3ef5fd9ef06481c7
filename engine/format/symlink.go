// SPDX-License-Identifier: GPL-2.0-or-later

package format

import (
	"bytes"
	"fmt"
)

// CheckSymlinkSize returns a *CorruptError unless size, the size of a
// symlink's inode, can be a target's length with its NUL.
func CheckSymlinkSize(size uint64) error {
	if size >= 1 && size <= MaxSymlinkSize {
		return nil
	}
	return &CorruptError{
		Structure: "symlink",
		Field:     "size",
		Found:     fmt.Sprint(size),
		Expected:  fmt.Sprintf("1 to %d", MaxSymlinkSize),
		Source:    SourceSymlinkInodeSize,
	}
}

// SymlinkParts is the number of symlink items of an inode with this size, 0
// for a size that [CheckSymlinkSize] refuses.
func SymlinkParts(size uint64) int {
	if CheckSymlinkSize(size) != nil {
		return 0
	}
	return valueParts(int(size))
}

// SymlinkPartSize is the value length of symlink item nr of an inode with
// this size, 0 if there is no such item.
func SymlinkPartSize(size uint64, nr int) int {
	if CheckSymlinkSize(size) != nil {
		return 0
	}
	return valuePartSize(int(size), nr)
}

// SymlinkTarget returns the target in the joined values of a symlink's
// items; it aliases content. Like a kernel that reads the content as a C
// string, it ends the target at the first NUL. The error is a *CorruptError
// if the last byte is not NUL.
func SymlinkTarget(content []byte) ([]byte, error) {
	if err := CheckSymlinkSize(uint64(len(content))); err != nil {
		return nil, err
	}
	if last := content[len(content)-1]; last != 0 {
		return nil, &CorruptError{
			Structure: "symlink",
			Field:     "last byte",
			Found:     fmt.Sprint(last),
			Expected:  "0",
			Source:    SourceSymlinkNotNullTerm,
		}
	}
	return content[:bytes.IndexByte(content, 0)], nil
}
