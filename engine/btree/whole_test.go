// SPDX-License-Identifier: GPL-2.0-or-later

package btree_test

import (
	"math/rand/v2"
	"testing"

	"scoutfs/engine/btree"
	"scoutfs/engine/format"
)

// A cursor over whole leaves finds what another one does, wherever it seeks.
func TestWholeCursorFindsTheSame(t *testing.T) {
	t.Parallel()
	v, root, items := tallTree(t)
	tree := open(v, root)
	random := rand.New(rand.NewPCG(1, 9))
	for _, end := range []format.Key{{}, items[700].Key, items[700].Key.Prev()} {
		one := tree.NewCursor(btree.CursorOptions{End: end})
		whole := tree.NewCursor(btree.CursorOptions{End: end, Whole: true})
		at := 0
		for range 1000 {
			var a, b bool
			if random.IntN(3) == 0 {
				at = max(0, min(at+random.IntN(40)-10, len(items)-1))
				k := items[at].Key
				switch random.IntN(3) {
				case 0:
					k = k.Next()
				case 1:
					k = k.Prev()
				}
				a, b = one.Seek(t.Context(), k), whole.Seek(t.Context(), k)
			} else {
				a, b = one.Next(), whole.Next()
				at++
			}
			if a != b || a && (one.Key() != whole.Key() || one.Item().Seq != whole.Item().Seq || string(one.Item().Value) != string(whole.Item().Value)) {
				t.Fatalf("found %t at %v, and over whole leaves %t at %v", a, one.Key(), b, whole.Key())
			}
		}
		if one.Err() != nil || whole.Err() != nil {
			t.Error(one.Err(), whole.Err())
		}
	}
}

func TestSureItemsFollow(t *testing.T) {
	t.Parallel()
	v, root, items := tallTree(t)
	for _, end := range []int{len(items) - 1, 500, 503} {
		for _, ahead := range []int{1, 2, 4, 1000} {
			c := open(v, root).NewCursor(btree.CursorOptions{Whole: true, End: items[end].Key})
			n, promised, most := 0, 0, 0
			for ok := c.Seek(t.Context(), format.Key{}); ; ok = c.Next() {
				if !ok {
					break
				}
				if promised--; promised < 0 {
					limit := items[min(n+ahead, len(items)-1)].Key
					promised = c.Sure(limit)
					if n+promised > min(n+ahead-1, end) {
						t.Fatalf("%d items after item %d, of which %d come before the limit; the end is %d", promised, n, ahead-1, end)
					}
					most = max(most, promised)
				}
				n++
			}
			if c.Err() != nil || promised > 0 || n != end+1 {
				t.Errorf("%d items, want %d; %d more were sure; %v", n, end+1, promised, c.Err())
			}
			if most != min(ahead-1, 4) { // leaves have 5 items
				t.Errorf("with limits %d ahead at most %d were sure", ahead, most)
			}
		}
	}
	c := open(v, root).NewCursor(btree.CursorOptions{Whole: true})
	if got := c.Sure(format.MaxKey()); got != 0 {
		t.Errorf("%d items are sure to follow nothing", got)
	}
}
