// SPDX-License-Identifier: GPL-2.0-or-later

package format_test

import (
	"net/netip"
	"testing"

	"scoutfs/engine/format"
)

func TestSuper(t *testing.T) {
	t.Parallel()
	var s format.Super
	copy(s.UUID[:], unhex(t, "00112233445566778899AABBCCDDEEFF"))
	if got := s.UUIDString(); got != "00112233-4455-6677-8899-aabbccddeeff" {
		t.Errorf("uuid is %s", got)
	}
	for flags, want := range map[uint64]bool{0: false, 1: true, 2: false, 3: true} {
		s.Flags.Set(flags)
		if s.IsMeta() != want {
			t.Errorf("flags %d: meta is %t", flags, s.IsMeta())
		}
	}
	for vers, want := range map[uint64]bool{0: false, 1: true, 2: true, 3: false, 1 << 32: false} {
		s.FmtVers.Set(vers)
		if s.VersionSupported() != want {
			t.Errorf("version %d is supported: %t", vers, s.VersionSupported())
		}
	}
}

func TestDataAllocZoneBlocks(t *testing.T) {
	t.Parallel()
	const least = 1 << 20
	for _, test := range []struct {
		blocks, total uint64
		want          string
	}{
		{least, least, ""},
		{least, 1024 * least, ""},
		{least, 1024*least + 1023, ""},
		{1 << 30, 1 << 30, ""},
		{least - 1, 1 << 30, "data_alloc_zone_blocks is 1048575, expected 1048576 to 1073741824"},
		{0, 1 << 30, "data_alloc_zone_blocks is 0, expected 1048576 to 1073741824"},
		{1<<30 + 1, 1 << 30, "data_alloc_zone_blocks is 1073741825, expected 1048576 to 1073741824"},
		{least, 1025 * least, "data_alloc_zone_blocks is 1048576, expected 1049600 to 1074790400"},
		{least, least - 1, "a data device of 1048575 blocks is smaller than the smallest zone of 1048576"},
	} {
		got := ""
		if err := format.CheckDataAllocZoneBlocks(test.blocks, test.total); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("zones of %d blocks of %d: %q, want %q", test.blocks, test.total, got, test.want)
		}
	}
}

func TestInetAddr(t *testing.T) {
	t.Parallel()
	a := format.InetAddr{Spare: [24]byte{1}}
	ap := netip.MustParseAddrPort("10.1.2.3:4567")
	a.SetIPv4(ap)
	if got, ok := a.AddrPort(); !ok || got != ap || a.Spare != [24]byte{} {
		t.Errorf("stored %s, read %s, %t", ap, got, ok)
	}
	a.SetIPv4(netip.MustParseAddrPort("[::ffff:10.1.2.3]:4567"))
	if got, ok := a.AddrPort(); !ok || got != ap {
		t.Errorf("a mapped address became %s, %t", got, ok)
	}
	a.Family.Set(format.FamilyIPv6)
	if got, ok := a.AddrPort(); ok {
		t.Errorf("family 2 is %s", got)
	}
	if got := a.IPv4(); got != ap.Addr() {
		t.Errorf("IPv4 is %s", got)
	}
	for _, none := range []netip.AddrPort{{}, netip.MustParseAddrPort("[2001:db8::1]:4567")} {
		a.SetIPv4(none)
		if a != (format.InetAddr{}) {
			t.Errorf("%s is stored as %x", none, format.Bytes(&a))
		}
	}
}

func TestQuorumBlockInUse(t *testing.T) {
	t.Parallel()
	var q format.QuorumBlock
	for _, test := range []struct {
		begin, end uint64
		want       bool
	}{{0, 0, false}, {1, 0, true}, {1, 5, false}, {6, 5, true}} {
		q.Events[0].WriteNr.Set(test.begin)
		q.Events[5].WriteNr.Set(test.end)
		if got := q.InUse(); got != test.want {
			t.Errorf("begin %d, end %d: in use is %t", test.begin, test.end, got)
		}
	}
	names := ""
	for event := range format.QuorumEvents + 1 {
		names += format.QuorumEventName(event) + " "
	}
	if names != "begin term elect fence stop end  " {
		t.Errorf("events are %s", names)
	}
	var conf format.QuorumConfig
	conf.Slots[3].Family.Set(1)
	conf.Slots[4].Family.Set(2)
	if conf.Configured(2) || !conf.Configured(3) || conf.Configured(4) {
		t.Error("the wrong slots are configured")
	}
}

func TestLogTreesState(t *testing.T) {
	t.Parallel()
	var l format.LogTrees
	for _, test := range []struct {
		get, commit, flags uint64
		open, finalized    bool
	}{
		{0, 0, 0, false, false},
		{5, 4, 0, true, false},
		{5, 5, 1, false, true},
		{5, 5, 2, false, false},
		{5, 6, 3, false, true},
	} {
		l.GetTransSeq.Set(test.get)
		l.CommitTransSeq.Set(test.commit)
		l.Flags.Set(test.flags)
		if l.Open() != test.open || l.Finalized() != test.finalized {
			t.Errorf("%+v: open %t, finalized %t", test, l.Open(), l.Finalized())
		}
	}
}
