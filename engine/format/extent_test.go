// SPDX-License-Identifier: GPL-2.0-or-later

package format_test

import (
	"math"
	"testing"

	"scoutfs/engine/format"
)

func TestExtentEndsAndValidity(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		e     format.Extent
		end   uint64
		valid bool
		text  string
	}{
		{format.Extent{Start: 64, Len: 64}, 127, true, "[64,127]"},
		{format.Extent{Start: 0, Len: 1}, 0, true, "[0,0]"},
		{format.Extent{Start: 64, Len: 0}, 63, false, "[64,+0]"},
		{format.Extent{Start: 0, Len: math.MaxUint64}, math.MaxUint64 - 1, true, "[0,18446744073709551614]"},
		{format.Extent{Start: math.MaxUint64, Len: 1}, math.MaxUint64, true, "[18446744073709551615,18446744073709551615]"},
		{format.Extent{Start: math.MaxUint64, Len: 2}, 0, false, "[18446744073709551615,+2]"},
	} {
		if got := test.e.End(); got != test.end {
			t.Errorf("%v ends at %d, want %d", test.e, got, test.end)
		}
		if got := test.e.Valid(); got != test.valid {
			t.Errorf("%v is valid: %t", test.e, got)
		}
		if got := test.e.String(); got != test.text {
			t.Errorf("String is %s, want %s", got, test.text)
		}
	}
}

func TestDataExtentStates(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		blkno           uint64
		flags           byte
		online, offline bool
		stored          bool
	}{
		{64, 0, true, false, true},
		{64, format.ExtentUnwritten, false, false, true},
		{0, format.ExtentOffline, false, true, true},
		{64, format.ExtentOffline | format.ExtentUnwritten, false, true, true},
		{64, format.ExtentOffline, true, false, false},
		{0, 0, false, false, false},
		{0, format.ExtentUnwritten, false, false, false},
		{0, format.ExtentOffline | format.ExtentUnwritten, false, true, false},
		{64, 4, true, false, false},
		{64, 0x80 | format.ExtentUnwritten, false, false, false},
	} {
		d := format.DataExtent{Flags: test.flags}
		d.Blkno.Set(test.blkno)
		if d.Online() != test.online || d.Offline() != test.offline {
			t.Errorf("blkno %d flags %d is online %t, offline %t", test.blkno, test.flags, d.Online(), d.Offline())
		}
		if err := d.Check(); (err == nil) != test.stored {
			t.Errorf("blkno %d flags %d: %v", test.blkno, test.flags, err)
		}
	}
}

func TestAllocListEntries(t *testing.T) {
	t.Parallel()
	b := new(format.AllocListBlock)
	for i := range b.Blknos {
		b.Blknos[i].Set(uint64(i))
	}
	for _, test := range []struct {
		start, nr uint32
		ok        bool
	}{
		{0, 0, true},
		{0, 8185, true},
		{8184, 1, true},
		{8185, 0, true},
		{8185, 1, false},
		{1, 8185, false},
		{math.MaxUint32, 1, false},
		{1, math.MaxUint32, false},
		{math.MaxUint32, math.MaxUint32, false},
	} {
		b.Start.Set(test.start)
		b.Nr.Set(test.nr)
		entries, ok := b.Entries()
		if ok != test.ok {
			t.Errorf("%d entries from %d: %t", test.nr, test.start, ok)
			continue
		}
		if len(entries) != int(test.nr) && ok {
			t.Errorf("%d entries from %d are %d", test.nr, test.start, len(entries))
		}
		if len(entries) > 0 && entries[0].Get() != uint64(test.start) {
			t.Errorf("entries from %d start with %d", test.start, entries[0].Get())
		}
	}
}
