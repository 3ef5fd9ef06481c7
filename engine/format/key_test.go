// SPDX-License-Identifier: GPL-2.0-or-later

package format_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"scoutfs/engine/format"
)

// drawKey draws keys whose fields are often all zeros or all ones, where
// carries happen.
func drawKey(t *rapid.T, label string) format.Key {
	u8 := rapid.OneOf(rapid.Just(uint8(0)), rapid.Just(uint8(math.MaxUint8)), rapid.Uint8())
	u64 := rapid.OneOf(rapid.Just(uint64(0)), rapid.Just(uint64(math.MaxUint64)), rapid.Uint64())
	return rapid.Custom(func(t *rapid.T) format.Key {
		return format.Key{
			Zone: u8.Draw(t, "zone"), First: u64.Draw(t, "first"), Type: u8.Draw(t, "type"),
			Second: u64.Draw(t, "second"), Third: u64.Draw(t, "third"), Fourth: u8.Draw(t, "fourth"),
		}
	}).Draw(t, label)
}

// number is the key as one number of 216 bits, most significant byte first.
func number(k format.Key) []byte {
	b := []byte{k.Zone}
	b = binary.BigEndian.AppendUint64(b, k.First)
	b = append(b, k.Type)
	b = binary.BigEndian.AppendUint64(b, k.Second)
	b = binary.BigEndian.AppendUint64(b, k.Third)
	return append(b, k.Fourth)
}

func TestKeyComparesAsOneNumber(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := drawKey(t, "a")
		b := rapid.OneOf(rapid.Just(a), rapid.Just(a.Next()), rapid.Custom(func(t *rapid.T) format.Key {
			return drawKey(t, "b")
		})).Draw(t, "b")
		want := bytes.Compare(number(a), number(b))
		if got := a.Compare(b); got != want {
			t.Errorf("%s compares with %s as %d, want %d", a, b, got, want)
		}
		if got := b.Compare(a); got != -want {
			t.Errorf("%s compares with %s as %d, want %d", b, a, got, -want)
		}
		if a.Less(b) != (want < 0) {
			t.Errorf("%s is less than %s: %t", a, b, a.Less(b))
		}
	})
}

func TestKeyNextAddsOneAndPrevUndoesIt(t *testing.T) {
	t.Parallel()
	modulus := new(big.Int).Lsh(big.NewInt(1), 216)
	rapid.Check(t, func(t *rapid.T) {
		k := drawKey(t, "key")
		next := new(big.Int).SetBytes(number(k))
		next.Add(next, big.NewInt(1)).Mod(next, modulus)
		want := next.FillBytes(make([]byte, 27))
		if got := number(k.Next()); !bytes.Equal(got, want) {
			t.Errorf("after %s comes %s", k, k.Next())
		}
		if got := k.Next().Prev(); got != k {
			t.Errorf("%s, next, previous is %s", k, got)
		}
		if got := k.Prev().Next(); got != k {
			t.Errorf("%s, previous, next is %s", k, got)
		}
	})
}

func TestKeyNextCarriesThroughEveryField(t *testing.T) {
	t.Parallel()
	const ones = math.MaxUint64
	for _, test := range []struct{ from, to format.Key }{
		{format.Key{}, format.Key{Fourth: 1}},
		{format.Key{Fourth: 255}, format.Key{Third: 1}},
		{format.Key{Third: ones, Fourth: 255}, format.Key{Second: 1}},
		{format.Key{Second: ones, Third: ones, Fourth: 255}, format.Key{Type: 1}},
		{format.Key{Type: 255, Second: ones, Third: ones, Fourth: 255}, format.Key{First: 1}},
		{format.Key{First: ones, Type: 255, Second: ones, Third: ones, Fourth: 255}, format.Key{Zone: 1}},
		{format.MaxKey(), format.Key{}},
	} {
		if got := test.from.Next(); got != test.to {
			t.Errorf("after %s comes %s, want %s", test.from, got, test.to)
		}
		if got := test.to.Prev(); got != test.from {
			t.Errorf("before %s comes %s, want %s", test.to, got, test.from)
		}
	}
}

func TestMaxKeyIsAllOnesOnTheDevice(t *testing.T) {
	t.Parallel()
	if !format.MaxKey().IsMax() || (format.Key{}).IsMax() {
		t.Error("IsMax is wrong")
	}
	d := format.DiskKey{Pad: [5]byte{1, 2, 3, 4, 5}}
	d.Set(format.MaxKey())
	want := append(bytes.Repeat([]byte{0xff}, 27), make([]byte, 5)...)
	if got := format.Bytes(&d); !bytes.Equal(got, want) {
		t.Errorf("stored as %x", got)
	}
}

