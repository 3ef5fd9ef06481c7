// SPDX-License-Identifier: GPL-2.0-or-later

package fsck

import (
	"context"
	"maps"
	"slices"
	"sync"

	"scoutfs/engine/fs"
	"scoutfs/fsck/problem"
)

// gatherer counts findings, passes them on, and keeps the first few of each
// kind.
type gatherer struct {
	table  *problem.Table
	keep   int
	stream func(Case) // nil without

	mu      sync.Mutex // guards what follows, and the calls of stream
	paths   *resolver
	tallies map[problem.Number]*tally
}

func newGatherer(table *problem.Table, keep int, stream func(Case)) *gatherer {
	return &gatherer{table: table, keep: keep, stream: stream, tallies: make(map[problem.Number]*tally)}
}

// findPaths says where to look for the paths of inodes from now on.
func (g *gatherer) findPaths(view *fs.FS) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.paths = newResolver(view)
}

// tally keeps the first cases in order, and up to as many others that have
// not been looked at.
type tally struct {
	count uint64
	cases []problem.Finding
}

// add keeps a case if it may be one of the first keep.
func (t *tally) add(f problem.Finding, keep int) {
	t.count += max(1, f.More)
	if keep == 0 || f.More > 0 {
		return
	}
	t.cases = append(t.cases, f)
	if len(t.cases) == 2*keep {
		t.cut(keep)
	}
}

// cut puts the cases in order and drops those behind the first keep.
func (t *tally) cut(keep int) {
	slices.SortFunc(t.cases, func(a, b problem.Finding) int { return compareFindings(&a, &b) })
	kept := min(keep, len(t.cases))
	clear(t.cases[kept:])
	t.cases = t.cases[:kept]
}

func compareFindings(a, b *problem.Finding) int {
	if order := a.Place.Compare(&b.Place); order != 0 {
		return order
	}
	// Cases that differ in nothing but their texts stay in one order too.
	return slices.Compare([]string{a.Found, a.Expected}, []string{b.Found, b.Expected})
}

// add takes a finding, from many goroutines.
func (g *gatherer) add(ctx context.Context, f problem.Finding) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t := g.tallies[f.Number]
	if t == nil {
		t = &tally{}
		g.tallies[f.Number] = t
	}
	t.add(f, g.keep)
	if g.stream != nil {
		g.stream(Case{f, g.paths.path(ctx, f.Place.Ino)})
	}
}

// gathered returns all that was gathered, in order.
func (g *gatherer) gathered(ctx context.Context) []Tally {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []Tally
	for _, number := range slices.Sorted(maps.Keys(g.tallies)) {
		t := g.tallies[number]
		t.cut(g.keep)
		described := Tally{Problem: g.table.Describe(number), Count: t.count}
		for _, f := range t.cases {
			described.Cases = append(described.Cases, Case{f, g.paths.path(ctx, f.Place.Ino)})
		}
		all = append(all, described)
	}
	return all
}
