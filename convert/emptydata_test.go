// SPDX-License-Identifier: GPL-2.0-or-later

package convert_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"scoutfs/convert"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testcheck"
)

func TestPrepareEmptyData(t *testing.T) {
	t.Parallel()
	old := newVolume(t, 2)
	editSuper(t, old.Meta, func(s *format.Super) {
		s.Seq.Set(99)
		s.ID.Set(3)
		s.Flags.Set(s.Flags.Get() | 0x100)
	})
	rec := device.NewPairRecorder(device.Pair{Meta: old.Meta, Data: device.NewMemory("fresh", dataSize+4096)})
	got, err := convert.PrepareEmptyData(t.Context(), rec.Pair(), false)
	if err != nil {
		t.Fatal(err)
	}
	if got.FSID != fsid || got.MetaBlocks != 1033 || got.DataBlocks != 128 || got.FormatVersion != 2 {
		t.Errorf("result %+v", got)
	}

	want := make([]byte, format.SmallBlockSize)
	super, err := format.View[format.Super](want)
	if err != nil {
		t.Fatal(err)
	}
	super.Hdr.Magic.Set(0x103c428b)
	super.Hdr.FSID.Set(fsid)
	super.Hdr.Seq.Set(1)
	super.Hdr.Blkno.Set(16)
	super.ID.Set(3)
	super.FmtVers.Set(2)
	super.Flags.Set(0x100)
	super.UUID = got.UUID
	super.Seq.Set(99)
	super.TotalMetaBlocks.Set(1033)
	super.TotalDataBlocks.Set(128)
	format.Seal(want)
	if !bytes.Equal(superBlock(t, rec.Data), want) {
		t.Error("the data super has other bytes")
	}
	onlySupersDiffer(t, rec.Prefix(0), rec.Prefix(rec.Len()))
	if rec.Meta.Len() != 0 || rec.Data.Len() != 2 || len(rec.Data.Pending(2)) != 0 {
		t.Errorf("%d operations on meta, %v on data, want a write and a flush", rec.Meta.Len(), rec.Data.Ops())
	}
	// The volume is whole again: other jobs accept the pair.
	if _, err := convert.ChangeFormatVersion(t.Context(), rec.Pair(), 2); err != nil {
		t.Error(err)
	}
}

func TestInterruptedPrepareEmptyData(t *testing.T) {
	t.Parallel()
	volume := newVolume(t, 2)
	for name, data := range map[string]device.Device{
		"blank":           device.NewMemory("blank", dataSize),
		"old data device": volume.Data,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec := device.NewPairRecorder(device.Pair{Meta: volume.Meta, Data: data})
			if _, err := convert.PrepareEmptyData(t.Context(), rec.Pair(), false); err != nil {
				t.Fatal(err)
			}
			testcheck.Clean(t, rec.Pair())
			want := superBlock(t, rec.Data)
			for state, pair := range states(t, rec) {
				if _, err := convert.PrepareEmptyData(t.Context(), pair, false); err != nil {
					t.Fatalf("%s: again: %v", state, err)
				}
				if !bytes.Equal(superBlock(t, pair.Data), want) {
					t.Errorf("%s: again: another super", state)
				}
			}
		})
	}
}

