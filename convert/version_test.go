// SPDX-License-Identifier: GPL-2.0-or-later

package convert_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"

	"scoutfs/convert"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testcheck"
)

func TestChangeFormatVersion(t *testing.T) {
	t.Parallel()
	rec := device.NewPairRecorder(newVolume(t, 1))
	for _, dev := range []device.Device{rec.Meta, rec.Data} {
		editSuper(t, dev, func(s *format.Super) { s.Hdr.Seq.Set(77) })
	}
	start := rec.Len()
	want := [2][]byte{superBlock(t, rec.Meta), superBlock(t, rec.Data)}
	for i := range want {
		super, err := format.View[format.Super](want[i])
		if err != nil {
			t.Fatal(err)
		}
		super.FmtVers.Set(2)
		super.Hdr.Seq.Set(1)
		format.Seal(want[i])
	}

	got, err := convert.ChangeFormatVersion(t.Context(), rec.Pair(), 2)
	if err != nil {
		t.Fatal(err)
	}
	if !got.Changed() || got.FromMeta != 1 || got.FromData != 1 || got.FormatVersion != 2 || got.FSID != fsid ||
		got.UUID.String() != "00112233-4455-6677-8899-aabbccddeeff" {
		t.Errorf("result %+v", got)
	}
	if !bytes.Equal(superBlock(t, rec.Meta), want[0]) || !bytes.Equal(superBlock(t, rec.Data), want[1]) {
		t.Error("the supers are not the old ones with another version and seq 1")
	}
	onlySupersDiffer(t, rec.Prefix(start), rec.Prefix(rec.Len()))
	if n := len(rec.Meta.Pending(rec.Meta.Len())) + len(rec.Data.Pending(rec.Data.Len())); n != 0 {
		t.Errorf("%d writes were not flushed", n)
	}

	end := rec.Len()
	again, err := convert.ChangeFormatVersion(t.Context(), rec.Pair(), 2)
	if err != nil || again.Changed() || rec.Len() != end {
		t.Errorf("again: %+v, error %v, %d operations", again, err, rec.Len()-end)
	}
	testcheck.Clean(t, rec.Pair())
}

func TestInterruptedChangeOfVersion(t *testing.T) {
	t.Parallel()
	rec := device.NewPairRecorder(newVolume(t, 1))
	if _, err := convert.ChangeFormatVersion(t.Context(), rec.Pair(), 2); err != nil {
		t.Fatal(err)
	}
	wantMeta, wantData := superBlock(t, rec.Meta), superBlock(t, rec.Data)
	versions := map[[2]uint64]int{}
	for state, pair := range states(t, rec) {
		meta, data := superOf(t, pair.Meta), superOf(t, pair.Data)
		if meta == nil || data == nil {
			t.Fatalf("%s: a super does not verify", state)
		}
		found := [2]uint64{meta.FmtVers.Get(), data.FmtVers.Get()}
		versions[found]++
		got, err := convert.ChangeFormatVersion(t.Context(), pair, 2)
		if err != nil {
			t.Fatalf("%s: again: %v", state, err)
		}
		if got.FromMeta != found[0] || got.FromData != found[1] {
			t.Errorf("%s: again: came from %d and %d, not %v", state, got.FromMeta, got.FromData, found)
		}
		if !bytes.Equal(superBlock(t, pair.Meta), wantMeta) || !bytes.Equal(superBlock(t, pair.Data), wantData) {
			t.Errorf("%s: again: other supers than an uninterrupted run writes", state)
		}
	}
	// The metadata super is never ahead of the data super.
	if versions[[2]uint64{2, 1}] != 0 || len(versions) != 3 {
		t.Errorf("versions of meta and data super in all states: %v", versions)
	}
}

// Upstream's tool writes the metadata super first. What it leaves when it is
// interrupted can be finished as well.
func TestFinishesUpstreamsInterruptedChange(t *testing.T) {
	t.Parallel()
	pair := newVolume(t, 1)
	editSuper(t, pair.Meta, func(s *format.Super) { s.FmtVers.Set(2) })
	got, err := convert.ChangeFormatVersion(t.Context(), pair, 2)
	if err != nil || !got.Changed() || got.FromMeta != 2 || got.FromData != 1 {
		t.Errorf("%+v, error %v", got, err)
	}
	if superOf(t, pair.Data).FmtVers.Get() != 2 {
		t.Error("the data super is not changed")
	}
	testcheck.Clean(t, pair)
}

