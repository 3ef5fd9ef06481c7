// SPDX-License-Identifier: GPL-2.0-or-later

// Package usage adds up how much room files take: on the data device, in the
// archive, and by their sizes; for each directory with everything below it,
// or for each owner.
//
// A file with several links counts once, where it is met first. Inode
// numbers of files with more than one link are held in compressed bitmaps,
// and nothing of other files; sums by owner take memory for each owner.
package usage

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"syscall"

	"github.com/RoaringBitmap/roaring/v2/roaring64"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/progress"
	"scoutfs/walk/tree"
)

// Sum is what some files take together.
type Sum struct {
	Online   uint64 // bytes on the data device, in whole blocks
	Offline  uint64 // bytes in the archive only, in whole blocks
	Apparent uint64 // bytes, sum of the sizes
	Inodes   uint64
}

// Add adds what other files take.
func (s *Sum) Add(o Sum) {
	s.Online += o.Online
	s.Offline += o.Offline
	s.Apparent += o.Apparent
	s.Inodes += o.Inodes
}

func sumOf(a *tree.Attr) Sum {
	return Sum{Online: a.OnlineBytes(), Offline: a.OfflineBytes(), Apparent: a.Size, Inodes: 1}
}

// Options say what is added up.
type Options struct {
	// OneFileSystem leaves out what is mounted below the start.
	OneFileSystem bool
	// Progress counts files; nil for nobody.
	Progress progress.Sink
}

// Row is a file or directory with everything below it.
type Row struct {
	Node  tree.Node
	Attr  tree.Attr
	Depth int // below its start
	Sum   Sum
}

// counter counts each file once.
type counter struct {
	sink   progress.Sink
	linked map[uint64]*roaring64.Bitmap // by file system, inodes with several links
}

func newCounter(o Options) *counter {
	return &counter{sink: progress.OrDiscard(o.Progress), linked: make(map[uint64]*roaring64.Bitmap)}
}

// count returns what a file takes that was not counted before.
func (c *counter) count(a *tree.Attr) Sum {
	c.sink.Add(1)
	if a.Nlink > 1 && !a.IsDir() {
		seen := c.linked[a.Dev]
		if seen == nil {
			seen = roaring64.New()
			c.linked[a.Dev] = seen
		}
		if !seen.CheckedAdd(a.Ino) {
			return Sum{}
		}
	}
	return sumOf(a)
}

// walk walks with what sums need.
func (c *counter) walk(ctx context.Context, t tree.Tree, start tree.Node, want tree.Want, o Options) iter.Seq2[tree.Found[tree.Attr], error] {
	var dev uint64
	opts := tree.WalkOptions[tree.Attr]{
		Look: func(ctx context.Context, n tree.Node, _ int) (tree.Attr, error) {
			a, err := t.Stat(ctx, n, want)
			if err == nil && a.IsRegular() && a.Archive.Denied {
				err = fmt.Errorf("%s: cannot tell what is online: %w", n.Path, syscall.EACCES)
			}
			return a, err
		},
		Enter: func(f *tree.Found[tree.Attr], err error) bool {
			if f.Depth == 0 {
				dev = f.Value.Dev
			}
			if err != nil {
				return f.Node.IsDir()
			}
			return f.Value.IsDir() && (!o.OneFileSystem || f.Value.Dev == dev)
		},
		Leave: true,
	}
	return tree.Walk(ctx, t, start, opts)
}

// Directories returns the files and directories at some starts and below
// them, each directory after what is in it. Errors belong to files that are
// not counted, and do not end the sequence.
func Directories(ctx context.Context, t tree.Tree, starts []tree.Node, o Options) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		c := newCounter(o)
		c.sink.Phase("add up files", progress.Items, progress.Unknown)
		for _, start := range starts {
			s := &stack{yield: yield}
			for f, err := range c.walk(ctx, t, start, tree.WantArchive, o) {
				switch {
				case err != nil:
					if !yield(Row{Node: f.Node, Depth: f.Depth}, err) {
						return
					}
				case f.Left:
					if !s.settle(f.Depth) {
						return
					}
				default:
					if !s.settle(f.Depth) {
						return
					}
					s.rows = append(s.rows, Row{f.Node, f.Value, f.Depth, c.count(&f.Value)})
				}
			}
			if !s.settle(0) {
				return
			}
		}
	}
}

// stack holds the directories that lead to where a walk is, and last the
// file that it came to.
type stack struct {
	rows  []Row
	yield func(Row, error) bool
}

// settle ends the rows at a depth and below: nothing more belongs to them.
func (s *stack) settle(depth int) bool {
	for n := len(s.rows); n > 0 && s.rows[n-1].Depth >= depth; n-- {
		row := s.rows[n-1]
		s.rows = s.rows[:n-1]
		if n > 1 {
			s.rows[n-2].Sum.Add(row.Sum)
		}
		if !s.yield(row, nil) {
			return false
		}
	}
	return true
}

// By is what files are grouped by.
type By uint8

