// SPDX-License-Identifier: GPL-2.0-or-later

// Package btree reads and changes scoutfs btrees (docs/format.md 5):
// copy-on-write trees of 64 KiB blocks whose items are found by key through an
// AVL tree inside each block.
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
// # Changing
//
// A [Writer] changes a tree in copies of its blocks, which a [block.Writer]
// holds until they are written: [Writer.Insert] and its like one item,
// [Writer.Apply] many in order. [FreeTree] takes a tree apart.
//
// Upstream splits and joins on the way down, before it knows whether it must;
// this package does so where an item does not fit, or where a block has few
// items and loses one. The rules that upstream relies on hold: no parent but a
// root has fewer than two items, and values are moved together, blocks split
// and joined at upstream's thresholds (docs/format.md 5.6). Where items come in
// order a split leaves the block behind them full instead of half full.
//
// # Damaged blocks
//
// Checksums catch what decays, not what was written wrong. Whatever the
// bytes of an intact block are, reading neither panics nor loops: a child
// must be one level below its parent, links and offsets are checked before
// they are followed, and every walk insists that keys ascend, at each level,
// from block to block. A block is verified in full before it is changed.
// Errors are [*format.CorruptError]s that name the tree, the block and the key,
// and carry upstream's corruption source where it has one.
package btree
