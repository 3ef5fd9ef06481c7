// SPDX-License-Identifier: GPL-2.0-or-later

package alloc_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"scoutfs/engine/alloc"
	"scoutfs/engine/block"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

func reader(v *testblock.Volume) *block.Reader {
	return block.NewReader(v.Dev, block.Options{FSID: testblock.FSID})
}

// upTo returns n block numbers from first on.
func upTo(first, n uint64) []uint64 {
	var list []uint64
	for blkno := first; blkno < first+n; blkno++ {
		list = append(list, blkno)
	}
	return list
}

func TestListIsReadInChainOrder(t *testing.T) {
	t.Parallel()
	for name, blocks := range map[string][][]uint64{
		"no blocks":           {},
		"one empty block":     {{}},
		"one block":           {{5, 3, 9}},
		"empty head":          {{}, {7, 8}},
		"several":             {{5}, {9, 8, 7}, {20}},
		"more than one block": {upTo(100, 8000), upTo(9000, 500)},
	} {
		v := testblock.New(t, 20_000)
		head := v.List(blocks...)
		var want, got []uint64
		for _, b := range blocks {
			want = append(want, b...)
		}
		for blkno, err := range alloc.ListEntries(t.Context(), reader(v), head) {
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got = append(got, blkno)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: entries are %v, want %v", name, got, want)
		}
		n := 0
		for b, err := range alloc.ListChain(t.Context(), reader(v), head) {
			if err != nil || b.Block == nil || len(b.Entries) != len(blocks[n]) || b.Ref.Blkno != b.Block.Hdr.Blkno.Get() {
				t.Errorf("%s: block %d is %v with %d entries, %v", name, n, b.Ref, len(b.Entries), err)
			}
			n++
		}
		if n != len(blocks) {
			t.Errorf("%s: %d blocks, want %d", name, n, len(blocks))
		}
	}
}

func TestWrongListsAreErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		build func(v *testblock.Volume) format.AllocListHead
		want  []alloc.ListRule // nil for an error of reading
		found int              // entries found all the same
	}{
		{"first_nr without a block", func(*testblock.Volume) (head format.AllocListHead) {
			head.FirstNr.Set(1)
			return head
		}, []alloc.ListRule{alloc.ListHead}, 0},
		{"total_nr without a block", func(*testblock.Volume) (head format.AllocListHead) {
			head.TotalNr.Set(1)
			return head
		}, []alloc.ListRule{alloc.ListHead}, 0},
		{"seq without a block", func(*testblock.Volume) (head format.AllocListHead) {
			head.Ref.Seq.Set(1)
			return head
		}, []alloc.ListRule{alloc.ListHead}, 0},
		{"seq without a next block", func(v *testblock.Volume) (head format.AllocListHead) {
			head.Ref.Set(v.Add(format.MagicAllocList, testblock.ListBlock(format.Ref{Seq: 7}, 0)))
			return head
		}, []alloc.ListRule{alloc.ListNext}, 0},
		{"first_nr", func(v *testblock.Volume) format.AllocListHead {
			head := v.List([]uint64{5, 6}, []uint64{7})
			head.FirstNr.Set(3)
			return head
		}, []alloc.ListRule{alloc.ListFirst}, 3},
		{"total_nr more", func(v *testblock.Volume) format.AllocListHead {
			head := v.List([]uint64{5, 6}, []uint64{7})
			head.TotalNr.Set(4)
			return head
		}, []alloc.ListRule{alloc.ListTotal}, 3},
		{"total_nr less", func(v *testblock.Volume) format.AllocListHead {
			head := v.List([]uint64{5, 6}, []uint64{7})
			head.TotalNr.Set(2)
			return head
		}, []alloc.ListRule{alloc.ListTotal}, 3},
		{"entries beyond the device", func(v *testblock.Volume) format.AllocListHead {
			return v.List([]uint64{5, 50, 51}, []uint64{7})
		}, []alloc.ListRule{alloc.ListEntry}, 4},
		{"static entries", func(v *testblock.Volume) format.AllocListHead {
			return v.List([]uint64{1})
		}, []alloc.ListRule{alloc.ListEntry}, 1},
		{"start and nr beyond the block", func(v *testblock.Volume) (head format.AllocListHead) {
			b := testblock.ListBlock(format.Ref{}, 0, 5, 6)
			list, err := format.ViewAllocListBlock(b)
			if err != nil {
				panic(err)
			}
			list.Start.Set(1<<32 - 1)
			head.Ref.Set(v.Add(format.MagicAllocList, b))
			head.FirstNr.Set(2)
			return head
		}, []alloc.ListRule{alloc.ListBounds}, 0},
		{"stale block", func(v *testblock.Volume) format.AllocListHead {
			head := v.List([]uint64{5}, []uint64{6})
			v.Put(format.Ref{Blkno: 2, Seq: 1}, format.MagicAllocList, testblock.ListBlock(format.Ref{}, 0, 6))
			return head
		}, nil, 1},
		{"loop of one block", func(v *testblock.Volume) (head format.AllocListHead) {
			ref := v.NextRef()
			v.Add(format.MagicAllocList, testblock.ListBlock(ref, 0))
			head.Ref.Set(ref)
			return head
		}, []alloc.ListRule{alloc.ListLoop}, 0},
		{"loop behind a tail", func(v *testblock.Volume) (head format.AllocListHead) {
			loop := v.NextRef()
			ref := loop
			for range 7 { // 2 to 8 refer to the one before, 2 to 8
				ref = v.Add(format.MagicAllocList, testblock.ListBlock(ref, 0))
			}
			v.Put(loop, format.MagicAllocList, testblock.ListBlock(ref, 0))
			for range 3 {
				ref = v.Add(format.MagicAllocList, testblock.ListBlock(ref, 0))
			}
			head.Ref.Set(ref)
			return head
		}, []alloc.ListRule{alloc.ListLoop}, 0},
		{"loop of entries", func(v *testblock.Volume) (head format.AllocListHead) {
			ref := v.NextRef()
			v.Add(format.MagicAllocList, testblock.ListBlock(ref, 0, 7, 8))
			head.Ref.Set(ref)
			head.FirstNr.Set(2)
			head.TotalNr.Set(2)
			return head
		}, []alloc.ListRule{alloc.ListLoop}, 2},
	}
	for _, test := range tests {
		v := testblock.New(t, 40)
		head := test.build(v)
		var got []alloc.ListRule
		steps, entries := 0, 0
		for b, err := range alloc.ListChain(t.Context(), reader(v), head) {
			broken, ok := errors.AsType[*alloc.ListError](err)
			switch {
			case ok:
				got = append(got, broken.Rule)
			case err != nil && test.want != nil:
				t.Errorf("%s: %v", test.name, err)
			case err == nil:
				entries += len(b.Entries)
			}
			if steps++; steps > 100 {
				t.Fatalf("%s: no end", test.name)
			}
		}
		if !slices.Equal(got, test.want) || entries != test.found {
			t.Errorf("%s: rules broken are %v with %d entries, want %v and %d", test.name, got, entries, test.want, test.found)
		}
		var last error
		for _, err := range alloc.ListEntries(t.Context(), reader(v), head) {
			last = err
		}
		if last == nil {
			t.Errorf("%s: entries end without an error", test.name)
		}
	}
}