func TestChangeFormatVersionRefusals(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		version uint64 // asked for; 0 is 2
		prepare func(t *testing.T, pair *device.Pair)
		cause   error
		want    string
	}{
		{"version 99", 99, nil, syscall.EINVAL, "format version 99 is outside the supported range 1-2"},
		{
			"damaged meta super", 0, func(t *testing.T, pair *device.Pair) { flip(t, pair.Meta, superOffset+3000) },
			syscall.EIO, "meta super block of meta: corrupt super block at blkno 16: crc is",
		},
		{
			"damaged data super", 0, func(t *testing.T, pair *device.Pair) { flip(t, pair.Data, superOffset+3000) },
			syscall.EIO, "data super block of data: corrupt super block at blkno 16: crc is",
		},
		{"unreadable meta super", 0, func(_ *testing.T, pair *device.Pair) {
			pair.Meta = device.NewFaulty(pair.Meta, device.Fault{Op: device.OpRead})
		}, syscall.EIO, "meta super block of meta: read meta"},
		{
			"no meta super", 0, func(_ *testing.T, pair *device.Pair) { pair.Meta = device.NewMemory("blank", metaSize) },
			syscall.EIO, "meta super block of blank",
		},
		{
			"tiny meta device", 0, func(_ *testing.T, pair *device.Pair) { pair.Meta = device.NewMemory("tiny", 4096) },
			io.EOF, "meta super block of tiny",
		},
		{"data device of another volume", 0, func(t *testing.T, pair *device.Pair) {
			editSuper(t, pair.Data, func(s *format.Super) { s.Hdr.FSID.Set(5) })
		}, syscall.EIO, "fsid is 0000000000000005, expected 1122334455667788"},
		{"another uuid", 0, func(t *testing.T, pair *device.Pair) {
			editSuper(t, pair.Data, func(s *format.Super) { s.UUID[0] = 0xff })
		}, syscall.EIO, "uuid is ff112233-4455-6677-8899-aabbccddeeff"},
		{
			"swapped", 0, func(_ *testing.T, pair *device.Pair) { pair.Meta, pair.Data = pair.Data, pair.Meta },
			syscall.EINVAL, "data is not a meta device",
		},
		{
			"swapped, version reached", 1, func(_ *testing.T, pair *device.Pair) { pair.Meta, pair.Data = pair.Data, pair.Meta },
			syscall.EINVAL, "data is not a meta device",
		},
		{
			"two meta devices", 0, func(_ *testing.T, pair *device.Pair) { pair.Data = pair.Meta },
			syscall.EINVAL, "meta is not a data device",
		},
		{"unknown meta version", 0, func(t *testing.T, pair *device.Pair) {
			editSuper(t, pair.Meta, func(s *format.Super) { s.FmtVers.Set(3) })
		}, syscall.EINVAL, "meta super block has format version 3 outside of supported version range 1-2"},
		{"unknown data version", 0, func(t *testing.T, pair *device.Pair) {
			editSuper(t, pair.Data, func(s *format.Super) { s.FmtVers.Set(0) })
		}, syscall.EINVAL, "data super block has format version 0 outside of supported version range 1-2"},
		{"mounted client", 0, func(t *testing.T, pair *device.Pair) {
			editSuper(t, pair.Meta, func(s *format.Super) { s.MountedClients.Ref.Blkno.Set(1033) })
		}, syscall.EBUSY, "meta superblock mounted clients btree is not empty."},
		{"running quorum slot", 0, func(t *testing.T, pair *device.Pair) {
			editQuorum(t, pair.Meta, 12, func(q *format.QuorumBlock) {
				q.Events[format.QuorumEventBegin].WriteNr.Set(5)
				q.Events[format.QuorumEventBegin].TS.Sec.Set(1700000000)
				q.Events[format.QuorumEventBegin].TS.Nsec.Set(123456789)
				q.Events[format.QuorumEventEnd].WriteNr.Set(4)
			})
		}, syscall.EBUSY, "mount in quorum slot 12 could still be running.\n" +
			"  begin event: write_nr 5 timestamp 1700000000.123456789\n" +
			"    end event: write_nr 4 timestamp 0.00000000"},
		{"damaged quorum block", 0, func(t *testing.T, pair *device.Pair) {
			flip(t, pair.Meta, (format.QuorumBlkno+12)<<format.SmallBlockShift+300)
		}, syscall.EIO, "quorum slot 12: corrupt quorum block at blkno 29: crc is"},
		{"unreadable quorum block", 0, func(_ *testing.T, pair *device.Pair) {
			pair.Meta = device.NewFaulty(pair.Meta, device.Fault{
				Op: device.OpRead, Off: format.QuorumBlkno << format.SmallBlockShift, Len: 1,
			})
		}, syscall.EIO, "quorum slot 0: read meta"},
		{"downgrade", 1, func(t *testing.T, pair *device.Pair) {
			editSuper(t, pair.Meta, func(s *format.Super) { s.FmtVers.Set(2) })
		}, syscall.EPERM, "Downgrade of Meta Format Version: 2 and Data Format Version: 1 to Format Version: 1 is not allowed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			pair := newVolume(t, 1)
			if test.prepare != nil {
				test.prepare(t, &pair)
			}
			rec := device.NewPairRecorder(pair)
			version := test.version
			if version == 0 {
				version = 2
			}
			_, err := convert.ChangeFormatVersion(t.Context(), rec.Pair(), version)
			if !errors.Is(err, test.cause) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v\nwant %v with %q", err, test.cause, test.want)
			}
			if n := rec.Len(); n != 0 {
				t.Errorf("%d operations before the refusal", n)
			}
		})
	}
}

