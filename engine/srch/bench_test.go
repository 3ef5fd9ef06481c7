// SPDX-License-Identifier: GPL-2.0-or-later

package srch_test

import (
	"math"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/format"
	"scoutfs/engine/srch"
	"scoutfs/internal/testblock"
)

// benchLeaves are log leaves as attributes set on new files write them: a
// few names, ascending inodes.
func benchLeaves(n int) (leaves [][]format.SrchEntry, entries int) {
	ino := uint64(100_000)
	for range n {
		var leaf []format.SrchEntry
		size := 0
		var prev format.SrchEntry
		for size < format.SrchBlockSafeBytes-format.SrchEntryMaxBytes {
			e := format.SrchEntry{Hash: format.SrchHash("scoutfs.srch.n" + string(rune('a'+ino%8))), Ino: ino, ID: ino % 3}
			size += len(format.AppendSrchEntry(nil, prev, e))
			leaf = append(leaf, e)
			prev = e
			ino++
		}
		leaves = append(leaves, leaf)
		entries += len(leaf)
	}
	return leaves, entries
}

// BenchmarkDecode decodes the entries of a leaf.
func BenchmarkDecode(b *testing.B) {
	leaves, n := benchLeaves(1)
	leaf := mustView(testblock.SrchLeaf(leaves[0]...))
	b.SetBytes(int64(leaf.EntryBytes.Get()))
	b.ReportAllocs()
	for b.Loop() {
		d := srch.NewDecoder(leaf)
		for _, ok := d.Next(); ok; _, ok = d.Next() {
		}
		if d.Err() != nil {
			b.Fatal(d.Err())
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mentries/s")
}

// BenchmarkSearchLog searches log files in the cache.
func BenchmarkSearchLog(b *testing.B) {
	leaves, n := benchLeaves(64)
	v := testblock.New(b, 100)
	sfl := v.SrchFile(leaves...)
	f, err := srch.Open(block.NewReader(v.Dev, block.Options{}), &sfl)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		set := srch.NewSet(srch.DefaultLimit, srch.Found{})
		for e, err := range srch.Search(b.Context(), f, false, format.SrchHash("scoutfs.srch.na"), 0, math.MaxUint64) {
			if err != nil {
				b.Fatal(err)
			}
			set.Toggle(srch.Found{Ino: e.Ino, ID: e.ID})
		}
		found := 0
		for range set.Inodes() {
			found++
		}
		if found == 0 {
			b.Fatal("nothing found")
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mentries/s")
}
