// SPDX-License-Identifier: GPL-2.0-or-later

package find

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"
	"sync/atomic"
	"syscall"

	"scoutfs/progress"
	"scoutfs/walk/tree"
)

// Query says what is looked for.
type Query struct {
	Tests []Test // must all hold

	// MaxDepth is how many directories below the start are looked into; a
	// negative number is any.
	MaxDepth int

	// Want says which attributes the caller wants with what is found.
	Want tree.Want

	// Way is how to look; Auto chooses the cheapest that there is.
	Way Way

	// Workers bounds what a walk does at the same time; 0 is
	// tree.DefaultWorkers.
	Workers int

	// Progress counts files that were looked at; nil for nobody.
	Progress progress.Sink
}

// Way is a way to look for files.
type Way uint8

const (
	// Auto takes an index if one helps, else a scan of a whole volume on
	// devices, else a walk.
	Auto Way = iota
	// Index looks at the inodes that an index names. A search that no index
	// helps is an error.
	Index
	// Scan looks at all inodes of a volume on its devices.
	Scan
	// Walk goes through the directories.
	Walk
)

// Ways are the names of all ways.
func Ways() []string { return []string{"auto", "index", "scan", "walk"} }

// String returns the name of the way.
func (w Way) String() string { return Ways()[w] }

// Match is a file that was found.
type Match struct {
	// Path is the start's path with the names below it. It is good until the
	// next match.
	Path []byte
	Attr tree.Attr
}

// Report says what a search did.
type Report struct {
	Way     Way
	Detail  string // which index, and why not another way
	Tests   []string
	Indexed uint64 // inodes that the index named
	Looked  uint64 // files that were looked at
	Matches uint64
	Blocks  uint64 // metadata blocks read from the device; 0 on a mount
	Cached  uint64 // metadata blocks that were in memory; 0 on a mount
}

// Search is one search. It is used once.
type Search struct {
	tree    tree.Tree
	start   tree.Node
	query   Query
	matcher *matcher
	sink    progress.Sink
	report  Report
	looked  atomic.Int64

	openMounted func(path string) (*mounted, error)
}

// New prepares a search of what is at start and below it.
func New(t tree.Tree, start tree.Node, q Query) *Search {
	s := &Search{
		tree:    t,
		start:   start,
		query:   q,
		matcher: newMatcher(q.Tests, q.Want),
		sink:    progress.OrDiscard(q.Progress),

		openMounted: openMounted,
	}
	for _, t := range q.Tests {
		s.report.Tests = append(s.report.Tests, t.String())
	}
	return s
}

// Report returns what the search did so far. It is not called while Matches
// is in use by another goroutine.
func (s *Search) Report() Report {
	s.report.Looked = uint64(s.looked.Load())
	return s.report
}

// Matches looks for files and returns each once for each of its paths. Errors
// belong to files that could not be looked at, and do not end the search; a
// match and the error about something else never come together. The match is
// the search's own and changes with the next.
func (s *Search) Matches(ctx context.Context) iter.Seq2[*Match, error] {
	return func(yield func(*Match, error) bool) {
		defer s.countBlocks()()
		counted := func(m *Match, err error) bool {
			if err == nil {
				s.report.Matches++
			}
			return yield(m, err)
		}
		s.search(ctx, counted)
	}
}

// countBlocks returns what to call at the end.
func (s *Search) countBlocks() (end func()) {
	d, ok := s.tree.(*tree.Devices)
	if !ok {
		return func() {}
	}
	before := d.Volume().Blocks().Stats()
	return func() {
		after := d.Volume().Blocks().Stats()
		s.report.Blocks += after.Blocks - before.Blocks
		s.report.Cached += after.Hits - before.Hits
	}
}

// look counts a file that is looked at.
func (s *Search) look() {
	const every = 4096
	if n := s.looked.Add(1); n%every == 0 {
		s.sink.Add(every)
	}
}

// search chooses a way and goes it.
func (s *Search) search(ctx context.Context, yield func(*Match, error) bool) {
	var why []string
	if s.query.Way == Auto || s.query.Way == Index {
		found, reason, err := s.index(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		if found != nil {
			s.report.Way, s.report.Detail = Index, reason
			s.report.Indexed = found.inodes
			total := progress.Unknown
			if found.inodes > 0 {
				total = int64(min(found.inodes, math.MaxInt64))
			}
			s.sink.Phase("look at indexed inodes", progress.Items, total)
			found.examine(ctx, yield)
			return
		}
		why = append(why, reason)
		if s.query.Way == Index {
			yield(nil, fmt.Errorf("no index helps: %s: %w", reason, syscall.EOPNOTSUPP))
			return
		}
	}
	devices, onDevices := s.tree.(*tree.Devices)
	switch {
	case s.query.Way == Scan && !onDevices:
		yield(nil, fmt.Errorf("a scan of all inodes needs the devices: %w", syscall.EOPNOTSUPP))
		return
	case onDevices && s.query.Way != Walk && (s.query.Way == Scan || s.wholeVolume()):
		s.report.Way, s.report.Detail = Scan, strings.Join(why, "; ")
		s.scan(ctx, devices, yield)
		return
	}
	s.report.Way, s.report.Detail = Walk, strings.Join(why, "; ")
	s.walk(ctx, yield)
}

// walkResult is what a walk finds out about a file.
type walkResult struct {
	attr    tree.Attr
	known   bool // attr
	matches bool
}

// walk goes through the directories.
func (s *Search) walk(ctx context.Context, yield func(*Match, error) bool) {
	s.sink.Phase("walk", progress.Items, progress.Unknown)
	opts := tree.WalkOptions[walkResult]{
		Workers: s.query.Workers,
		Look: func(ctx context.Context, n tree.Node, _ int) (walkResult, error) {
			s.look()
			return s.examine(ctx, n)
		},
		Enter: func(f *tree.Found[walkResult], _ error) bool {
			isDir := f.Node.IsDir()
			if f.Value.known {
				isDir = f.Value.attr.IsDir()
			}
			return isDir && (s.query.MaxDepth < 0 || f.Depth < s.query.MaxDepth)
		},
	}
	var m Match
	for f, err := range tree.Walk(ctx, s.tree, s.start, opts) {
		switch {
		case err != nil:
			if !yield(nil, at(f.Node.Path, err)) {
				return
			}
		case f.Value.matches:
			m.Path, m.Attr = append(m.Path[:0], f.Node.Path...), f.Value.attr
			if !yield(&m, nil) {
				return
			}
		}
	}
}

// examine tests a file, the cheap tests first.
func (s *Search) examine(ctx context.Context, n tree.Node) (r walkResult, err error) {
	wanted := s.matcher.name([]byte(n.Name())) && s.matcher.path([]byte(n.Path))
	if !wanted && n.Type != 0 {
		return r, nil
	}
	if r.attr, err = s.tree.Stat(ctx, n, s.matcher.want); err != nil {
		return r, err
	}
	r.known = true
	if wanted && s.matcher.attributes(&r.attr, noHint) {
		r.matches, err = s.matcher.have(ctx, s.tree, n)
	}
	return r, err
}

// at names the file that an error is about, if the error does not.
func at(path string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), path) {
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}
