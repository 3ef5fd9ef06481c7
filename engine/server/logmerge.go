// SPDX-License-Identifier: GPL-2.0-or-later

package server

import (
	"context"
	"fmt"
	"slices"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
)

// logMerge is all that a super says about merging logs: the log trees, and the
// items of log_merge (docs/format.md 7.5).
type logMerge struct {
	logs []*format.LogTrees // by rid and nr

	status    *format.LogMergeStatus // nil without a merge in progress
	ranges    []format.Range         // still to be merged, ascending
	requests  []*format.LogMergeRequest
	completes []*format.LogMergeComplete // by seq
	freeing   []*format.LogMergeFreeing  // by seq
}

// loadLogMerge reads it. All of it is copied.
func loadLogMerge(ctx context.Context, blocks *block.Reader, super *format.Super) (*logMerge, error) {
	m := &logMerge{}
	for lt, err := range logTrees(ctx, blocks, super) {
		if err != nil {
			return nil, err
		}
		own := *lt
		m.logs = append(m.logs, &own)
	}
	tree := btree.Tree{Reader: blocks, Root: super.LogMerge.Root(), Kind: format.TreeLogMerge}
	for it, err := range tree.Items(ctx, format.AllKeys()) {
		if err == nil {
			err = m.take(it)
		}
		if err != nil {
			return nil, fmt.Errorf("reading log_merge: %w", err)
		}
	}
	slices.SortFunc(m.ranges, func(a, b format.Range) int { return a.Start.Compare(b.Start) })
	return m, m.check()
}

// take takes an item of log_merge.
func (m *logMerge) take(it btree.Item) error {
	var err error
	switch it.Key.Zone {
	case format.ZoneLogMergeStatus:
		m.status, err = copyValue[format.LogMergeStatus](it)
	case format.ZoneLogMergeRange:
		var r *format.LogMergeRange
		if r, err = copyValue[format.LogMergeRange](it); err == nil {
			m.ranges = append(m.ranges, format.Range{Start: r.Start.Key(), End: r.End.Key()})
		}
	case format.ZoneLogMergeRequest:
		err = appendValue(&m.requests, it, func(r *format.LogMergeRequest) format.Key {
			return format.LogMergeRequestKey(r.RID.Get(), r.Seq.Get())
		})
	case format.ZoneLogMergeComplete:
		err = appendValue(&m.completes, it, func(c *format.LogMergeComplete) format.Key {
			return format.LogMergeCompleteKey(c.Seq.Get())
		})
	case format.ZoneLogMergeFreeing:
		err = appendValue(&m.freeing, it, func(f *format.LogMergeFreeing) format.Key {
			return format.LogMergeFreeingKey(f.Seq.Get())
		})
	default:
		err = mergeError(it.Key.String(), "zone", fmt.Sprint(it.Key.Zone), "one of a merge")
	}
	return err
}

// copyValue returns a copy of an item's value.
func copyValue[T any](it btree.Item) (*T, error) {
	v, err := format.ViewExact[T](it.Value)
	if err != nil {
		return nil, fmt.Errorf("item %v: %w", it.Key, err)
	}
	own := *v
	return &own, nil
}

// appendValue appends a copy of an item's value, whose key must be that of the
// item: it is by the value that the item is found again.
func appendValue[T any](list *[]*T, it btree.Item, keyOf func(*T) format.Key) error {
	v, err := copyValue[T](it)
	if err != nil {
		return err
	}
	if key := keyOf(v); key != it.Key {
		return mergeError("item "+it.Key.String(), "key", it.Key.String(), key.String())
	}
	*list = append(*list, v)
	return nil
}

// check finds what items contradict each other in, as far as merging goes
// wrong with it.
func (m *logMerge) check() error {
	if m.status == nil && len(m.ranges)+len(m.requests)+len(m.completes) > 0 {
		return mergeError("", "status", "none", "one, since there are ranges, requests or completions")
	}
	for i, r := range m.ranges {
		if r.End.Less(r.Start) {
			return mergeError("range "+r.Start.String(), "end", r.End.String(), "not before its start")
		}
		if i > 0 && !m.ranges[i-1].End.Less(r.Start) {
			return mergeError("range "+r.Start.String(), "start", "inside another range", "no overlap")
		}
	}
	return nil
}

// done reports whether there is nothing to merge and nothing to free.
func (m *logMerge) done() bool {
	return m.status == nil && len(m.freeing) == 0 && len(m.inputs()) == 0
}

// inputs returns the log trees of the merge in progress, or of the one that
// can begin.
func (m *logMerge) inputs() []*format.LogTrees { return forest.MergeInputs(m.logs, m.status) }

func mergeError(place, field, found, expected string) error {
	return &format.CorruptError{Structure: "log merge", Place: place, Field: field, Found: found, Expected: expected}
}
