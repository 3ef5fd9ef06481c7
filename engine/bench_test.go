// SPDX-License-Identifier: GPL-2.0-or-later

package engine_test

import (
	"testing"

	"scoutfs/engine"
	"scoutfs/engine/ioctl"
	"scoutfs/internal/testimage"
	"scoutfs/walk"
)

// BenchmarkWalkInodes walks the index of the largest image from a warm cache,
// as the command walk-inodes does.
func BenchmarkWalkInodes(b *testing.B) {
	img := testimage.Get(b, "many")
	v, err := engine.Open(b.Context(), img.Meta, "", engine.Options{CacheBytes: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = v.Close() })
	walkAll := func() (entries int) {
		for _, err := range walk.Inodes(b.Context(), v.Target(), ioctl.IndexMetaSeq, ioctl.InodeEntry{}, ioctl.LastInodeEntry()) {
			if err != nil {
				b.Fatal(err)
			}
			entries++
		}
		return entries
	}
	entries := walkAll()
	b.ReportAllocs()
	for b.Loop() {
		if n := walkAll(); n != entries {
			b.Fatalf("%d entries, then %d", entries, n)
		}
	}
	b.ReportMetric(float64(entries)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}
