// SPDX-License-Identifier: GPL-2.0-or-later

package problem

// Notes.
const (
	VolumeInUse       Number = 1001
	MergePending      Number = 1002
	CompactionPending Number = 1003
	OrphansPending    Number = 1004
	TruncatePending   Number = 1005
	KnownLeak         Number = 1006
	CheckIncomplete   Number = 1007
	MetaSpaceLow      Number = 1008
)

func notesProblems() []Problem {
	return []Problem{
		{
			Number: VolumeInUse, Name: "VOLUME_IN_USE", Severity: Note, Repair: Never,
			Title: "The volume was not unmounted everywhere.",
			Means: "Mounts are running, or have crashed. Nothing is lost in either case: the next mount recovers those that crashed, fences their " +
				"leaders, finalizes their log trees and takes back the space that they had reserved.",
		},
		{
			Number: MergePending, Name: "MERGE_PENDING", Severity: Note, Repair: Never,
			Title: "A log merge is in progress.",
			Means: "Changes are being moved from log trees into the filesystem's tree. All of them are seen meanwhile, and mounts go on with it.",
		},
		{
			Number: CompactionPending, Name: "COMPACTION_PENDING", Severity: Note, Repair: Never,
			Title: "A compaction of search files is in progress.",
			Means: "Search files are being merged into fewer. All attributes are found meanwhile, and mounts go on with it.",
		},
		{
			Number: OrphansPending, Name: "ORPHANS_PENDING", Severity: Note, Repair: Never,
			Title: "Inodes without names wait for their deletion.",
			Means: "Files were removed while they were open. Mounts delete them once nobody has them open any more.",
		},
		{
			Number: TruncatePending, Name: "TRUNCATE_PENDING", Severity: Note, Repair: Never,
			Title: "A file waits for the rest of a truncation.",
			Means: "A truncation was interrupted after the file's size was changed. The next mount that opens the file frees the blocks that are left.",
		},
		{
			Number: KnownLeak, Name: "KNOWN_LEAK", Severity: Note, Repair: Never,
			Title: "Metadata blocks are neither in use nor free, as upstream leaves them.",
			Means: "Upstream does not free all blocks of log trees that were merged, nor those of a compaction whose mount was evicted. The space is " +
				"lost, and nothing else.",
		},
		{
			Number: CheckIncomplete, Name: "CHECK_INCOMPLETE", Severity: Note, Repair: Never,
			Title: "A part of the check could not be made.",
			Means: "What depends on it was not judged, so there may be more problems than were found. Correct what is reported, or give what was " +
				"missing, and check again.",
		},
		{
			Number: MetaSpaceLow, Name: "META_SPACE_LOW", Severity: Note, Repair: Never,
			Title: "The free metadata space is less than the next mount reserves.",
			Means: "Nothing is damaged. Operations that need space fail with ENOSPC until metadata is freed or the metadata device is made larger; " +
				"deleting files still works.",
		},
	}
}
