// SPDX-License-Identifier: GPL-2.0-or-later

package walk_test

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"
	"syscall"

	"scoutfs/engine/ioctl"
)

// volume answers from lists, a few values at a time, written against the
// comments of ioctl.Volume and ioctl.File alone. It fails a request that
// comes to a value marked as broken.
type volume struct {
	ioctl.Volume // fails what no walk asks
	ioctl.File
	batch  int // at most this many values in an answer
	broken int // index of the value that cannot be read, -1 for none
	asked  atomic.Int64

	inodes    []ioctl.InodeEntry
	indexed   []ioctl.XattrIndexEntry
	totals    []ioctl.XattrTotal
	found     []uint64 // by searches
	allocated []uint64
	paths     []ioctl.InoPathResult
	entries   []ioctl.ReferringEntry
	hidden    []string // at hash 1 and 2 alternately, ids 0, 0, 1, 1, ...
	rules     []ioctl.QuotaRule
	waiters   []ioctl.DataWaiter
	extents   []ioctl.FiemapExtent
}

// pick returns up to a batch of the values that are wanted, in their order.
func pick[T any](v *volume, all []T, wanted func(T) bool) ([]T, error) {
	v.asked.Add(1)
	var some []T
	for i, value := range all {
		if !wanted(value) {
			continue
		}
		if len(some) == v.batch {
			break
		}
		if i == v.broken {
			if len(some) > 0 {
				break
			}
			return nil, errBroken
		}
		some = append(some, value)
	}
	return some, nil
}

const errBroken = syscall.EIO

func (v *volume) WalkInodes(_ context.Context, q ioctl.WalkInodes) ([]ioctl.InodeEntry, error) {
	// The minor numbers of places count for nothing in the kernel module.
	return pick(v, v.inodes, func(e ioctl.InodeEntry) bool {
		return compare(e.Major, q.First.Major, e.Ino, q.First.Ino) >= 0 && compare(e.Major, q.Last.Major, e.Ino, q.Last.Ino) <= 0
	})
}

func compare(pairs ...uint64) int {
	for pair := range slices.Chunk(pairs, 2) {
		if c := cmp.Compare(pair[0], pair[1]); c != 0 {
			return c
		}
	}
	return 0
}

func (v *volume) ReadXattrIndex(_ context.Context, q ioctl.ReadXattrIndex) ([]ioctl.XattrIndexEntry, error) {
	order := func(a, b ioctl.XattrIndexEntry) int {
		return compare(uint64(a.Major), uint64(b.Major), a.Minor, b.Minor, a.Ino, b.Ino)
	}
	if order(q.First, q.Last) > 0 {
		return nil, syscall.EINVAL
	}
	return pick(v, v.indexed, func(e ioctl.XattrIndexEntry) bool { return order(e, q.First) >= 0 && order(e, q.Last) <= 0 })
}

func (v *volume) ReadXattrTotals(_ context.Context, q ioctl.ReadXattrTotals) ([]ioctl.XattrTotal, error) {
	return pick(v, v.totals, func(t ioctl.XattrTotal) bool {
		return compare(t.Name[0], q.From[0], t.Name[1], q.From[1], t.Name[2], q.From[2]) >= 0
	})
}

func (v *volume) SearchXattrs(_ context.Context, q ioctl.SearchXattrs) (ioctl.SearchXattrsResult, error) {
	inos, err := pick(v, v.found, func(ino uint64) bool { return q.NextIno <= ino && ino <= q.LastIno })
	return ioctl.SearchXattrsResult{Inos: inos}, err
}

func (v *volume) GetAllocatedInos(_ context.Context, q ioctl.GetAllocatedInos) ([]uint64, error) {
	return pick(v, v.allocated, func(ino uint64) bool { return q.Start <= ino && ino <= q.Start|1023 })
}

func atOrAfter(at, from ioctl.DirPosition) bool {
	return compare(at.Dir, from.Dir, at.Pos, from.Pos) >= 0
}

func (v *volume) InoPath(_ context.Context, q ioctl.InoPath) (ioctl.InoPathResult, error) {
	paths, err := pick(v, v.paths, func(p ioctl.InoPathResult) bool { return atOrAfter(p.At, q.From) })
	if err != nil {
		return ioctl.InoPathResult{}, err
	}
	if len(paths) == 0 {
		return ioctl.InoPathResult{}, syscall.ENOENT
	}
	return paths[0], nil
}

func (v *volume) GetReferringEntries(_ context.Context, q ioctl.GetReferringEntries) ([]ioctl.ReferringEntry, error) {
	return pick(v, v.entries, func(e ioctl.ReferringEntry) bool { return atOrAfter(e.At, q.From) })
}

func (v *volume) ListxattrHidden(_ context.Context, q ioctl.ListxattrHidden) (ioctl.ListxattrHiddenResult, error) {
	at := func(i int) ioctl.XattrPosition {
		return ioctl.XattrPosition{Hash: uint32(1 + i*2/len(v.hidden)), ID: uint64(i)}
	}
	names, err := pick(v, v.hidden, func(name string) bool {
		p := at(slices.Index(v.hidden, name))
		return compare(uint64(p.Hash), uint64(q.From.Hash), p.ID, q.From.ID) >= 0
	})
	next := q.From
	if len(names) > 0 {
		next = at(slices.Index(v.hidden, names[len(names)-1]))
		next.ID++
	}
	return ioctl.ListxattrHiddenResult{Names: names, Next: next}, err
}

func (v *volume) GetQuotaRules(_ context.Context, q ioctl.GetQuotaRules) (ioctl.GetQuotaRulesResult, error) {
	// Rules stand in no order of their own; their limit tells their place.
	rules, err := pick(v, v.rules, func(r ioctl.QuotaRule) bool { return compare(r.Limit/10, q.From[0], r.Limit%10, q.From[1]) >= 0 })
	next := q.From
	if len(rules) > 0 {
		last := rules[len(rules)-1].Limit
		next = ioctl.QuotaIterator{last / 10, last%10 + 1}
	}
	return ioctl.GetQuotaRulesResult{Rules: rules, Next: next}, err
}

func (v *volume) DataWaiting(_ context.Context, q ioctl.DataWaiting) ([]ioctl.DataWaiter, error) {
	return pick(v, v.waiters, func(w ioctl.DataWaiter) bool { return compare(w.Ino, q.AfterIno, w.Block, q.AfterBlock) > 0 })
}

func (v *volume) Fiemap(_ context.Context, q ioctl.Fiemap) (ioctl.FiemapResult, error) {
	if q.Length == 0 {
		return ioctl.FiemapResult{}, syscall.EINVAL
	}
	extents, err := pick(v, v.extents, func(e ioctl.FiemapExtent) bool {
		return e.Logical+e.Length-1 >= q.Start && (e.Logical < q.Start || e.Logical-q.Start < q.Length)
	})
	return ioctl.FiemapResult{Extents: extents, Mapped: uint32(len(extents))}, err
}
