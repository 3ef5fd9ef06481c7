// SPDX-License-Identifier: GPL-2.0-or-later

package items

import (
	"slices"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

func TestEveryCircleOfDirectoriesIsFoundOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 12).Draw(t, "directories")
		parent := map[uint64]uint64{}
		var room atomic.Int64
		room.Store(100)
		p := parents{room: &room}
		for i := range uint64(n) {
			// 0 is the root, and 99 does not exist.
			parent[i+1] = rapid.OneOf(rapid.Uint64Range(0, uint64(n)), rapid.Just(uint64(99))).Draw(t, "parent")
			p.add(parentOf{i + 1, parent[i+1]})
		}
		p.all = rapid.Permutation(p.all).Draw(t, "order")
		var got, want []uint64
		p.circles(func(dirs []uint64) {
			got = append(got, dirs[0])
			for i, d := range dirs {
				if i+1 < len(dirs) && parent[d] != dirs[i+1] {
					t.Fatalf("%v is no way up", dirs)
				}
			}
		})
		for ino := range parent {
			least, at := ino, parent[ino]
			for range n {
				if at == ino {
					break
				}
				least, at = min(least, at), parent[at]
			}
			if at == ino && least == ino {
				want = append(want, ino)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("circles of %v, want %v; parents are %v", got, want, parent)
		}
	})
}

func TestTooManyDirectoriesAreCounted(t *testing.T) {
	t.Parallel()
	var room atomic.Int64
	room.Store(3)
	a, b := parents{room: &room}, parents{room: &room}
	for i := range uint64(3) {
		a.add(parentOf{i, 0})
		b.add(parentOf{i + 10, 0})
	}
	a.merge(&b)
	if len(a.all) != 3 || !a.lost || room.Load() != -3 {
		t.Errorf("%d are kept, lost is %t, room %d", len(a.all), a.lost, room.Load())
	}
}
