// SPDX-License-Identifier: GPL-2.0-or-later

package walk

import (
	"cmp"
	"context"
	"iter"
	"math"

	"scoutfs/engine/ioctl"
)

// QuotaRules yields the quota rules, in the order of their hashes.
func QuotaRules(ctx context.Context, v ioctl.Volume) iter.Seq2[ioctl.QuotaRule, error] {
	l := listing[ioctl.QuotaRule, ioctl.QuotaIterator]{
		request: ioctl.NumberGetQuotaRules,
		ask: func(from ioctl.QuotaIterator) ([]ioctl.QuotaRule, ioctl.QuotaIterator, error) {
			r, err := v.GetQuotaRules(ctx, ioctl.GetQuotaRules{From: from, Count: DefaultBatch})
			return r.Rules, r.Next, err
		},
		// The kernel module's iterator is the next key (kmod/src/quota.c:
		// scoutfs_quota_get_rules).
		compare: func(a, b ioctl.QuotaIterator) int {
			return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
		},
	}
	return l.all(ctx)
}

// waiting is the place of a block that tasks wait for.
type waiting struct{ Ino, Block uint64 }

func (w waiting) next() (waiting, bool) {
	if w.Block++; w.Block != 0 {
		return w, true
	}
	w.Ino++
	return w, w.Ino != 0
}

// before is the place that w is the next of.
func (w waiting) before() waiting {
	if w.Block == 0 {
		w.Ino--
	}
	w.Block--
	return w
}

// DataWaiters yields the blocks that tasks of a mount wait for, those after a
// block of an inode.
func DataWaiters(ctx context.Context, v ioctl.Volume, afterIno, afterBlock uint64) iter.Seq2[ioctl.DataWaiter, error] {
	q := question[ioctl.DataWaiter, waiting]{
		request: ioctl.NumberDataWaiting,
		ask: func(from waiting) ([]ioctl.DataWaiter, bool, error) {
			after := from.before()
			waiters, err := v.DataWaiting(ctx, ioctl.DataWaiting{AfterIno: after.Ino, AfterBlock: after.Block, Count: DefaultBatch})
			return waiters, true, err
		},
		place:   func(w ioctl.DataWaiter) waiting { return waiting{w.Ino, w.Block} },
		compare: func(a, b waiting) int { return cmp.Or(cmp.Compare(a.Ino, b.Ino), cmp.Compare(a.Block, b.Block)) },
		next:    waiting.next,
	}
	first, ok := waiting{afterIno, afterBlock}.next()
	if !ok {
		return func(func(ioctl.DataWaiter, error) bool) {}
	}
	return q.between(ctx, first, waiting{math.MaxUint64, math.MaxUint64})
}
