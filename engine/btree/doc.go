// SPDX-License-Identifier: GPL-2.0-or-later

// Package btree reads scoutfs btrees (docs/format.md 5): copy-on-write trees
// of 64 KiB blocks whose items are found by key through an AVL tree inside
// each block.
//
// A [Tree] is a root and a reader; it holds no state and costs nothing to
// make. [Tree.Lookup], [Tree.Next] and [Tree.Prev] find single items,
// [Tree.Items] and [Cursor] read ranges, [Tree.Blocks] visits every block.
// [Verify] finds all that is wrong with one block.
//
// Items are views: their values are slices of cached blocks, valid for as
// long as they are held, and must not be changed. Reading does not allocate
// per item.
//
// # Damaged blocks
//
// Checksums catch what decays, not what was written wrong. Whatever the
// bytes of an intact block are, reading neither panics nor loops: a child
// must be one level below its parent, links and offsets are checked before
// they are followed, and every walk insists that keys ascend, at each level,
// from block to block. Errors are [*format.CorruptError]s that name the
// tree, the block and the key, and carry upstream's corruption source where
// it has one.
package btree
