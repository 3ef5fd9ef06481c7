// SPDX-License-Identifier: GPL-2.0-or-later

package format_test

import (
	"slices"
	"testing"

	"scoutfs/engine/format"
)

func TestBitmapListsItsBitsInOrder(t *testing.T) {
	t.Parallel()
	var zones format.DataZoneBitmap
	want := []int{0, 1, 7, 8, 63, 64, 511, 1023}
	for _, n := range []int{1023, 64, 63, 0, 1, 511, 8, 7, 7} {
		zones.Set(n)
	}
	if got := slices.Collect(zones.All()); !slices.Equal(got, want) {
		t.Errorf("bits are %d, want %d", got, want)
	}
	bytes := format.Bytes(&zones)
	for n := range 1024 {
		set := slices.Contains(want, n)
		if zones.Has(n) != set || bytes[n/8]&(1<<(n%8)) != 0 != set {
			t.Errorf("bit %d: %t in byte %x", n, zones.Has(n), bytes[n/8])
		}
	}
	for n := range zones.All() { // stops when told to
		if n == 7 {
			break
		}
	}
	zones.Clear(8)
	zones.Clear(9)
	if zones.Has(8) || zones.Has(9) || !zones.Has(7) {
		t.Error("Clear cleared something else")
	}
}

func TestBitmapUnion(t *testing.T) {
	t.Parallel()
	var a, b format.Bitmap1024
	a.Set(3)
	a.Set(70)
	b.Set(70)
	b.Set(1023)
	a.Or(&b)
	if got := slices.Collect(a.All()); !slices.Equal(got, []int{3, 70, 1023}) {
		t.Errorf("union is %d", got)
	}
	if got := slices.Collect(b.All()); !slices.Equal(got, []int{70, 1023}) {
		t.Errorf("the other became %d", got)
	}
	var empty format.Bitmap1024
	for n := range empty.All() {
		t.Errorf("bit %d of an empty bitmap", n)
	}
}

func TestBloomCountsItsBits(t *testing.T) {
	t.Parallel()
	b := new(format.BloomBlock)
	inodes := format.BloomBitsOf(format.Key{Zone: format.ZoneFS}) // 349301, 400905, 383775
	if b.Has(inodes) {
		t.Error("an empty filter has bits")
	}
	b.Add(inodes)
	b.Add(inodes)
	if !b.Has(inodes) || b.TotalSet.Get() != 3 {
		t.Errorf("has %t, total_set %d", b.Has(inodes), b.TotalSet.Get())
	}
	if b.Bits[349301/8] != 1<<(349301%8) || format.Bytes(b)[40+349301/8] != 1<<(349301%8) {
		t.Error("bit 349301 is elsewhere")
	}
	if b.Has([3]uint32{349301, 400905, 0}) {
		t.Error("two of three bits are enough")
	}
	b.Add([3]uint32{0, 0, format.BloomBits - 1})
	if b.TotalSet.Get() != 5 || b.Bits[0] != 1 || b.Bits[len(b.Bits)-1] != 0x80 {
		t.Errorf("total_set %d, first byte %x, last %x", b.TotalSet.Get(), b.Bits[0], b.Bits[len(b.Bits)-1])
	}
}
