// SPDX-License-Identifier: GPL-2.0-or-later

package server

import (
	"context"
	"slices"

	"scoutfs/engine/btree"
	"scoutfs/engine/format"
)

// addRange adds a range to those that are to be merged.
func (m *logMerge) addRange(r format.Range) {
	m.ranges = append(m.ranges, r)
	slices.SortFunc(m.ranges, func(a, b format.Range) int { return a.Start.Compare(b.Start) })
}

// storeRanges replaces the range items by those of m.ranges.
func (m *logMerge) storeRanges(ctx context.Context, w *btree.Writer) error {
	var old []format.Key
	zone := format.Range{
		Start: format.Key{Zone: format.ZoneLogMergeRange}, End: format.LogMergeRangeKey(format.MaxKey()),
	}
	for it, err := range w.Tree().Items(ctx, zone) {
		if err != nil {
			return err
		}
		old = append(old, it.Key)
	}
	for _, key := range old {
		if err := w.Delete(ctx, key); err != nil {
			return err
		}
	}
	for _, r := range apartRanges(m.ranges) {
		var v format.LogMergeRange
		v.Start.Set(r.Start)
		v.End.Set(r.End)
		if err := w.Insert(ctx, btree.Item{Key: format.LogMergeRangeKey(r.Start), Value: format.Bytes(&v)}); err != nil {
			return err
		}
	}
	return nil
}

// apartRanges returns ascending ranges with the same items as r, no two of
// which have the same key. Two whose starts differ in their zone only would
// (docs/format.md B, 11).
func apartRanges(ranges []format.Range) []format.Range {
	apart := joinRanges(ranges)
	for i := 0; i < len(apart); i++ {
		for j := range i {
			if format.LogMergeRangeKey(apart[i].Start) == format.LogMergeRangeKey(apart[j].Start) {
				moved := i
				if !mayWiden(apart[i].Start) {
					moved = j
				}
				apart[moved].Start = apart[moved].Start.Prev()
				apart, i = joinRanges(apart), -1
				break
			}
		}
	}
	return apart
}

// mayWiden reports whether a range may begin one key before its start, where
// what was merged would be merged again. That changes nothing, unless it is a
// total. There are no items right before a zone begins.
func mayWiden(start format.Key) bool {
	return start.Zone != format.ZoneXattrTotl || start == format.Key{Zone: start.Zone}
}

// joinRanges makes one of ranges that touch.
func joinRanges(ranges []format.Range) []format.Range {
	var joined []format.Range
	for _, r := range ranges {
		if last := len(joined) - 1; last >= 0 && joined[last].End != format.MaxKey() && joined[last].End.Next() == r.Start {
			joined[last].End = r.End
			continue
		}
		joined = append(joined, r)
	}
	return joined
}
