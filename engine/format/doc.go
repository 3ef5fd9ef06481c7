// SPDX-License-Identifier: GPL-2.0-or-later

// Package format is the scoutfs device and wire format as pure data: the
// structures, keys, hashes, limits and item kinds, without I/O and without
// goroutines. docs/format.md describes the format in full; comments here
// name its sections.
//
// # Views
//
// Every fixed structure is a Go struct built only from the little-endian
// integers [U16], [U32], [U64], bytes and byte arrays. Such a struct has
// alignment 1, no hidden padding, and exactly the size and offsets of the
// format, so [View] can lay it over device bytes without copying. Reading a
// field decodes just that field; setting one encodes it in place.
//
// Views never allocate and never fail after View has checked the length.
// Structures whose length lives in their own bytes (dirents, xattrs, btree
// items, list blocks, search entries) have accessors that check every
// length and offset against the bytes that are there and answer with an
// error or a false result, whatever the bytes are.
//
// Everything here is safe for concurrent use as long as nobody writes to
// bytes that others read.
//
// # Values
//
// [Key] is the in-memory key: comparable, ordered, made by constructors
// named for the item ([InodeKey], [DirentKey]). [DiskKey] is its stored
// form. [ItemKind.Describe] reads the one table of item kinds,
// [NetCommand.Info] that of the commands on the wire; [Layout] describes a
// structure's fields to code that prints or edits them.
//
// Rules about single values live here too, since every floor above needs the
// same answer: what may be stored ([QuotaRule.Check], [CheckACL],
// [CheckDataAllocZoneBlocks]), what a name means ([ParseXattrTags],
// [ParseTotl]) and what covers an item ([LockRange]). Rules about several
// items, blocks or messages belong to those who keep them.
//
// # Errors
//
// Bytes of a device that break the format are a [CorruptError]; bytes of the
// network are a [WireError], which says nothing about the volume.
package format
