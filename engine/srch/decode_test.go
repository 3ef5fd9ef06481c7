// SPDX-License-Identifier: GPL-2.0-or-later

package srch_test

import (
	"encoding/hex"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"scoutfs/engine/format"
	"scoutfs/engine/srch"
	"scoutfs/internal/testblock"
)

func mustView(b []byte) *format.SrchBlock {
	leaf, err := format.ViewSrchBlock(b)
	if err != nil {
		panic(err)
	}
	return leaf
}

// rawLeaf is a leaf of encoded entries, in hexadecimal with blanks.
func rawLeaf(nr int, entries string) *format.SrchBlock {
	leaf := mustView(testblock.NewBlock())
	b, err := hex.DecodeString(strings.ReplaceAll(entries, " ", ""))
	if err != nil {
		panic(err)
	}
	copy(leaf.Data[:], b)
	leaf.EntryNr.Set(uint32(nr))
	leaf.EntryBytes.Set(uint32(len(b)))
	return leaf
}

// entries makes entries of their fields in a row.
func entries(fields ...uint64) []format.SrchEntry {
	var list []format.SrchEntry
	for f := range slices.Chunk(fields, 3) {
		list = append(list, format.SrchEntry{Hash: f[0], Ino: f[1], ID: f[2]})
	}
	return list
}

func decode(b *format.SrchBlock) (entries []format.SrchEntry, offsets []int, err error) {
	d := srch.NewDecoder(b)
	for e, ok := d.Next(); ok; e, ok = d.Next() {
		entries = append(entries, e)
		offsets = append(offsets, d.Offset())
	}
	return entries, offsets, d.Err()
}

// The table of docs/format.md 8.2, and encodings that nobody writes.
func TestEntriesAreDecodedAsTheFormatSays(t *testing.T) {
	t.Parallel()
	const h = 0x1122334455667788
	tests := []struct {
		name    string
		bytes   string
		want    []format.SrchEntry
		offsets []int
	}{
		{
			"ascending, repeated and a negative inode delta",
			"28 00 10 ef cc aa 88 66 44 22 00 08" + "10 01 02 06" + "00 00" + "28 01 ef 8a 24 be 57 f1 8a 24 0e 1f 03",
			entries(h, 1024, 0, h, 1025, 3, h, 1025, 3, 0xfedcba9876543210, 5000, 1),
			[]int{12, 16, 18, 31},
		},
		{
			"going back",
			"28 00 10 ef cc aa 88 66 44 22 00 08" + "10 01 02 06" + "10 01 01 05",
			entries(h, 1024, 0, h, 1025, 3, h, 1024, 0),
			[]int{12, 16, 20},
		},
		{"smallest delta", "18 00 ff ff ff ff ff ff ff ff 02", entries(1<<63, 1, 0), []int{11}},
		{"longer than needed", "38 02 02 00 00 00 00 00 00 00 04 00 00 06 00", entries(1, 2, 3), []int{15}},
		{"zeros spelled out", "33 03 00 00 00 00 00 00 00 00 00", entries(0, 0, 0), []int{11}},
		{"counts above 8 and unused header bits", "0f f0 02 00 00 00 00 00 00 00", entries(1, 0, 0), []int{10}},
		{"nothing", "", nil, nil},
	}
	for _, test := range tests {
		got, offsets, err := decode(rawLeaf(len(test.want), test.bytes))
		if err != nil || !slices.Equal(got, test.want) || !slices.Equal(offsets, test.offsets) {
			t.Errorf("%s: got %x at %v, %v, want %x at %v", test.name, got, offsets, err, test.want, test.offsets)
		}
	}
}

func TestWrongEncodingsAreErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		leaf  func() *format.SrchBlock
		field string
		found int // entries before the error
	}{
		{"bytes left", func() *format.SrchBlock { return rawLeaf(1, "10 00 02 10 00 02") }, "entry_bytes", 1},
		{"bytes without entries", func() *format.SrchBlock { return rawLeaf(0, "00 00") }, "entry_bytes", 0},
		{"entry cut off in its header", func() *format.SrchBlock { return rawLeaf(2, "10 00 02 10") }, "entry", 1},
		{"entry cut off in its deltas", func() *format.SrchBlock { return rawLeaf(2, "10 00 02 20 00 02") }, "entry", 1},
		{"entries without bytes", func() *format.SrchBlock { return rawLeaf(5, "00 00") }, "entry", 1},
		{"more bytes than the block has", func() *format.SrchBlock {
			b := rawLeaf(5, "")
			b.EntryBytes.Set(65425)
			return b
		}, "entry_bytes", 0},
		{"far more bytes than the block has", func() *format.SrchBlock {
			b := rawLeaf(5, "")
			b.EntryBytes.Set(math.MaxUint32)
			b.EntryNr.Set(math.MaxUint32)
			return b
		}, "entry_bytes", 0},
		{"entry that starts too late", func() *format.SrchBlock {
			b := rawLeaf(32701, "")
			b.EntryBytes.Set(65402)
			return b
		}, "entry", 32700},
	}
	for _, test := range tests {
		b := test.leaf()
		got, _, err := decode(b)
		var corrupt *format.CorruptError
		if !errors.As(err, &corrupt) || corrupt.Field != test.field || len(got) != test.found {
			t.Errorf("%s: %d entries, %v", test.name, len(got), err)
		}
		n := 0
		for range srch.VerifyLeaf(b, true, nil) {
			n++
		}
		if n != 1 {
			t.Errorf("%s: %d violations", test.name, n)
		}
	}
	// The last place where an entry may start.
	b := rawLeaf(32700, "")
	b.EntryBytes.Set(65400)
	if got, _, err := decode(b); err != nil || len(got) != 32700 {
		t.Errorf("entry at byte 65398: %d entries, %v", len(got), err)
	}
}

