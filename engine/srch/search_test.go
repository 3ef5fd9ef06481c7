// SPDX-License-Identifier: GPL-2.0-or-later

package srch_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"scoutfs/engine/block"
	"scoutfs/engine/format"
	"scoutfs/engine/srch"
	"scoutfs/internal/testblock"
)

func TestSearchAgreesWithModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		entry := rapid.Custom(func(t *rapid.T) format.SrchEntry {
			return format.SrchEntry{
				Hash: rapid.SampledFrom([]uint64{0, 4, 5, 6, math.MaxUint64}).Draw(t, "hash"),
				Ino:  rapid.Uint64Range(0, 20).Draw(t, "ino"),
				ID:   rapid.SampledFrom([]uint64{0, 1, math.MaxUint64}).Draw(t, "id"),
			}
		})
		entries := rapid.SliceOfN(entry, 0, 200).Draw(rt, "entries")
		sorted := rapid.Bool().Draw(rt, "sorted")
		if sorted {
			slices.SortFunc(entries, format.SrchEntry.Compare)
		}
		var leaves [][]format.SrchEntry
		for leaf := range slices.Chunk(entries, rapid.IntRange(1, 40).Draw(rt, "perLeaf")) {
			leaves = append(leaves, leaf)
		}
		v := testblock.New(t, 250)
		sfl := v.SrchFile(leaves...)
		f := open(t, v, &sfl)

		hash := rapid.SampledFrom([]uint64{0, 1, 5, math.MaxUint64}).Draw(rt, "want hash")
		first, last := rapid.Uint64Range(0, 21).Draw(rt, "first"), rapid.Uint64Range(0, 21).Draw(rt, "last")
		var want, got []format.SrchEntry
		for _, e := range entries {
			if e.Hash == hash && e.Ino >= first && e.Ino <= last {
				want = append(want, e)
			}
		}
		for e, err := range srch.Search(t.Context(), f, sorted, hash, first, last) {
			if err != nil {
				rt.Fatal(err)
			}
			got = append(got, e)
		}
		if !slices.Equal(got, want) {
			rt.Fatalf("hash %d, inodes %d to %d: found %v, want %v", hash, first, last, got, want)
		}
	})
}

func TestSearchOfASortedFileReadsFewLeaves(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 600)
	sfl := v.SrchFile(oneEach(512)...)
	r := block.NewReader(v.Dev, block.Options{Workers: -1})
	f, err := srch.Open(r, &sfl)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		hash        uint64
		first, last uint64
		found, most int
	}{
		{4, 0, math.MaxUint64, 0, 0}, // the file begins after it
		{6, 0, math.MaxUint64, 0, 0}, // and ends before it
		{5, 512, 600, 0, 0},
		{5, 300, 309, 10, 10 + 9 + 2},
		{5, 0, math.MaxUint64, 512, 513},
	} {
		before := r.Stats().Blocks
		found := 0
		for _, err := range srch.Search(t.Context(), f, true, test.hash, test.first, test.last) {
			if err != nil {
				t.Fatal(err)
			}
			found++
		}
		if read := int(r.Stats().Blocks - before); found != test.found || read > test.most {
			t.Errorf("hash %d, inodes %d to %d: %d entries with %d blocks, want %d with at most %d",
				test.hash, test.first, test.last, found, read, test.found, test.most)
		}
	}
}

// A merge whose last leaf lost all its entries leaves that leaf empty, with
// any first and no last, and the file without last (docs/format.md B, 9).
func TestSearchPassesAnEmptyFinalLeaf(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 40)
	sfl := v.SrchFile(append(oneEach(5), nil)...)
	leaf := testblock.SrchLeaf()
	mustView(leaf).First.Set(format.SrchEntry{Hash: 5, Ino: 1})
	f := open(t, v, &sfl)
	_, ref, err := f.Leaf(t.Context(), 5)
	if err != nil {
		t.Fatal(err)
	}
	v.Put(ref, format.MagicSrchBlock, leaf)
	sfl.Last.Set(format.SrchEntry{})
	f = open(t, v, &sfl)
	for _, test := range []struct{ first, last, want uint64 }{{0, 9, 5}, {2, 3, 2}, {4, 4, 1}, {5, 9, 0}} {
		n := uint64(0)
		for _, err := range srch.Search(t.Context(), f, true, 5, test.first, test.last) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != test.want {
			t.Errorf("inodes %d to %d: %d entries, want %d", test.first, test.last, n, test.want)
		}
	}
}

