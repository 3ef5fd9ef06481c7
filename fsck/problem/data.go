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
		},
		{
			Number: ExtentOverlap, Name: "EXTENT_OVERLAP", Severity: Error, Repair: Asked,
			Title: "Two extents of a file overlap.",
		},
		{
			Number: ExtentKey, Name: "EXTENT_KEY", Severity: Error, Repair: Asked,
			Title: "An extent of a file has an impossible place or length.",
		},
		{
			Number: ExtentRange, Name: "EXTENT_RANGE", Severity: Error, Repair: Asked,
			Title: "An extent of a file leads outside the data device.",
		},
		{
			Number: ExtentPastEnd, Name: "EXTENT_PAST_END", Severity: Warning, Repair: Asked,
			Title: "A file has written blocks behind its end.",
		},
		{
			Number: DataUnreadable, Name: "DATA_UNREADABLE", Severity: Error, Repair: Never,
			Title: "A block of a file cannot be read.",
		},
	}
}
