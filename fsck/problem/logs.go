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
)

func logsProblems() []Problem {
	return []Problem{
		{
			Number: LogTreesKey, Name: "LOG_TREES_KEY", Severity: Error, Repair: Asked,
			Title: "A log tree's record contradicts its key.",
		},
		{
			Number: LogTreesFlags, Name: "LOG_TREES_FLAGS", Severity: Warning, Repair: Automatic,
			Title: "A log tree has flags that do not exist.",
		},
		{
			Number: LogTreesTransSeq, Name: "LOG_TREES_TRANS_SEQ", Severity: Error, Repair: Asked,
			Title: "A log tree has committed a transaction that it never opened.",
		},
		{
			Number: LogTreesSeq, Name: "LOG_TREES_SEQ", Severity: Error, Repair: Asked,
			Title: "A log tree has a sequence number beyond the volume's.",
		},
		{
			Number: LogTreesOpenOrder, Name: "LOG_TREES_OPEN_ORDER", Severity: Error, Repair: Asked,
			Title: "A log tree is open although its mount has a later one.",
		},
		{
			Number: LogTreesFinalizedSpace, Name: "LOG_TREES_FINALIZED_SPACE", Severity: Error, Repair: Asked,
			Title: "A finalized log tree still holds space or a search file.",
		},
		{
			Number: LogTreesFinalizeSeq, Name: "LOG_TREES_FINALIZE_SEQ", Severity: Error, Repair: Asked,
			Title: "The finalize sequence of a log tree contradicts its state.",
		},
		{
			Number: LogTreesMaxItemSeq, Name: "LOG_TREES_MAX_ITEM_SEQ", Severity: Error, Repair: Automatic,
			Title: "An item of a log tree has a sequence number beyond the tree's.",
		},
		{
			Number: LogTreesNoMount, Name: "LOG_TREES_NO_MOUNT", Severity: Warning, Repair: Asked,
			Title: "A log tree is open without a mount.",
		},
		{
			Number: LogTreesNoBloom, Name: "LOG_TREES_NO_BLOOM", Severity: Error, Repair: Automatic,
			Title: "A log tree has items and no bloom filter.",
		},
		{
			Number: BloomBit, Name: "BLOOM_BIT", Severity: Error, Repair: Automatic,
			Title: "The bloom filter of a log tree misses an item.",
		},
		{
			Number: BloomTotal, Name: "BLOOM_TOTAL", Severity: Error, Repair: Automatic,
			Title: "The count of bits in a bloom filter is wrong.",
		},
		{
			Number: MergeRequestCount, Name: "MERGE_REQUEST_COUNT", Severity: Error, Repair: Asked,
			Title: "The log merge miscounts its requests.",
		},
		{
			Number: MergeCompleteCount, Name: "MERGE_COMPLETE_COUNT", Severity: Error, Repair: Asked,
			Title: "The log merge miscounts its completions.",
		},
		{
			Number: MergeRange, Name: "MERGE_RANGE", Severity: Error, Repair: Asked,
			Title: "A range of the log merge is impossible or overlaps another.",
		},
		{
			Number: MergeKey, Name: "MERGE_KEY", Severity: Error, Repair: Asked,
			Title: "A record of the log merge contradicts its key.",
		},
		{
			Number: MergeFlags, Name: "MERGE_FLAGS", Severity: Warning, Repair: Asked,
			Title: "A record of the log merge has flags that do not exist.",
		},
		{
			Number: MergeNoStatus, Name: "MERGE_NO_STATUS", Severity: Error, Repair: Asked,
			Title: "Records of a log merge exist without a merge.",
		},
		{
			Number: MergeSeq, Name: "MERGE_SEQ", Severity: Error, Repair: Asked,
			Title: "A record of the log merge has a sequence number beyond the volume's.",
		},
	}
}
