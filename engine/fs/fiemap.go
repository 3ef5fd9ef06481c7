// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"iter"

	"scoutfs/engine/format"
)

// Flags of a MapExtent (linux/fiemap.h).
const (
	MapLast      = 0x0001 // no extent of the file is behind it
	MapUnknown   = 0x0002 // has no place: offline
	MapDelalloc  = 0x0004 // set together with MapUnknown
	MapUnwritten = 0x0800 // has blocks that were never written
)

// MapExtent is an extent as FIEMAP shows it, in bytes.
type MapExtent struct {
	Logical  uint64 // in the file
	Physical uint64 // on the data device; 0 with MapUnknown, whatever blocks there are
	Length   uint64
	Flags    uint32
}

// Fiemap returns a file's extents as FIEMAP shows them: one for each extent
// item, never joined, from the one that contains or follows a byte on. The
// last one may be behind the end of the file (kmod/src/iomap.c:
// scoutfs_set_iomap).
func (f *FS) Fiemap(ctx context.Context, ino, from uint64) iter.Seq2[MapExtent, error] {
	return func(yield func(MapExtent, error) bool) {
		var before MapExtent // held back until it is known not to be the last
		held := false
		for e, err := range f.Extents(ctx, ino, from/format.SmallBlockSize) {
			if held && !yield(before, nil) {
				return
			}
			before, held = mapExtent(e), err == nil
			if err != nil && !yield(before, err) {
				return
			}
		}
		if held {
			before.Flags |= MapLast
			yield(before, nil)
		}
	}
}

func mapExtent(e Extent) MapExtent {
	m := MapExtent{
		Logical: e.Logical * format.SmallBlockSize,
		Length:  e.Len * format.SmallBlockSize,
	}
	switch {
	case e.Offline():
		m.Flags = MapUnknown | MapDelalloc
		return m
	case e.Unwritten():
		m.Flags = MapUnwritten
	}
	m.Physical = e.Blkno * format.SmallBlockSize
	return m
}
