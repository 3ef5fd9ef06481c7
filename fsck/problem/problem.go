// SPDX-License-Identifier: GPL-2.0-or-later

// Package problem is the one table of what can be wrong with a volume: for
// each kind a number and a name that never change, how bad it is, whether it
// may be repaired, and texts for people. A [Finding] is one case of it, with
// its place.
//
// Numbers are grouped by hundreds, see [Groups]. A number is never used again
// for something else, and kinds that turn out to be two get a new number each.
package problem

import "slices"

// Number identifies a kind of problem.
type Number int

// Severity is how bad a problem is.
type Severity uint8

// Severities, ascending.
const (
	// Note is no problem at all: something that a volume may have, and that
	// whoever looks after it may want to know.
	Note Severity = iota
	// Warning is wrong, and costs nothing but space or precision.
	Warning
	// Error means that names or contents are lost or wrong, or can get so
	// when the volume is used.
	Error
	// Fatal means that the volume cannot even be checked.
	Fatal
)

// String returns the severity in lower case.
func (s Severity) String() string {
	return [...]string{"note", "warning", "error", "fatal"}[min(s, Fatal)]
}

// Repair is whether a problem can be repaired.
type Repair uint8

// Kinds of repair.
const (
	// Never: nothing that the volume holds says what would be right.
	Never Repair = iota
	// Automatic: what would be right follows from the rest of the volume,
	// and nothing is lost by writing it.
	Automatic
	// Asked: somebody has to decide, as something may be lost.
	Asked
)

// String returns the kind of repair in lower case.
func (r Repair) String() string {
	return [...]string{"never", "automatic", "asked"}[min(r, Asked)]
}

// Problem describes a kind of problem.
type Problem struct {
	Number   Number
	Name     string // in capitals with underscores
	Severity Severity
	Repair   Repair
	// Upstream are the names that upstream's kernel module (SC_) and its
	// unreleased checker (PB_) have for it.
	Upstream []string
	// Title is one sentence that says what is wrong.
	Title string
	// Means tells whoever looks after the volume, in a few sentences, what
	// follows from it.
	Means string
}

// Group is a range of numbers with a common subject.
type Group struct {
	Title    string
	Problems []Problem // ascending by number
}

// Groups returns the whole table.
func Groups() []Group {
	return []Group{
		{"Supers and geometry", supersProblems()},
		{"Quorum and mounts", mountsProblems()},
		{"Metadata blocks and trees", blocksProblems()},
		{"Free space and the ownership of blocks", spaceProblems()},
		{"Log trees and their merge", logsProblems()},
		{"Search files", searchProblems()},
		{"Inodes, names and links", inodesProblems()},
		{"Extended attributes, totals, indexes and quotas", attributesProblems()},
		{"File data", dataProblems()},
		{"Notes", notesProblems()},
	}
}

// Table finds problems by number. It is immutable and safe for concurrent use.
type Table struct{ problems []Problem }

// NewTable returns the table of all problems.
func NewTable() *Table {
	var t Table
	for _, g := range Groups() {
		t.problems = append(t.problems, g.Problems...)
	}
	return &t
}

// Describe returns what a number stands for. An unknown number is described
// by its digits only.
func (t *Table) Describe(n Number) Problem {
	i, ok := slices.BinarySearchFunc(t.problems, n, func(p Problem, n Number) int { return int(p.Number - n) })
	if !ok {
		return Problem{Number: n, Name: "UNKNOWN", Severity: Error}
	}
	return t.problems[i]
}
