// SPDX-License-Identifier: GPL-2.0-or-later

package srch

import (
	"slices"
	"testing"

	"scoutfs/engine/format"
)

// logLeaf is a leaf of entries with the inodes given.
func logLeaf(t *testing.T, inos ...uint64) *format.SrchBlock {
	t.Helper()
	b, err := format.ViewSrchBlock(make([]byte, format.LargeBlockSize))
	if err != nil {
		t.Fatal(err)
	}
	var bytes []byte
	var prev format.SrchEntry
	for _, ino := range inos {
		e := format.SrchEntry{Ino: ino}
		bytes = format.AppendSrchEntry(bytes, prev, e)
		prev = e
	}
	copy(b.Data[:], bytes)
	b.EntryNr.Set(uint32(len(inos)))
	b.EntryBytes.Set(uint32(len(bytes)))
	return b
}

func TestPassesFindAllThatOnePassFinds(t *testing.T) {
	t.Parallel()
	leaves := []*format.SrchBlock{
		logLeaf(t, 5, 1, 9, 9, 9, 3, 7, 1),
		logLeaf(t, 2, 2, 2, 8, 5, 6, 5, 11, 12, 13, 11),
	}
	want := []uint64{2, 3, 5, 6, 7, 8, 9, 12, 13}
	for limit := 1; limit < 10; limit++ {
		l := leastEntries{limit: limit}
		var got []uint64
		for more := true; more; more = l.next() {
			for _, leaf := range leaves {
				if err := l.leaf(leaf); err != nil {
					t.Fatal(err)
				}
			}
			if l.settle(); len(l.found) > limit {
				t.Errorf("%d entries kept, want at most %d", len(l.found), limit)
			}
			for _, e := range l.found {
				got = append(got, e.Ino)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("limit %d: %v, want %v", limit, got, want)
		}
	}
}
