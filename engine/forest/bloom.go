// SPDX-License-Identifier: GPL-2.0-or-later

package forest

import (
	"context"

	"scoutfs/engine/format"
)

// filter is what bloom filters are asked for a range of keys.
type filter struct {
	bits [format.BloomFunctions]uint32
	any  bool // the filters cannot tell
}

// filterOf returns the question for a range. Filters tell only of ranges that
// one cluster lock covers, since they hold the locks' start keys
// (docs/format.md 4.6).
func filterOf(within format.Range) filter {
	lock, ok := format.LockRange(within.Start)
	if !ok || !lock.Contains(within.End) {
		return filter{any: true}
	}
	return filter{bits: format.BloomBitsOf(lock.Start)}
}

// mayHold reports whether a tree can hold items of a range. A filter that
// cannot be read rules nothing out.
func (s *Snapshot) mayHold(ctx context.Context, t *tree, within *filter) bool {
	if within.any || t.bloom.IsZero() {
		return true
	}
	b, err := s.blocks.Read(ctx, t.bloom, format.MagicBloom)
	if err != nil {
		return true
	}
	bloom, err := format.ViewBloomBlock(b)
	return err != nil || bloom.Has(within.bits)
}
