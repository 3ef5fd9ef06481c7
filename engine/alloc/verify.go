// SPDX-License-Identifier: GPL-2.0-or-later

package alloc

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"syscall"

	"scoutfs/engine/format"
)

// Verify reads the tree and yields what is wrong with its extents: those
// that All and BySize complain of, that lie outside [first, end), whose
// other item is missing, and a total_len that is not their sum. Blocks are
// not verified; see [btree.Verify]. It takes no memory per extent.
func (x *Extents) Verify(ctx context.Context, first, end uint64) iter.Seq[error] {
	return func(yield func(error) bool) {
		v := verification{yield: yield}
		if err := x.byPlace(ctx, 0, func(e format.Extent, err error) bool {
			if err == nil && (e.Start < first || e.End() >= end) {
				err = extentError(format.FreeBlknoKey(e), extentText(e),
					fmt.Sprintf("blocks of at least %d and less than %d", first, end))
			}
			v.place.add(e)
			return err == nil || v.report(err)
		}); err != nil || v.stopped {
			v.reportTree(err)
			return
		}
		if err := x.bySize(ctx, func(e format.Extent, err error) bool {
			v.size.add(e)
			return err == nil || v.report(err)
		}); err != nil || v.stopped {
			v.reportTree(err)
			return
		}
		if v.place.blocks != x.TotalLen {
			v.report(&format.CorruptError{
				Structure: "alloc root",
				Field:     "total_len",
				Found:     fmt.Sprint(x.TotalLen),
				Expected:  fmt.Sprintf("%d, the sum of its extents", v.place.blocks),
			})
		}
		if v.place != v.size && !v.stopped {
			x.findUnpaired(ctx, v.report)
		}
	}
}

// verification is one pass of Verify.
type verification struct {
	yield       func(error) bool
	stopped     bool
	place, size tally // of the items of either kind
}

func (v *verification) report(err error) bool {
	v.stopped = v.stopped || !v.yield(err)
	return !v.stopped
}

// reportTree reports the error, if any, that kept a walk from its end.
func (v *verification) reportTree(err error) {
	if err != nil {
		v.report(err)
	}
}

// tally sums up extents so that different sets of them almost surely have
// different sums, whatever their order.
type tally struct {
	extents, blocks, hash uint64
}

func (t *tally) add(e format.Extent) {
	t.extents++
	t.blocks += e.Len
	t.hash += mix(mix(e.Start) + e.Len)
}

// mix is the finalizer of splitmix64 (Steele, Lea and Flood, 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// findUnpaired looks up every item's other one.
func (x *Extents) findUnpaired(ctx context.Context, report func(error) bool) {
	more := true
	check := func(here, other format.Key) bool {
		_, err := x.Tree.Lookup(ctx, other)
		if errors.Is(err, syscall.ENOENT) {
			err = extentError(here, "without its other item", "an item with key "+other.String())
		}
		more = err == nil || report(err)
		return more
	}
	// Items that are no extents were reported before.
	err := x.byPlace(ctx, 0, func(e format.Extent, err error) bool {
		return err != nil || check(format.FreeBlknoKey(e), format.FreeOrderKey(e))
	})
	if err == nil && more {
		err = x.bySize(ctx, func(e format.Extent, err error) bool {
			return err != nil || check(format.FreeOrderKey(e), format.FreeBlknoKey(e))
		})
	}
	if err != nil {
		report(err)
	}
}
