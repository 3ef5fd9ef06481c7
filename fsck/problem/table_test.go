// SPDX-License-Identifier: GPL-2.0-or-later

package problem_test

import (
	"regexp"
	"strings"
	"testing"

	"scoutfs/fsck/problem"
)

func TestEveryProblemIsDescribed(t *testing.T) {
	t.Parallel()
	name := regexp.MustCompile(`^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$`)
	names := make(map[string]problem.Number)
	table := problem.NewTable()
	last := problem.Number(0)
	for i, group := range problem.Groups() {
		hundred := problem.Number(100 * (i + 1))
		for _, p := range group.Problems {
			if p.Number <= last || p.Number < hundred || p.Number >= hundred+100 {
				t.Errorf("%s: %d does not follow %d in the hundred of %q", p.Name, p.Number, last, group.Title)
			}
			last = p.Number
			if other, double := names[p.Name]; double || !name.MatchString(p.Name) {
				t.Errorf("%d: the name %q is wrong, or that of %d", p.Number, p.Name, other)
			}
			names[p.Name] = p.Number
			if strings.Count(p.Title, ".") != 1 || !strings.HasSuffix(p.Title, ".") {
				t.Errorf("%s: the title is not a sentence: %q", p.Name, p.Title)
			}
			if !strings.HasSuffix(p.Means, ".") || strings.Contains(p.Means, "  ") || strings.Contains(p.Means, p.Title) {
				t.Errorf("%s: what it means is not told in sentences: %q", p.Name, p.Means)
			}
			if isNote := hundred == 1000; isNote != (p.Severity == problem.Note) {
				t.Errorf("%s: the severity is %s", p.Name, p.Severity)
			}
			if got := table.Describe(p.Number); got.Name != p.Name {
				t.Errorf("%d is described as %s, want %s", p.Number, got.Name, p.Name)
			}
		}
	}
}

func TestNumbersWithoutAProblemHaveNoDescription(t *testing.T) {
	t.Parallel()
	table := problem.NewTable()
	for _, n := range []problem.Number{-1, 0, 100, 999, 1 << 30} {
		if got := table.Describe(n); got.Name != "UNKNOWN" || got.Number != n || got.Severity != problem.Error {
			t.Errorf("%d is described as %+v", n, got)
		}
	}
}