func TestSearchStopsAtErrors(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 40)
	sfl := v.SrchFile(oneEach(8)...)
	bad := testblock.SrchLeaf(format.SrchEntry{Hash: 5, Ino: 3, ID: 1})
	mustView(bad).EntryNr.Set(2)
	f := open(t, v, &sfl)
	_, ref, err := f.Leaf(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	v.Put(ref, format.MagicSrchBlock, bad)
	for _, sorted := range []bool{false, true} {
		var corrupt *format.CorruptError
		n := 0
		for _, err := range srch.Search(t.Context(), open(t, v, &sfl), sorted, 5, 0, 9) {
			if n++; n <= 4 && err != nil || n == 5 && !errors.As(err, &corrupt) || n > 5 {
				t.Errorf("sorted %v: step %d: %v", sorted, n, err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for _, err := range srch.Search(ctx, open(t, v, &sfl), sorted, 5, 0, 9) {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("sorted %v: %v", sorted, err)
			}
		}
	}
}

func TestSetCancelsPairs(t *testing.T) {
	t.Parallel()
	s := srch.NewSet(srch.DefaultLimit, srch.Found{})
	for _, f := range []srch.Found{
		{Ino: 9, ID: 1},                  // there
		{Ino: 5, ID: 1}, {Ino: 5, ID: 1}, // gone
		{Ino: 4, ID: 7}, {Ino: 4, ID: 7}, {Ino: 4, ID: 7}, // there again
		{Ino: 8, ID: 1}, {Ino: 8, ID: 2}, // two attributes
		{Ino: 7, ID: 1}, {Ino: 7, ID: 2}, {Ino: 7, ID: 1}, // one of two
		{Ino: math.MaxUint64, ID: math.MaxUint64}, {Ino: 0}, // the ends
	} {
		s.Toggle(f)
	}
	want := []uint64{0, 4, 7, 8, 9, math.MaxUint64}
	if got := slices.Collect(s.Inodes()); !slices.Equal(got, want) {
		t.Errorf("inodes are %v, want %v", got, want)
	}
	if from, more := s.Rest(); more {
		t.Errorf("more from %v", from)
	}
	// What comes later still counts.
	s.Toggle(srch.Found{Ino: 4, ID: 7})
	if got := slices.Collect(s.Inodes()); slices.Contains(got, 4) {
		t.Errorf("inodes are %v", got)
	}
}

// Any number of passes with any limit must find what one pass without a
// limit finds, and end.
func TestSetInPassesAgreesWithModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		found := rapid.Custom(func(t *rapid.T) srch.Found {
			return srch.Found{
				Ino: rapid.SampledFrom([]uint64{0, 1, 2, 3, 4, 5, 6, math.MaxUint64}).Draw(t, "ino"),
				ID:  rapid.SampledFrom([]uint64{0, 1, 2, 3, math.MaxUint64}).Draw(t, "id"),
			}
		})
		entries := rapid.SliceOfN(found, 0, 300).Draw(t, "entries")
		odd := map[srch.Found]bool{}
		for _, f := range entries {
			odd[f] = !odd[f]
		}
		model := map[uint64]bool{}
		for f, present := range odd {
			if present {
				model[f.Ino] = true
			}
		}
		limit := rapid.IntRange(1, 12).Draw(t, "limit")
		var got []uint64
		from := srch.Found{}
		for pass := 0; ; pass++ {
			if pass > 100 {
				t.Fatal("no end of passes")
			}
			s := srch.NewSet(limit, from)
			for _, f := range entries {
				s.Toggle(f)
			}
			for ino := range s.Inodes() {
				if n := len(got); n > 0 && got[n-1] >= ino {
					t.Fatalf("%d after %d", ino, got[n-1])
				}
				got = append(got, ino)
			}
			next, more := s.Rest()
			if !more {
				break
			}
			if next.Compare(from) <= 0 {
				t.Fatalf("the pass from %v goes on at %v", from, next)
			}
			from = next
		}
		if len(got) != len(model) {
			t.Fatalf("inodes are %v, want %v", got, model)
		}
		for _, ino := range got {
			if !model[ino] {
				t.Fatalf("inodes are %v, want %v", got, model)
			}
		}
	})
}