func TestPrepareEmptyDataRefusals(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		prepare func(t *testing.T, pair *device.Pair)
		forced  bool // with force it is done
		errno   syscall.Errno
		want    string
	}{
		{
			"damaged super", func(t *testing.T, pair *device.Pair) { flip(t, pair.Meta, superOffset) },
			false, syscall.EIO, "meta super block of meta",
		},
		{
			"swapped", func(_ *testing.T, pair *device.Pair) { pair.Meta, pair.Data = pair.Data, pair.Meta },
			false, syscall.EINVAL, "data is not a meta device",
		},
		{"unknown version", func(t *testing.T, pair *device.Pair) {
			editSuper(t, pair.Meta, func(s *format.Super) { s.FmtVers.Set(9) })
		}, false, syscall.EINVAL, "format version 9"},
		{"mounted client", func(t *testing.T, pair *device.Pair) {
			editSuper(t, pair.Meta, func(s *format.Super) { s.MountedClients.Ref.Blkno.Set(4) })
		}, false, syscall.EBUSY, "mounted clients btree is not empty"},
		{"data in use", func(t *testing.T, pair *device.Pair) {
			editSuper(t, pair.Meta, func(s *format.Super) { s.DataAlloc.TotalLen.Set(128 - 64 - 3) })
		}, false, syscall.EINVAL, "3 data blocks are used by files"},
		{"more free than there is", func(t *testing.T, pair *device.Pair) {
			editSuper(t, pair.Meta, func(s *format.Super) { s.DataAlloc.TotalLen.Set(128 - 64 + 1) })
		}, false, syscall.EIO, "data_alloc.total_len is 65, expected at most total_data_blocks 128 less 64"},
		{"fewer blocks than none", func(t *testing.T, pair *device.Pair) {
			editSuper(t, pair.Meta, func(s *format.Super) { s.TotalDataBlocks.Set(63) })
		}, false, syscall.EIO, "data_alloc.total_len"},
		{
			"too small", func(_ *testing.T, pair *device.Pair) { pair.Data = device.NewMemory("small", dataSize-1) },
			false, syscall.EINVAL, "new data device small of 524287 bytes has 127 4KiB blocks, it needs at least 128 blocks",
		},

		{
			"meta device as target", func(_ *testing.T, pair *device.Pair) { pair.Data = device.NewOverlay("copy", pair.Meta) },
			true, syscall.EEXIST, "copy holds scoutfs_meta file system",
		},
		{"data device of another volume", func(t *testing.T, pair *device.Pair) {
			editSuper(t, pair.Data, func(s *format.Super) { s.Hdr.FSID.Set(1) })
		}, true, syscall.EEXIST, "data holds scoutfs_data file system"},
		{"another file system", func(t *testing.T, pair *device.Pair) {
			write(t, pair.Data, []byte("SWAPSPACE2"), 4096-10)
			write(t, pair.Data, []byte{1, 0, 0, 0, 127, 0, 0, 0}, 1024)
		}, true, syscall.EEXIST, "data holds swap"},
		{"unreadable target", func(_ *testing.T, pair *device.Pair) {
			pair.Data = device.NewFaulty(pair.Data, device.Fault{Op: device.OpRead, Len: superOffset})
		}, true, syscall.EIO, "read"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			pair := newVolume(t, 1)
			test.prepare(t, &pair)
			rec := device.NewPairRecorder(pair)
			_, err := convert.PrepareEmptyData(t.Context(), rec.Pair(), false)
			if !errors.Is(err, test.errno) || !strings.Contains(fmt.Sprint(err), test.want) {
				t.Errorf("error %v\nwant %v with %q", err, test.errno, test.want)
			}
			if n := rec.Len(); n != 0 {
				t.Errorf("%d operations before the refusal", n)
			}
			if _, err = convert.CheckEmptyData(t.Context(), rec.Pair(), false); !errors.Is(err, test.errno) {
				t.Errorf("check: error %v", err)
			}
			_, err = convert.CheckEmptyData(t.Context(), rec.Pair(), true)
			if passed := err == nil; passed != test.forced {
				t.Errorf("forced check: error %v", err)
			}
			if rec.Len() != 0 {
				t.Error("a check wrote something")
			}
			_, err = convert.PrepareEmptyData(t.Context(), rec.Pair(), true)
			if done := err == nil; done != test.forced {
				t.Errorf("forced: error %v", err)
			}
		})
	}
}

func TestCheckEmptyDataWithoutTheDevice(t *testing.T) {
	t.Parallel()
	pair := newVolume(t, 2)
	pair.Data = nil
	got, err := convert.CheckEmptyData(t.Context(), pair, false)
	if err != nil || got.FSID != fsid {
		t.Errorf("%+v, error %v", got, err)
	}
}

func TestExistingErrorListsAll(t *testing.T) {
	t.Parallel()
	pair := newVolume(t, 2)
	write(t, pair.Data, []byte("SWAPSPACE2"), 4096-10)
	write(t, pair.Data, []byte{1, 0, 0, 0, 127, 0, 0, 0}, 1024)
	editSuper(t, pair.Data, func(s *format.Super) { s.Hdr.FSID.Set(1) })
	_, err := convert.PrepareEmptyData(t.Context(), pair, false)
	var existing *convert.ExistingError
	if !errors.As(err, &existing) {
		t.Fatalf("error %v", err)
	}
	var types []string
	for _, found := range existing.Found {
		types = append(types, found.Type)
	}
	if slices.Sort(types); !slices.Equal(types, []string{"scoutfs_data", "swap"}) {
		t.Errorf("found %v", types)
	}
}
