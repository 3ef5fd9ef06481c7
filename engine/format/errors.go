// SPDX-License-Identifier: GPL-2.0-or-later

package format

import (
	"fmt"
	"strings"
	"syscall"
)

// CorruptError reports bytes on a device that the format does not allow.
// Empty fields are unknown and left out of the text. errors.Is(err,
// syscall.EIO) holds, since that is what the kernel module answers in such a
// place. Messages from the network have [WireError] instead.
type CorruptError struct {
	Structure string // what was read: "btree block", "inode item"
	Place     string // where: "meta blkno 1028", "item 16.1.4.0.0.0"
	Field     string // which part of it was wrong
	Found     string // what was there
	Expected  string // what the format asks for
	Source    string // upstream's corruption source name, if it has one (docs/format.md 12)
}

// Error names structure, place, field, found and expected in one line.
func (e *CorruptError) Error() string {
	var s strings.Builder
	s.WriteString("corrupt ")
	s.WriteString(e.Structure)
	if e.Place != "" {
		s.WriteString(" at " + e.Place)
	}
	s.WriteString(mismatch(e.Field, e.Found, e.Expected))
	if e.Source != "" {
		s.WriteString(" (" + e.Source + ")")
	}
	return s.String()
}

// mismatch says that a field is not what was expected, leaving out what is
// not known.
func mismatch(field, found, expected string) string {
	var s strings.Builder
	if field != "" || found != "" {
		s.WriteString(":")
	}
	if field != "" {
		s.WriteString(" " + field)
	}
	if found != "" {
		s.WriteString(" is " + found)
	}
	if expected != "" {
		s.WriteString(", expected " + expected)
	}
	return s.String()
}

// Unwrap makes errors.Is(err, syscall.EIO) true.
func (e *CorruptError) Unwrap() error { return syscall.EIO }

// At returns a copy of e with the place set, for code that learns the place
// only after a decoder failed.
func (e *CorruptError) At(format string, args ...any) *CorruptError {
	c := *e
	c.Place = fmt.Sprintf(format, args...)
	return &c
}

// Names of the corruption sources that upstream counts and documents
// (docs/format.md 12).
const (
	SourceDirentNameLen        = "SC_DIRENT_NAME_LEN"
	SourceDirentBackrefNameLen = "SC_DIRENT_BACKREF_NAME_LEN"
	SourceDirentReaddirNameLen = "SC_DIRENT_READDIR_NAME_LEN"
	SourceSymlinkInodeSize     = "SC_SYMLINK_INODE_SIZE"
	SourceSymlinkMissingItem   = "SC_SYMLINK_MISSING_ITEM"
	SourceSymlinkNotNullTerm   = "SC_SYMLINK_NOT_NULL_TERM"
	SourceBtreeBlockLevel      = "SC_BTREE_BLOCK_LEVEL"
	SourceBtreeNoChildRef      = "SC_BTREE_NO_CHILD_REF"
	SourceInodeBlockCounts     = "SC_INODE_BLOCK_COUNTS"
)
