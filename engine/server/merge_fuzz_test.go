// SPDX-License-Identifier: GPL-2.0-or-later

package server_test

import (
	"slices"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/internal/testvolume"
)

// mergeKinds are what items of log_merge and srch_root can be, with the length
// of their values.
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
	}
}

type mergeKind struct {
	zone, typ uint8
	size      int
}

// FuzzMerge merges and compacts a volume with any items where merges and
// compactions keep theirs: it ends, and does not panic.
func FuzzMerge(f *testing.F) {
	status := append([]byte{0, 0}, make([]byte, 48)...)
	f.Add(append(status, 99))
	f.Add(append(append(slices.Clone(status), make([]byte, 7)...), 1, 1, 255, 255))
	f.Add([]byte{4, 1, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1})
	f.Add([]byte{7, 3, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		b := testvolume.New(t)
		b.Account = true
		for range 8 {
			if len(data) < 2 {
				break
			}
			kind := mergeKinds()[int(data[0])%len(mergeKinds())]
			key := format.Key{Zone: kind.zone, Type: kind.typ, First: uint64(data[1])}
			if kind.zone == format.ZoneSrch {
				key = format.Key{Zone: kind.zone, Type: kind.typ, Second: uint64(data[1])}
			}
			value := make([]byte, kind.size)
			n := copy(value, data[2:])
			data = data[2+n:]
			if kind.zone == format.ZoneSrch {
				b.Srch[key] = value
			} else {
				b.Merge[key] = value
			}
		}
		s, err := openServer(t, b.Devices(t), 1)
		if err != nil {
			return
		}
		if s.Merge(t.Context(), nil) == nil && s.Super().LogMerge.Height != 0 {
			t.Error("log_merge has items left")
		}
		_ = s.CompactSrch(t.Context(), nil) // any error is fine
	})
}
