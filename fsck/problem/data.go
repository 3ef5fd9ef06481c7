// SPDX-License-Identifier: GPL-2.0-or-later

package problem

// File data.
const (
	ExtentState    Number = 901
	ExtentOverlap  Number = 902
	ExtentKey      Number = 903
	ExtentRange    Number = 904
	ExtentPastEnd  Number = 905
	DataUnreadable Number = 906
)

func dataProblems() []Problem {
	return []Problem{
		{
			Number: ExtentState, Name: "EXTENT_STATE", Severity: Error, Repair: Asked,
			Title: "An extent of a file is in no possible state.",
			Means: "Reading the file there fails, or gives what was on the device before. Whether the contents are in the archive has to be looked up " +
				"there.",
		},
		{
			Number: ExtentOverlap, Name: "EXTENT_OVERLAP", Severity: Error, Repair: Asked,
			Title: "Two extents of a file overlap.",
			Means: "A part of the file has two places on the device, and which one is read depends on how it is looked for. Compare the file with what " +
				"is in the archive.",
		},
		{
			Number: ExtentKey, Name: "EXTENT_KEY", Severity: Error, Repair: Asked,
			Title: "An extent of a file has an impossible place or length.",
			Means: "That part of the file cannot be read, and reads as a hole. The blocks it stood for are nobody's.",
		},
		{
			Number: ExtentRange, Name: "EXTENT_RANGE", Severity: Error, Repair: Asked,
			Title: "An extent of a file leads outside the data device.",
			Means: "Reading that part of the file fails with an I/O error, or would read another file's blocks. Its contents are lost unless they are " +
				"in the archive.",
		},
		{
			Number: ExtentPastEnd, Name: "EXTENT_PAST_END", Severity: Warning, Repair: Asked,
			Title: "A file has written blocks behind its end.",
			Means: "The blocks cannot be read as the file is shorter, and take space. If the size of the file is what is wrong, they hold its end.",
		},
		{
			Number: DataUnreadable, Name: "DATA_UNREADABLE", Severity: Error, Repair: Never,
			Title: "A block of a file cannot be read.",
			Means: "The device reports an error for these bytes of the file: what they held is lost unless the archive has it. Look for errors of the " +
				"disk in the system's log, and copy the device to a sound one first.",
		},
	}
}
