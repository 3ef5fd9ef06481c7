// SPDX-License-Identifier: GPL-2.0-or-later

package block

import (
	"testing"

	"pgregory.net/rapid"

	"scoutfs/engine/format"
)

func TestCacheHoldsWhatWasPutWithinItsLimit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 40).Draw(t, "limit")
		c := newCache(limit)
		latest := map[uint64]uint64{} // seq by blkno
		for range rapid.IntRange(0, 500).Draw(t, "operations") {
			ref := format.Ref{Blkno: rapid.Uint64Range(2, 80).Draw(t, "blkno"), Seq: rapid.Uint64Range(1, 3).Draw(t, "seq")}
			switch rapid.IntRange(0, 3).Draw(t, "operation") {
			case 0:
				c.remove(ref.Blkno)
				delete(latest, ref.Blkno)
			case 1:
				c.put(ref, 7, []byte{byte(ref.Blkno), byte(ref.Seq)}, rapid.Bool().Draw(t, "ahead"))
				latest[ref.Blkno] = ref.Seq
				if !c.holds(ref) {
					t.Fatal("a block just put is gone")
				}
			default:
				e := c.get(ref)
				if e == nil {
					continue
				}
				if latest[ref.Blkno] != ref.Seq || e.ref != ref || e.block[0] != byte(ref.Blkno) || e.block[1] != byte(ref.Seq) {
					t.Fatalf("got %v for %v, latest is seq %d", e.ref, ref, latest[ref.Blkno])
				}
			}
			if len(c.entries) > limit || c.small.n+c.main.n != len(c.entries) || len(c.ghosts.place) > limit {
				t.Fatalf("%d entries (%d small, %d main), %d ghosts, limit %d",
					len(c.entries), c.small.n, c.main.n, len(c.ghosts.place), limit)
			}
		}
	})
}

func TestScanKeepsBlocksInUse(t *testing.T) {
	t.Parallel()
	const limit, hot = 100, 60
	c := newCache(limit)
	use := func(blkno uint64) (hit bool) {
		ref := format.Ref{Blkno: blkno}
		if c.get(ref) != nil {
			return true
		}
		c.put(ref, 0, nil, false)
		return false
	}
	for range 4 {
		for blkno := range uint64(hot) {
			use(blkno)
		}
	}
	missed := 0
	for blkno := uint64(1000); blkno < 5000; blkno++ {
		use(blkno)
		if !use(blkno % hot) {
			missed++
		}
	}
	if missed > hot/10 {
		t.Errorf("a scan of 4000 blocks pushed out blocks in use %d times", missed)
	}
}

func TestBlockReadAheadIsNotInUseUntilReadAgain(t *testing.T) {
	t.Parallel()
	c := newCache(20)
	for blkno := range uint64(200) {
		c.put(format.Ref{Blkno: blkno}, 0, nil, true)
		if c.get(format.Ref{Blkno: blkno}) == nil {
			t.Fatal("gone before it was used")
		}
	}
	if c.main.n != 0 {
		t.Errorf("%d blocks that were used once are in the main queue", c.main.n)
	}
}
