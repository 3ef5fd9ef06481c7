// SPDX-License-Identifier: GPL-2.0-or-later

package alloc_test

import (
	"testing"

	"scoutfs/engine/format"
)

// BenchmarkDataPool is what a small file's blocks cost: reserved and used, and
// freed again.
func BenchmarkDataPool(b *testing.B) {
	p := dataPool(b, 1<<40, format.Extent{Start: 64, Len: 1 << 39})
	for b.Loop() {
		e, err := p.Reserve(b.Context(), 16)
		if err != nil {
			b.Fatal(err)
		}
		p.Use(e)
		if err := p.Free(b.Context(), e); err != nil {
			b.Fatal(err)
		}
	}
}
