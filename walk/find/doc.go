// SPDX-License-Identifier: GPL-2.0-or-later

// Package find looks for files by what is known about them. A [Query] is a
// list of tests that must all hold; a [Search] finds the files below a
// directory for which they do, in the way that costs least:
//
//   - A question about sequence numbers, inode numbers, an attribute that is
//     searchable or one that is indexed is answered by the volume's own index,
//     and only the inodes that it names are looked at.
//   - Any other question about a whole volume on its devices is answered by
//     one pass over all inodes in the order in which they lie there. Paths are
//     put together from the names that lead up to the root.
//   - Otherwise the directories are walked, many at a time.
//
// All ways find the same files. Only the order differs: a walk has that of
// the directories, the others that of inode numbers.
//
// # Bounds
//
// A pass over inodes holds the paths of directories that it came across, at
// most 64 MiB of them. Inodes that an index names are held in a compressed
// bitmap. A walk has the bounds of package tree.
package find
