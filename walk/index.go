// SPDX-License-Identifier: GPL-2.0-or-later

package walk

import (
	"cmp"
	"context"
	"iter"
	"math"

	"scoutfs/engine/format"
	"scoutfs/engine/ioctl"
)

// Inodes yields the entries of an inode index from first to last, both
// included.
func Inodes(ctx context.Context, v ioctl.Volume, index ioctl.InodeIndex, first, last ioctl.InodeEntry) iter.Seq2[ioctl.InodeEntry, error] {
	q := question[ioctl.InodeEntry, ioctl.InodeEntry]{
		request: ioctl.NumberWalkInodes,
		place:   same[ioctl.InodeEntry],
		compare: compareInodeEntries,
		next:    ioctl.InodeEntry.Next,
	}
	q.ask = func(from ioctl.InodeEntry) ([]ioctl.InodeEntry, bool, error) {
		// The kernel module ignores Minor, which is 0 in every entry: a place
		// with another is behind all of its Major.
		if from.Minor > 0 {
			if from.Major == math.MaxUint64 {
				return nil, false, nil
			}
			from = ioctl.InodeEntry{Major: from.Major + 1}
		}
		to := last
		if to.Minor > 0 {
			to.Ino = math.MaxUint64
		}
		entries, err := v.WalkInodes(ctx, ioctl.WalkInodes{Index: index, First: from, Last: to, Count: DefaultBatch})
		return entries, true, err
	}
	return q.between(ctx, first, last)
}

func compareInodeEntries(a, b ioctl.InodeEntry) int {
	return cmp.Or(cmp.Compare(a.Major, b.Major), cmp.Compare(a.Minor, b.Minor), cmp.Compare(a.Ino, b.Ino))
}

// XattrIndex yields the entries of the index of .indx. xattrs from first to
// last, both included.
func XattrIndex(ctx context.Context, v ioctl.Volume, first, last ioctl.XattrIndexEntry) iter.Seq2[ioctl.XattrIndexEntry, error] {
	q := question[ioctl.XattrIndexEntry, ioctl.XattrIndexEntry]{
		request: ioctl.NumberReadXattrIndex,
		ask: func(from ioctl.XattrIndexEntry) ([]ioctl.XattrIndexEntry, bool, error) {
			entries, err := v.ReadXattrIndex(ctx, ioctl.ReadXattrIndex{First: from, Last: last, Count: DefaultBatch})
			return entries, true, err
		},
		place: same[ioctl.XattrIndexEntry],
		compare: func(a, b ioctl.XattrIndexEntry) int {
			return cmp.Or(cmp.Compare(a.Major, b.Major), cmp.Compare(a.Minor, b.Minor), cmp.Compare(a.Ino, b.Ino))
		},
		next: ioctl.XattrIndexEntry.Next,
	}
	return q.between(ctx, first, last)
}

// Totals yields the totals from a name on.
func Totals(ctx context.Context, v ioctl.Volume, from ioctl.TotalName) iter.Seq2[ioctl.XattrTotal, error] {
	q := question[ioctl.XattrTotal, ioctl.TotalName]{
		request: ioctl.NumberReadXattrTotals,
		ask: func(from ioctl.TotalName) ([]ioctl.XattrTotal, bool, error) {
			totals, err := v.ReadXattrTotals(ctx, ioctl.ReadXattrTotals{From: from, Count: DefaultBatch})
			return totals, true, err
		},
		place: func(t ioctl.XattrTotal) ioctl.TotalName { return t.Name },
		compare: func(a, b ioctl.TotalName) int {
			return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]), cmp.Compare(a[2], b[2]))
		},
		next: ioctl.TotalName.Next,
	}
	return q.between(ctx, from, ioctl.TotalName{math.MaxUint64, math.MaxUint64, math.MaxUint64})
}

// SearchXattrs yields the inodes from first to last that may have an xattr
// with the srch tag, in ascending order. Each is to be checked: a hit can be
// a removed xattr or another name with the same hash.
func SearchXattrs(ctx context.Context, v ioctl.Volume, name string, first, last uint64) iter.Seq2[uint64, error] {
	q := inos(ioctl.NumberSearchXattrs, func(from uint64) ([]uint64, bool, error) {
		// Each request searches all files: ask for as much as there can be.
		r, err := v.SearchXattrs(ctx, ioctl.SearchXattrs{Name: name, NextIno: from, LastIno: last, Count: ioctl.MaxBatch})
		return r.Inos, !r.End, err
	})
	return q.between(ctx, first, last)
}

// AllocatedInos yields the inode numbers in use from a number on that are in
// its group of 1024.
func AllocatedInos(ctx context.Context, v ioctl.Volume, start uint64) iter.Seq2[uint64, error] {
	q := inos(ioctl.NumberGetAllocatedInos, func(from uint64) ([]uint64, bool, error) {
		inos, err := v.GetAllocatedInos(ctx, ioctl.GetAllocatedInos{Start: from, Count: format.LockInodeGroup})
		return inos, true, err
	})
	return q.between(ctx, start, start|(format.LockInodeGroup-1))
}

// inos is a question that inode numbers answer.
func inos(request ioctl.Number, ask func(from uint64) ([]uint64, bool, error)) *question[uint64, uint64] {
	return &question[uint64, uint64]{
		request: request,
		ask:     ask,
		place:   same[uint64],
		compare: cmp.Compare[uint64],
		next:    func(ino uint64) (uint64, bool) { return ino + 1, ino+1 != 0 },
	}
}

func same[T any](v T) T { return v }
