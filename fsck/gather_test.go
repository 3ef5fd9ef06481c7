// SPDX-License-Identifier: GPL-2.0-or-later

package fsck

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scoutfs/fsck/problem"
)

func TestTheFirstCasesInOrderAreKept(t *testing.T) {
	t.Parallel()
	g := newGatherer(problem.NewTable(), 3, nil)
	var wait sync.WaitGroup
	for _, number := range []problem.Number{problem.DirentDangling, problem.InodeLinkCount} {
		for start := range uint64(4) {
			wait.Go(func() {
				for i := range uint64(250) {
					g.add(t.Context(), problem.Finding{Number: number, Place: problem.Place{Ino: 1000 - start - 4*i}})
				}
			})
		}
	}
	wait.Wait()
	type kept struct {
		Number problem.Number
		Name   string
		Count  uint64
		Inos   []uint64
	}
	var got []kept
	for _, tally := range g.gathered(t.Context()) {
		k := kept{tally.Number, tally.Name, tally.Count, nil}
		for _, c := range tally.Cases {
			k.Inos = append(k.Inos, c.Place.Ino)
		}
		got = append(got, k)
	}
	want := []kept{
		{problem.InodeLinkCount, "INODE_LINK_COUNT", 1000, []uint64{1, 2, 3}},
		{problem.DirentDangling, "DIRENT_DANGLING", 1000, []uint64{1, 2, 3}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCasesThatAreOnlyCountedAreCounted(t *testing.T) {
	t.Parallel()
	g := newGatherer(problem.NewTable(), 5, nil)
	g.add(t.Context(), problem.Finding{Number: problem.InodeLinkCount, Place: problem.Place{Ino: 1}})
	g.add(t.Context(), problem.Finding{Number: problem.InodeLinkCount, More: 41})
	all := g.gathered(t.Context())
	if len(all) != 1 || all[0].Count != 42 || len(all[0].Cases) != 1 {
		t.Errorf("got %+v, want 42 cases, and one to look at", all)
	}
}

func TestFindingsAreStreamedOneAtATime(t *testing.T) {
	t.Parallel()
	streamed := 0 // the race detector sees calls at the same time
	g := newGatherer(problem.NewTable(), 0, func(Case) { streamed++ })
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for range 100 {
				g.add(t.Context(), problem.Finding{Number: problem.InodeLinkCount})
			}
		})
	}
	wait.Wait()
	all := g.gathered(t.Context())
	if streamed != 400 || len(all) != 1 || all[0].Count != 400 || len(all[0].Cases) != 0 {
		t.Errorf("streamed %d and gathered %v, want 400 and only a count", streamed, all)
	}
}

func TestSummariesCountBySeverity(t *testing.T) {
	t.Parallel()
	g := newGatherer(problem.NewTable(), 1, nil)
	s := &Summary{}
	add := func(n problem.Number) {
		g.add(t.Context(), problem.Finding{Number: n})
		s.Tallies = g.gathered(t.Context())
	}
	add(problem.VolumeInUse)
	if !s.Clean() || s.Count(problem.Note) != 1 {
		t.Errorf("with a note it is not clean: %v", s.Tallies)
	}
	add(problem.MetaBlockLeaked)
	if s.Clean() || s.Count(problem.Warning) != 1 {
		t.Errorf("with a warning it is clean: %v", s.Tallies)
	}
	add(problem.InodeLinkCount)
	add(problem.InodeLinkCount)
	if s.Count(problem.Error) != 2 || s.Has(problem.InodeLinkCount) != 2 || s.Has(problem.DirentDangling) != 0 {
		t.Errorf("got %v", s.Tallies)
	}
}
