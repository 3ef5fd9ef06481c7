// SPDX-License-Identifier: GPL-2.0-or-later

package server_test

import (
	"errors"
	"maps"
	"slices"
	"syscall"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/internal/testcheck"
	"scoutfs/mkfs"
)

func TestResizeMakesNewBlocksFree(t *testing.T) {
	t.Parallel()
	const oldMeta, oldData, newMeta, newData = 1 << 11, 1 << 12, 1 << 12, 1 << 14
	for _, test := range []struct {
		name       string
		meta, data uint64
		want       error
	}{
		{"nothing", 0, 0, nil},
		{"the same", oldMeta, oldData, nil},
		{"metadata", newMeta, 0, nil},
		{"data", 0, newData, nil},
		{"both", newMeta, newData, nil},
		{"one block each", oldMeta + 1, oldData + 1, nil},
		{"less metadata", oldMeta - 1, newData, syscall.EINVAL},
		{"less data", newMeta, oldData - 1, syscall.EINVAL},
		{"more than the metadata device", newMeta + 1, newData, syscall.EINVAL},
		{"more than the data device", newMeta, newData + 1, syscall.EINVAL},
	} {
		pair := makeVolume(t, newMeta, newData, func(o *mkfs.Options) {
			o.MaxMetaSize, o.MaxDataSize = oldMeta<<format.LargeBlockShift, oldData<<format.SmallBlockShift
		})
		v := openVolume(t, pair, 1)
		v.begin()
		v.fill(t)
		v.commit()
		meta, data := free(t, v)
		if err := v.server.Resize(t.Context(), test.meta, test.data); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
		moreMeta, moreData := uint64(0), uint64(0)
		if test.want == nil {
			moreMeta, moreData = max(test.meta, oldMeta)-oldMeta, max(test.data, oldData)-oldData
		}
		s := v.server.Super()
		if s.TotalMetaBlocks.Get() != oldMeta+moreMeta || s.TotalDataBlocks.Get() != oldData+moreData {
			t.Errorf("%s: %d and %d blocks", test.name, s.TotalMetaBlocks.Get(), s.TotalDataBlocks.Get())
		}
		if m, d := free(t, v); m != meta+moreMeta || d != data+moreData {
			t.Errorf("%s: %d and %d more blocks are free, want %d and %d", test.name, m-meta, d-data, moreMeta, moreData)
		}
		testcheck.Clean(t, pair)
		// What is new can be used: all of the data, and metadata from the
		// extent that is the largest now.
		v.begin()
		for {
			if _, err := v.create(1, 1<<13); err != nil {
				break
			}
		}
		if _, d := free(t, v); d != data+moreData {
			t.Errorf("%s: %d data blocks are free before the commit", test.name, d)
		}
		v.commit()
		if _, d := free(t, v); d != 0 {
			t.Errorf("%s: %d data blocks are free after all were taken", test.name, d)
		}
		for range 4 {
			v.begin()
			v.fill0(t, 300)
			v.commit()
		}
		testcheck.Clean(t, pair)
	}
}

// fill0 makes files without data.
func (v *volume) fill0(t testing.TB, n int) {
	t.Helper()
	for range n {
		if _, err := v.create(0, 0); err != nil {
			t.Fatal(err)
		}
	}
}

func TestZonesKeepTheirBounds(t *testing.T) {
	t.Parallel()
	const total = 5 << 20
	pair := makeVolume(t, 1<<11, total+4096, func(o *mkfs.Options) { o.MaxDataSize = total << format.SmallBlockShift })
	v := openVolume(t, pair, 1)
	for _, test := range []struct {
		blocks uint64
		want   error
	}{
		{1 << 20, nil}, {1<<20 - 1, syscall.EINVAL}, {total, nil}, {total + 1, syscall.EINVAL}, {0, nil}, {2 << 20, nil},
	} {
		before := v.server.Super().Volopt
		err := v.server.SetDataAllocZoneBlocks(t.Context(), test.blocks)
		if !errors.Is(err, test.want) {
			t.Errorf("%d blocks: %v, want %v", test.blocks, err, test.want)
		}
		opt := v.server.Super().Volopt
		switch {
		case err != nil && opt != before:
			t.Errorf("%d blocks: refused, and changed", test.blocks)
		case err == nil && (opt.DataAllocZoneBlocks.Get() != test.blocks || (opt.SetBits.Get() == 1) != (test.blocks != 0)):
			t.Errorf("%d blocks: option is %d with bits %#x", test.blocks, opt.DataAllocZoneBlocks.Get(), opt.SetBits.Get())
		}
		testcheck.Clean(t, pair)
	}
	if err := v.server.Resize(t.Context(), 0, total+4096); err != nil {
		t.Error(err)
	}
	testcheck.Clean(t, pair)
}

// A transaction that is open while the volume is resized is not part of that
// commit: what it has used and freed changes hands with its own.
func TestResizeLeavesAnOpenTransactionAlone(t *testing.T) {
	t.Parallel()
	pair := makeVolume(t, 1<<12, 1<<14, func(o *mkfs.Options) { o.MaxDataSize = 1 << 13 << format.SmallBlockShift })
	v := openVolume(t, pair, 1)
	v.begin()
	v.fill(t)
	v.commit()
	v.begin()
	for _, ino := range slices.Sorted(maps.Keys(v.files)) {
		v.remove(ino)
	}
	v.fill(t)
	if err := v.server.Resize(t.Context(), 0, 1<<14); err != nil {
		t.Fatal(err)
	}
	testcheck.Clean(t, pair)
	v.commit()
	testcheck.Clean(t, pair)
	v.begin()
	for _, ino := range slices.Sorted(maps.Keys(v.files)) {
		v.remove(ino)
	}
	v.commit()
	testcheck.Clean(t, pair)
	if _, d := free(t, v); d != 1<<14-format.FirstDataBlkno {
		t.Errorf("%d data blocks are free in the end", d)
	}
}
