// SPDX-License-Identifier: GPL-2.0-or-later

package server

import (
	"slices"
	"testing"

	"scoutfs/engine/format"
)

func TestRangesAreStoredUnderKeysOfTheirOwn(t *testing.T) {
	t.Parallel()
	inode := format.InodeKey
	totl := format.TotlKey
	fs, orphans := format.Key{Zone: format.ZoneFS}, format.Key{Zone: format.ZoneOrphan}
	end := func(k format.Key) format.Key { k.Fourth = 255; return k }
	sameButZone := inode(5)
	sameButZone.Zone = format.ZoneXattrTotl
	for _, test := range []struct {
		name         string
		ranges, want []format.Range
	}{
		{"none", nil, nil},
		{
			"apart",
			[]format.Range{{Start: inode(1), End: inode(2)}, {Start: inode(5), End: inode(9)}},
			[]format.Range{{Start: inode(1), End: inode(2)}, {Start: inode(5), End: inode(9)}},
		},
		{
			"touching",
			[]format.Range{{Start: inode(1), End: inode(2)}, {Start: inode(2).Next(), End: inode(9)}},
			[]format.Range{{Start: inode(1), End: inode(9)}},
		},
		{
			"the same but for the zone",
			[]format.Range{{Start: orphans, End: end(orphans)}, {Start: fs, End: inode(3)}},
			[]format.Range{{Start: orphans, End: end(orphans)}, {Start: fs.Prev(), End: inode(3)}},
		},
		{
			"a total, the first of all",
			[]format.Range{{Start: totl(0, 0, 0), End: totl(1, 0, 0)}, {Start: fs, End: inode(3)}},
			[]format.Range{{Start: totl(0, 0, 0), End: totl(1, 0, 0)}, {Start: fs.Prev(), End: inode(3)}},
		},
		{
			"a total and an item after it",
			[]format.Range{{Start: sameButZone, End: end(sameButZone)}, {Start: inode(5), End: inode(7)}},
			[]format.Range{{Start: sameButZone, End: end(sameButZone)}, {Start: inode(5).Prev(), End: inode(7)}},
		},
		{"moved next to another", []format.Range{
			{Start: orphans, End: end(orphans)}, {Start: format.Key{Zone: format.ZoneXattrIndx}, End: fs.Prev().Prev()}, {Start: fs, End: inode(1)},
		}, []format.Range{{Start: orphans, End: end(orphans)}, {Start: format.Key{Zone: format.ZoneXattrIndx}.Prev(), End: inode(1)}}},
	} {
		got := apartRanges(test.ranges)
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
	// What was added to totals must not be added again.
	index := format.InodeKey(5)
	index.Zone = format.ZoneInodeIndex
	got := apartRanges([]format.Range{{Start: index, End: end(index)}, {Start: sameButZone, End: end(sameButZone)}})
	if got[0].Start != index.Prev() || got[1].Start != sameButZone {
		t.Errorf("before a total: %v", got)
	}
}
