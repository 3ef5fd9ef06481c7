// SPDX-License-Identifier: GPL-2.0-or-later

package mkfs_test

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"scoutfs/engine/device"
	"scoutfs/mkfs"
)

func TestPlanRefusals(t *testing.T) {
	t.Parallel()
	const meta, data = 64 << 30, 64 << 30
	for _, test := range []struct {
		name       string
		change     func(*mkfs.Options)
		meta, data uint64
		want       string
	}{
		{"fsid 0", func(o *mkfs.Options) { o.FSID = 0 }, meta, data, "fsid must not be 0"},
		{"version above", func(o *mkfs.Options) { o.FormatVersion = 3 }, meta, data, "format version 3 is outside the supported range 1-2"},
		{"no slots", func(o *mkfs.Options) { o.Slots = slots() }, meta, data, "no quorum slot is configured"},
		{
			"same address twice", func(o *mkfs.Options) { o.Slots = slots("0 10.0.0.1:5", "3 10.0.0.1:5") }, meta, data,
			"quorum slot nr 0 and 3 have the same address 10.0.0.1:5",
		},
		{"IPv6", func(o *mkfs.Options) { o.Slots = slots("7 [::1]:5") }, meta, data, "only IPv4"},
		{"unspecified address", func(o *mkfs.Options) { o.Slots = slots("0 0.0.0.0:5") }, meta, data, "not an address of a host"},
		{"broadcast", func(o *mkfs.Options) { o.Slots = slots("0 255.255.255.255:5") }, meta, data, "not an address of a host"},
		{"port 0", func(o *mkfs.Options) { o.Slots = slots("0 10.0.0.1:0") }, meta, data, "port 0"},

		{"small meta", func(*mkfs.Options) {}, meta - 1, data, "of the metadata device are less than the minimum"},
		{"small data", func(*mkfs.Options) {}, meta, data - 1, "of the data device are less than the minimum"},
		{"small by a limit", func(o *mkfs.Options) { o.MaxDataSize = data - 1 }, meta, data, "of the data device are less than the minimum"},
		{"limit below a meta block", func(o *mkfs.Options) { o.MaxMetaSize = 65535 }, meta, data, "a limit of 65535 bytes leaves no block of the metadata device"},
		{"limit below a data block", func(o *mkfs.Options) { o.MaxDataSize = 4095 }, meta, data, "a limit of 4095 bytes leaves no block of the data device"},
		{"1032 meta blocks", func(o *mkfs.Options) { o.AllowSmall = true }, 1033<<16 - 1, data, "1032 blocks of 65536 bytes on the metadata device are too few"},
		{"empty meta", func(o *mkfs.Options) { o.AllowSmall = true }, 0, data, "0 blocks"},
		{"64 data blocks", func(o *mkfs.Options) { o.AllowSmall = true }, meta, 65<<12 - 1, "64 blocks of 4096 bytes on the data device are too few"},

		{
			"zones below the fill target", func(o *mkfs.Options) { o.DataAllocZoneBlocks = 1<<20 - 1 }, meta, data,
			"setting data_alloc_zone_blocks to '1048575' failed, must be at least 1048576 mount data allocation target blocks",
		},
		{
			"more than 1024 zones", func(o *mkfs.Options) { o.DataAllocZoneBlocks = 1 << 20 }, meta, (1<<30 + 1<<10) << 12,
			"setting data_alloc_zone_blocks to '1048576' failed, must be greater than 1048577 blocks which results in max 1024 zones",
		},
		{
			"zone beyond the device", func(o *mkfs.Options) { o.DataAllocZoneBlocks = 16<<20 + 1 }, meta, data,
			"setting data_alloc_zone_blocks to '16777217' failed, must be at most 16777216 total data device blocks",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			opts := goldenOptions()
			opts.AllowSmall = false
			test.change(&opts)
			plan, err := mkfs.NewPlan(opts, test.meta, test.data)
			var refused *mkfs.RefusedError
			if !errors.As(err, &refused) || !errors.Is(err, syscall.EINVAL) {
				t.Fatalf("error %v, want a refusal", err)
			}
			if plan != nil {
				t.Error("a refused plan was returned")
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %q, want %q in it", err, test.want)
			}
		})
	}
}

func TestPlanAcceptsTheEdges(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name       string
		change     func(*mkfs.Options)
		meta, data uint64
	}{
		{"minimum sizes", func(*mkfs.Options) {}, 64 << 30, 64 << 30},
		{"limit beyond the device", func(o *mkfs.Options) { o.MaxMetaSize = 1 << 50 }, 64 << 30, 64 << 30},
		{"least that can be laid out", func(o *mkfs.Options) { o.AllowSmall = true }, 1033 << 16, 65 << 12},
		{"one zone", func(o *mkfs.Options) { o.DataAllocZoneBlocks = 16 << 20 }, 64 << 30, 64 << 30},
		{"1024 zones", func(o *mkfs.Options) { o.DataAllocZoneBlocks = 1 << 20 }, 64 << 30, 1 << 42},
		{"all slots", func(o *mkfs.Options) {
			for i := range o.Slots {
				o.Slots[i] = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(1 + i)}), 1)
			}
		}, 64 << 30, 64 << 30},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			opts := goldenOptions()
			opts.AllowSmall = false
			test.change(&opts)
			if _, err := mkfs.NewPlan(opts, test.meta, test.data); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWriteRefusesSmallerDevicesBeforeWriting(t *testing.T) {
	t.Parallel()
	plan, err := mkfs.NewPlan(goldenOptions(), 1<<30, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	for name, pair := range map[string]device.Pair{
		"meta": memoryPair(1<<30-1, 1<<30),
		"data": memoryPair(1<<30, 1<<30-1),
	} {
		rec := device.NewPairRecorder(pair)
		err := plan.Write(t.Context(), rec.Pair(), mkfs.WriteOptions{})
		if !errors.Is(err, syscall.EINVAL) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
		if n := rec.Len(); n != 0 {
			t.Errorf("%s: %d operations before the refusal", name, n)
		}
	}
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	now := time.Date(2024, 5, 6, 7, 8, 9, 123456789, time.UTC)
	// A drawn id of 0 would look like no id, so the next one is taken.
	random := append(make([]byte, 8), []byte{1, 2, 3, 4, 5, 6, 7, 8}...)
	random = append(random, bytes.Repeat([]byte{0xff}, 16)...)
	id, err := mkfs.NewIdentity(bytes.NewReader(random), now)
	if err != nil {
		t.Fatal(err)
	}
	if id.FSID != 0x0807060504030201 {
		t.Errorf("fsid %x", id.FSID)
	}
	if got, want := id.UUID.String(), "ffffffff-ffff-4fff-bfff-ffffffffffff"; got != want {
		t.Errorf("uuid %s, want %s", got, want)
	}
	if got := id.Created.Nanosecond(); got != 123456000 {
		t.Errorf("nanoseconds %d, want whole microseconds", got)
	}
	for _, n := range []int{0, 7, 8, 23} {
		if _, err := mkfs.NewIdentity(bytes.NewReader(random[8:8+n]), now); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("with %d random bytes: error %v", n, err)
		}
	}
}
