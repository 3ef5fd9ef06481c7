// SPDX-License-Identifier: GPL-2.0-or-later

package find

import (
	"context"
	"fmt"
	"iter"
	"math"

	"github.com/RoaringBitmap/roaring/v2/roaring64"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/engine/ioctl"
	"scoutfs/walk"
	"scoutfs/walk/tree"
)

const (
	// scanRatio is how many inodes a scan looks at in the time that looking
	// one up takes, about.
	scanRatio = 32
	// fewInodes are always worth looking up.
	fewInodes = 1000
	// nearInodes are numbers so close to each other that they are read in
	// one go.
	nearInodes = 16
)

// indexed is what an index says about a search.
type indexed struct {
	inodes  uint64 // 0 if they were not counted
	examine func(ctx context.Context, yield func(*Match, error) bool)
}

// index asks the index that helps most. Without one it returns nil and the
// reason.
func (s *Search) index(ctx context.Context) (found *indexed, detail string, err error) {
	h := s.bestHint()
	if h.kind == noHint {
		return nil, "no test that an index answers", nil
	}
	if d, ok := s.tree.(*tree.Devices); ok {
		return s.indexOnDevices(ctx, d, h)
	}
	return s.indexOnMount(ctx, h)
}

// bestHint returns the hint that probably leaves fewest files.
func (s *Search) bestHint() hint {
	var best hint
	value := func(h hint) int {
		switch h.kind {
		case inoHint:
			return 5
		case indxHint:
			return 4
		case srchHint:
			return 3
		case dataSeqHint, metaSeqHint:
			if h.span == AnyNumber() {
				return -1
			}
			return int(h.kind)
		}
		return 0
	}
	for _, t := range s.query.Tests {
		if value(t.hint) > value(best) {
			best = t.hint
		}
	}
	return best
}

func (h hint) String() string {
	switch h.kind {
	case inoHint:
		return "inode numbers"
	case metaSeqHint:
		return "meta_seq index"
	case dataSeqHint:
		return "data_seq index"
	case srchHint:
		return "search files"
	case indxHint:
		return "xattr index"
	}
	return "no index"
}

// xattrIndex returns the places of the index that a hint is about.
func (h hint) xattrIndex() (first, last ioctl.XattrIndexEntry) {
	if !h.onePlace {
		return ioctl.XattrIndexEntry{}, ioctl.LastXattrIndexEntry()
	}
	first = ioctl.XattrIndexEntry{Major: h.major, Minor: h.minor}
	last = first
	last.Ino = math.MaxUint64
	return first, last
}

// gather puts inode numbers into a bitmap, at most limit of them. more says
// that there are others.
func gather(inos iter.Seq2[uint64, error], limit uint64) (all *roaring64.Bitmap, more bool, err error) {
	all = roaring64.New()
	n := uint64(0)
	for ino, err := range inos {
		if err != nil {
			return nil, false, err
		}
		if all.CheckedAdd(ino) {
			n++
		}
		if n > limit {
			return all, true, nil
		}
	}
	return all, false, nil
}

func (s *Search) indexOnDevices(ctx context.Context, d *tree.Devices, h hint) (*indexed, string, error) {
	f, err := d.FS(ctx)
	if err != nil {
		return nil, "", err
	}
	if h.kind == inoHint {
		only := func(yield func(Span) bool) { yield(h.span) }
		return &indexed{examine: s.examineOnDevices(d, only, h.span.Contains)}, h.String(), nil
	}
	limit := max(inodeCount(f)/scanRatio, fewInodes)
	if s.query.Way == Index {
		limit = math.MaxUint64
	}
	inos, more, err := gather(indexOf(ctx, d, h), limit)
	if err != nil {
		return nil, "", fmt.Errorf("%v: %w", h, err)
	}
	if more {
		return nil, fmt.Sprintf("the %v names more than %d inodes", h, limit), nil
	}
	return &indexed{inos.GetCardinality(), s.examineOnDevices(d, runs(inos), inos.Contains)}, h.String(), nil
}