func TestDecodingUndoesEncoding(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		entry := rapid.Custom(func(t *rapid.T) format.SrchEntry {
			return format.SrchEntry{
				Hash: rapid.Uint64().Draw(t, "hash"), Ino: rapid.Uint64().Draw(t, "ino"), ID: rapid.Uint64().Draw(t, "id"),
			}
		})
		want := rapid.SliceOfN(entry, 0, 200).Draw(t, "entries")
		b := mustView(testblock.SrchLeaf(want...))
		got, _, err := decode(b)
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("got %v, %v", got, err)
		}
		for violation := range srch.VerifyLeaf(b, false, nil) {
			t.Fatal(violation.Err)
		}
	})
}

func TestVerifyLeafFindsEveryKindOfDamage(t *testing.T) {
	t.Parallel()
	e := func(ino uint64) format.SrchEntry { return format.SrchEntry{Hash: 5, Ino: ino, ID: 1} }
	tests := []struct {
		name   string
		leaf   []format.SrchEntry
		log    bool
		damage func(b *format.SrchBlock)
		want   []srch.Rule
	}{
		{"nothing", []format.SrchEntry{e(1), e(2), e(2), e(4)}, false, nil, nil},
		{"no order in a log", []format.SrchEntry{e(2), e(4), e(1), e(3)}, true, nil, nil},
		{"no order in a sorted file", []format.SrchEntry{e(2), e(4), e(1), e(3)}, false, nil, []srch.Rule{srch.RuleOrder}},
		{"first", []format.SrchEntry{e(1), e(2)}, false, func(b *format.SrchBlock) { b.First.Set(e(2)) }, []srch.Rule{srch.RuleBounds}},
		{"last", []format.SrchEntry{e(1), e(2)}, false, func(b *format.SrchBlock) { b.Last.Set(e(3)) }, []srch.Rule{srch.RuleBounds}},
		{"tail", []format.SrchEntry{e(2), e(1)}, true, func(b *format.SrchBlock) { b.Tail.Set(e(2)) }, []srch.Rule{srch.RuleBounds}},
		{"a cancelled first entry", nil, false, func(b *format.SrchBlock) { b.First.Set(e(2)) }, nil},
	}
	for _, test := range tests {
		b := mustView(testblock.SrchLeaf(test.leaf...))
		if test.damage != nil {
			test.damage(b)
		}
		var got []srch.Rule
		var entries []format.SrchEntry
		for violation := range srch.VerifyLeaf(b, !test.log, func(e format.SrchEntry) { entries = append(entries, e) }) {
			got = append(got, violation.Rule)
		}
		if !slices.Equal(entries, test.leaf) {
			t.Errorf("%s: entries are %v", test.name, entries)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: found %v, want %v", test.name, got, test.want)
		}
	}
}

// FuzzSrchBlock decodes any leaf, and expects of one without violations that
// encoding its entries again decodes to the same.
func FuzzSrchBlock(f *testing.F) {
	f.Add(uint32(2), uint32(16), false, []byte{0x28, 0, 0x10, 0xef, 0xcc, 0xaa, 0x88, 0x66, 0x44, 0x22, 0, 8, 0x10, 1, 2, 6})
	f.Add(uint32(5), uint32(10), true, []byte{0, 0, 0, 0})
	f.Add(uint32(math.MaxUint32), uint32(math.MaxUint32), true, []byte{})
	f.Add(uint32(32701), uint32(65402), true, []byte{})
	f.Add(uint32(1), uint32(26), true, []byte{0xff, 0xff, 1, 2, 3})
	f.Fuzz(func(t *testing.T, nr, bytes uint32, sorted bool, data []byte) {
		b := mustView(testblock.NewBlock())
		copy(b.Data[:], data)
		b.EntryNr.Set(nr)
		b.EntryBytes.Set(bytes)
		entries, offsets, err := decode(b)
		if uint64(len(entries)) > uint64(nr) {
			t.Fatalf("%d entries of %d", len(entries), nr)
		}
		violations := 0
		for range srch.VerifyLeaf(b, sorted, nil) {
			violations++
		}
		if err != nil {
			if violations == 0 {
				t.Fatalf("%v, and nothing wrong with the leaf", err)
			}
			return
		}
		if uint32(len(entries)) != nr || nr > 0 && offsets[nr-1] != int(bytes) {
			t.Fatalf("%d entries of %d, to bytes %v of %d", len(entries), nr, offsets, bytes)
		}
		again, _, err := decode(mustView(testblock.SrchLeaf(entries...)))
		if err != nil || !slices.Equal(entries, again) {
			t.Fatalf("encoded again: %v, %v", again, err)
		}
	})
}
