// SPDX-License-Identifier: GPL-2.0-or-later

// Package structure checks everything of a volume that lies below its merged
// file system: supers, quorum blocks, every tree block, list, allocator,
// bloom filter and search file, the records of log trees, merges and
// compactions, and who owns each metadata block (docs/format.md 5 to 12). What
// items of files mean to each other is the concern of package items.
//
// A [Checker] goes through four steps:
//
//   - [Checker.Supers] reads what stands at fixed places;
//   - [Checker.Trees] walks all trees, lists and search files but for the
//     leaves of fs_root and of log trees, which hold nearly all of a volume;
//   - [Checker.Leaf] verifies one of those leaves. Whoever reads the merged
//     view calls it when it enters a leaf, so that each is read once;
//   - [Checker.Finish] says what only the whole can tell: which blocks have
//     two owners or none.
//
// # Damage
//
// What is wrong is reported once, where it is. A block that cannot be used
// makes the keys below it [Unknown], an item that cannot be used its own key.
// Nothing is concluded from what is unknown: blocks that may belong to an
// unreadable tree are not leaked.
//
// # Memory
//
// Apart from its cache of blocks a Checker needs five bits for each large block
// of the metadata device (10 KiB for each GiB), two more while a finished part
// of a merge waits for being taken up, twice as many if blocks have several
// owners, a few hundred bytes for each log tree, and what findings take. It
// keeps nothing per item or extent.
package structure
