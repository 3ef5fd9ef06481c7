// SPDX-License-Identifier: GPL-2.0-or-later

package contents

import (
	"testing"

	"scoutfs/engine/forest"
	"scoutfs/engine/format"
)

// Whatever extents say, requests stay on the device and read no block twice.
func FuzzRequests(f *testing.F) {
	f.Add(uint64(3), uint64(5), uint64(64), uint64(7), uint64(900), uint64(66), uint64(1000))
	f.Add(uint64(0), uint64(1)<<63, uint64(64), uint64(0), uint64(1), uint64(64), uint64(1)<<50)
	f.Fuzz(func(t *testing.T, start1, len1, blkno1, start2, len2, blkno2, total uint64) {
		total %= 1 << 20
		var batch []extent
		for _, n := range [][3]uint64{{start1, len1, blkno1}, {start2, len2, blkno2}} {
			var value format.DataExtent
			value.Blkno.Set(n[2])
			it := forest.Item{Key: format.DataExtentKey(7, format.Extent{Start: n[0], Len: n[1]}), Value: format.Bytes(&value)}
			if e, ok := writtenExtent(it, total); ok {
				batch = append(batch, e)
			}
		}
		sortByPlace(batch)
		done := uint64(0)
		for q := range requests(batch) {
			if q.blocks == 0 || q.blocks > requestBlocks || q.blkno < format.FirstDataBlkno || q.blkno < done || q.blkno+q.blocks > total {
				t.Fatalf("request %+v behind block %d, of %d blocks", q, done, total)
			}
			done = q.blkno + q.blocks
		}
	})
}
