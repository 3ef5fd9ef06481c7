// SPDX-License-Identifier: GPL-2.0-or-later

package items

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestEveryCircleOfDirectoriesIsFoundOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 12).Draw(t, "directories")
		parent := map[uint64]uint64{}
		p := newParents(n+1, 1<<20)
		part := 0
		var dirs []parentOf
		for i := range uint64(n) {
			if rapid.IntRange(0, 3).Draw(t, "border") == 0 {
				p.set(part, dirs)
				part, dirs = part+1, dirs[:0]
			}
			// 0 is the root, and 99 does not exist.
			parent[i+1] = rapid.OneOf(rapid.Uint64Range(0, uint64(n)), rapid.Just(uint64(99))).Draw(t, "parent")
			dirs = append(dirs, parentOf{i + 1, parent[i+1]})
		}
		p.set(part, dirs)
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

func TestDirectoriesBeyondTheMemoryAreCounted(t *testing.T) {
	t.Parallel()
	p := newParents(2, 3*bytesPerDirectory)
	dirs := []parentOf{{1, 0}, {2, 0}}
	p.set(0, dirs)
	p.set(1, dirs)
	if len(p.parts[0]) != 2 || p.parts[1] != nil || p.room.Load() != -1 {
		t.Errorf("%v are kept, room for %d", p.parts, p.room.Load())
	}
}
