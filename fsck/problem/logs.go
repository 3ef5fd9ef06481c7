// SPDX-License-Identifier: GPL-2.0-or-later

package problem

// Log trees and their merge.
const (
	LogTreesKey            Number = 501
	LogTreesFlags          Number = 502
	LogTreesTransSeq       Number = 503
	LogTreesSeq            Number = 504
	LogTreesOpenOrder      Number = 505
	LogTreesFinalizedSpace Number = 506
	LogTreesFinalizeSeq    Number = 507
	LogTreesMaxItemSeq     Number = 508
	LogTreesNoMount        Number = 509
	LogTreesNoBloom        Number = 510
	BloomBit               Number = 511
	BloomTotal             Number = 512
	MergeRequestCount      Number = 520
	MergeCompleteCount     Number = 521
	MergeRange             Number = 522
	MergeKey               Number = 523
	MergeFlags             Number = 524
	MergeNoStatus          Number = 525
	MergeSeq               Number = 526
	MergeNoMount           Number = 527
)

func logsProblems() []Problem {
	return []Problem{
		{
			Number: LogTreesKey, Name: "LOG_TREES_KEY", Severity: Error, Repair: Asked,
			Title: "A log tree's record contradicts its key.",
			Means: "The record of a mount's changes cannot be told from that of another. Which changes the mount had made may be lost or counted " +
				"twice.",
		},
		{
			Number: LogTreesFlags, Name: "LOG_TREES_FLAGS", Severity: Warning, Repair: Automatic,
			Title: "A log tree has flags that do not exist.",
			Means: "The only flag says that a log tree is finalized. Others come from a newer program or from damage, and nobody reads them.",
		},
		{
			Number: LogTreesTransSeq, Name: "LOG_TREES_TRANS_SEQ", Severity: Error, Repair: Asked,
			Title: "A log tree has committed a transaction that it never opened.",
			Means: "The server decides by these numbers which transactions are open and what an archive agent may rely on. Walks of changes can miss " +
				"inodes.",
		},
		{
			Number: LogTreesSeq, Name: "LOG_TREES_SEQ", Severity: Error, Repair: Asked,
			Title: "A log tree has a sequence number beyond the volume's.",
			Means: "New transactions would get numbers that are in use, and older changes would win against newer ones. Do not write to the volume " +
				"before the volume's number is raised.",
		},
		{
			Number: LogTreesOpenOrder, Name: "LOG_TREES_OPEN_ORDER", Severity: Error, Repair: Asked,
			Title: "A log tree is open although its mount has a later one.",
			Means: "Changes are written to the last log tree of a mount only. An open one before it is never finalized, so logs are no longer merged.",
		},
		{
			Number: LogTreesFinalizedSpace, Name: "LOG_TREES_FINALIZED_SPACE", Severity: Error, Repair: Asked,
			Title: "A finalized log tree still holds space or a search file.",
			Means: "When a log tree is finalized its free space goes back to the volume. What is still listed there is lost to it, or is free twice, " +
				"as soon as the tree is merged.",
		},
		{
			Number: LogTreesFinalizeSeq, Name: "LOG_TREES_FINALIZE_SEQ", Severity: Error, Repair: Asked,
			Title: "The finalize sequence of a log tree contradicts its state.",
			Means: "The number decides which merge takes the tree. With a wrong one its changes are left out of a merge or taken twice, and totals " +
				"become wrong.",
		},
		{
			Number: LogTreesMaxItemSeq, Name: "LOG_TREES_MAX_ITEM_SEQ", Severity: Error, Repair: Automatic,
			Title: "An item of a log tree has a sequence number beyond the tree's.",
			Means: "A new server takes the greatest number from here. With one that is too small, new changes lose against old ones. It follows from " +
				"the items.",
		},
		{
			Number: LogTreesNoMount, Name: "LOG_TREES_NO_MOUNT", Severity: Warning, Repair: Asked,
			Title: "A log tree is open without a mount.",
			Means: "Nobody finalizes the log tree, so its space stays reserved and merging of logs may wait for it. Its changes are seen. Upstream's " +
				"server finalizes such trees when it starts.",
		},
		{
			Number: LogTreesNoBloom, Name: "LOG_TREES_NO_BLOOM", Severity: Error, Repair: Automatic,
			Title: "A log tree has items and no bloom filter.",
			Means: "The kernel module takes a log tree without a filter for empty: changes that were written are not seen. The filter can be made from " +
				"the items.",
		},
		{
			Number: BloomBit, Name: "BLOOM_BIT", Severity: Error, Repair: Automatic,
			Title: "The bloom filter of a log tree misses an item.",
			Means: "The kernel module passes over the log tree when it looks for these items: changes that were written are not seen, and may be " +
				"written anew over them. The filter can be made from the items.",
		},
		{
			Number: BloomTotal, Name: "BLOOM_TOTAL", Severity: Error, Repair: Automatic,
			Title: "The count of bits in a bloom filter is wrong.",
			Means: "The count is only looked at when a filter is full. It follows from the bits.",
		},
		{
			Number: MergeRequestCount, Name: "MERGE_REQUEST_COUNT", Severity: Error, Repair: Asked,
			Title: "The log merge miscounts its requests.",
			Means: "The server waits for jobs that do not exist, or ends the merge before all are done. Then merging stops, or changes are lost.",
		},
		{
			Number: MergeCompleteCount, Name: "MERGE_COMPLETE_COUNT", Severity: Error, Repair: Asked,
			Title: "The log merge miscounts its completions.",
			Means: "The server decides by this count when to put finished jobs into the filesystem's tree. Merging stops, or ends before all are in.",
		},
		{
			Number: MergeRange, Name: "MERGE_RANGE", Severity: Error, Repair: Asked,
			Title: "A range of the log merge is impossible or overlaps another.",
			Means: "Keys in the range are merged twice or not at all. Totals become wrong, and changes are lost when the merged logs are freed.",
		},
		{
			Number: MergeKey, Name: "MERGE_KEY", Severity: Error, Repair: Asked,
			Title: "A record of the log merge contradicts its key.",
			Means: "The server finds the record under another key than it describes, and cannot complete or take back the job.",
		},
		{
			Number: MergeFlags, Name: "MERGE_FLAGS", Severity: Warning, Repair: Asked,
			Title: "A record of the log merge has flags that do not exist.",
			Means: "The flags say what is left to be done of a job. With unknown ones the rest of a range may not be merged.",
		},
		{
			Number: MergeNoStatus, Name: "MERGE_NO_STATUS", Severity: Error, Repair: Asked,
			Title: "Records of a log merge exist without a merge.",
			Means: "The next merge begins while parts of an old one are there, and takes them for its own. Blocks they hold may be used twice.",
		},
		{
			Number: MergeSeq, Name: "MERGE_SEQ", Severity: Error, Repair: Asked,
			Title: "A record of the log merge has a sequence number beyond the volume's.",
			Means: "The number says which log trees are in the merge. With a wrong one trees are freed that were not merged, and their changes are " +
				"lost.",
		},
		{
			Number: MergeNoMount, Name: "MERGE_NO_MOUNT", Severity: Warning, Repair: Asked,
			Title: "A job of the log merge belongs to a mount that does not exist.",
			Means: "The server takes back the jobs of a mount before it forgets the mount. Nobody will finish this one, so the merge never ends: log " +
				"trees pile up and reading becomes slower.",
		},
	}
}
