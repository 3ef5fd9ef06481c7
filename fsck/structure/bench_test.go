// SPDX-License-Identifier: GPL-2.0-or-later

package structure_test

import (
	"testing"

	"scoutfs/engine/btree"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
	"scoutfs/fsck/structure"
	"scoutfs/internal/testbulk"
)

func bulk(tb testing.TB, o testbulk.Options) device.Pair {
	tb.Helper()
	meta, data := testbulk.Sizes(o)
	pair := device.Pair{Meta: device.NewMemory("meta", meta), Data: device.NewMemory("data", data)}
	if err := testbulk.Write(tb.Context(), pair, o); err != nil {
		tb.Fatal(err)
	}
	return pair
}

func prepared(tb testing.TB, pair device.Pair) (*structure.Checker, *structure.Result) {
	tb.Helper()
	c := structure.New(structure.Options{Meta: pair.Meta, Data: pair.Data, CacheBytes: 64 << 20, Report: func(f problem.Finding) {
		tb.Errorf("%s", names([]problem.Finding{f}))
	}})
	if super, err := c.Supers(tb.Context()); err != nil || super == nil {
		tb.Fatal(err)
	}
	r, err := c.Trees(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return c, r
}

// BenchmarkWalk is everything but the leaves of the merged view.
func BenchmarkWalk(b *testing.B) {
	pair := bulk(b, testbulk.Options{Files: 100_000, LogTrees: 2})
	b.ReportAllocs()
	blocks := uint64(0)
	for b.Loop() {
		c, r := prepared(b, pair)
		if _, err := c.Finish(b.Context()); err != nil {
			b.Fatal(err)
		}
		blocks += r.Reader.Stats().Blocks
	}
	b.ReportMetric(float64(blocks)*format.LargeBlockSize/b.Elapsed().Seconds()/1e6, "MB/s")
}

// BenchmarkLeaf verifies leaves that were read already.
func BenchmarkLeaf(b *testing.B) {
	pair := bulk(b, testbulk.Options{Files: 20_000, LogTrees: 1, LogShare: 300})
	for _, log := range []bool{false, true} {
		_, r := prepared(b, pair)
		name, kind, id, root := "fs_root", format.TreeFSRoot, structure.TreeID{}, r.Super.FSRoot.Root()
		if log {
			lt := r.Snapshot.LogTrees[0]
			name, kind, id, root = "log tree", format.TreeLogItems, structure.TreeID{RID: lt.RID.Get(), Nr: lt.Nr.Get()}, lt.ItemRoot.Root()
		}
		tree := btree.Tree{Reader: r.Reader, Root: root, Kind: kind}
		var leaves []btree.Block
		items := 0
		for at, err := range tree.Blocks(b.Context()) {
			if err != nil {
				b.Fatal(err)
			}
			if at.Level == 0 {
				leaves = append(leaves, at)
				items += at.Block.NrItems()
			}
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				c, _ := prepared(b, pair) // one that has not seen the leaves
				b.StartTimer()
				for _, leaf := range leaves {
					if !c.Leaf(id, leaf, nil) {
						b.Fatal("a leaf cannot be used")
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(items), "ns/item")
		})
	}
}
