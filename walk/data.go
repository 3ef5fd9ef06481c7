// SPDX-License-Identifier: GPL-2.0-or-later

package walk

import (
	"context"
	"errors"
	"iter"
	"syscall"

	"scoutfs/engine/ioctl"
)

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
			if err == nil && end <= start {
				err = errors.New("the hole behind data does not come after it")
			}
			if !yield(DataRange{start, end}, err) || err != nil {
				return
			}
			from = end
		}
	}
}
