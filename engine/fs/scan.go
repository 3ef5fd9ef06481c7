// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"iter"
	"math"

	"scoutfs/engine/forest"
	"scoutfs/engine/format"
)

// Record is an inode with what a scan found beside it. A scan uses one record
// for all inodes: its slices are good until the next one.
type Record struct {
	Inode  Inode
	Links  []Entry     // the entries that lead to the inode
	Xattrs []XattrName // hidden ones too
}

// XattrName is an extended attribute without its value.
type XattrName struct {
	Name     []byte
	ValueLen int
	ID       uint64
}

// ScanOptions say what a scan collects besides inodes.
type ScanOptions struct {
	From, To uint64 // inode numbers, both included; a To of 0 is the greatest
	Links    bool
	Xattrs   bool
}

// nearItems is how many unwanted items a scan steps over before it searches
// for the next inode.
const nearItems = 8

// Scan returns the inodes in a range of numbers in order, each with what opts
// ask for, in one pass over the items of the fs zone and without allocating
// per inode. Directory entries and extents are skipped. A record with damaged
// items comes without them and with the first one's error; of a damaged inode
// only its number is known. What ends a scan early comes without a record.
func (f *FS) Scan(ctx context.Context, opts ScanOptions) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		if opts.To == 0 {
			opts.To = math.MaxUint64
		}
		end := format.ItemsOfInode(opts.To).End
		s := scan{fs: f, ctx: ctx, opts: opts, cursor: f.snapshot.Cursor(format.Range{Start: format.InodeKey(opts.From), End: end})}
		for s.next() {
			if !yield(&s.record, s.err) {
				return
			}
		}
		if err := s.cursor.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// scan is a scan in progress. The cursor is at the first item not looked at,
// if more.
type scan struct {
	fs     *FS
	ctx    context.Context
	opts   ScanOptions
	cursor *forest.Cursor
	record Record
	begun  bool
	more   bool
	err    error // of the record
}

// next collects the next inode.
func (s *scan) next() bool {
	if !s.begun {
		s.begun = true
		s.more = s.cursor.Next(s.ctx)
	}
	for s.more {
		it := s.cursor.Item()
		ino := it.Key.First
		if it.Key.Type != format.TypeInode {
			// Items of an inode that is being deleted.
			s.skip(ino)
			continue
		}
		s.record.Links, s.record.Xattrs = s.record.Links[:0], s.record.Xattrs[:0]
		if s.record.Inode, s.err = s.fs.decodeInode(it.Key, it.Value); s.err != nil {
			s.skip(ino)
		} else {
			s.more = s.cursor.Next(s.ctx)
			s.collect(ino)
		}
		return s.cursor.Err() == nil
	}
	return false
}

// collect takes the wanted items of an inode up to the next inode.
func (s *scan) collect(ino uint64) {
	for s.more {
		it := s.cursor.Item()
		switch {
		case it.Key.First != ino:
			return
		case it.Key.Type == format.TypeXattr:
			s.xattr(it)
		case it.Key.Type == format.TypeDirent || it.Key.Type == format.TypeReaddir:
			s.more = s.cursor.Seek(s.ctx, format.LinkBackrefKey(ino, 0, 0))
		case it.Key.Type == format.TypeLinkBackref && s.opts.Links:
			s.link(it)
		default:
			s.skip(ino)
			return
		}
	}
}

func (s *scan) xattr(it forest.Item) {
	if s.opts.Xattrs && it.Key.Fourth == 0 {
		head, name, _, err := format.ViewXattr(it.Value)
		if err == nil {
			s.record.Xattrs = append(s.record.Xattrs, XattrName{name, int(head.ValLen.Get()), it.Key.Third})
		} else if s.err == nil {
			s.err = atItem(it.Key, err)
		}
	}
	s.more = s.cursor.Next(s.ctx)
}

func (s *scan) link(it forest.Item) {
	e, err := decodeEntry(it.Key, it.Value)
	if err == nil {
		s.record.Links = append(s.record.Links, e)
	} else if s.err == nil {
		s.err = err
	}
	s.more = s.cursor.Next(s.ctx)
}

// skip moves past the rest of an inode's items.
func (s *scan) skip(ino uint64) {
	for range nearItems {
		if s.more = s.cursor.Next(s.ctx); !s.more || s.cursor.Item().Key.First != ino {
			return
		}
	}
	if ino == math.MaxUint64 {
		s.more = false
		return
	}
	s.more = s.cursor.Seek(s.ctx, format.InodeKey(ino+1))
}
