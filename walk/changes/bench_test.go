// SPDX-License-Identifier: GPL-2.0-or-later

package changes_test

import (
	"testing"

	"scoutfs/engine"
	"scoutfs/internal/testimage"
	"scoutfs/walk/changes"
)

// BenchmarkChanges reads the whole feed of the largest image, with metadata
// in the cache or reading it through one that is too small for it.
func BenchmarkChanges(b *testing.B) {
	for name, bench := range map[string]struct {
		cache  int64
		detail changes.Detail
	}{
		"cached":         {1 << 30, changes.Detail{}},
		"cached xattrs":  {1 << 30, changes.Detail{AllPaths: true, Xattrs: true}},
		"small cache":    {8 << 20, changes.Detail{}},
		"standard cache": {0, changes.Detail{}},
	} {
		b.Run(name, func(b *testing.B) {
			v := openImage(b, testimage.Get(b, "many"), engine.Options{CacheBytes: bench.cache})
			source := changes.OnDevices(v)
			b.ReportAllocs()
			records := 0
			for b.Loop() {
				for _, err := range changes.New(source, changes.Options{Detail: bench.detail}).Pass(b.Context()) {
					if err != nil {
						b.Fatal(err)
					}
					records++
				}
			}
			b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
