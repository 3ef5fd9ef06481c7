// SPDX-License-Identifier: GPL-2.0-or-later

package server_test

import (
	"errors"
	"maps"
	"slices"
	"syscall"
	"testing"

	"scoutfs/engine/alloc"
	"scoutfs/engine/format"
	"scoutfs/internal/testcheck"
)

func TestFirstCommitsOfANewVolume(t *testing.T) {
	t.Parallel()
	v := openVolume(t, makeVolume(t, 1<<17, 1<<20, nil), 1)
	if room := v.server.Room(); room < 700 || room > 1024 {
		t.Errorf("room for %d blocks in a list of 1024", room)
	}
	for i := range 5 {
		v.begin()
		if _, err := v.create(3, 10); err != nil {
			t.Fatal(err)
		}
		v.commit()
		testcheck.Clean(t, v.pair)
		if t.Failed() {
			t.Fatalf("after commit %d", i)
		}
	}
}

// checkNextMount makes sure that the server of the next mount can make its
// first commit, which needs entries in the first block of the longer list.
func checkNextMount(t testing.TB, super *format.Super) {
	t.Helper()
	a := 0
	if super.ServerMetaAvail[1].TotalNr.Get() > super.ServerMetaAvail[0].TotalNr.Get() {
		a = 1
	}
	if n := super.ServerMetaAvail[a].FirstNr.Get(); n < 100 {
		t.Errorf("the list that the next server allocates from has %d entries in its first block", n)
	}
}

// free returns how many blocks of both devices are free.
func free(t testing.TB, v *volume) (meta, data uint64) {
	t.Helper()
	meta, data, err := alloc.FreeTotals(t.Context(), v.server.Blocks(), v.server.Super())
	if err != nil {
		t.Fatal(err)
	}
	return meta, data
}

func TestSpaceIsAccountedForAfterManyCommits(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name                   string
		metaBlocks, dataBlocks uint64
		extents                int
		blocks                 uint64
	}{
		{"large device", 1 << 17, 1 << 20, 20, 3000},
		{"fragments", 1 << 17, 1 << 14, 60, 3},
		{"small metadata device", 2400, 1 << 14, 30, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := openVolume(t, makeVolume(t, test.metaBlocks, test.dataBlocks, nil), 2)
			v.begin()
			v.commit()
			meta, data := free(t, v)
			for i := range 80 {
				v.begin()
				before := slices.Sorted(maps.Keys(v.files))
				for range v.rng.IntN(12) {
					if _, err := v.create(1+v.rng.IntN(test.extents), 1+v.rng.Uint64N(test.blocks)); err != nil && !errors.Is(err, syscall.ENOSPC) {
						t.Fatal(err)
					}
				}
				for _, ino := range before {
					if v.rng.IntN(len(before)) < len(before)*(i%20)/30 {
						v.remove(ino)
					}
				}
				v.commit()
				checkNextMount(t, v.server.Super())
				if i%16 == 0 {
					testcheck.Clean(t, v.pair)
				}
				if v.rng.IntN(10) == 0 {
					files := v.files
					v = openVolume(t, v.pair, uint64(i))
					v.files = files
				}
				if t.Failed() {
					t.Fatalf("after commit %d", i)
				}
			}
			v.begin()
			for _, ino := range slices.Sorted(maps.Keys(v.files)) {
				v.remove(ino)
			}
			v.commit()
			v.commit()
			testcheck.Clean(t, v.pair)
			// What was free after the first commit is free again, but for a few
			// blocks that lists and trees of free extents take or not.
			gotMeta, gotData := free(t, v)
			if gotData != data || gotMeta+8 < meta || gotMeta > meta+8 {
				t.Errorf("%d metadata and %d data blocks are free, at first %d and %d", gotMeta, gotData, meta, data)
			}
		})
	}
}
