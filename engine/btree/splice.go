// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import (
	"context"
	"fmt"

	"scoutfs/engine/format"
)

// Splice puts part, which was copied from a sub-tree of this tree and then
// changed by somebody else, in the place of the sub-tree of its height that
// covers key (docs/format.md 7.5). The sub-tree's blocks are not freed.
// part's height must be less than the tree's.
func (w *Writer) Splice(ctx context.Context, key format.Key, part format.Root) error {
	top := int(w.tree.Root.Height) - 1
	below := int(part.Height)
	if err := w.tree.checkRoot(); err != nil {
		return err
	}
	if below == 0 || below > top {
		return &format.CorruptError{
			Structure: "part of a btree",
			Place:     w.tree.Kind.String(),
			Field:     "height",
			Found:     fmt.Sprint(below),
			Expected:  fmt.Sprintf("at least 1 and at most %d", top),
		}
	}
	if _, err := w.tree.read(ctx, part.Ref, below-1, key); err != nil {
		return err
	}
	if err := w.descend(ctx, key, below); err != nil {
		return err
	}
	if err := w.ownDown(ctx, below); err != nil {
		return err
	}
	setRef(w.path[below].block, w.path[below].slot, part.Ref)
	return nil
}
