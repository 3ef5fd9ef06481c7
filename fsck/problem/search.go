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
	CompactionNoMount  Number = 614
	SearchEntryMissing Number = 620
	SearchEntryStale   Number = 621
)

func searchProblems() []Problem {
	return []Problem{
		{
			Number: SearchFileRoot, Name: "SEARCH_FILE_ROOT", Severity: Error, Repair: Asked,
			Title: "A search file's reference, height and length contradict each other.",
			Means: "Searching the file fails, and so does every search of a name that may be in it. Files are not concerned: attributes are still " +
				"there, and search files can be made anew from them.",
		},
		{
			Number: SearchFileKey, Name: "SEARCH_FILE_KEY", Severity: Error, Repair: Asked,
			Title: "A search file's record contradicts its key.",
			Means: "Searches work. The kernel module does not find the file when it is to be compacted or freed.",
		},
		{
			Number: SearchParent, Name: "SEARCH_PARENT", Severity: Error, Repair: Asked,
			Title: "A parent block of a search file has wrong references.",
			Means: "A part of the search file cannot be read or belongs to another one. Searches fail or miss attributes; the attributes themselves " +
				"are not concerned.",
		},
		{
			Number: SearchEncoding, Name: "SEARCH_ENCODING", Severity: Error, Repair: Asked,
			Title: "The entries of a search file cannot be decoded.",
			Means: "Searches that come to this block fail with an I/O error. The attributes themselves are not concerned, and search files can be made " +
				"anew from them.",
		},
		{
			Number: SearchLeafBounds, Name: "SEARCH_LEAF_BOUNDS", Severity: Error, Repair: Automatic,
			Title: "A leaf of a search file is described wrongly.",
			Means: "Searches skip blocks by these bounds, so they can miss attributes. The bounds follow from the entries.",
		},
		{
			Number: SearchOrder, Name: "SEARCH_ORDER", Severity: Error, Repair: Automatic,
			Title: "The entries of a sorted search file are out of order.",
			Means: "Sorted files are searched by halving, so searches can miss attributes. Sorting the entries anew is enough.",
		},
		{
			Number: SearchFileCount, Name: "SEARCH_FILE_COUNT", Severity: Error, Repair: Automatic,
			Title: "A search file miscounts its entries.",
			Means: "Nothing is missed in searches. The count decides how files are compacted, and follows from the entries.",
		},
		{
			Number: SearchFileBounds, Name: "SEARCH_FILE_BOUNDS", Severity: Error, Repair: Automatic,
			Title: "A search file's first or last entry is not the one recorded.",
			Means: "Searches skip whole files by these bounds, so they can miss attributes. The bounds follow from the entries.",
		},
		{
			Number: CompactionState, Name: "COMPACTION_STATE", Severity: Error, Repair: Asked,
			Title: "A compaction of search files is in no possible state.",
			Means: "No mount can go on with the compaction, and its space stays reserved. Searches are not concerned.",
		},
		{
			Number: CompactionInput, Name: "COMPACTION_INPUT", Severity: Error, Repair: Asked,
			Title: "An input of a compaction of search files does not exist.",
			Means: "The compaction would merge or free blocks that are not search files any more. Do not mount the volume before it is taken away.",
		},
		{
			Number: CompactionPosition, Name: "COMPACTION_POSITION", Severity: Error, Repair: Asked,
			Title: "A compaction of search files stands outside its input.",
			Means: "The compaction would go on outside of its input, fail, and be tried again for ever; or free blocks that were freed before.",
		},
		{
			Number: CompactionKey, Name: "COMPACTION_KEY", Severity: Error, Repair: Asked,
			Title: "The record of a compaction contradicts its key.",
			Means: "The server finds the record under another key than it describes, and cannot complete or take back the compaction.",
		},
		{
			Number: CompactionNoMount, Name: "COMPACTION_NO_MOUNT", Severity: Warning, Repair: Asked,
			Title: "A compaction of search files belongs to a mount that does not exist.",
			Means: "The server takes back the compactions of a mount before it forgets the mount. Nobody will finish this one, so its files are never " +
				"compacted and its space stays taken.",
		},
		{
			Number: SearchEntryMissing, Name: "SEARCH_ENTRY_MISSING", Severity: Error, Repair: Automatic,
			Title: "A searchable attribute cannot be found by searching.",
			Means: "The file is there with its attribute, and archive software that searches for the attribute does not find the file. Setting the " +
				"attribute anew does not help; the entry has to be added.",
		},
		{
			Number: SearchEntryStale, Name: "SEARCH_ENTRY_STALE", Severity: Warning, Repair: Automatic,
			Title: "A search finds an attribute that does not exist.",
			Means: "Archive software gets an inode that does not have the attribute, which it has to expect anyway: the kernel module only promises " +
				"candidates.",
		},
	}
}
