// SPDX-License-Identifier: GPL-2.0-or-later

package format_test

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"scoutfs/engine/format"
)

func TestSrchEntriesMatchGoldenEncodings(t *testing.T) {
	t.Parallel()
	a := format.SrchEntry{Hash: 0x1122334455667788, Ino: 1024}
	b := format.SrchEntry{Hash: 0x1122334455667788, Ino: 1025, ID: 3}
	for _, test := range []struct {
		entry, prev format.SrchEntry
		bytes       string
	}{
		{a, format.SrchEntry{}, "28 00 10 ef cc aa 88 66 44 22 00 08"},
		{b, a, "10 01 02 06"},
		{a, b, "10 01 01 05"},
		{b, b, "00 00"},
		{format.SrchEntry{Hash: 0xfedcba9876543210, Ino: 5000, ID: 1}, b, "28 01 ef 8a 24 be 57 f1 8a 24 0e 1f 03"},
		{format.SrchEntry{Hash: 0x8000000000000000, Ino: 1}, format.SrchEntry{}, "18 00 ff ff ff ff ff ff ff ff 02"},
	} {
		want := unhex(t, test.bytes)
		if got := format.AppendSrchEntry(nil, test.prev, test.entry); !bytes.Equal(got, want) {
			t.Errorf("%x after %x is encoded as %x, want %x", test.entry, test.prev, got, want)
		}
		// The bytes after an entry may be anything.
		for _, after := range []string{"", "ff", "ffffffffffffffffffffffffffffffffffffffffffffffffffff"} {
			got, n, ok := format.DecodeSrchEntry(append(slices.Clip(want), unhex(t, after)...), test.prev)
			if !ok || n != len(want) || got != test.entry {
				t.Errorf("%x after %x is decoded as %x of %d bytes, %t", want, test.prev, got, n, ok)
			}
		}
		for n := range len(want) {
			if e, _, ok := format.DecodeSrchEntry(want[:n:n], test.prev); ok {
				t.Errorf("%x is decoded as %x", want[:n], e)
			}
		}
	}
}

func TestDecodeSrchEntryIsAsLenientAsUpstream(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		bytes string
		want  format.SrchEntry
		n     int
	}{
		{"zeros in more bytes than needed", "31 02 00 000000 0000", format.SrchEntry{}, 8},
		{"a number in more bytes than needed", "03 00 020000", format.SrchEntry{Hash: 1}, 5},
		{"lengths over 8 count as 8", "ff 0f 0200000000000000 0400000000000000 0600000000000000", format.SrchEntry{Hash: 1, Ino: 2, ID: 3}, 26},
		{"the top bits of the header mean nothing", "01 f0 02", format.SrchEntry{Hash: 1}, 3},
	} {
		got, n, ok := format.DecodeSrchEntry(unhex(t, test.bytes), format.SrchEntry{})
		if !ok || got != test.want || n != test.n {
			t.Errorf("%s: %s is decoded as %v of %d bytes, %t", test.name, test.bytes, got, n, ok)
		}
	}
}

func drawSrchEntry(t *rapid.T, label string) format.SrchEntry {
	u64 := rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(0, 100), rapid.Just(uint64(1<<63)), rapid.Just(^uint64(0)))
	return format.SrchEntry{
		Hash: u64.Draw(t, label+" hash"), Ino: u64.Draw(t, label+" ino"), ID: u64.Draw(t, label+" id"),
	}
}

func TestSrchEntriesSurviveEncoding(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		prev, e := drawSrchEntry(t, "previous"), drawSrchEntry(t, "entry")
		b := format.AppendSrchEntry([]byte("before"), prev, e)
		if n := len(b) - 6; n < 2 || n > format.SrchEntryMaxBytes {
			t.Errorf("%x after %x is encoded in %d bytes", e, prev, n)
		}
		got, n, ok := format.DecodeSrchEntry(b[6:], prev)
		if !ok || n != len(b)-6 || got != e {
			t.Errorf("%x after %x became %s and was decoded as %x of %d bytes, %t", e, prev, hex.EncodeToString(b[6:]), got, n, ok)
		}
		var d format.DiskSrchEntry
		d.Set(e)
		if d.Entry() != e {
			t.Errorf("stored %x, read %x", e, d.Entry())
		}
		want := cmp.Or(cmp.Compare(e.Hash, prev.Hash), cmp.Compare(e.Ino, prev.Ino), cmp.Compare(e.ID, prev.ID))
		if e.Compare(prev) != want || prev.Compare(e) != -want {
			t.Errorf("%x compares with %x as %d, want %d", e, prev, e.Compare(prev), want)
		}
	})
}

func TestSrchCompactInputsAreCutToTheArray(t *testing.T) {
	t.Parallel()
	for nr, want := range map[byte]int{0: 0, 1: 1, 4: 4, 5: 4, 255: 4} {
		c := format.SrchCompact{Nr: nr}
		if got := len(c.Inputs()); got != want {
			t.Errorf("%d claimed inputs are %d, want %d", nr, got, want)
		}
	}
}
