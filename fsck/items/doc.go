// SPDX-License-Identifier: GPL-2.0-or-later

// Package items checks the merged filesystem of a volume: every inode against
// its items, names, extended attributes, extents, indexes, totals, quotas and
// search entries against each other, and who owns each data block
// (docs/format.md 3, 6.7, 7.3, 8). What lies below items is the concern of
// package structure.
//
// [Check] reads all items once, in key order, shared among goroutines at the
// borders of inodes. What an inode says of itself is judged as its items pass.
// What is stored in two places, such as the entry of a directory and the link
// back from its inode, is not compared one by one: each place adds to a
// sketch (see package sketch), and only if the two sides of one differ all
// items are read once more, for the records of the buckets that differ, which
// are sorted (see package runs) and put beside each other.
//
// # Damage
//
// What is wrong is reported once. An item that is wrong in itself is left out
// of what would only repeat it: a file whose mode is wrong is not asked for
// the items of its type, a link that is missing explains a link count.
// Whatever depends on keys that are unknown is not judged.
//
// # Memory
//
// A check takes 24 bytes for each directory, about two MiB for each goroutine
// and, once something is wrong, up to its share of Options.Memory for records
// that are sorted, beyond which they go to temporary files. Findings beyond
// ten thousand of one number are only counted.
package items
