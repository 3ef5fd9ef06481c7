// SPDX-License-Identifier: GPL-2.0-or-later

package print

import (
	"github.com/RoaringBitmap/roaring/v2/roaring64"

	"scoutfs/engine/btree"
	"scoutfs/engine/format"
)

// values calls fn with each value in a tree's leaves, in key order. The
// value is good until fn returns. What cannot be read is left out: the units
// of the tree itself report it.
func (w *walker) values(root *format.BtreeRoot, fn func(format.Key, []byte) error) error {
	v := valueWalk{walker: w, fn: fn}
	return v.root(root)
}

// valueWalk walks the leaves of a tree, or with want only the path to the
// leaf that can hold that key.
type valueWalk struct {
	*walker
	want *format.Key
	fn   func(format.Key, []byte) error
	seen *roaring64.Bitmap
	// unshown is a tree that is shown nowhere, so that the walk itself has to
	// tell what is wrong with its blocks; nil for other trees.
	unshown *treeInfo
}

func (w *valueWalk) root(root *format.BtreeRoot) error {
	if root.Height == 0 || root.Height > format.MaxBtreeHeight {
		return nil
	}
	w.seen = roaring64.New()
	return w.block(root.Ref.Ref(), int(root.Height)-1)
}

func (w *valueWalk) block(ref format.Ref, level int) error {
	if err := w.ctx.Err(); err != nil || !w.seen.CheckedAdd(ref.Blkno) {
		return err
	}
	u := &unit{kind: unitBtree, ref: ref, level: level, tree: &treeInfo{}, buf: make([]byte, format.LargeBlockSize)}
	if w.unshown != nil {
		u.tree = w.unshown
	}
	usable := w.check(u)
	if w.unshown != nil || u.overwritten {
		if err := w.tell(u); err != nil {
			return err
		}
	}
	if !usable {
		return nil
	}
	b, err := format.ViewBtreeBlock(u.block())
	if err != nil || b.Level() != level {
		return err
	}
	slots, _ := btree.AppendOrder(nil, b)
	for _, slot := range slots {
		it := b.Item(int(slot))
		k := it.Key.Key()
		val, ok := b.Value(it)
		if !ok || w.want != nil && k.Less(*w.want) {
			continue
		}
		if level == 0 {
			err = w.fn(k, val)
		} else if ref, viewErr := format.View[format.BlockRef](val); viewErr == nil && ref.Blkno.Get() != 0 {
			err = w.block(ref.Ref(), level-1)
		}
		if err != nil || w.want != nil {
			return err
		}
	}
	return nil
}
