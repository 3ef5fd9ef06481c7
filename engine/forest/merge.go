// SPDX-License-Identifier: GPL-2.0-or-later

package forest

import (
	"context"
	"fmt"

	"scoutfs/engine/btree"
	"scoutfs/engine/format"
)

// MergeInputs returns which log trees a merge takes in, in their order: the
// finalized ones, and of a merge in progress those that were finalized before
// it began. It is all that the merge removes, whether or not they have items.
func MergeInputs(logs []*format.LogTrees, status *format.LogMergeStatus) []*format.LogTrees {
	var inputs []*format.LogTrees
	for _, lt := range logs {
		if lt.Finalized() && (status == nil || lt.FinalizeSeq.Get() < status.Seq.Get()) {
			inputs = append(inputs, lt)
		}
	}
	return inputs
}

// Merge applies what inputs, ordered by rid and nr, say about the keys of
// ranges to fs_root, of which w is the Writer (docs/format.md 7.5). Ranges must
// not overlap, and no key may have been merged before, since totals would be
// counted twice. It asks stop before each item, and returns the ranges that
// are left when that says that it is enough; the first of them is shorter
// than it was, or gone.
//
// The inputs' blocks are read as they are on the device, and not changed. An
// error leaves ranges half done, so what w has changed is to be discarded.
func Merge(ctx context.Context, w *btree.Writer, inputs []*format.LogTrees, ranges []format.Range, stop func() bool) (left []format.Range, err error) {
	var r resolver
	for i, within := range ranges {
		items := mergedItems(ctx, w.Tree().Reader, inputs, within)
		next, stopped, err := w.ApplyUntil(ctx, items, r.resolve, stop)
		if err != nil {
			return nil, fmt.Errorf("merging into fs_root: %w", err)
		}
		if stopped {
			return append([]format.Range{{Start: next, End: within.End}}, ranges[i+1:]...), nil
		}
	}
	return nil, nil
}

// resolver says what a merged item makes of fs_root's.
type resolver struct {
	total format.XattrTotal
}

func (r *resolver) resolve(old *btree.Item, item btree.Item) (btree.Item, btree.Action, error) {
	if item.Key.Zone == format.ZoneXattrTotl {
		return r.resolveTotal(old, item)
	}
	if item.Deleted() {
		return item, btree.Remove, nil
	}
	item.Flags = 0
	return item, btree.Store, nil
}

func (r *resolver) resolveTotal(old *btree.Item, item btree.Item) (btree.Item, btree.Action, error) {
	item.Flags = 0
	if old == nil {
		return item, btree.Store, nil
	}
	delta, err := format.ViewExact[format.XattrTotal](item.Value)
	if err != nil {
		return item, btree.Keep, err
	}
	stored, err := format.ViewExact[format.XattrTotal](old.Value)
	if err != nil {
		return item, btree.Keep, fmt.Errorf("item %v: %w", item.Key, err)
	}
	r.total.Total.Set(stored.Total.Get() + delta.Total.Get())
	r.total.Count.Set(stored.Count.Get() + delta.Count.Get())
	if r.total == (format.XattrTotal{}) {
		return item, btree.Remove, nil
	}
	item.Value = format.Bytes(&r.total)
	return item, btree.Store, nil
}
