// SPDX-License-Identifier: GPL-2.0-or-later

package problem

// Search files.
const (
	SearchFileRoot     Number = 601
	SearchFileKey      Number = 602
	SearchParent       Number = 603
	SearchEncoding     Number = 604
	SearchLeafBounds   Number = 605
	SearchOrder        Number = 606
	SearchFileCount    Number = 607
	SearchFileBounds   Number = 608
	CompactionState    Number = 610
	CompactionInput    Number = 611
	CompactionPosition Number = 612
	CompactionKey      Number = 613
	SearchEntryMissing Number = 620
	SearchEntryStale   Number = 621
)

func searchProblems() []Problem {
	return []Problem{
		{
			Number: SearchFileRoot, Name: "SEARCH_FILE_ROOT", Severity: Error, Repair: Asked,
			Title: "A search file's reference, height and length contradict each other.",
		},
		{
			Number: SearchFileKey, Name: "SEARCH_FILE_KEY", Severity: Error, Repair: Asked,
			Title: "A search file's record contradicts its key.",
		},
		{
			Number: SearchParent, Name: "SEARCH_PARENT", Severity: Error, Repair: Asked,
			Title: "A parent block of a search file has wrong references.",
		},
		{
			Number: SearchEncoding, Name: "SEARCH_ENCODING", Severity: Error, Repair: Asked,
			Title: "The entries of a search file cannot be decoded.",
		},
		{
			Number: SearchLeafBounds, Name: "SEARCH_LEAF_BOUNDS", Severity: Error, Repair: Automatic,
			Title: "A leaf of a search file is described wrongly.",
		},
		{
			Number: SearchOrder, Name: "SEARCH_ORDER", Severity: Error, Repair: Automatic,
			Title: "The entries of a sorted search file are out of order.",
		},
		{
			Number: SearchFileCount, Name: "SEARCH_FILE_COUNT", Severity: Error, Repair: Automatic,
			Title: "A search file miscounts its entries.",
		},
		{
			Number: SearchFileBounds, Name: "SEARCH_FILE_BOUNDS", Severity: Error, Repair: Automatic,
			Title: "A search file's first or last entry is not the one recorded.",
		},
		{
			Number: CompactionState, Name: "COMPACTION_STATE", Severity: Error, Repair: Asked,
			Title: "A compaction of search files is in no possible state.",
		},
		{
			Number: CompactionInput, Name: "COMPACTION_INPUT", Severity: Error, Repair: Asked,
			Title: "An input of a compaction of search files does not exist.",
		},
		{
			Number: CompactionPosition, Name: "COMPACTION_POSITION", Severity: Error, Repair: Asked,
			Title: "A compaction of search files stands outside its input.",
		},
		{
			Number: CompactionKey, Name: "COMPACTION_KEY", Severity: Error, Repair: Asked,
			Title: "The record of a compaction contradicts its key.",
		},
		{
			Number: SearchEntryMissing, Name: "SEARCH_ENTRY_MISSING", Severity: Error, Repair: Automatic,
			Title: "A searchable attribute cannot be found by searching.",
		},
		{
			Number: SearchEntryStale, Name: "SEARCH_ENTRY_STALE", Severity: Warning, Repair: Automatic,
			Title: "A search finds an attribute that does not exist.",
		},
	}
}
