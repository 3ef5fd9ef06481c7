// SPDX-License-Identifier: GPL-2.0-or-later

package server_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testcheck"
)

// promise is what must be there once so many operations of the devices were
// recorded.
type promise struct {
	from  int
	seq   uint64 // of the super's header
	files []uint64
}

// A power failure at any point of a commit leaves the volume as it was before
// or as it is after, with the file data of what is there.
func TestAPowerFailureLeavesOneOfTwoStates(t *testing.T) {
	t.Parallel()
	recorder := device.NewPairRecorder(makeVolume(t, 1<<12, 1<<12, nil))
	v := openVolume(t, recorder.Pair(), 3)
	content := func(ino uint64) []byte { return binary.LittleEndian.AppendUint64(nil, ino) }
	promises := []promise{{from: 0, seq: v.server.Super().Hdr.Seq.Get()}}
	for i := range 5 {
		v.begin()
		before := slices.Sorted(maps.Keys(v.files))
		for range 1 + v.rng.IntN(3) {
			ino, err := v.create(1+v.rng.IntN(2), 1+v.rng.Uint64N(3))
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range v.files[ino] {
				for blkno := e.Start; blkno <= e.End(); blkno++ {
					if _, err := v.pair.Data.WriteAt(content(ino), int64(blkno)<<format.SmallBlockShift); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if i%2 == 1 {
			v.remove(before[0])
		}
		v.commit()
		promises = append(promises, promise{recorder.Len(), v.server.Super().Hdr.Seq.Get(), slices.Sorted(maps.Keys(v.files))})
	}

	check := func(what string, at int, pair device.Pair) {
		t.Helper()
		testcheck.Clean(t, pair)
		v := openVolume(t, pair, 4)
		last := 0
		for last+1 < len(promises) && promises[last+1].from <= at {
			last++
		}
		found := -1
		for i := last; i <= min(last+1, len(promises)-1); i++ {
			if promises[i].seq == v.server.Super().Hdr.Seq.Get() {
				found = i
			}
		}
		if found < 0 {
			t.Errorf("%s: super %d, the last finished commit is that of %d", what, v.server.Super().Hdr.Seq.Get(), promises[last].seq)
			return
		}
		var files []uint64
		tree := btree.Tree{Reader: v.server.Blocks(), Root: v.server.Super().FSRoot.Root(), Kind: format.TreeFSRoot}
		for it, err := range tree.Items(t.Context(), format.AllKeys()) {
			if err != nil {
				t.Fatal(err)
			}
			switch ino := it.Key.First; {
			case format.KindOf(it.Key) == format.KindInode && ino != format.RootIno:
				files = append(files, ino)
			case format.KindOf(it.Key) == format.KindDataExtent:
				e, err := format.ViewExact[format.DataExtent](it.Value)
				if err != nil {
					t.Fatal(err)
				}
				for i := range it.Key.DataExtent().Len {
					got := make([]byte, 8)
					if _, err := pair.Data.ReadAt(got, int64(e.Blkno.Get()+i)<<format.SmallBlockShift); err != nil {
						t.Fatal(err)
					}
					if !bytes.Equal(got, content(ino)) {
						t.Errorf("%s: block %d of inode %d holds %x", what, i, ino, got)
					}
				}
			}
		}
		if !slices.Equal(files, promises[found].files) {
			t.Errorf("%s: files %v, want %v", what, files, promises[found].files)
		}
		// The volume can go on from there.
		v.begin()
		if _, err := v.create(1, 1); err != nil {
			t.Fatal(err)
		}
		v.commit()
		if at%8 == 0 {
			testcheck.Clean(t, pair)
		}
	}
	for n := range recorder.Len() + 1 {
		check(fmt.Sprintf("after %d operations", n), n, recorder.Prefix(n))
		if t.Failed() {
			return
		}
	}

	rng := rand.New(rand.NewPCG(5, 5))
	for range 50 {
		at := rng.IntN(recorder.Len() + 1)
		what := fmt.Sprintf("after %d operations with losses", at)
		pair := crashed(t, recorder, at, rng)
		check(what, at, pair)
		if t.Failed() {
			return
		}
	}
}

// crashed is what a power failure after so many operations may leave. A block of
// 4 KiB is there or not.
func crashed(t *testing.T, r *device.PairRecorder, at int, rng *rand.Rand) device.Pair {
	t.Helper()
	pair, err := r.RandomCrash(at, format.SmallBlockSize, rng)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// The super of the data device stays as it was made.
func TestTheDataDevicesSuperIsNotWritten(t *testing.T) {
	t.Parallel()
	pair := makeVolume(t, 1<<17, 1<<20, nil)
	before, _, err := block.ReadSuper(pair.Data)
	if err != nil {
		t.Fatal(err)
	}
	v := openVolume(t, pair, 6)
	v.begin()
	if _, err := v.create(1, 1); err != nil {
		t.Fatal(err)
	}
	v.commit()
	after, _, err := block.ReadSuper(pair.Data)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, after) {
		t.Error("the data device's super has changed")
	}
}
