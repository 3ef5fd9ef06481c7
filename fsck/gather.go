// SPDX-License-Identifier: GPL-2.0-or-later

package fsck

import (
	"container/heap"
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

// tally has its cases as a heap whose top is the last in order, so that a case
// that comes before it takes its place.
type tally struct {
	count uint64
	cases []problem.Finding
}

// Len implements heap.Interface.
func (t *tally) Len() int { return len(t.cases) }

// Less implements heap.Interface.
func (t *tally) Less(i, j int) bool { return compareFindings(&t.cases[i], &t.cases[j]) > 0 }

// Swap implements heap.Interface.
func (t *tally) Swap(i, j int) { t.cases[i], t.cases[j] = t.cases[j], t.cases[i] }

// Push implements heap.Interface.
func (t *tally) Push(x any) { t.cases = append(t.cases, x.(problem.Finding)) }

// Pop implements heap.Interface.
func (t *tally) Pop() any {
	last := t.cases[len(t.cases)-1]
	t.cases = t.cases[:len(t.cases)-1]
	return last
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
	t.count++
	switch {
	case len(t.cases) < g.keep:
		heap.Push(t, f)
	case g.keep > 0 && compareFindings(&f, &t.cases[0]) < 0:
		t.cases[0] = f
		heap.Fix(t, 0)
	}
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
		slices.SortFunc(t.cases, func(a, b problem.Finding) int { return compareFindings(&a, &b) })
		described := Tally{Problem: g.table.Describe(number), Count: t.count}
		for _, f := range t.cases {
			described.Cases = append(described.Cases, Case{f, g.paths.path(ctx, f.Place.Ino)})
		}
		all = append(all, described)
	}
	return all
}
