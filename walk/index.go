// SPDX-License-Identifier: GPL-2.0-or-later

package walk

import (
	"context"
	"iter"

	"scoutfs/engine/format"
	"scoutfs/engine/ioctl"
)

// Inodes yields the entries of an inode index from first to last, both
// included.
func Inodes(ctx context.Context, v ioctl.Volume, index ioctl.InodeIndex, first, last ioctl.InodeEntry) iter.Seq2[ioctl.InodeEntry, error] {
	q := ioctl.WalkInodes{Index: index, First: first, Last: last, Count: DefaultBatch}
	return batches(ctx, func() ([]ioctl.InodeEntry, bool, error) {
		entries, err := v.WalkInodes(ctx, q)
		return entries, advance(&q.First, entries, ioctl.InodeEntry.Next), err
	})
}

// XattrIndex yields the entries of the index of .indx. xattrs from first to
// last, both included.
func XattrIndex(ctx context.Context, v ioctl.Volume, first, last ioctl.XattrIndexEntry) iter.Seq2[ioctl.XattrIndexEntry, error] {
	q := ioctl.ReadXattrIndex{First: first, Last: last, Count: DefaultBatch}
	return batches(ctx, func() ([]ioctl.XattrIndexEntry, bool, error) {
		entries, err := v.ReadXattrIndex(ctx, q)
		// The request refuses a range that ends before it starts.
		more := advance(&q.First, entries, ioctl.XattrIndexEntry.Next) && len(entries) > 0 && entries[len(entries)-1] != last
		return entries, more, err
	})
}

// Totals yields the totals from a name on.
func Totals(ctx context.Context, v ioctl.Volume, from ioctl.TotalName) iter.Seq2[ioctl.XattrTotal, error] {
	q := ioctl.ReadXattrTotals{From: from, Count: DefaultBatch}
	return batches(ctx, func() ([]ioctl.XattrTotal, bool, error) {
		totals, err := v.ReadXattrTotals(ctx, q)
		if len(totals) == 0 || err != nil {
			return totals, false, err
		}
		next, more := totals[len(totals)-1].Name.Next()
		q.From = next
		return totals, more, nil
	})
}

// SearchXattrs yields the inodes from first to last that may have an xattr
// with the srch tag, in ascending order. Each is to be checked: a hit can be
// a removed xattr or another name with the same hash.
func SearchXattrs(ctx context.Context, v ioctl.Volume, name string, first, last uint64) iter.Seq2[uint64, error] {
	q := ioctl.SearchXattrs{Name: name, NextIno: first, LastIno: last, Count: ioctl.MaxBatch}
	return batches(ctx, func() ([]uint64, bool, error) {
		result, err := v.SearchXattrs(ctx, q)
		more := advance(&q.NextIno, result.Inos, nextIno) && !result.End && q.NextIno <= last
		return result.Inos, more, err
	})
}

// AllocatedInos yields the inode numbers in use from a number on that are in
// its group of 1024.
func AllocatedInos(ctx context.Context, v ioctl.Volume, start uint64) iter.Seq2[uint64, error] {
	last := start | (format.LockInodeGroup - 1)
	q := ioctl.GetAllocatedInos{Start: start, Count: format.LockInodeGroup}
	return batches(ctx, func() ([]uint64, bool, error) {
		inos, err := v.GetAllocatedInos(ctx, q)
		return inos, advance(&q.Start, inos, nextIno) && q.Start <= last, err
	})
}

func nextIno(ino uint64) (uint64, bool) { return ino + 1, ino+1 != 0 }

// advance moves a place behind the last of some results. It reports whether
// there can be more.
func advance[T any](place *T, results []T, next func(T) (T, bool)) bool {
	if len(results) == 0 {
		return false
	}
	after, more := next(results[len(results)-1])
	*place = after
	return more
}
