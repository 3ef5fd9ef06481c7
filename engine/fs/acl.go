// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"errors"
	"syscall"

	"scoutfs/engine/format"
)

// acl returns the entries of an inode's ACL, nil if there is none or ACLs are
// off. An inode that never had an xattr, as most, is not looked up.
func (c *change) acl(ctx context.Context, in *Inode, name string) ([]format.ACLEntry, error) {
	if c.w.opts.NoACL || in.NextXattrID == 0 {
		return nil, nil
	}
	x, err := c.view.Xattr(ctx, in.Ino, name)
	if errors.Is(err, syscall.ENODATA) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if len(x.Value) == 0 {
		return nil, nil
	}
	entries, err := format.ViewACL(x.Value)
	if err != nil {
		return nil, atItem(format.XattrKey(in.Ino, x.Hash, x.ID, 0), err)
	}
	return entries, nil
}
