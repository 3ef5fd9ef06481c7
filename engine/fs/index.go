// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"iter"
	"math"

	"scoutfs/engine/format"
)

// IndexEntry is an inode's place in one of the inode indexes, which are
// ordered by Seq, then Ino.
type IndexEntry struct {
	Seq uint64 // transaction; upstream's "major"
	Ino uint64
}

// InodeIndex returns the entries of an index from one place to another, both
// included. typ is format.TypeMetaSeq for the index of all inodes by
// Inode.MetaSeq, or format.TypeDataSeq for that of regular files by
// Inode.DataSeq.
//
// All entries of the snapshot are returned. While mounts have transactions
// open, those behind [FS.CommittedSeq] can still be followed by lower ones: a
// walk that is to be taken up later must not go beyond it.
func (f *FS) InodeIndex(ctx context.Context, typ uint8, from, to IndexEntry) iter.Seq2[IndexEntry, error] {
	return func(yield func(IndexEntry, error) bool) {
		within := format.Range{
			Start: format.InodeIndexKey(typ, from.Seq, from.Ino),
			End:   format.InodeIndexKey(typ, to.Seq, to.Ino),
		}
		for it, err := range f.snapshot.Items(ctx, within) {
			if !yield(IndexEntry{it.Key.Second, it.Key.Third}, err) {
				return
			}
		}
	}
}

// XattrIndex returns the entries of the index of .indx. xattrs, ordered by
// major, minor, inode and xattr id, from one place to another, both included.
func (f *FS) XattrIndex(ctx context.Context, from, to format.XattrIndx) iter.Seq2[format.XattrIndx, error] {
	return func(yield func(format.XattrIndx, error) bool) {
		within := format.Range{Start: format.IndxKey(from), End: format.IndxKey(to)}
		for it, err := range f.snapshot.Items(ctx, within) {
			if !yield(it.Key.Indx(), err) {
				return
			}
		}
	}
}

// Total is the sum of the .totl. xattrs with a name. Both sums wrap, and may
// be read as signed numbers.
type Total struct {
	Name  [3]uint64
	Total uint64 // of the values
	Count uint64 // of xattrs
}

// Totals returns the totals in the order of their names, from one on. Those
// whose sum and count are 0 do not exist.
func (f *FS) Totals(ctx context.Context, from [3]uint64) iter.Seq2[Total, error] {
	return func(yield func(Total, error) bool) {
		c := f.snapshot.Cursor(format.Range{
			Start: format.TotlKey(from[0], from[1], from[2]),
			End:   format.TotlKey(math.MaxUint64, math.MaxUint64, math.MaxUint64),
		})
		for c.Next(ctx) {
			it := c.Item()
			if !yield(decodeTotal(it.Key, it.Value)) {
				return
			}
		}
		if err := c.Err(); err != nil {
			yield(Total{}, err)
		}
	}
}

func decodeTotal(k format.Key, val []byte) (Total, error) {
	t := Total{Name: [3]uint64{k.First, k.Second, k.Third}}
	v, err := format.ViewExact[format.XattrTotal](val)
	if err != nil {
		return t, atItem(k, err)
	}
	t.Total, t.Count = v.Total.Get(), v.Count.Get()
	return t, nil
}