// indexOf returns the inodes that an index on the devices names.
func indexOf(ctx context.Context, d *tree.Devices, h hint) iter.Seq2[uint64, error] {
	switch h.kind {
	case srchHint:
		return tree.Sequence(ctx, d, uint64(0),
			func(f *fs.FS, from uint64) iter.Seq2[uint64, error] {
				return f.SearchXattrs(ctx, fs.Search{Name: h.name, First: from, Last: math.MaxUint64})
			},
			func(ino uint64) (uint64, bool) { return ino + 1, ino != math.MaxUint64 })
	case indxHint:
		first, last := h.xattrIndex()
		to := format.XattrIndx{Major: last.Major, Minor: last.Minor, Ino: last.Ino, ID: math.MaxUint64}
		entries := tree.Sequence(ctx, d, format.XattrIndx{Major: first.Major, Minor: first.Minor},
			func(f *fs.FS, from format.XattrIndx) iter.Seq2[format.XattrIndx, error] {
				return f.XattrIndex(ctx, from, to)
			},
			func(x format.XattrIndx) (format.XattrIndx, bool) { return format.IndxKey(x).Next().Indx(), true })
		return inosOf(entries, func(x format.XattrIndx) uint64 { return x.Ino })
	}
	typ := uint8(format.TypeMetaSeq)
	if h.kind == dataSeqHint {
		typ = format.TypeDataSeq
	}
	entries := tree.Sequence(ctx, d, fs.IndexEntry{Seq: h.span.Min},
		func(f *fs.FS, from fs.IndexEntry) iter.Seq2[fs.IndexEntry, error] {
			return f.InodeIndex(ctx, typ, from, fs.IndexEntry{Seq: h.span.Max, Ino: math.MaxUint64})
		},
		func(e fs.IndexEntry) (fs.IndexEntry, bool) {
			if e.Ino++; e.Ino == 0 {
				e.Seq++
			}
			return e, e != fs.IndexEntry{}
		})
	return inosOf(entries, func(e fs.IndexEntry) uint64 { return e.Ino })
}

func inosOf[T any](entries iter.Seq2[T, error], ino func(T) uint64) iter.Seq2[uint64, error] {
	return func(yield func(uint64, error) bool) {
		for e, err := range entries {
			if !yield(ino(e), err) {
				return
			}
		}
	}
}

// examineOnDevices looks up the inodes in ranges that are wanted.
func (s *Search) examineOnDevices(d *tree.Devices, ranges iter.Seq[Span], wanted func(ino uint64) bool) func(context.Context, func(*Match, error) bool) {
	return func(ctx context.Context, yield func(*Match, error) bool) {
		r := &recordReader{search: s, devices: d, yield: yield}
		for within := range ranges {
			for record, err := range s.records(ctx, d, within) {
				switch {
				case err != nil:
					if !yield(nil, err) || record == nil {
						return
					}
				case wanted(record.Inode.Ino):
					s.look()
					if !r.read(ctx, record) {
						return
					}
				}
			}
		}
	}
}

// runs returns ranges that cover a set of inodes and few others.
func runs(inos *roaring64.Bitmap) iter.Seq[Span] {
	return func(yield func(Span) bool) {
		i := inos.Iterator()
		for more := i.HasNext(); more; {
			run := Span{Min: i.Next()}
			run.Max = run.Min
			for more = i.HasNext(); more && i.PeekNext()-run.Max <= nearInodes; more = i.HasNext() {
				run.Max = i.Next()
			}
			if !yield(run) {
				return
			}
		}
	}
}

// requested returns the inodes that an index names when a volume is asked by
// requests.
func requested(ctx context.Context, v ioctl.Volume, h hint) iter.Seq2[uint64, error] {
	switch h.kind {
	case srchHint:
		return walk.SearchXattrs(ctx, v, h.name, 0, math.MaxUint64)
	case indxHint:
		first, last := h.xattrIndex()
		return inosOf(walk.XattrIndex(ctx, v, first, last), func(e ioctl.XattrIndexEntry) uint64 { return e.Ino })
	}
	index := ioctl.IndexMetaSeq
	if h.kind == dataSeqHint {
		index = ioctl.IndexDataSeq
	}
	last := ioctl.LastInodeEntry()
	last.Major = h.span.Max
	return inosOf(walk.Inodes(ctx, v, index, ioctl.InodeEntry{Major: h.span.Min}, last), func(e ioctl.InodeEntry) uint64 { return e.Ino })
}
