// SPDX-License-Identifier: GPL-2.0-or-later

package alloc_test

import (
	"errors"
	"slices"
	"syscall"
	"testing"

	"scoutfs/engine/alloc"
	"scoutfs/engine/block"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

func TestListAdvancesAlongItsChain(t *testing.T) {
	t.Parallel()
	chain := [][]uint64{{5, 3, 9}, {}, upTo(100, 8000), {7}}
	v := testblock.New(t, 20_000)
	head := v.List(chain...)
	r := reader(v)
	l, err := alloc.ReadList(t.Context(), r, head)
	if err != nil {
		t.Fatal(err)
	}
	rest := uint64(8004)
	for i, entries := range chain {
		if !slices.Equal(l.Entries, entries) || l.Total() != rest || l.Rest != rest-uint64(len(entries)) {
			t.Fatalf("block %d has %d entries of %d, want %d of %d", i, len(l.Entries), l.Total(), len(entries), rest)
		}
		if l.Next.IsZero() != (i == len(chain)-1) {
			t.Errorf("block %d is followed by %v", i, l.Next)
		}
		rest -= uint64(len(entries))
		was := l.Ref
		old, err := l.Advance(t.Context(), r)
		if err != nil || old != was {
			t.Fatalf("advanced from %v, %v, want %v", old, err, was)
		}
	}
	if l.Total() != 0 || !l.Ref.IsZero() || l.Head() != (format.AllocListHead{}) {
		t.Errorf("behind its end a list has %d entries at %v", l.Total(), l.Ref)
	}
}

// What Fill writes is what ReadList reads.
func TestListIsWrittenAsItIsRead(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 20_000)
	first := v.List(upTo(50, 20))
	for _, n := range []uint64{0, 1, 8184, 8185} {
		l := &alloc.List{Entries: upTo(1000, n), Next: first.Ref.Ref(), Rest: 20}
		content := testblock.NewBlock()
		if err := l.Fill(content); err != nil {
			t.Fatal(err)
		}
		l.Ref = v.Add(format.MagicAllocList, content)
		got, err := alloc.ReadList(t.Context(), reader(v), l.Head())
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Entries, l.Entries) || got.Next != l.Next || got.Rest != 20 {
			t.Errorf("%d entries: read %d, next %v, rest %d", n, len(got.Entries), got.Next, got.Rest)
		}
		for _, err := range alloc.ListChain(t.Context(), reader(v), l.Head()) {
			if err != nil {
				t.Errorf("%d entries: %v", n, err)
			}
		}
	}
}

func TestDamagedListsAreNotUsed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(head *format.AllocListHead, b *format.AllocListBlock)
	}{
		{"first_nr", func(head *format.AllocListHead, _ *format.AllocListBlock) { head.FirstNr.Set(2) }},
		{"total_nr less than the first block has", func(head *format.AllocListHead, _ *format.AllocListBlock) { head.TotalNr.Set(2) }},
		{"total_nr more than there are", func(head *format.AllocListHead, _ *format.AllocListBlock) { head.TotalNr.Set(4) }},
		{"no block", func(head *format.AllocListHead, _ *format.AllocListBlock) { head.Ref.Set(format.Ref{}) }},
		{"an entry beyond the device", func(_ *format.AllocListHead, b *format.AllocListBlock) { b.Blknos[1].Set(1 << 40) }},
		{"start", func(_ *format.AllocListHead, b *format.AllocListBlock) { b.Start.Set(8184) }},
	} {
		v := testblock.New(t, 100)
		content := testblock.NewBlock()
		b, err := format.ViewAllocListBlock(content)
		if err != nil {
			t.Fatal(err)
		}
		b.Nr.Set(3)
		for i := range 3 {
			b.Blknos[i].Set(uint64(50 + i))
		}
		ref := v.NextRef()
		var head format.AllocListHead
		head.Ref.Set(ref)
		head.FirstNr.Set(3)
		head.TotalNr.Set(3)
		test.change(&head, b)
		v.Add(format.MagicAllocList, content)
		if _, err := alloc.ReadList(t.Context(), reader(v), head); !errors.Is(err, syscall.EIO) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// No bytes make reading a list panic or go on for ever.
func FuzzList(f *testing.F) {
	f.Add(uint64(3), uint32(3), uint32(0), uint32(3), uint64(2), []byte{5, 0, 0, 0, 0, 0, 0, 0})
	f.Add(uint64(8186), uint32(8185), uint32(1), uint32(8185), uint64(3), []byte{})
	f.Fuzz(func(t *testing.T, total uint64, firstNr, start, nr uint32, next uint64, entries []byte) {
		v := testblock.New(t, 20)
		ref := v.NextRef()
		var head format.AllocListHead
		head.Ref.Set(ref)
		head.FirstNr.Set(firstNr)
		head.TotalNr.Set(total)
		content := testblock.NewBlock()
		b, err := format.ViewAllocListBlock(content)
		if err != nil {
			t.Fatal(err)
		}
		b.Start.Set(start)
		b.Nr.Set(nr)
		// Where it goes on is itself, if anything.
		b.Next.Set(format.Ref{Blkno: next % 4, Seq: ref.Seq})
		copy(content[len(content)-8*format.AllocListEntries:], entries)
		v.Add(format.MagicAllocList, content)
		r := block.NewReader(v.Dev, block.Options{FSID: testblock.FSID})
		l, err := alloc.ReadList(t.Context(), r, head)
		for range 10 {
			if err != nil {
				return
			}
			if uint64(len(l.Entries)) > format.AllocListEntries || l.Total() < uint64(len(l.Entries)) {
				t.Fatalf("%d entries of %d", len(l.Entries), l.Total())
			}
			_, err = l.Advance(t.Context(), r)
		}
	})
}
