// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import (
	"context"

	"scoutfs/engine/block"
	"scoutfs/engine/format"
)

// FreeTree gives every block of a tree to free, parents before their children.
// Leaves are not read. It ends with the first error.
func FreeTree(ctx context.Context, r *block.Reader, root format.Root, kind format.Tree, free func(blkno uint64) error) error {
	tree := Tree{Reader: r, Root: root, Kind: kind}
	for b, err := range tree.Refs(ctx) {
		if err != nil {
			return err
		}
		if err := free(b.Ref.Blkno); err != nil {
			return err
		}
	}
	return nil
}
