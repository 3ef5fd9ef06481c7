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
)

func notesProblems() []Problem {
	return []Problem{
		{
			Number: VolumeInUse, Name: "VOLUME_IN_USE", Severity: Note, Repair: Never,
			Title: "The volume was not unmounted everywhere.",
		},
		{
			Number: MergePending, Name: "MERGE_PENDING", Severity: Note, Repair: Never,
			Title: "A log merge is in progress.",
		},
		{
			Number: CompactionPending, Name: "COMPACTION_PENDING", Severity: Note, Repair: Never,
			Title: "A compaction of search files is in progress.",
		},
		{
			Number: OrphansPending, Name: "ORPHANS_PENDING", Severity: Note, Repair: Never,
			Title: "Inodes without names wait for their deletion.",
		},
		{
			Number: TruncatePending, Name: "TRUNCATE_PENDING", Severity: Note, Repair: Never,
			Title: "A file waits for the rest of a truncation.",
		},
		{
			Number: KnownLeak, Name: "KNOWN_LEAK", Severity: Note, Repair: Never,
			Title: "Metadata blocks are neither in use nor free, as upstream leaves them.",
		},
		{
			Number: CheckIncomplete, Name: "CHECK_INCOMPLETE", Severity: Note, Repair: Never,
			Title: "A part of the check could not be made.",
		},
	}
}
