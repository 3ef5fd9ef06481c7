// SPDX-License-Identifier: GPL-2.0-or-later

package forest

import (
	"context"

	"scoutfs/engine/format"
)

// mayHold reports whether a tree can hold items of a range. A log tree's
// bloom filter tells only for ranges that one cluster lock covers, since the
// filter holds the locks' start keys (docs/format.md 4.6). A filter that
// cannot be read rules nothing out.
func (s *Snapshot) mayHold(ctx context.Context, t *tree, within format.Range) bool {
	if t.bloom.IsZero() {
		return true
	}
	lock, ok := format.LockRange(within.Start)
	if !ok || !lock.Contains(within.End) {
		return true
	}
	b, err := s.blocks.Read(ctx, t.bloom, format.MagicBloom)
	if err != nil {
		return true
	}
	bloom, err := format.ViewBloomBlock(b)
	return err != nil || bloom.Has(format.BloomBitsOf(lock.Start))
}
