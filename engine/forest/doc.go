// SPDX-License-Identifier: GPL-2.0-or-later

// Package forest is the one view of the filesystem's items that fs_root and
// all log trees make together (docs/format.md 7).
//
// A [Snapshot] holds what one super leads to: fs_root, every log trees item
// and the state of a log merge. Its reads follow the forest rule:
//
//   - for a key, the version with the greatest seq counts, whichever tree
//     it is in, and if that is a deletion the key does not exist;
//   - totals (zone 12) are sums: log trees hold deltas, and while a merge is
//     in progress fs_root may have taken up some of them already. The
//     versions are added by the three-bucket rule of docs/format.md 7.3.
//
// Bloom filters only save the search of trees that cannot hold a key; a
// damaged or missing filter costs time and hides nothing.
//
// # Changes
//
// An [Overlay] holds changes in memory; [Snapshot.With] shows them over the
// trees. [WriteLog] writes them into a log tree, and [Merge] brings log trees
// into fs_root, neither of which any view shows differently.
//
// A Snapshot is immutable and safe for concurrent use; a [Cursor] belongs
// to one goroutine. All blocks come from one block.Reader. On a volume that
// is being written, a read fails with block.ErrStale once a block of the
// snapshot has been used again: load a new snapshot and start over.
package forest
