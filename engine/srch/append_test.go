// SPDX-License-Identifier: GPL-2.0-or-later

package srch_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/engine/srch"
	"scoutfs/internal/testblock"
)

// randomEntries are entries whose encodings are of every length.
func randomEntries(random *rand.Rand, n int) []format.SrchEntry {
	list := make([]format.SrchEntry, n)
	for i := range list {
		shift := random.UintN(64)
		list[i] = format.SrchEntry{Hash: random.Uint64() >> shift, Ino: random.Uint64() >> shift, ID: random.Uint64N(9)}
	}
	return list
}

func TestAppendedEntriesAreReadInTheirOrder(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	v := testblock.New(t, 800)
	s := newScribe(v)
	var file format.SrchFile
	var want []format.SrchEntry
	for range 40 {
		before, old := file, slices.Clone(want)
		entries := randomEntries(random, random.IntN(4000))
		owned := blocksOf(t, s.r, &file)
		most := srch.AppendBlocks(&file, len(entries))
		var err error
		if file, err = srch.Append(t.Context(), s.w, file, entries); err != nil {
			t.Fatal(err)
		}
		if taken := s.commit(t); taken > most || len(s.space.freed) > most {
			t.Errorf("%d entries took %d blocks and freed %d, want at most %d", len(entries), taken, len(s.space.freed), most)
		}
		want = append(want, entries...)
		if got := contents(t, s.r, &file, false); !slices.Equal(got, want) {
			t.Fatalf("%d entries, want %d, or others", len(got), len(want))
		}
		if got := contents(t, s.r, &before, false); !slices.Equal(got, old) {
			t.Fatal("the file from before has changed")
		}
		// What the new file does not share with the old one was freed.
		shared := blocksOf(t, s.r, &file)
		for _, blkno := range s.space.freed {
			if !owned[blkno] || shared[blkno] {
				t.Errorf("block %d was freed, in old file %v, in new %v", blkno, owned[blkno], shared[blkno])
			}
			delete(owned, blkno)
		}
		for blkno := range owned {
			if !shared[blkno] {
				t.Errorf("block %d was lost", blkno)
			}
		}
		s.space.freed = nil
	}
	if file.Height != 2 || file.Blocks.Get() < 10 {
		t.Fatalf("height %d and %d leaves make no good test", file.Height, file.Blocks.Get())
	}
}

// fullFile is a file of so many leaves that have no room, all the same block.
func fullFile(t *testing.T, v *testblock.Volume, leaves int) format.SrchFile {
	t.Helper()
	// Each entry has the longest encoding.
	var list []format.SrchEntry
	for i := range uint64(format.SrchBlockSafeBytes/format.SrchEntryMaxBytes + 1) {
		e := format.SrchEntry{Hash: 1 << 63, Ino: 1 << 63, ID: 1 << 63}
		if i%2 == 1 {
			e = format.SrchEntry{}
		}
		list = append(list, e)
	}
	file := v.SrchFile(list)
	if leaves == 1 {
		return file
	}
	leaf := file.Ref
	block := testblock.NewBlock()
	p, err := format.ViewSrchParent(block)
	if err != nil {
		t.Fatal(err)
	}
	for i := range leaves {
		p.Refs[i] = leaf
	}
	file.Ref.Set(v.Add(format.MagicSrchParent, block))
	file.Blocks.Set(uint64(leaves))
	file.Entries.Set(uint64(leaves * len(list)))
	file.Height = 2
	return file
}

func TestParentsGrowWithAFile(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ leaves, height int }{
		{1, 2}, {2, 2}, {format.SrchParentRefs - 1, 2}, {format.SrchParentRefs, 3},
	} {
		v := testblock.New(t, 2*format.SrchParentRefs)
		file := fullFile(t, v, test.leaves)
		s := newScribe(v)
		e := format.SrchEntry{Hash: 7, Ino: 8, ID: 9}
		grown, err := srch.Append(t.Context(), s.w, file, []format.SrchEntry{e})
		if err != nil {
			t.Fatal(err)
		}
		s.commit(t)
		if int(grown.Height) != test.height || grown.Blocks.Get() != uint64(test.leaves)+1 {
			t.Errorf("%d leaves and one become %d of height %d, want %d", test.leaves, grown.Blocks.Get(), grown.Height, test.height)
		}
		f, err := srch.Open(s.r, &grown)
		if err != nil {
			t.Fatal(err)
		}
		for n, want := range map[uint64]uint64{0: 0, uint64(test.leaves) - 1: 0, uint64(test.leaves): 7} {
			if leaf, _, err := f.Leaf(t.Context(), n); err != nil || leaf.First.Entry().Hash != want {
				t.Errorf("leaf %d of %d: %v", n, grown.Blocks.Get(), err)
			}
		}
	}
}

func TestFilesThatContradictThemselvesAreNotAppendedTo(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		damage func(v *testblock.Volume, file *format.SrchFile)
	}{
		{"height", func(_ *testblock.Volume, file *format.SrchFile) { file.Height = 9 }},
		{"more leaves than its height can have", func(_ *testblock.Volume, file *format.SrchFile) { file.Blocks.Set(1 << 40) }},
		{"entries without leaves", func(_ *testblock.Volume, file *format.SrchFile) { file.Blocks.Set(0) }},
		{"a leaf that is not there", func(_ *testblock.Volume, file *format.SrchFile) { file.Blocks.Set(9) }},
		{"a leaf after the last", func(_ *testblock.Volume, file *format.SrchFile) { file.Blocks.Set(1) }},
		{"more bytes than a leaf has", func(v *testblock.Volume, file *format.SrchFile) {
			*file = v.SrchFile(entries1())
			leaf := testblock.SrchLeaf(entries1()...)
			mustView(leaf).EntryBytes.Set(math.MaxUint32)
			v.Put(file.Ref.Ref(), format.MagicSrchBlock, leaf)
		}},
	} {
		v := testblock.New(t, 100)
		file := fullFile(t, v, 2)
		test.damage(v, &file)
		s := newScribe(v)
		var corrupt *format.CorruptError
		if _, err := srch.Append(t.Context(), s.w, file, entries1()); !errors.As(err, &corrupt) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func entries1() []format.SrchEntry { return []format.SrchEntry{{Hash: 1, Ino: 2, ID: 3}} }
