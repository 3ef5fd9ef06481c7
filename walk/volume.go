// SPDX-License-Identifier: GPL-2.0-or-later

package walk

import (
	"context"
	"iter"

	"scoutfs/engine/ioctl"
)

// QuotaRules yields the quota rules, in the order of their hashes.
func QuotaRules(ctx context.Context, v ioctl.Volume) iter.Seq2[ioctl.QuotaRule, error] {
	q := ioctl.GetQuotaRules{Count: DefaultBatch}
	return batches(ctx, func() ([]ioctl.QuotaRule, bool, error) {
		result, err := v.GetQuotaRules(ctx, q)
		q.From = result.Next
		return result.Rules, true, err
	})
}

// DataWaiters yields the blocks that tasks of a mount wait for, those after a
// block of an inode.
func DataWaiters(ctx context.Context, v ioctl.Volume, afterIno, afterBlock uint64) iter.Seq2[ioctl.DataWaiter, error] {
	q := ioctl.DataWaiting{AfterIno: afterIno, AfterBlock: afterBlock, Count: DefaultBatch}
	return batches(ctx, func() ([]ioctl.DataWaiter, bool, error) {
		waiters, err := v.DataWaiting(ctx, q)
		if len(waiters) > 0 {
			last := &waiters[len(waiters)-1]
			q.AfterIno, q.AfterBlock = last.Ino, last.Block
		}
		return waiters, true, err
	})
}
