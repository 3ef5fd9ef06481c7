// SPDX-License-Identifier: GPL-2.0-or-later

package walk

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"syscall"

	"scoutfs/engine/ioctl"
)

// Extents yields a file's extents that have bytes in a range, ascending. The
// first can begin before the range, and the last can end behind it.
func Extents(ctx context.Context, f ioctl.File, offset, length uint64) iter.Seq2[ioctl.FiemapExtent, error] {
	if length == 0 {
		return func(func(ioctl.FiemapExtent, error) bool) {}
	}
	last := offset + length - 1
	if last < offset {
		last = 1<<64 - 1
	}
	q := question[ioctl.FiemapExtent, uint64]{
		request: ioctl.NumberFiemap,
		ask: func(from uint64) ([]ioctl.FiemapExtent, bool, error) {
			// A length to the last byte of all would be 2^64.
			length := max(last-from+1, last-from)
			r, err := f.Fiemap(ctx, ioctl.Fiemap{Start: from, Length: length, Count: DefaultBatch})
			for i := range r.Extents {
				if e := &r.Extents[i]; err == nil && (e.Length == 0 || e.Logical+e.Length-1 < e.Logical) {
					err = nonsense(ioctl.NumberFiemap, "extent of %d bytes at %d", e.Length, e.Logical)
				}
			}
			n := len(r.Extents)
			return r.Extents, n > 0 && r.Extents[n-1].Flags&ioctl.ExtentLast == 0, err
		},
		// What moves a walk on is where extents end.
		place:   func(e ioctl.FiemapExtent) uint64 { return min(e.Logical+e.Length-1, max(e.Logical, last)) },
		compare: cmp.Compare[uint64],
		next:    func(at uint64) (uint64, bool) { return at + 1, at+1 != 0 },
	}
	return q.between(ctx, offset, last)
}

// DataRange is a run of a file's bytes that is not a hole.
type DataRange struct {
	Start, End uint64 // bytes; End is behind the last
}

// DataRanges yields the ranges of a file that have data, online or offline,
// in ascending order from an offset on. What was allocated and never written
// is a hole.
func DataRanges(ctx context.Context, f ioctl.Seeker, from uint64) iter.Seq2[DataRange, error] {
	return func(yield func(DataRange, error) bool) {
		for {
			start, err := f.SeekData(ctx, from)
			if errors.Is(err, syscall.ENXIO) {
				return
			}
			var end uint64
			if err == nil {
				end, err = f.SeekHole(ctx, start)
			}
			if err == nil && (start < from || end <= start) {
				err = errors.New("data and holes of the file are not in order")
			}
			if err != nil {
				yield(DataRange{}, err)
				return
			}
			if !yield(DataRange{start, end}, nil) {
				return
			}
			from = end
		}
	}
}
