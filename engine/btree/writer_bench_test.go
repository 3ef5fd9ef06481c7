// SPDX-License-Identifier: GPL-2.0-or-later

package btree_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

// freshBlocks hands out blocks that were never used.
func freshBlocks(tb testing.TB) *block.Writer {
	tb.Helper()
	const blocks = 1 << 20
	dev := device.NewMemory("meta", blocks<<format.LargeBlockShift)
	r := block.NewReader(dev, block.Options{FSID: testblock.FSID, CacheBytes: 1 << 30})
	next := endless(format.FirstMetaBlkno)
	return block.NewWriter(r, dev, testblock.FSID, &next, rand.New(rand.NewPCG(1, 2)).Uint64)
}

// endless hands out one block after the other.
type endless uint64

func (e *endless) Alloc(context.Context) (uint64, error) { *e++; return uint64(*e), nil }
func (*endless) Free(context.Context, uint64) error      { return nil }

// fsItems yields about n items such as new files have, in key order.
func fsItems(n int) func(func(btree.Item, error) bool) {
	inode, entry := make([]byte, format.Size[format.Inode]()), make([]byte, 40)
	return func(yield func(btree.Item, error) bool) {
		for i := range uint64(n / 4) {
			ino := 1000 + i
			for _, it := range [...]btree.Item{
				{Key: format.InodeKey(ino), Seq: 5, Value: inode},
				{Key: format.LinkBackrefKey(ino, 7, ino), Seq: 5, Value: entry},
				{Key: format.DataExtentKey(ino, format.Extent{Start: 0, Len: 5}), Seq: 5, Value: entry[:9]},
				{Key: format.DataExtentKey(ino, format.Extent{Start: 5, Len: 5}), Seq: 5, Value: entry[:9]},
			} {
				if !yield(it, nil) {
					return
				}
			}
		}
	}
}

// BenchmarkApplyAscending makes a tree of a million items in order.
func BenchmarkApplyAscending(b *testing.B) {
	const n = 1_000_000
	blocks := freshBlocks(b)
	b.ReportAllocs()
	leaves := 0
	for b.Loop() {
		w := btree.NewWriter(blocks, format.Root{}, format.TreeLogItems)
		if err := w.Apply(b.Context(), fsItems(n), nil); err != nil {
			b.Fatal(err)
		}
		leaves = w.Blocks()
		blocks.Discard()
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mitems/s")
	b.ReportMetric(float64(leaves), "blocks")
}

// BenchmarkForceRandom replaces and adds items anywhere in a tree of many,
// whose blocks are dirty.
func BenchmarkForceRandom(b *testing.B) {
	const n = 400_000
	blocks := freshBlocks(b)
	w := btree.NewWriter(blocks, format.Root{}, format.TreeLogItems)
	if err := w.Apply(b.Context(), fsItems(n), nil); err != nil {
		b.Fatal(err)
	}
	value := make([]byte, 100)
	run := func(name string, key func(i uint64) format.Key) {
		b.Run(name, func(b *testing.B) {
			random := rand.New(rand.NewPCG(3, 4))
			b.ReportAllocs()
			for b.Loop() {
				if err := w.Force(b.Context(), btree.Item{Key: key(random.Uint64()), Seq: 7, Value: value}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e3, "kitems/s")
		})
	}
	run("replace", func(x uint64) format.Key { return format.InodeKey(1000 + x%(n/4)) })
	run("add", func(x uint64) format.Key { return format.XattrKey(1000+x%(n/4), x>>20, 1, 0) })
}

// BenchmarkForceClean replaces items anywhere in a tree whose blocks are all
// written and cached: each costs a copy of a verified leaf, and one of a parent
// now and then.
func BenchmarkForceClean(b *testing.B) {
	const n = 400_000
	blocks := freshBlocks(b)
	w := btree.NewWriter(blocks, format.Root{}, format.TreeLogItems)
	if err := w.Apply(b.Context(), fsItems(n), nil); err != nil {
		b.Fatal(err)
	}
	if err := blocks.Write(b.Context()); err != nil {
		b.Fatal(err)
	}
	root := w.Root()
	random := rand.New(rand.NewPCG(3, 4))
	value := make([]byte, 100)
	for i := 0; b.Loop(); i++ {
		if i%100 == 0 {
			blocks.Discard()
			w = btree.NewWriter(blocks, root, format.TreeLogItems)
		}
		it := btree.Item{Key: format.InodeKey(1000 + random.Uint64N(n/4)), Seq: 7, Value: value}
		if err := w.Force(b.Context(), it); err != nil {
			b.Fatal(err)
		}
	}
}
