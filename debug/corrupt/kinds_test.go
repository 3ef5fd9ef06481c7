// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt_test

import (
	"bytes"
	"regexp"
	"testing"

	"scoutfs/debug/corrupt"
	"scoutfs/debug/surgery"
	"scoutfs/fsck/problem"
)

func TestCatalogueIsInOrder(t *testing.T) {
	t.Parallel()
	name := regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	table := problem.NewTable()
	seen := make(map[string]bool)
	last := problem.Number(0)
	for _, k := range corrupt.Kinds() {
		p := table.Describe(k.Problem)
		switch {
		case !name.MatchString(k.Name):
			t.Errorf("%q is no name", k.Name)
		case seen[k.Name]:
			t.Errorf("%s is there twice", k.Name)
		case p.Name == "UNKNOWN":
			t.Errorf("%s is of problem %d, which does not exist", k.Name, k.Problem)
		case p.Severity == problem.Note:
			t.Errorf("%s is of %s, which is no problem", k.Name, p.Name)
		case k.Problem < last:
			t.Errorf("%s stands behind a kind of problem %d", k.Name, last)
		case k.Needs == "" || k.Does == "" || k.Does[len(k.Does)-1] != '.':
			t.Errorf("%s is not described", k.Name)
		}
		seen[k.Name], last = true, k.Problem
		if found, err := corrupt.Find(k.Name); err != nil || found.Does != k.Does {
			t.Errorf("%s is not found by its name: %v", k.Name, err)
		}
	}
	if _, err := corrupt.Find("nothing"); err == nil {
		t.Error("a kind that does not exist is found")
	}
}

// unprovoked are problems that bytes alone cannot cause: devices that fail.
func unprovoked() []problem.Number {
	return []problem.Number{
		problem.MetaSuperUnreadable, problem.DataSuperUnreadable, problem.QuorumBlockUnreadable,
		problem.BlockUnreadable, problem.DataUnreadable,
	}
}

func TestEveryProblemCanBeProvoked(t *testing.T) {
	t.Parallel()
	provoked := make(map[problem.Number]bool)
	for _, k := range corrupt.Kinds() {
		provoked[k.Problem] = true
	}
	for _, n := range unprovoked() {
		provoked[n] = true
	}
	for _, g := range problem.Groups() {
		for _, p := range g.Problems {
			if p.Severity != problem.Note && !provoked[p.Number] {
				t.Errorf("no kind provokes %d %s", p.Number, p.Name)
			}
		}
	}
}

// The same seed makes the same changes, and some other seed others.
func TestDamageCanBeMadeAgain(t *testing.T) {
	t.Parallel()
	v := made()[3]
	v.ready(t)
	kind, err := corrupt.Find("inode-nlink-file")
	if err != nil {
		t.Fatal(err)
	}
	changes := func(seed uint64) []surgery.Change {
		victim := surgery.Open(v.copy())
		if err := kind.Apply(t.Context(), victim, seed); err != nil {
			t.Fatal(err)
		}
		changes, err := victim.Changes()
		if err != nil || len(changes) == 0 {
			t.Fatalf("%d changes, %v", len(changes), err)
		}
		return changes
	}
	equal := func(a, b []surgery.Change) bool {
		for i := range a {
			if i >= len(b) || a[i].Place != b[i].Place || a[i].Offset != b[i].Offset || !bytes.Equal(a[i].New, b[i].New) {
				return false
			}
		}
		return len(a) == len(b)
	}
	first, differs := changes(1), false
	if !equal(first, changes(1)) {
		t.Error("the same seed makes other changes")
	}
	for seed := range uint64(10) {
		differs = differs || !equal(first, changes(seed+2))
	}
	if !differs {
		t.Error("all seeds make the same changes")
	}
}