func TestListStopsWithItsContext(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 40)
	head := v.List([]uint64{5}, []uint64{6}, []uint64{7})
	enough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	n := 0
	var last error
	for _, err := range alloc.ListEntries(ctx, reader(v), head) {
		cancel(enough)
		last = err
		n++
	}
	if n != 2 || !errors.Is(last, enough) {
		t.Errorf("%d steps, %v", n, last)
	}
}

// FuzzAllocList reads chains of two blocks with any heads, in which lists
// refer to each other as the bytes say.
func FuzzAllocList(f *testing.F) {
	f.Add(uint32(3), uint64(5), uint32(0), uint32(3), uint32(8183), uint32(2), uint8(2))
	f.Add(uint32(3), uint64(3), uint32(0), uint32(3), uint32(0), uint32(0), uint8(1))
	f.Add(uint32(0), uint64(0), uint32(0), uint32(0), uint32(0), uint32(0), uint8(0))
	f.Add(uint32(9), uint64(1<<63), uint32(1<<31), uint32(1<<31), uint32(0), uint32(8185), uint8(1))
	f.Fuzz(func(t *testing.T, firstNr uint32, totalNr uint64, start1, nr1, start2, nr2 uint32, next uint8) {
		v := testblock.New(t, 20)
		refs := []format.Ref{{}, v.NextRef()}
		build := func(start, nr uint32, next format.Ref) {
			b := testblock.ListBlock(next, 0)
			list, err := format.ViewAllocListBlock(b)
			if err != nil {
				t.Fatal(err)
			}
			list.Start.Set(start)
			list.Nr.Set(nr)
			for i := range list.Blknos {
				list.Blknos[i].Set(uint64(i % 24))
			}
			refs = append(refs, v.Add(format.MagicAllocList, b))
		}
		build(start1, nr1, refs[next%2])
		build(start2, nr2, refs[2])
		var head format.AllocListHead
		head.Ref.Set(refs[len(refs)-1])
		head.FirstNr.Set(firstNr)
		head.TotalNr.Set(totalNr)

		entries, steps, failed := uint64(0), 0, false
		for b, err := range alloc.ListChain(t.Context(), reader(v), head) {
			failed = failed || err != nil
			entries += uint64(len(b.Entries))
			if steps++; steps > 20 {
				t.Fatal("no end")
			}
		}
		if !failed && (entries != totalNr || nr2 != firstNr) {
			t.Errorf("%d entries of %d, %d in the first block of %d, and no error", entries, totalNr, nr2, firstNr)
		}
	})
}