func TestKeySurvivesEveryForm(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		k := drawKey(t, "key")
		var d format.DiskKey
		d.Set(k)
		d.Pad = [5]byte{1, 2, 3, 4, 5}
		if got := d.Key(); got != k {
			t.Errorf("stored %s, read %s", k, got)
		}
		if got, err := format.ParseKey(k.String()); err != nil || got != k {
			t.Errorf("wrote %s, parsed %s, %v", k, got, err)
		}
		text, err := json.Marshal(map[format.Key]format.Key{k: k})
		if err != nil {
			t.Fatal(err)
		}
		var back map[format.Key]format.Key
		if err := json.Unmarshal(text, &back); err != nil || len(back) != 1 || back[k] != k {
			t.Errorf("JSON %s, read %v, %v", text, back, err)
		}
		if got := string(k.Append([]byte("at "))); got != "at "+k.String() {
			t.Errorf("Append wrote %q", got)
		}
	})
}

func TestParseKey(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		in   string
		want format.Key
		err  string
	}{
		{"16.1.4.2.3.255", format.Key{Zone: 16, First: 1, Type: 4, Second: 2, Third: 3, Fourth: 255}, ""},
		{"16", format.Key{Zone: 16}, ""},
		{"16.7.4", format.Key{Zone: 16, First: 7, Type: 4}, ""},
		{"0x10.0xFF.010", format.Key{Zone: 16, First: 255, Type: 8}, ""},
		{"0.18446744073709551615", format.Key{First: math.MaxUint64}, ""},
		{"max", format.MaxKey(), ""},
		{"", format.Key{}, `key "": field 1 is "", expected a number of at most 8 bits`},
		{"256", format.Key{}, `key "256": field 1 is "256", expected a number of at most 8 bits`},
		{"1.18446744073709551616", format.Key{}, `field 2 is "18446744073709551616", expected a number of at most 64 bits`},
		{"1.2.256", format.Key{}, `field 3 is "256"`},
		{"1.2.3.4.5.256", format.Key{}, `field 6 is "256"`},
		{"1.2.3.4.5.6.7", format.Key{}, `has 7 fields, expected zone.first.type.second.third.fourth`},
		{"1.", format.Key{}, `field 2 is ""`},
		{"1.-1", format.Key{}, `field 2 is "-1"`},
		{"1.1_0", format.Key{}, `field 2 is "1_0"`},
		{"1.0b1", format.Key{}, `field 2 is "0b1"`},
		{"1.08", format.Key{}, `field 2 is "08"`},
		{"1. 2", format.Key{}, `field 2 is " 2"`},
		{"MAX", format.Key{}, `field 1 is "MAX"`},
	} {
		got, err := format.ParseKey(test.in)
		switch {
		case test.err == "" && err != nil:
			t.Errorf("ParseKey(%q): %v", test.in, err)
		case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
			t.Errorf("ParseKey(%q): error %v, want %s", test.in, err, test.err)
		case got != test.want:
			t.Errorf("ParseKey(%q) = %s, want %s", test.in, got, test.want)
		}
	}
}

func TestUnmarshalTextLeavesKeyOnError(t *testing.T) {
	t.Parallel()
	k := format.InodeKey(7)
	if err := k.UnmarshalText([]byte("nonsense")); err == nil {
		t.Error("no error")
	}
	if k != format.InodeKey(7) {
		t.Errorf("key became %s", k)
	}
}

func TestRangeContainsItsEnds(t *testing.T) {
	t.Parallel()
	r := format.Range{Start: format.InodeKey(5), End: format.InodeKey(7)}
	for k, want := range map[format.Key]bool{
		format.InodeKey(5).Prev(): false,
		format.InodeKey(5):        true,
		format.InodeKey(6):        true,
		format.InodeKey(7):        true,
		format.InodeKey(7).Next(): false,
	} {
		if got := r.Contains(k); got != want {
			t.Errorf("contains %s: %t", k, got)
		}
	}
	if all := format.AllKeys(); !all.Contains(format.Key{}) || !all.Contains(format.MaxKey()) {
		t.Errorf("AllKeys is %v", all)
	}
}

func TestItemsOfInodeHoldsTheInodeAndNothingElse(t *testing.T) {
	t.Parallel()
	r := format.ItemsOfInode(5)
	for k, want := range map[format.Key]bool{
		format.InodeKey(5): true,
		format.DataExtentKey(5, format.Extent{Start: 1 << 40, Len: math.MaxUint64}): true,
		format.XattrKey(5, math.MaxUint64, math.MaxUint64, 255):                     true,
		format.InodeKey(6): false,
		format.DataExtentKey(4, format.Extent{Start: 0, Len: 1}): false,
		format.TotlKey(5, 0, 0):                                  false,
		{Zone: format.ZoneFS, First: 5, Type: 255, Second: math.MaxUint64, Third: math.MaxUint64, Fourth: 255}: true,
		{Zone: format.ZoneFS, First: 6}: false,
	} {
		if got := r.Contains(k); got != want {
			t.Errorf("contains %s: %t, want %t", k, got, want)
		}
	}
}

