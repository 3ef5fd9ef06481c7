// SPDX-License-Identifier: GPL-2.0-or-later

package server_test

import (
	"bytes"
	"slices"
	"testing"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testvolume"
)

// mergeKinds are what items of the trees can be that merging, compacting and
// recovering go by, with the length of their values.
func mergeKinds() []mergeKind {
	return []mergeKind{
		{format.ZoneLogMergeStatus, 0, 56},
		{format.ZoneLogMergeRange, 0, 64},
		{format.ZoneLogMergeRequest, 0, 208},
		{format.ZoneLogMergeComplete, 0, 208},
		{format.ZoneLogMergeFreeing, 0, 64},
		{format.ZoneSrch, format.TypeSrchLog, 88},
		{format.ZoneSrch, format.TypeSrchBlocks, 88},
		{format.ZoneSrch, format.TypeSrchPending, 584},
		{format.ZoneSrch, format.TypeSrchBusy, 584},
		{format.ZoneLogTrees, 0, 472},
		{format.ZoneMountedClient, 0, 40},
	}
}

type mergeKind struct {
	zone, typ uint8
	size      int
}

// FuzzMerge recovers, merges and compacts a volume with any items where these
// jobs keep theirs: each ends, and does not panic.
func FuzzMerge(f *testing.F) {
	status := append([]byte{0, 0}, make([]byte, 48)...)
	f.Add(append(status, 99))
	f.Add(append(append(slices.Clone(status), make([]byte, 7)...), 1, 1, 255, 255))
	f.Add([]byte{4, 1, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1})
	f.Add([]byte{7, 3, 0, 0, 0, 0})
	f.Add([]byte{10, 1})
	f.Add(append([]byte{9, 1}, bytes.Repeat([]byte{2, 0, 0, 0, 0, 0, 0, 0}, 50)...))
	f.Fuzz(func(t *testing.T, data []byte) {
		pair := mergeVolume(t, data)
		if _, err := recoverVolume(t, pair, dead(1)); err != nil {
			return
		}
		s, err := openServer(t, pair, 1)
		if err != nil {
			return
		}
		if s.Merge(t.Context(), nil) == nil && s.Super().LogMerge.Height != 0 {
			t.Error("log_merge has items left")
		}
		_ = s.CompactSrch(t.Context(), nil) // any error is fine
	})
}

// mergeVolume makes a volume with the items that data describes: a kind, a
// number for the key, and the value.
func mergeVolume(t *testing.T, data []byte) device.Pair {
	t.Helper()
	b := testvolume.New(t)
	b.Account = true
	for range 8 {
		if len(data) < 2 {
			break
		}
		kind := mergeKinds()[int(data[0])%len(mergeKinds())]
		key := format.Key{Zone: kind.zone, Type: kind.typ, First: uint64(data[1])}
		value := make([]byte, kind.size)
		data = data[2+copy(value, data[2:]):]
		switch kind.zone {
		case format.ZoneSrch:
			key.First, key.Second = 0, key.First
			b.Srch[key] = value
		case format.ZoneLogTrees:
			key.Second = 1
			b.LogTrees[key] = value
		case format.ZoneMountedClient:
			b.Mounts[key] = value
		default:
			b.Merge[key] = value
		}
	}
	return b.Devices(t)
}
