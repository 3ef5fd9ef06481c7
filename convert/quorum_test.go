// SPDX-License-Identifier: GPL-2.0-or-later

package convert_test

import (
	"bytes"
	"errors"
	"strings"
	"syscall"
	"testing"

	"scoutfs/convert"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testcheck"
)

func TestChangeQuorumConfig(t *testing.T) {
	t.Parallel()
	rec := device.NewPairRecorder(newVolume(t, 2))
	// Upstream's tools leave other bytes than zero in configured slots.
	editSuper(t, rec.Meta, func(s *format.Super) {
		s.Hdr.Seq.Set(77)
		s.Qconf.Version.Set(41)
		s.Qconf.Slots[0].Spare[5] = 0xaa
	})
	start := rec.Len()
	wanted := slots(map[int]string{3: "1.2.3.4:5", 14: "1.2.3.4:6"})
	want := superBlock(t, rec.Meta)
	super, err := format.View[format.Super](want)
	if err != nil {
		t.Fatal(err)
	}
	super.Hdr.Seq.Set(1)
	super.Qconf = format.QuorumConfig{}
	super.Qconf.Version.Set(42)
	super.Qconf.Slots[3].SetIPv4(wanted[3])
	super.Qconf.Slots[14].SetIPv4(wanted[14])
	format.Seal(want)

	got, err := convert.ChangeQuorumConfig(t.Context(), rec.Meta, wanted)
	if err != nil {
		t.Fatal(err)
	}
	if got.QuorumVersion != 42 || got.Slots != wanted || got.FSID != fsid {
		t.Errorf("result %+v", got)
	}
	if !bytes.Equal(superBlock(t, rec.Meta), want) {
		t.Error("the super is not the old one with other slots")
	}
	onlySupersDiffer(t, rec.Prefix(start), rec.Prefix(rec.Len()))
	if n := len(rec.Meta.Pending(rec.Meta.Len())); n != 0 {
		t.Errorf("%d writes were not flushed", n)
	}
	testcheck.Clean(t, rec.Pair())
}

// The slots that the first sector holds change in one piece even where
// sectors are small.
func TestInterruptedChangeOfSlots(t *testing.T) {
	t.Parallel()
	rec := device.NewPairRecorder(newVolume(t, 2))
	wanted := slots(map[int]string{0: "10.0.0.3:1", 5: "10.0.0.4:2", 12: "10.0.0.5:3"})
	if _, err := convert.ChangeQuorumConfig(t.Context(), rec.Meta, wanted); err != nil {
		t.Fatal(err)
	}
	for state, pair := range states(t, rec) {
		if superOf(t, pair.Meta) == nil {
			t.Fatalf("%s: the super does not verify", state)
		}
		got, err := convert.ChangeQuorumConfig(t.Context(), pair.Meta, wanted)
		if err != nil || got.Slots != wanted {
			t.Errorf("%s: again: %+v, error %v", state, got, err)
		}
		if superOf(t, pair.Meta).Qconf.Addrs() != wanted {
			t.Errorf("%s: again: other slots", state)
		}
	}
}

func TestChangeQuorumConfigRefusals(t *testing.T) {
	t.Parallel()
	good := slots(map[int]string{1: "10.0.0.9:9"})
	for _, test := range []struct {
		name    string
		slots   format.QuorumAddrs
		prepare func(t *testing.T, pair *device.Pair)
		errno   syscall.Errno
		want    string
	}{
		{"no slots", format.QuorumAddrs{}, nil, syscall.EINVAL, "no quorum slot is configured"},
		{
			"same address twice", slots(map[int]string{1: "10.0.0.9:9", 2: "10.0.0.9:9"}), nil, syscall.EINVAL,
			"quorum slot nr 1 and 2 have the same address 10.0.0.9:9",
		},
		{"data device", good, func(_ *testing.T, pair *device.Pair) { pair.Meta = pair.Data }, syscall.EINVAL, "data is not a meta device"},
		{"damaged super", good, func(t *testing.T, pair *device.Pair) { flip(t, pair.Meta, superOffset) }, syscall.EIO, "meta super block of meta"},
		{"other magic", good, func(t *testing.T, pair *device.Pair) {
			editSuper(t, pair.Meta, func(s *format.Super) { s.Hdr.Magic.Set(format.MagicBtree) })
		}, syscall.EIO, "magic is e597f96d"},
		{"other blkno", good, func(t *testing.T, pair *device.Pair) {
			editSuper(t, pair.Meta, func(s *format.Super) { s.Hdr.Blkno.Set(17) })
		}, syscall.EIO, "blkno is 17, expected 16"},
		{"unknown version", good, func(t *testing.T, pair *device.Pair) {
			editSuper(t, pair.Meta, func(s *format.Super) { s.FmtVers.Set(3) })
		}, syscall.EINVAL, "format version 3"},
		{"running quorum slot", good, func(t *testing.T, pair *device.Pair) {
			editQuorum(t, pair.Meta, 0, func(q *format.QuorumBlock) { q.Events[format.QuorumEventBegin].WriteNr.Set(1) })
		}, syscall.EBUSY, "mount in quorum slot 0 could still be running"},
		{"quorum block of another volume", good, func(t *testing.T, pair *device.Pair) {
			editQuorum(t, pair.Meta, 0, func(q *format.QuorumBlock) { q.Hdr.FSID.Set(1) })
		}, syscall.EIO, "quorum slot 0: corrupt quorum block at blkno 17: fsid is"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			pair := newVolume(t, 1)
			if test.prepare != nil {
				test.prepare(t, &pair)
			}
			rec := device.NewRecorder(pair.Meta)
			_, err := convert.ChangeQuorumConfig(t.Context(), rec, test.slots)
			if !errors.Is(err, test.errno) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v\nwant %v with %q", err, test.errno, test.want)
			}
			if n := rec.Len(); n != 0 {
				t.Errorf("%d operations before the refusal", n)
			}
		})
	}
}
