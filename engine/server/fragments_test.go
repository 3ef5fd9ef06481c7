// SPDX-License-Identifier: GPL-2.0-or-later

package server_test

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/engine/server"
	"scoutfs/internal/testcheck"
)

// Commits succeed that take every block there is room for, however scattered
// the free blocks of both devices become.
func TestCommitsFitOnScatteredDevices(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		rng := rand.New(rand.NewPCG(seed, 7))
		v := openVolume(t, makeVolume(t, 1500<<rng.IntN(6), 1<<14, nil), seed)
		var away []format.Extent
		for range 40 {
			if rng.IntN(3) == 0 && v.server.Room() > 200 {
				if e := v.takeAway(1 + rng.Uint64N(5000)); e.Len > 0 {
					away = append(away, e)
				}
			}
			v.begin()
			for _, ino := range slices.Sorted(maps.Keys(v.files)) {
				if rng.IntN(3) == 0 && v.server.Room() > 400 {
					v.remove(ino)
				}
			}
			for range rng.IntN(300) {
				if v.server.Room() < 400 {
					break
				}
				if _, err := v.create(1+rng.IntN(3), 1+rng.Uint64N(3)); err != nil {
					break
				}
			}
			v.mustCommit(func(ctx context.Context, c *server.Commit) error {
				if err := v.apply(ctx, c); err != nil {
					return err
				}
				away = scatter(c, rng, away)
				if rng.IntN(2) == 0 {
					return nil
				}
				_, err := takeAll(ctx, c)
				return err
			})
			clear(v.changes)
			v.inodes = 0
			checkNextMount(t, v.server.Super())
		}
		v.mustCommit(func(_ context.Context, c *server.Commit) error {
			c.FreeMeta(away...)
			return nil
		})
		testcheck.Clean(t, v.pair)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// scatter frees parts of extents and returns what is left of them.
func scatter(c *server.Commit, rng *rand.Rand, extents []format.Extent) (left []format.Extent) {
	for _, e := range extents {
		for range rng.IntN(500) {
			gap := 1 + rng.Uint64N(4)
			n := 1 + rng.Uint64N(1<<rng.IntN(5))
			if e.Len <= gap+n || c.Room() < 200 {
				break
			}
			left = append(left, format.Extent{Start: e.Start, Len: gap})
			c.FreeMeta(format.Extent{Start: e.Start + gap, Len: n})
			e = format.Extent{Start: e.Start + gap + n, Len: e.Len - gap - n}
		}
		left = append(left, e)
	}
	return left
}
