// SPDX-License-Identifier: GPL-2.0-or-later

package find

import (
	"context"
	"iter"
	"math"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/progress"
	"scoutfs/walk/tree"
)

// wholeVolume reports whether the search starts at the root of a volume and
// goes all the way down.
func (s *Search) wholeVolume() bool { return s.start.Ino == format.RootIno && s.query.MaxDepth < 0 }

// scan looks at the inodes of a volume in the order of their numbers.
func (s *Search) scan(ctx context.Context, d *tree.Devices, yield func(*Match, error) bool) {
	f, err := d.FS(ctx)
	if err != nil {
		yield(nil, err)
		return
	}
	s.sink.Phase("scan inodes", progress.Items, int64(min(inodeCount(f), math.MaxInt64)))
	r := &recordReader{search: s, devices: d, yield: yield}
	for record, err := range s.records(ctx, d, Span{0, math.MaxUint64}) {
		if err != nil {
			if !yield(nil, err) {
				return
			}
			continue
		}
		s.look()
		if !r.read(ctx, record) {
			return
		}
	}
}

// inodeCount is how many inodes a volume says it has.
func inodeCount(f *fs.FS) uint64 {
	n := f.Super().InodeCount.Get()
	for _, lt := range f.Snapshot().LogTrees {
		n += lt.InodeCountDelta.Get()
	}
	return n
}

// records returns inodes with what the tests need of them.
func (s *Search) records(ctx context.Context, d *tree.Devices, within Span) iter.Seq2[*fs.Record, error] {
	return tree.Sequence(ctx, d, within.Min,
		func(f *fs.FS, from uint64) iter.Seq2[*fs.Record, error] {
			return f.Scan(ctx, fs.ScanOptions{From: from, To: within.Max, Links: true, Xattrs: len(s.matcher.xattrs) > 0})
		},
		func(r *fs.Record) (uint64, bool) { return r.Inode.Ino + 1, r.Inode.Ino < within.Max })
}

// recordReader turns records into matches.
type recordReader struct {
	search  *Search
	devices *tree.Devices
	yield   func(*Match, error) bool

	fs     *fs.FS // that paths are of
	paths  *dirPaths
	match  Match
	values verdict // of the match's inode
}

// verdict is what is known of tests that look at values.
type verdict uint8

const (
	notAsked verdict = iota
	holds
	fails
)

// read tests an inode under each of its names. It reports whether to go on.
func (r *recordReader) read(ctx context.Context, record *fs.Record) bool {
	s := r.search
	r.match.Attr = tree.AttrOf(&record.Inode)
	if !s.matcher.attributes(&r.match.Attr, noHint) || !s.matcher.mayHave(record.Xattrs) {
		return true
	}
	r.values = notAsked
	if !s.matcher.values {
		r.values = holds
	}
	if r.match.Attr.Ino == s.start.Ino {
		r.match.Path = append(r.match.Path[:0], s.start.Path...)
		return !s.matcher.name([]byte(s.start.Name())) || r.emit(ctx)
	}
	for i := range record.Links {
		link := &record.Links[i]
		if !s.matcher.name(link.Name) {
			continue
		}
		dir, err := r.directory(ctx, link.Dir)
		if err != nil {
			if !r.yield(nil, err) {
				return false
			}
			continue
		}
		if !dir.inside || s.query.MaxDepth >= 0 && dir.depth >= s.query.MaxDepth {
			continue
		}
		r.match.Path = append(append(r.match.Path[:0], dir.path...), link.Name...)
		if !r.emit(ctx) {
			return false
		}
	}
	return true
}

// emit yields the match if the tests that are left hold. It reports whether
// to go on.
func (r *recordReader) emit(ctx context.Context) bool {
	if !r.search.matcher.path(r.match.Path) {
		return true
	}
	if r.values == notAsked {
		r.values = fails
		have, err := r.search.matcher.have(ctx, r.devices, tree.Node{Ino: r.match.Attr.Ino})
		if err != nil {
			return r.yield(nil, at(string(r.match.Path), err))
		}
		if have {
			r.values = holds
		}
	}
	return r.values == fails || r.yield(&r.match, nil)
}

// directory returns what is known of a directory.
func (r *recordReader) directory(ctx context.Context, ino uint64) (dir *directory, err error) {
	err = r.devices.Read(ctx, func(f *fs.FS) (err error) {
		if r.fs != f {
			r.fs, r.paths = f, newDirPaths(f, r.search.start.Ino, r.search.start.Path)
		}
		dir, err = r.paths.find(ctx, ino)
		return err
	})
	return dir, err
}