// What files can be grouped by.
const (
	ByUID By = iota
	ByGID
	ByProject
)

// OwnerRow is what the files of one owner take.
type OwnerRow struct {
	ID    uint64
	Known bool // false for files whose project is not known
	Sum   Sum
}

type owner struct {
	known bool
	id    uint64
}

func (by By) of(a *tree.Attr) owner {
	switch by {
	case ByGID:
		return owner{true, uint64(a.GID)}
	case ByProject:
		return owner{a.Archive.ProjectKnown, a.Archive.Project}
	}
	return owner{true, uint64(a.UID)}
}

// Owners returns what the files at some starts and below them take for each
// owner, ordered by numbers. Errors, about files that are not counted, come
// before the rows.
func Owners(ctx context.Context, t tree.Tree, starts []tree.Node, by By, o Options) iter.Seq2[OwnerRow, error] {
	return func(yield func(OwnerRow, error) bool) {
		sums := make(map[owner]*Sum)
		for a, err := range files(ctx, t, starts, by, o) {
			if err != nil {
				if !yield(OwnerRow{}, err) {
					return
				}
				continue
			}
			of := by.of(a.attr)
			sum := sums[of]
			if sum == nil {
				sum = new(Sum)
				sums[of] = sum
			}
			sum.Add(a.sum)
		}
		order := slices.SortedFunc(maps.Keys(sums), func(a, b owner) int { return cmp.Compare(a.id, b.id) })
		for _, of := range order {
			if !yield(OwnerRow{of.id, of.known, *sums[of]}, nil) {
				return
			}
		}
	}
}

// Total returns what the files at a start and below it take together, under
// the start's own attributes. Errors about files that are not counted come
// before it.
func Total(ctx context.Context, t tree.Tree, start tree.Node, o Options) iter.Seq2[Row, error] {
	if !wholeVolume(t, []tree.Node{start}) {
		return func(yield func(Row, error) bool) {
			for row, err := range Directories(ctx, t, []tree.Node{start}, o) {
				if (err != nil || row.Depth == 0) && !yield(row, err) {
					return
				}
			}
		}
	}
	return func(yield func(Row, error) bool) {
		row := Row{Node: start}
		for a, err := range files(ctx, t, []tree.Node{start}, ByUID, o) {
			switch {
			case err != nil:
				if !yield(Row{Node: start}, err) {
					return
				}
			default:
				if a.attr.Ino == start.Ino {
					row.Attr = *a.attr
				}
				row.Sum.Add(a.sum)
			}
		}
		yield(row, nil)
	}
}

// counted is a file with what of it was not counted before.
type counted struct {
	attr *tree.Attr // good until the next file
	sum  Sum
}

// files returns each file once, in whatever order is fastest.
func files(ctx context.Context, t tree.Tree, starts []tree.Node, by By, o Options) iter.Seq2[counted, error] {
	if wholeVolume(t, starts) {
		return scan(ctx, t, o)
	}
	return func(yield func(counted, error) bool) {
		want := tree.WantArchive
		if by == ByProject {
			want |= tree.WantProject
		}
		c := newCounter(o)
		c.sink.Phase("add up files", progress.Items, progress.Unknown)
		for _, start := range starts {
			for f, err := range c.walk(ctx, t, start, want, o) {
				if f.Left {
					continue
				}
				next := counted{attr: &f.Value}
				if err == nil {
					next.sum = c.count(&f.Value)
				}
				if !yield(next, err) {
					return
				}
			}
		}
	}
}

// wholeVolume reports whether starts are one that a scan of all inodes
// covers.
func wholeVolume(t tree.Tree, starts []tree.Node) bool {
	_, devices := t.(*tree.Devices)
	return devices && len(starts) == 1 && starts[0].Ino == format.RootIno
}

// scan returns the inodes of a volume that have links. Each comes once,
// whatever their number.
func scan(ctx context.Context, t tree.Tree, o Options) iter.Seq2[counted, error] {
	return func(yield func(counted, error) bool) {
		d, ok := t.(*tree.Devices)
		if !ok {
			return
		}
		sink := progress.OrDiscard(o.Progress)
		sink.Phase("scan inodes", progress.Items, progress.Unknown)
		records := tree.Sequence(ctx, d, uint64(0),
			func(f *fs.FS, from uint64) iter.Seq2[*fs.Record, error] {
				return f.Scan(ctx, fs.ScanOptions{From: from})
			},
			func(r *fs.Record) (uint64, bool) { return r.Inode.Ino + 1, r.Inode.Ino+1 != 0 })
		const every = 4096
		n := 0
		for r, err := range records {
			if err != nil {
				if !yield(counted{attr: &tree.Attr{}}, err) {
					return
				}
				continue
			}
			if n++; n%every == 0 {
				sink.Add(every)
			}
			if r.Inode.Nlink == 0 {
				continue
			}
			a := tree.AttrOf(&r.Inode)
			if !yield(counted{&a, sumOf(&a)}, nil) {
				return
			}
		}
	}
}
