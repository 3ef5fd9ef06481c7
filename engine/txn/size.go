// SPDX-License-Identifier: GPL-2.0-or-later

package txn

import (
	"scoutfs/engine/format"
	"scoutfs/engine/srch"
)

// Bounds of what a commit takes beside the leaves of the private tree.
const (
	// maxBlocks bounds the blocks that a commit holds in memory.
	maxBlocks = 2048
	// operationBlocks is what most operations take at most; a larger one
	// finds out that it does not fit when it is done.
	operationBlocks = 64
	// fixedBlocks are those of the bloom filter, of the paths in logs_root and
	// srch_root to the items of the log and of its search file, and of the
	// private tree's own path.
	fixedBlocks = 1 + 8 + 12 + 8
	// leafBytes is what a leaf that was split has at least.
	leafBytes = format.LargeBlockSize/2 - format.MaxBtreeValue - format.BtreeItemSize
	// parentItems is what a parent that was split has at least, less some.
	parentItems = 128
)

// full reports whether the next operation should find an empty transaction.
func (l *Log) full() bool {
	return l.overlay.Bytes()+len(l.entries)*format.SrchEntryMaxBytes >= l.opts.MaxBytes ||
		l.need()+operationBlocks > min(l.server.Room(), maxBlocks)
}

// need returns how many metadata blocks a commit of the transaction may take
// beside those that the server takes for its own trees.
func (l *Log) need() int {
	// A leaf is copied, and when it is full leaves two more. What is added may
	// also fill new ones.
	touched := l.leaves.n
	added := 2*touched + l.overlay.Bytes()/leafBytes + 1
	parents := min(touched, l.own.blocks/parentItems) + added/parentItems
	need := fixedBlocks + touched + added + parents
	if len(l.entries) > 0 {
		need += srch.AppendBlocks(&l.own.file, len(l.entries))
	}
	return need
}
