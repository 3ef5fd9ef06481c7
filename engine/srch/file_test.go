// SPDX-License-Identifier: GPL-2.0-or-later

package srch_test

import (
	"errors"
	"math"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/srch"
	"scoutfs/internal/testblock"
)

func reader(v *testblock.Volume) *block.Reader {
	return block.NewReader(v.Dev, block.Options{FSID: testblock.FSID})
}

func open(t *testing.T, v *testblock.Volume, sfl *format.SrchFile) *srch.File {
	t.Helper()
	f, err := srch.Open(reader(v), sfl)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// oneEach is n leaves of one entry each.
func oneEach(n int) [][]format.SrchEntry {
	var leaves [][]format.SrchEntry
	for i := range n {
		leaves = append(leaves, []format.SrchEntry{{Hash: 5, Ino: uint64(i), ID: 1}})
	}
	return leaves
}

func TestLeavesAreFoundByNumber(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2, 70} {
		v := testblock.New(t, 100)
		sfl := v.SrchFile(oneEach(n)...)
		f := open(t, v, &sfl)
		if f.Blocks() != uint64(n) || f.Entries() != uint64(n) {
			t.Errorf("%d blocks and %d entries, want %d", f.Blocks(), f.Entries(), n)
		}
		for i := range uint64(n) {
			leaf, ref, err := f.Leaf(t.Context(), i)
			if err != nil || leaf.First.Entry().Ino != i || ref.Blkno != leaf.Hdr.Blkno.Get() {
				t.Errorf("leaf %d of %d: %v, %v", i, n, ref, err)
			}
		}
		for _, first := range []int{0, n / 2, n} {
			next := first
			for b, err := range f.Leaves(t.Context(), uint64(first)) {
				if err != nil || b.Level != 0 || b.First != uint64(next) || b.Leaf.First.Entry().Ino != uint64(next) {
					t.Fatalf("leaves from %d of %d: %+v, %v", first, n, b, err)
				}
				next++
			}
			if next != n {
				t.Errorf("leaves from %d of %d end at %d", first, n, next)
			}
		}
	}
}

// tallFile is a file of height 3 of which only the way to one leaf exists.
func tallFile(t *testing.T, leaf uint64) (*testblock.Volume, *format.SrchFile) {
	t.Helper()
	const fan = format.SrchParentRefs
	v := testblock.New(t, 3*fan)
	ref := v.Add(format.MagicSrchBlock, testblock.SrchLeaf(format.SrchEntry{Ino: leaf}))
	for _, index := range []uint64{leaf % fan, leaf / fan % fan} {
		b := testblock.NewBlock()
		p, err := format.ViewSrchParent(b)
		if err != nil {
			t.Fatal(err)
		}
		p.Refs[index].Set(ref)
		ref = v.Add(format.MagicSrchParent, b)
	}
	sfl := &format.SrchFile{Height: 3}
	sfl.Blocks.Set(2*fan + 7)
	sfl.Ref.Set(ref)
	return v, sfl
}

func TestLeavesBelowTwoParentsAreFound(t *testing.T) {
	t.Parallel()
	const fan = format.SrchParentRefs
	for _, n := range []uint64{0, fan - 1, fan, fan + 5, 2*fan + 6} {
		v, sfl := tallFile(t, n)
		f := open(t, v, sfl)
		if leaf, _, err := f.Leaf(t.Context(), n); err != nil || leaf.First.Entry().Ino != n {
			t.Errorf("leaf %d: %v", n, err)
		}
		var corrupt *format.CorruptError
		if _, _, err := f.Leaf(t.Context(), (n+1)%(2*fan)); !errors.As(err, &corrupt) || corrupt.Structure != "srch parent block" {
			t.Errorf("missing leaf: %v", err)
		}
		for b, err := range f.Leaves(t.Context(), n) {
			if err != nil || b.First != n || b.Leaf.First.Entry().Ino != n {
				t.Errorf("leaves from %d: %+v, %v", n, b, err)
			}
			break
		}
		// All blocks there are, and an error for each one there is not.
		blocks, missing := 0, 0
		for b, err := range f.Refs(t.Context()) {
			switch {
			case err == nil:
				blocks++
			case errors.As(err, &corrupt) && b.Ref.IsZero():
				missing++
			default:
				t.Fatal(err)
			}
		}
		below := fan // leaves below the parent that exists, of three
		if n/fan == 2 {
			below = 7
		}
		if blocks != 3 || missing != below-1+2 {
			t.Errorf("leaf %d: %d blocks and %d missing, want 3 and %d", n, blocks, missing, below+1)
		}
	}
}

