// SPDX-License-Identifier: GPL-2.0-or-later

package find_test

import (
	"testing"

	"scoutfs/engine"
	"scoutfs/engine/format"
	"scoutfs/internal/testimage"
	"scoutfs/walk/find"
	"scoutfs/walk/tree"
)

// BenchmarkFind searches a volume of 95,226 inodes whose metadata is in
// memory.
func BenchmarkFind(b *testing.B) {
	img := testimage.Get(b, "many")
	volume, err := engine.Open(b.Context(), img.Meta, "", engine.Options{CacheBytes: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	defer volume.Close()
	tr := tree.OnDevices(volume)
	root := resolve(b, tr, "/")
	for _, test := range []struct {
		name string
		q    find.Query
	}{
		{"scan all", find.Query{Way: find.Scan}},
		{"scan names", find.Query{Way: find.Scan, Tests: []find.Test{find.Name(find.NewGlob("*7", false))}}},
		{"scan none", find.Query{Way: find.Scan, Tests: []find.Test{find.UID(exactly(12345))}}},
		{"scan xattrs", find.Query{Way: find.Scan, Tests: []find.Test{find.Xattr("user.none", nil)}}},
		{"walk files", find.Query{Way: find.Walk, Tests: []find.Test{find.Type(format.ModeRegular)}}},
		{"index", find.Query{Way: find.Index, Tests: []find.Test{find.MetaSeq(find.Span{Min: 1, Max: 20})}}},
	} {
		b.Run(test.name, func(b *testing.B) {
			test.q.MaxDepth = -1
			b.ReportAllocs()
			var looked, matches uint64
			for b.Loop() {
				s := find.New(tr, root, test.q)
				for _, err := range s.Matches(b.Context()) {
					if err != nil {
						b.Fatal(err)
					}
				}
				looked += s.Report().Looked
				matches += s.Report().Matches
			}
			b.ReportMetric(float64(looked)/b.Elapsed().Seconds(), "inodes/s")
			b.ReportMetric(float64(matches)/float64(b.N), "matches")
		})
	}
}
