// SPDX-License-Identifier: GPL-2.0-or-later

package structure

import (
	"math/bits"
	"sync/atomic"

	"scoutfs/engine/format"
)

// bitmap has a bit for each block of the metadata device. Only raise and
// raised may be used by several goroutines at once.
type bitmap []uint64

func newBitmap(blocks uint64) bitmap { return make(bitmap, (blocks+63)/64) }

func (m bitmap) has(blkno uint64) bool { return m[blkno/64]>>(blkno%64)&1 != 0 }

// set sets a bit, and reports whether it was not.
func (m bitmap) set(blkno uint64) bool {
	word, bit := &m[blkno/64], uint64(1)<<(blkno%64)
	fresh := *word&bit == 0
	*word |= bit
	return fresh
}

// raise is set for concurrent use.
func (m bitmap) raise(blkno uint64) bool {
	bit := uint64(1) << (blkno % 64)
	return atomic.OrUint64(&m[blkno/64], bit)&bit == 0
}

func (m bitmap) raised(blkno uint64) bool {
	return atomic.LoadUint64(&m[blkno/64])>>(blkno%64)&1 != 0
}

// words calls each with the index of each word that an extent is in, and the
// bits of it that are the extent's.
func words(e format.Extent, each func(i, mask uint64)) {
	for blkno, end := e.Start, e.Start+e.Len; blkno < end; {
		n := min(64-blkno%64, end-blkno)
		each(blkno/64, ^uint64(0)>>(64-n)<<(blkno%64))
		blkno += n
	}
}

// ranges calls each with every run of blocks in [first, end) whose bits wanted
// returns, word by word.
func ranges(first, end uint64, wanted func(word uint64) uint64, each func(format.Extent)) {
	var run format.Extent
	flush := func() {
		if run.Len > 0 {
			each(run)
		}
		run = format.Extent{}
	}
	for i := first / 64; i*64 < end; i++ {
		w := wanted(i)
		if base := i * 64; base < first {
			w &= ^uint64(0) << (first - base)
		}
		if rest := end - i*64; rest < 64 {
			w &= 1<<rest - 1
		}
		for w != 0 {
			start := uint64(bits.TrailingZeros64(w))
			n := uint64(bits.TrailingZeros64(^(w >> start)))
			blkno := i*64 + start
			if run.Len == 0 || blkno != run.Start+run.Len {
				flush()
				run.Start = blkno
			}
			run.Len += n
			if start+n == 64 {
				break
			}
			w &= ^uint64(0) << (start + n)
		}
	}
	flush()
}
