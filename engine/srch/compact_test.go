// SPDX-License-Identifier: GPL-2.0-or-later

package srch_test

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/engine/srch"
	"scoutfs/internal/testblock"
)

// odd returns the entries that are there an odd number of times, ascending.
func odd(lists ...[]format.SrchEntry) []format.SrchEntry {
	count := map[format.SrchEntry]int{}
	for _, list := range lists {
		for _, e := range list {
			if count[e]++; count[e] == 2 {
				delete(count, e)
			}
		}
	}
	return slices.AppendSeq([]format.SrchEntry{}, slices.Values(slices.SortedFunc(maps.Keys(count), format.SrchEntry.Compare)))
}

// compaction is a compaction of files with the given entries.
func compaction(v *testblock.Volume, flags byte, perLeaf int, lists ...[]format.SrchEntry) format.SrchCompact {
	c := format.SrchCompact{Flags: flags, Nr: byte(len(lists))}
	for i, list := range lists {
		c.In[i].File = v.SrchFile(slices.Collect(slices.Chunk(list, perLeaf))...)
	}
	return c
}

// pairedEntries are entries of which many come again.
func pairedEntries(random *rand.Rand, n int) []format.SrchEntry {
	list := randomEntries(random, n)
	for i := range list {
		if random.IntN(3) == 0 {
			list[i] = list[random.IntN(n)]
		}
		if random.IntN(4) == 0 {
			list[i] = format.SrchEntry{Hash: 5, Ino: random.Uint64N(50), ID: random.Uint64N(2)}
		}
	}
	return list
}

func TestCompactionKeepsWhatIsThereAnOddNumberOfTimes(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	same := []format.SrchEntry{{Hash: 1, Ino: 1, ID: 1}, {Hash: 2, Ino: 1, ID: 1}}
	for _, test := range []struct {
		name  string
		lists [][]format.SrchEntry
	}{
		{"four of many", [][]format.SrchEntry{pairedEntries(random, 9000), pairedEntries(random, 20), pairedEntries(random, 3000), pairedEntries(random, 5000)}},
		{"two", [][]format.SrchEntry{pairedEntries(random, 100), pairedEntries(random, 100)}},
		{"nothing left", [][]format.SrchEntry{same, same}},
		{"first of all goes", [][]format.SrchEntry{same, same[:1]}},
		{"empty ones", [][]format.SrchEntry{nil, same, nil, nil}},
	} {
		for flags, name := range map[byte]string{format.SrchCompactLog: "log", format.SrchCompactSorted: "sorted"} {
			v := testblock.New(t, 900)
			lists := test.lists
			if flags == format.SrchCompactSorted {
				lists = nil
				for _, list := range test.lists {
					list = slices.Clone(list)
					slices.SortFunc(list, format.SrchEntry.Compare)
					lists = append(lists, list)
				}
			}
			c := compaction(v, flags, 100, lists...)
			s := newScribe(v)
			done, err := srch.Compact(t.Context(), s.r, s.w, &c, 1000)
			if err != nil || !done {
				t.Fatalf("%s, %s: %v, done %v", test.name, name, err, done)
			}
			s.commit(t)
			want := odd(lists...)
			if got := contents(t, s.r, &c.Out, true); !slices.Equal(got, want) {
				t.Errorf("%s, %s: %d entries, want %d, or others", test.name, name, len(got), len(want))
			}
			if len(want) == 0 && c.Out != (format.SrchFile{}) {
				t.Errorf("%s, %s: a file without entries has blocks", test.name, name)
			}
			if len(s.space.freed) > 0 {
				t.Errorf("%s, %s: blocks %v were freed", test.name, name, s.space.freed)
			}
		}
	}
}

func TestCompactionOfSortedFilesGoesOnFromItsItem(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 6))
	v := testblock.New(t, 900)
	var lists [][]format.SrchEntry
	for _, n := range []int{20000, 1, 4000, 30000} {
		list := pairedEntries(random, n)
		slices.SortFunc(list, format.SrchEntry.Compare)
		lists = append(lists, list)
	}
	c := compaction(v, format.SrchCompactSorted, 300, lists...)
	s := newScribe(v)
	steps := 0
	for done := false; !done; steps++ {
		leaves := 1 + random.IntN(2)
		most := srch.CompactBlocks(&c, leaves)
		// A kernel goes on only from places that have an entry.
		checkPlaces(t, s, &c)
		before := c.Out.Blocks.Get()
		var err error
		if done, err = srch.Compact(t.Context(), s.r, s.w, &c, leaves); err != nil {
			t.Fatal(err)
		}
		if taken := s.commit(t); taken > most || len(s.space.freed) > most {
			t.Errorf("step of %d leaves took %d blocks and freed %d, want at most %d", leaves, taken, len(s.space.freed), most)
		}
		if grown := c.Out.Blocks.Get() - before; grown > uint64(leaves) || !done && grown == 0 {
			t.Fatalf("step of %d leaves wrote %d", leaves, grown)
		}
		s.space.freed = nil
	}
	got := contents(t, s.r, &c.Out, true)
	if want := odd(lists...); !slices.Equal(odd(got), want) {
		t.Errorf("%d entries, want %d, or others", len(odd(got)), len(want))
	}
	if steps < 3 {
		t.Fatalf("%d steps make no good test", steps)
	}
}

