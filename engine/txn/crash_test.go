// SPDX-License-Identifier: GPL-2.0-or-later

package txn_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"scoutfs/engine/device"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/engine/txn"
	"scoutfs/internal/testcheck"
	"scoutfs/internal/testlog"
)

// promise is what the volume holds after a super, and from how many operations
// of the devices on that super is there.
type promise struct {
	from  int
	super uint64
	files map[uint64]file
}

// A power failure at any point leaves the state of a Sync or a Merge: that of the
// last one that has returned, or of the one that was in progress.
func TestPowerFailureLeavesWholeTransactions(t *testing.T) {
	t.Parallel()
	recorder, promises := recordedWork(t)
	for n := 0; n <= recorder.Len(); n += 8 {
		checkPromise(t, fmt.Sprintf("after %d operations", n), recorder.Prefix(n), n, promises)
	}
	random := rand.New(rand.NewPCG(6, 6))
	for range 20 {
		at := random.IntN(recorder.Len() + 1)
		pair := crashed(t, recorder, at, random)
		checkPromise(t, fmt.Sprintf("after %d operations with losses", at), pair, at, promises)
		if t.Failed() {
			return
		}
	}
}

// recordedWork is a random series of operations, syncs and merges.
func recordedWork(t *testing.T) (*device.PairRecorder, []promise) {
	t.Helper()
	var recorder *device.PairRecorder
	v := testlog.New(t, testlog.Options{Wrap: func(p device.Pair) device.Pair {
		recorder = device.NewPairRecorder(p)
		return recorder.Pair()
	}})
	random := rand.New(rand.NewPCG(5, 5))
	files := map[uint64]file{}
	promises := []promise{{super: v.Server.Super().Hdr.Seq.Get()}}
	for round := range 14 {
		create(t, v, files, 1+random.IntN(8))
		inos := slices.Sorted(maps.Keys(files))
		for range random.IntN(6) {
			f, ok := files[inos[random.IntN(len(inos))]]
			if !ok {
				continue
			}
			if err := v.Log.Update(t.Context(), txn.Freeing, func(tx *txn.Tx) error {
				if random.IntN(2) == 0 {
					return touchFile(t.Context(), tx, f)
				}
				delete(files, f.ino)
				return deleteFile(t.Context(), tx, f)
			}); err != nil {
				t.Fatal(err)
			}
		}
		var err error
		if round%5 == 4 {
			err = v.Log.Merge(t.Context(), nil)
		} else {
			err = v.Log.Sync(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		promises = append(promises, promise{recorder.Len(), v.Server.Super().Hdr.Seq.Get(), maps.Clone(files)})
	}
	v.Close(t)
	return recorder, promises
}

// checkPromise opens a volume that a power failure has left after so many
// operations.
func checkPromise(t *testing.T, what string, pair device.Pair, at int, promises []promise) {
	t.Helper()
	v := testlog.Open(t, pair, testlog.Options{Seed: 99})
	last := 0
	for last+1 < len(promises) && promises[last+1].from <= at {
		last++
	}
	// A merge makes several supers of one state, the first of which may be that
	// of its sync.
	holds, next := promises[last], promises[min(last+1, len(promises)-1)]
	super := v.Server.Super().Hdr.Seq.Get()
	if super < holds.super || super > next.super {
		t.Fatalf("%s: super %d, the last promise is that of %d", what, super, holds.super)
	}
	if super > holds.super {
		holds = next
	}
	checkFiles(t, v.Log.Committed(), holds.files)
	// It can go on from there.
	files := maps.Clone(holds.files)
	if files == nil {
		files = map[uint64]file{}
	}
	create(t, v, files, 1)
	if err := v.Log.Read(t.Context(), func(s *forest.Snapshot) error {
		checkFiles(t, s, files)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	v.Close(t)
	testcheck.Clean(t, pair)
	if t.Failed() {
		t.Fatalf("%s: not as promised", what)
	}
}

// crashed is what a power failure after so many operations may leave.
func crashed(t *testing.T, r *device.PairRecorder, at int, random *rand.Rand) device.Pair {
	t.Helper()
	pair, err := r.RandomCrash(at, format.SmallBlockSize, random)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}
