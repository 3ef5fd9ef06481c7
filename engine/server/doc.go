// SPDX-License-Identifier: GPL-2.0-or-later

// Package server is the half of a commit that a volume's server has: it hands
// out free space, sequence and inode numbers, and makes a change of the
// volume's trees durable with one write of the super (docs/format.md 6.3).
//
// # A commit
//
// [Server.Commit] calls a function that changes trees through a
// [block.Writer], and the roots of a copy of the super. Changed blocks are
// copies at new numbers, so nothing that the last super leads to is
// overwritten. Then, in this order,
//
//  1. the trees of free space change by what was allocated and freed, and
//     the lists of free blocks are written,
//  2. all blocks are written, and both devices flushed,
//  3. the super of the metadata device is written, 4 KiB, and flushed.
//
// Whatever interrupts it, the volume is as the last super says that was
// written. The data device's super is not touched: of it only the volume's
// identity counts.
//
// # Free metadata blocks
//
// There are two pairs of lists. A commit takes blocks from one pair's list of
// free ones and puts those that it frees into the pair's other list, while it
// fills and empties the other pair from and to the trees of free extents; then
// the pairs change places. So what a commit frees is not used before the
// commit after the next.
//
// A commit must never run out of blocks half way. [Server.Room] says how many
// its caller may take: what the server itself can need at worst, and what the
// server of the next mount needs at its first commit, is subtracted.
//
// # Long work
//
// [Server.Merge] folds log trees into fs_root, [Server.CompactSrch] merges
// search files, each in as many commits as it takes. All that is known of how
// far the work is stands on the device, in the items that kernels have for it,
// so whoever opens the volume next can go on. [Recover] makes a volume whose
// mounts died one that was unmounted (docs/format.md 7.8).
//
// # Concurrency
//
// One goroutine at a time commits; further ones wait. Everything else may be
// used at any time.
package server