// A slot that is not configured says nothing, whatever its block holds.
func TestUnconfiguredSlotIsNotAsked(t *testing.T) {
	t.Parallel()
	pair := newVolume(t, 1)
	editQuorum(t, pair.Meta, 3, func(q *format.QuorumBlock) { q.Events[format.QuorumEventBegin].WriteNr.Set(5) })
	flip(t, pair.Meta, (format.QuorumBlkno+4)<<format.SmallBlockShift+300)
	if _, err := convert.ChangeFormatVersion(t.Context(), pair, 2); err != nil {
		t.Error(err)
	}
}

func TestChangeOfVersionOnFailingDevices(t *testing.T) {
	t.Parallel()
	for _, op := range []device.OpKind{device.OpWrite, device.OpFlush} {
		pair := newVolume(t, 1)
		failing := pair
		failing.Data = device.NewFaulty(pair.Data, device.Fault{Op: op})
		var unfinished *convert.UnfinishedError
		_, err := convert.ChangeFormatVersion(t.Context(), failing, 2)
		if !errors.Is(err, syscall.EIO) || errors.As(err, &unfinished) {
			t.Errorf("data %s fails: error %v", op, err)
		}
		if superOf(t, pair.Meta).FmtVers.Get() != 1 {
			t.Errorf("data %s fails: the meta super was changed", op)
		}

		failing = pair
		failing.Meta = device.NewFaulty(pair.Meta, device.Fault{Op: op})
		_, err = convert.ChangeFormatVersion(t.Context(), failing, 2)
		if !errors.Is(err, syscall.EIO) || !errors.As(err, &unfinished) {
			t.Errorf("meta %s fails: error %v", op, err)
		}
		if _, err := convert.ChangeFormatVersion(t.Context(), pair, 2); err != nil {
			t.Errorf("again: %v", err)
		}
		if superOf(t, pair.Meta).FmtVers.Get() != 2 || superOf(t, pair.Data).FmtVers.Get() != 2 {
			t.Error("again: not both supers are changed")
		}
	}
}

func TestCancelledChangeOfVersion(t *testing.T) {
	t.Parallel()
	rec := device.NewPairRecorder(newVolume(t, 1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := convert.ChangeFormatVersion(ctx, rec.Pair(), 2); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if rec.Len() != 0 {
		t.Errorf("%d operations", rec.Len())
	}
}
