// SPDX-License-Identifier: GPL-2.0-or-later

package server_test

import (
	"hash/crc64"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/fsck"
	"scoutfs/internal/testcheck"
	"scoutfs/internal/testimage"
)

// overlayImage returns an image's devices with changes kept in memory.
func overlayImage(tb testing.TB, img testimage.Image) device.Pair {
	tb.Helper()
	pair, err := device.OpenPair(img.Meta, img.Data, device.Options{Shared: true})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := pair.Close(); err != nil {
			tb.Error(err)
		}
	})
	copied := device.Pair{Meta: device.NewOverlay("meta", pair.Meta)}
	if pair.Data == nil {
		copied.Data = emptyData(tb, pair.Meta)
	} else {
		copied.Data = device.NewOverlay("data", pair.Data)
	}
	return copied
}

// emptyData is a volume's data device with nothing but its super.
func emptyData(tb testing.TB, meta device.Device) device.Device {
	tb.Helper()
	raw, super, err := block.ReadSuper(meta)
	if err != nil {
		tb.Fatal(err)
	}
	dev := device.NewMemory("data", int64(super.TotalDataBlocks.Get())<<format.SmallBlockShift)
	super.Flags.Set(0)
	format.Seal(raw)
	if _, err := dev.WriteAt(raw, format.SuperBlkno<<format.SmallBlockShift); err != nil {
		tb.Fatal(err)
	}
	return dev
}

// viewItem is an item of the merged view. The seq of a total says nothing.
type viewItem struct {
	key   format.Key
	seq   uint64
	value uint64 // checksum
}

// loadView returns everything that a volume's filesystem holds.
func loadView(tb testing.TB, pair device.Pair) []viewItem {
	tb.Helper()
	s := loadSnapshot(tb, pair)
	var view []viewItem
	table := crc64.MakeTable(crc64.ECMA)
	for it, err := range s.Items(tb.Context(), format.AllKeys()) {
		if err != nil {
			tb.Fatal(err)
		}
		if it.Key.Zone == format.ZoneXattrTotl {
			it.Seq = 0
		}
		view = append(view, viewItem{it.Key, it.Seq, crc64.Checksum(it.Value, table)})
	}
	return view
}

func loadSnapshot(tb testing.TB, pair device.Pair) *forest.Snapshot {
	tb.Helper()
	_, super, err := block.ReadSuper(pair.Meta)
	if err != nil {
		tb.Fatal(err)
	}
	blocks := block.NewReader(pair.Meta, block.Options{FSID: super.Hdr.FSID.Get(), TotalBlocks: super.TotalMetaBlocks.Get()})
	s, err := forest.Load(tb.Context(), blocks, super)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func compareViews(tb testing.TB, what string, got, want []viewItem) {
	tb.Helper()
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			tb.Errorf("%s: item %d is %v, want %v", what, i, got[i], want[i])
			return
		}
	}
	if len(got) != len(want) {
		tb.Errorf("%s: %d items, want %d", what, len(got), len(want))
	}
}

// problems is what a check finds on a volume.
func problems(tb testing.TB, pair device.Pair) string {
	tb.Helper()
	summary, err := fsck.Check(tb.Context(), fsck.Options{Pair: pair, Memory: fsck.MinMemory, TempDir: tb.TempDir()})
	if err != nil {
		tb.Fatal(err)
	}
	return testcheck.Problems(summary)
}

// inodes is the number of inodes that a volume counts, in its super and its
// log trees.
func inodes(s *forest.Snapshot) uint64 {
	n := s.Super.InodeCount.Get()
	for _, lt := range s.LogTrees {
		n += lt.InodeCountDelta.Get()
	}
	return n
}

// checkMerged makes sure that a volume has nothing left to merge.
func checkMerged(t *testing.T, pair device.Pair) {
	t.Helper()
	s := loadSnapshot(t, pair)
	if len(s.LogTrees) > 0 || s.Super.LogMerge.Height != 0 {
		t.Errorf("%d log trees and log_merge of height %d are left", len(s.LogTrees), s.Super.LogMerge.Height)
	}
}