func TestLockRange(t *testing.T) {
	t.Parallel()
	const ones = math.MaxUint64
	end := func(zone uint8, first uint64) format.Key {
		return format.Key{Zone: zone, First: first, Type: 255, Second: ones, Third: ones, Fourth: 255}
	}
	for _, test := range []struct {
		key        format.Key
		start, end format.Key
	}{
		{format.InodeKey(1), format.Key{Zone: 16}, end(16, 1023)},
		{format.InodeKey(1023), format.Key{Zone: 16}, end(16, 1023)},
		{format.SymlinkKey(1024, 3), format.Key{Zone: 16, First: 1024}, end(16, 2047)},
		{format.InodeKey(ones), format.Key{Zone: 16, First: ones &^ 1023}, end(16, ones)},
		{
			format.InodeIndexKey(format.TypeMetaSeq, 1023, 77),
			format.Key{Zone: 4, Type: 4},
			format.Key{Zone: 4, Type: 4, Second: 1023, Third: ones},
		},
		{
			format.InodeIndexKey(format.TypeDataSeq, 1025, 77),
			format.Key{Zone: 4, Type: 8, Second: 1024},
			format.Key{Zone: 4, Type: 8, Second: 2047, Third: ones},
		},
		{format.OrphanKey(99), format.Key{Zone: 8, Type: 4}, format.Key{Zone: 8, Type: 4, Second: ones}},
		{format.TotlKey(1, 2, 3), format.Key{Zone: 12}, end(12, ones)},
		{format.IndxKey(format.XattrIndx{Major: 255, ID: 1}), format.Key{Zone: 14}, end(14, ones)},
		{format.QuotaRuleKey(1, 2), format.Key{Zone: 10}, end(10, ones)},
	} {
		r, ok := format.LockRange(test.key)
		if !ok || r.Start != test.start || r.End != test.end {
			t.Errorf("lock of %s is %s to %s, %t, want %s to %s", test.key, r.Start, r.End, ok, test.start, test.end)
		}
		if !r.Contains(test.key) {
			t.Errorf("lock of %s does not cover it", test.key)
		}
	}
	for _, k := range []format.Key{
		{},
		format.RenameLockKey(),
		format.LogTreesKey(1, 2),
		format.MountedClientKey(1),
		format.SrchLogKey(1),
		format.FreeBlknoKey(format.Extent{Start: 1, Len: 1}),
		format.LogMergeStatusKey(),
		format.MaxKey(),
	} {
		if r, ok := format.LockRange(k); ok {
			t.Errorf("%s has the lock %v", k, r)
		}
	}
	if got := format.RenameLockKey().String(); got != "20.0.4.0.0.0" {
		t.Errorf("rename lock is %s", got)
	}
}

func TestExtentsOfKeys(t *testing.T) {
	t.Parallel()
	for _, e := range []format.Extent{{Start: 0, Len: 1}, {Start: 64, Len: 524224}, {Start: 1<<52 - 1, Len: 1}} {
		if got := format.DataExtentKey(5, e).DataExtent(); got != e {
			t.Errorf("data extent %v became %v", e, got)
		}
		for _, k := range []format.Key{format.FreeBlknoKey(e), format.FreeOrderKey(e)} {
			if got, ok := k.FreeExtent(); !ok || got != e {
				t.Errorf("free extent %v became %v, %t", e, got, ok)
			}
		}
		if !e.Valid() {
			t.Errorf("%v is not valid", e)
		}
	}
	if _, ok := format.InodeKey(1).FreeExtent(); ok {
		t.Error("an inode key is a free extent")
	}
	for _, k := range []format.Key{
		{Zone: format.ZoneFS, Type: format.TypeDataExtent, Second: 7, Third: 0},
		{Zone: format.ZoneFS, Type: format.TypeDataExtent, Second: 7, Third: 9},
		{Zone: format.ZoneFS, Type: format.TypeDataExtent, Second: 0, Third: math.MaxUint64},
	} {
		if e := k.DataExtent(); e.Valid() {
			t.Errorf("%s is the valid extent %v", k, e)
		}
	}
}

// Searching for the extent at or after a block, as docs/format.md 3.5 does,
// must find it by key order alone.
func TestExtentKeysSortByTheirEnd(t *testing.T) {
	t.Parallel()
	search := format.DataExtentKey(5, format.Extent{Start: 100, Len: 1})
	for e, want := range map[format.Extent]bool{
		{Start: 90, Len: 10}:  false, // ends at 99
		{Start: 90, Len: 11}:  true,  // ends at 100
		{Start: 100, Len: 1}:  true,
		{Start: 101, Len: 99}: true,
	} {
		if got := !format.DataExtentKey(5, e).Less(search); got != want {
			t.Errorf("%v is at or after block 100: %t, want %t", e, got, want)
		}
	}
	big, small := format.Extent{Start: 900, Len: 64}, format.Extent{Start: 100, Len: 63}
	if !format.FreeOrderKey(big).Less(format.FreeOrderKey(small)) {
		t.Error("the extent of the greater order does not come first")
	}
}
