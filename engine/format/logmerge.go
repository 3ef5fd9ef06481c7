// SPDX-License-Identifier: GPL-2.0-or-later

package format

// LogMergeStatus says that a log merge is in progress, 56 bytes
// (docs/format.md 2.6, 7.5).
type LogMergeStatus struct {
	NextRangeKey DiskKey // where the search for the next range starts
	NrRequests   U64     // request items
	NrComplete   U64     // complete items, or at least 8 while splicing
	Seq          U64     // finalized log trees with a smaller finalize seq are the inputs
}

// LogMergeRange is a key range still to be merged, 64 bytes.
type LogMergeRange struct {
	Start DiskKey
	End   DiskKey // inclusive
}

// LogMergeRequestSubtree in a request's flags: Root is a parent inside
// fs_root, not the whole tree.
const LogMergeRequestSubtree = 1

// LogMergeRequest is a merge job given to a mount, 208 bytes.
type LogMergeRequest struct {
	MetaAvail AllocListHead
	MetaFreed AllocListHead
	LogsRoot  BtreeRoot // snapshot of logs_root, not owned
	Root      BtreeRoot // sub-tree of fs_root, not owned
	Start     DiskKey
	End       DiskKey
	InputSeq  U64
	RID       U64 `fmt:"hex"`
	Seq       U64
	Flags     U64 `fmt:"hex"`
}

// Flags of a LogMergeComplete.
const (
	LogMergeCompleteError  = 1
	LogMergeCompleteRemain = 2
)

// LogMergeComplete is a finished merge job, 208 bytes.
type LogMergeComplete struct {
	MetaAvail AllocListHead
	MetaFreed AllocListHead
	Root      BtreeRoot // merged sub-tree
	Start     DiskKey
	End       DiskKey
	Remain    DiskKey // where merging stopped, with LogMergeCompleteRemain
	RID       U64     `fmt:"hex"`
	Seq       U64
	Flags     U64 `fmt:"hex"`
}

// LogMergeFreeing is a merged log tree being freed, 64 bytes.
type LogMergeFreeing struct {
	Root BtreeRoot
	Key  DiskKey // progress (docs/format.md 6.6)
	Seq  U64
}
