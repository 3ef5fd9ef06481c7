// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"

	"scoutfs/engine/format"
	"scoutfs/engine/txn"
)

// InjectTotlDelta adds to a total and its count without an xattr, for tests:
// EPERM for who is not the superuser.
func (w *Writer) InjectTotlDelta(ctx context.Context, who Caller, name [3]uint64, total, count int64) error {
	if err := checkAdmin(&who, "adding to a total"); err != nil {
		return err
	}
	return w.update(ctx, txn.Allocating, func(c *change) error {
		c.tx.AddTotal(format.TotlKey(name[0], name[1], name[2]), uint64(total), uint64(count))
		return nil
	})
}
