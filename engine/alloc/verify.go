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

// Verify reads the tree and yields what is wrong with its extents, as an
// ExtentCheck finds it, each an [*ExtentError], and what keeps the tree from
// being read. Blocks are not verified; see [btree.Verify]. It takes no memory
// per extent.
func (x *Extents) Verify(ctx context.Context, first, end uint64) iter.Seq[error] {
	return func(yield func(error) bool) {
		check := ExtentCheck{First: first, End: end}
		for it, err := range x.Tree.Items(ctx, format.AllKeys()) {
			if err == nil {
				if _, bad := check.Add(it.Key); bad != nil {
					err = bad
				} else if n := len(it.Value); n != 0 {
					err = wrongExtent(ExtentKey, it.Key, fmt.Sprintf("value of %d bytes", n), "none")
				}
			}
			if err != nil && !yield(err) {
				return
			}
			if _, item := err.(*ExtentError); err != nil && !item { //nolint:errorlint // it comes from Add as it is
				return
			}
		}
		if bad := check.Total(x.TotalLen); bad != nil && !yield(bad) || check.Paired() {
			return
		}
		for err := range x.Unpaired(ctx) {
			if !yield(err) {
				return
			}
		}
	}
}

// Unpaired yields an [*ExtentError] for each item whose extent has no item of
// the other kind (docs/format.md 6.1). It looks up every item's other one; see
// [ExtentCheck.Paired]. It ends with an error of the tree.
func (x *Extents) Unpaired(ctx context.Context) iter.Seq[error] {
	return func(yield func(error) bool) {
		for it, err := range x.Tree.Items(ctx, format.AllKeys()) {
			if err == nil {
				err = x.paired(ctx, it.Key)
			}
			if err != nil && !yield(err) {
				return
			}
			if _, item := err.(*ExtentError); err != nil && !item { //nolint:errorlint // it comes from paired as it is
				return
			}
		}
	}
}

// paired looks for an item's other one. Items that are no extents have none.
func (x *Extents) paired(ctx context.Context, here format.Key) error {
	e, ok := here.FreeExtent()
	if !ok || !e.Valid() {
		return nil
	}
	other, rule := format.FreeOrderKey(e), ExtentNoOrder
	if here.Zone == format.ZoneFreeOrder {
		other, rule = format.FreeBlknoKey(e), ExtentNoBlkno
	}
	_, err := x.Tree.Lookup(ctx, other)
	if errors.Is(err, syscall.ENOENT) && rule == ExtentNoOrder {
		err = x.filedElsewhere(ctx, e)
	}
	if errors.Is(err, syscall.ENOENT) {
		return &ExtentError{rule, here, extentError(here, "without its other item", "an item with key "+other.String())}
	}
	return err
}

// filedElsewhere looks for an extent's item by size under all wrong orders.
func (x *Extents) filedElsewhere(ctx context.Context, e format.Extent) error {
	for order := range uint64(maxOrders) {
		key := format.FreeOrderKey(e)
		key.First += format.FreeOrder(e.Len) - order
		_, err := x.Tree.Lookup(ctx, key)
		if !errors.Is(err, syscall.ENOENT) {
			return err
		}
	}
	return syscall.ENOENT
}

// maxOrders is more than the order of any length.
const maxOrders = 22
