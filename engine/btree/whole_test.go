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
