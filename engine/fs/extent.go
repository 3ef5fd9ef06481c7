// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"fmt"
	"iter"
	"math"

	"scoutfs/engine/format"
)

// Extent is a run of file blocks that are not a hole (docs/format.md 3.4).
// All numbers are of 4 KiB blocks. Logical plus Len is at most 2^52, so that
// no byte in an extent is beyond 64 bits.
type Extent struct {
	Logical uint64 // first block in the file
	Len     uint64 // at least 1
	Blkno   uint64 // first block on the data device, 0 for none
	Flags   uint8  // format.ExtentOffline, format.ExtentUnwritten
}

// End is the block after the extent's last.
func (e *Extent) End() uint64 { return e.Logical + e.Len }

// Offline reports whether the content is in the archive only. Such an extent
// can have blocks, into which the content is to be staged.
func (e *Extent) Offline() bool { return e.Flags&format.ExtentOffline != 0 }

// Unwritten reports whether the blocks are allocated and not written.
func (e *Extent) Unwritten() bool { return e.Flags&format.ExtentUnwritten != 0 }

// Extents returns a file's extents in order, starting with the one that
// contains or follows a block. Extents that overlap, leave the data device,
// or are in no state that is ever stored are damage.
func (f *FS) Extents(ctx context.Context, ino, from uint64) iter.Seq2[Extent, error] {
	return func(yield func(Extent, error) bool) {
		start := format.DataExtentKey(ino, format.Extent{Start: from, Len: 1})
		end := format.DataExtentKey(ino, format.Extent{Start: math.MaxUint64, Len: 1})
		c := f.snapshot.Cursor(format.Range{Start: start, End: end})
		free := uint64(0) // the first block that no extent has had
		for c.Next(ctx) {
			it := c.Item()
			e, err := f.decodeExtent(it.Key, it.Value)
			if err == nil && e.Logical < free {
				err = corruptItem(it.Key, "first block", fmt.Sprint(e.Logical),
					fmt.Sprintf("at least %d, the end of the extent before", free), "")
			}
			if !yield(e, err) {
				return
			}
			if err == nil {
				free = e.End()
			}
		}
		if err := c.Err(); err != nil {
			yield(Extent{}, err)
		}
	}
}

// decodeExtent decodes a data extent item. Its error comes with the blocks
// that the key says.
func (f *FS) decodeExtent(k format.Key, val []byte) (Extent, error) {
	run := k.DataExtent()
	e := Extent{Logical: run.Start, Len: run.Len}
	if !run.Valid() || run.End() > format.MaxSmallBlkno {
		return e, corruptItem(k, "blocks", run.String(), fmt.Sprintf("one at least, none beyond %d", uint64(format.MaxSmallBlkno)), "")
	}
	v, err := format.ViewExact[format.DataExtent](val)
	if err == nil {
		err = v.Check()
	}
	if err != nil {
		return e, atItem(k, err)
	}
	blkno, total := v.Blkno.Get(), f.snapshot.Super.TotalDataBlocks.Get()
	if blkno != 0 && (blkno < format.FirstDataBlkno || e.Len > total || blkno > total-e.Len) {
		return e, corruptItem(k, "data blocks", fmt.Sprintf("%d from %d on", e.Len, blkno),
			fmt.Sprintf("inside %s", format.Extent{Start: format.FirstDataBlkno, Len: total - format.FirstDataBlkno}), "")
	}
	e.Blkno, e.Flags = blkno, v.Flags
	return e, nil
}