func TestImpossibleFilesAreRefused(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 100)
	ref := format.Ref{Blkno: 2, Seq: 1}
	for _, test := range []struct {
		ref             format.Ref
		height          byte
		blocks, entries uint64
		field           string // "" for none
	}{
		{format.Ref{}, 0, 0, 0, ""},
		{ref, 1, 0, 0, ""},
		{ref, 1, 1, 5, ""},
		{ref, 2, 99, 5, ""},
		{ref, 5, 99, 5, ""},
		{ref, 0, 0, 0, "ref"},
		{format.Ref{}, 1, 1, 1, "ref"},
		{ref, 1, 2, 5, "height"},
		{format.Ref{}, 0, 1, 5, "height"},
		{ref, 6, 2, 5, "height"},
		{ref, 255, 2, 5, "height"},
		{ref, 2, 101, 5, "blocks"},
		{ref, 5, math.MaxUint64, 5, "blocks"},
		{ref, 1, 0, 1, "entries"},
	} {
		sfl := &format.SrchFile{Height: test.height}
		sfl.Ref.Set(test.ref)
		sfl.Blocks.Set(test.blocks)
		sfl.Entries.Set(test.entries)
		_, err := srch.Open(reader(v), sfl)
		var corrupt *format.CorruptError
		if test.field == "" && err != nil || test.field != "" && (!errors.As(err, &corrupt) || corrupt.Field != test.field) {
			t.Errorf("%+v: %v", test, err)
		}
	}
}

func TestDamagedFilesAreErrors(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 100)
	sfl := v.SrchFile(oneEach(10)...) // leaves 2 to 11, parent 12
	dev := device.NewFaulty(v.Dev, device.Fault{Op: device.OpRead, Off: 5 << 16, Len: 1})
	r := block.NewReader(dev, block.Options{Workers: -1})
	f, err := srch.Open(r, &sfl)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	var failed *device.Error
	for _, err := range f.Leaves(t.Context(), 0) {
		if n++; n < 4 && err != nil || n == 4 && !errors.As(err, &failed) || n > 4 {
			t.Errorf("leaf %d: %v", n-1, err)
		}
	}
	// Knowing the references does not take reading the leaves.
	n = 0
	for _, err := range f.Refs(t.Context()) {
		if n++; err != nil {
			t.Error(err)
		}
	}
	if n != 11 {
		t.Errorf("%d blocks, want 11", n)
	}

	// A leaf where a parent should be.
	wrong := sfl
	wrong.Height = 3
	f, err = srch.Open(r, &wrong)
	if err != nil {
		t.Fatal(err)
	}
	n = 0
	for b, err := range f.Refs(t.Context()) {
		if n++; b.Level == 2 && err != nil || b.Level == 1 && !errors.Is(err, block.ErrStale) || b.Level == 0 {
			t.Errorf("level %d: %v", b.Level, err)
		}
	}
	if n != 2 {
		t.Errorf("%d blocks, want 2", n)
	}
}

// While a compaction deletes its inputs, blocks of a level are freed in
// order, then those of the level above (docs/format.md 6.6).
func TestFileBeingDeletedOwnsWhatIsLeft(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 100)
	sfl := v.SrchFile(oneEach(5)...) // leaves 2 to 6, parent 7
	one := v.SrchFile(oneEach(1)...) // leaf 8
	tests := []struct {
		sfl      *format.SrchFile
		blk, pos uint64
		want     []uint64
	}{
		{&sfl, 0, 0, []uint64{7, 2, 3, 4, 5, 6}},
		{&sfl, 0, 1, []uint64{7, 2, 3, 4, 5, 6}},
		{&sfl, 3, 0, []uint64{7, 5, 6}},
		{&sfl, 3, 1, []uint64{7, 5, 6}},
		{&sfl, 5, 1, []uint64{7}},
		{&sfl, 0, 2, []uint64{7}},
		{&sfl, 0, 3, nil},
		{&sfl, 0, math.MaxUint64, nil},
		{&one, 0, 0, []uint64{8}},
		{&one, 0, 1, []uint64{8}},
		{&one, 0, 2, nil},
	}
	for _, test := range tests {
		f := open(t, v, test.sfl)
		i := 0
		for b, err := range f.UnfreedRefs(t.Context(), test.blk, test.pos) {
			if err != nil || i >= len(test.want) || b.Ref.Blkno != test.want[i] {
				t.Errorf("leaf %d, level %d: block %d is %v, %v, want %v", test.blk, test.pos, i, b.Ref, err, test.want)
				break
			}
			i++
		}
		if i != len(test.want) {
			t.Errorf("leaf %d, level %d: %d blocks, want %v", test.blk, test.pos, i, test.want)
		}
	}
}