func checkPlaces(t *testing.T, s *scribe, c *format.SrchCompact) {
	t.Helper()
	for i, in := range c.Inputs() {
		f, err := srch.Open(s.r, &in.File)
		if err != nil {
			t.Fatal(err)
		}
		if in.Blk.Get() == f.Blocks() {
			if in.Pos.Get() != 0 {
				t.Errorf("input %d has ended at byte %d", i, in.Pos.Get())
			}
			continue
		}
		leaf, _, err := f.Leaf(t.Context(), in.Blk.Get())
		if err != nil {
			t.Fatal(err)
		}
		_, offsets, err := decode(leaf)
		if err != nil {
			t.Fatal(err)
		}
		if pos := int(in.Pos.Get()); pos != 0 && !slices.Contains(offsets[:len(offsets)-1], pos) {
			t.Errorf("input %d goes on at byte %d, where no entry is", i, pos)
		}
	}
}

func TestCompactionThatCannotBeRightIsRefused(t *testing.T) {
	t.Parallel()
	list := entries(1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4)
	for _, test := range []struct {
		name   string
		flags  byte
		damage func(c *format.SrchCompact)
	}{
		{"an input that descends", format.SrchCompactSorted, nil},
		{"no kind", 0, nil},
		{"both kinds", format.SrchCompactLog | format.SrchCompactSorted, nil},
		{"deleting", format.SrchCompactDelete, nil},
		{"a place beyond the leaves", format.SrchCompactSorted, func(c *format.SrchCompact) { c.In[0].Blk.Set(3) }},
		{"a place inside an entry", format.SrchCompactSorted, func(c *format.SrchCompact) { c.In[0].Pos.Set(1) }},
		{"a place beyond the entries", format.SrchCompactSorted, func(c *format.SrchCompact) { c.In[0].Pos.Set(1 << 63) }},
		{"an output without blocks", format.SrchCompactSorted, func(c *format.SrchCompact) { c.Out.Height = 2 }},
	} {
		v := testblock.New(t, 100)
		c := compaction(v, test.flags, 2, list, entries(9, 9, 9, 8, 8, 8, 7, 7, 7))
		if test.damage != nil {
			c.In[1].File = format.SrchFile{}
			test.damage(&c)
		}
		s := newScribe(v)
		var corrupt *format.CorruptError
		if _, err := srch.Compact(t.Context(), s.r, s.w, &c, 10); !errors.As(err, &corrupt) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestLogFilesThatDoNotFitAreRefused(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 8))
	v := testblock.New(t, 200)
	c := compaction(v, format.SrchCompactLog, 2000, randomEntries(random, 20000))
	s := newScribe(v)
	if _, err := srch.Compact(t.Context(), s.r, s.w, &c, 2); !errors.Is(err, srch.ErrRoom) {
		t.Error(err)
	}
}

func TestTiersAreThoseOfTheFormat(t *testing.T) {
	t.Parallel()
	for leaves, want := range map[uint64]int{1: 0, 2: 1, 7: 1, 8: 2, 31: 2, 32: 3, 127: 3, 128: 4} {
		if got := srch.Tier(leaves); got != want {
			t.Errorf("%d leaves are of tier %d, want %d", leaves, got, want)
		}
	}
}

// FuzzCompact compacts files of any content, and appends to them.
func FuzzCompact(f *testing.F) {
	f.Add([]byte{0, 0, 2, 2, 2}, uint16(2), uint32(5), uint32(2), uint64(0), uint64(0), true)
	f.Add([]byte{0x10, 0, 2, 0x10, 0, 2}, uint16(2), uint32(6), uint32(6), uint64(0), uint64(3), false)
	f.Fuzz(func(t *testing.T, data []byte, nr uint16, size, in uint32, blk, pos uint64, sorted bool) {
		v := testblock.New(t, 64)
		leaf := testblock.NewBlock()
		b := mustView(leaf)
		copy(b.Data[:], data)
		b.EntryNr.Set(uint32(nr))
		b.EntryBytes.Set(size)
		var c format.SrchCompact
		c.Nr, c.Flags = 2, format.SrchCompactLog
		if sorted {
			c.Flags = format.SrchCompactSorted
		}
		for i := range c.Inputs() {
			file := &c.In[i].File
			file.Ref.Set(v.Add(format.MagicSrchBlock, leaf))
			file.Height = 1
			file.Blocks.Set(1)
			file.Entries.Set(uint64(in))
			c.In[i].Blk.Set(blk)
			c.In[i].Pos.Set(pos)
		}
		s := newScribe(v)
		if done, err := srch.Compact(t.Context(), s.r, s.w, &c, 8); err == nil && done {
			s.commit(t)
			contents(t, s.r, &c.Out, true)
		} else if err != nil {
			s.w.Discard()
		}
		if grown, err := srch.Append(t.Context(), s.w, c.In[0].File, entries1()); err == nil {
			s.commit(t)
			if _, err := srch.Open(s.r, &grown); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// BenchmarkCompact merges four files, in bytes of leaves that are read.
func BenchmarkCompact(b *testing.B) {
	leaves, n := benchLeaves(64)
	for flags, name := range map[byte]string{format.SrchCompactLog: "log", format.SrchCompactSorted: "sorted"} {
		b.Run(name, func(b *testing.B) {
			v := testblock.New(b, 1000)
			c := format.SrchCompact{Flags: flags, Nr: 4}
			for i := range c.Inputs() {
				list := leaves[16*i : 16*(i+1)]
				if flags == format.SrchCompactSorted {
					all := slices.Concat(list...)
					slices.SortFunc(all, format.SrchEntry.Compare)
					list = slices.Collect(slices.Chunk(all, len(list[0])))
				}
				c.In[i].File = v.SrchFile(list...)
			}
			b.SetBytes(64 << format.LargeBlockShift)
			for b.Loop() {
				s, work := newScribe(v), c
				if done, err := srch.Compact(b.Context(), s.r, s.w, &work, 500); err != nil || !done {
					b.Fatal(err, done)
				}
				s.w.Discard()
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mentries/s")
		})
	}
}
