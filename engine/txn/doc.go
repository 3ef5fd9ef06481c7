// SPDX-License-Identifier: GPL-2.0-or-later

// Package txn is the client's half of a commit: it fills one transaction with
// the changes of many operations and commits it through the server.
//
// # What a transaction is
//
// A [Log] has one open transaction. [Log.Update] runs an operation in it: its
// changes of items go to a sorted overlay in memory, newer than all trees, and
// its search entries, counts and data blocks beside it. An operation that fails
// leaves nothing of itself. A commit writes the overlay into the log's private
// tree, which is finalized from the first commit on, so that a crash, or any
// peer that mounts the volume afterwards, finds what it knows from an unmount.
// Each Log starts a tree of its own and never changes those of others, which
// may be the inputs of a merge that is half done (docs/format.md 7.7).
//
// Sequence numbers: the transaction's number T is taken when the transaction
// starts, is greater than that of any item on the volume, and is the seq of each
// item that it writes.
//
// # When it is committed
//
// By [Log.Sync]; by a timer some seconds after its first change; when its memory
// or the metadata blocks that its commit may need reach their bounds; when data
// blocks have run dry that the commit would free; and by [Log.Close]. Syncs that
// wait at the same time share a commit.
//
// A commit that fails before its super is written changes nothing: the
// transaction stays open and the next commit tries again. When nobody can know
// whether the super was written, all that follows fails: the volume has to be
// opened again, and then has either all or nothing of the transaction.
//
// # Concurrency
//
// A Log is safe for concurrent use. Updates run one after another. Reads run
// beside each other and beside the writing of a commit, but not beside an
// operation, so that they never see half of one. Locks, in their order: the
// writer's turn, which updates, commits and merges take; then the view lock,
// which a read shares and whoever changes the view takes alone.
//
// # Memory
//
// The overlay and the search entries are bounded by [Options.MaxBytes] and the
// largest operation; besides there is a key for each leaf of the private tree. A commit holds the blocks that it writes besides, at most as
// many as a list block of free ones has entries.
package txn
