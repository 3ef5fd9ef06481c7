// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import (
	"context"
	"fmt"
	"syscall"

	"scoutfs/engine/block"
	"scoutfs/engine/format"
)

// Writer changes a tree. Blocks that it changes are copied to new ones first,
// which stay in memory until the block.Writer writes them; whoever keeps the
// tree's root stores [Writer.Root] afterwards.
//
// A Writer is for one goroutine at a time, and the only one to change its tree.
// An error leaves a tree that is whole, with the items that were there; some of
// its blocks may have been copied, so its root may be another one. A block is
// verified before it is changed, and one that Verify finds fault with is not
// changed: the error is a [*format.CorruptError].
//
// Beside the dirty blocks it takes some 25 KiB.
type Writer struct {
	tree   Tree
	blocks *block.Writer
	gained int // blocks

	// path has the blocks on the way to the current leaf, by level. It is good
	// if onPath, and all of it is dirty if owned.
	path   [format.MaxBtreeHeight]step
	onPath bool
	owned  bool
	// stored is the key of the last item stored, if hasStored: the next one
	// after it tells that items come in order.
	stored    format.Key
	hasStored bool

	old       Item // what resolve gets
	scratch   []byte
	compactor compactor
	mover     mover
}

// step is a block on the way to a leaf.
type step struct {
	block *format.BtreeBlock
	ref   format.Ref
	keys  format.Range // that may be in the block
	slot  int          // of the child on the path, in a parent
}

// NewWriter returns a Writer of the tree with a root, which may be empty. Kind
// names the tree in errors.
func NewWriter(blocks *block.Writer, root format.Root, kind format.Tree) *Writer {
	return &Writer{tree: Tree{Reader: blocks.Reader(), Changes: blocks, Root: root, Kind: kind}, blocks: blocks}
}

// Root returns the tree's root as it is now.
func (w *Writer) Root() format.Root { return w.tree.Root }

// Tree returns the tree as it is now, changes included. It, and the values of
// the items that it finds, are good until the next change.
func (w *Writer) Tree() *Tree { t := w.tree; return &t }

// Blocks returns how many blocks the tree has gained since the Writer was
// made; it is negative if it lost some.
func (w *Writer) Blocks() int { return w.gained }

// Insert adds an item. The error is syscall.EEXIST if there is one with its
// key. The value is copied, here as in all methods.
func (w *Writer) Insert(ctx context.Context, it Item) error {
	if err := w.seek(ctx, it.Key); err != nil {
		return err
	}
	slot, _, err := w.slot(it.Key)
	switch {
	case err != nil:
		return err
	case slot != none:
		return syscall.EEXIST
	}
	return w.store(ctx, it)
}

// Update replaces the item with it's key by it, with its seq and flags. The
// error is syscall.ENOENT if there is none.
func (w *Writer) Update(ctx context.Context, it Item) error {
	if err := w.seekItem(ctx, it.Key); err != nil {
		return err
	}
	return w.store(ctx, it)
}

// Force stores an item, in place of the one with its key if there is one.
func (w *Writer) Force(ctx context.Context, it Item) error {
	if err := w.seek(ctx, it.Key); err != nil {
		return err
	}
	return w.store(ctx, it)
}

// Delete removes an item. The error is syscall.ENOENT if there is none.
func (w *Writer) Delete(ctx context.Context, key format.Key) error {
	if err := w.seekItem(ctx, key); err != nil {
		return err
	}
	return w.remove(ctx, key)
}

// seekItem is seek to an item that must be there.
func (w *Writer) seekItem(ctx context.Context, key format.Key) error {
	if err := w.seek(ctx, key); err != nil {
		return err
	}
	slot, _, err := w.slot(key)
	if err == nil && slot == none {
		return syscall.ENOENT
	}
	return err
}

// store stores an item in the leaf on the path.
func (w *Writer) store(ctx context.Context, it Item) error {
	if len(it.Value) > format.MaxBtreeValue {
		return fmt.Errorf("%s, key %v: value of %d bytes, at most %d fit: %w",
			w.tree.Kind, it.Key, len(it.Value), format.MaxBtreeValue, syscall.EINVAL)
	}
	if w.tree.Root.Height == 0 {
		if err := w.plant(ctx); err != nil {
			return err
		}
	}
	for {
		if err := w.own(ctx); err != nil {
			return err
		}
		b := w.path[0].block
		slot, bucket := find(b, it.Key)
		need := itemRoom(len(it.Value))
		if slot != none {
			need = valueNeed(b.Item(slot), len(it.Value))
		}
		if midFree(b) >= need && (slot != none || !w.fullEnough(need, it.Key)) {
			if slot == none {
				insertLeafItem(b, &it, bucket)
			} else {
				replaceItem(b, slot, &it)
			}
			w.stored, w.hasStored = it.Key, true
			return nil
		}
		// The value may be a part of a block that is about to change.
		w.scratch = append(w.scratch[:0], it.Value...)
		it.Value = w.scratch
		moved, err := w.makeRoom(ctx, 0, need, it.Key)
		if err == nil && moved {
			err = w.seek(ctx, it.Key)
		}
		if err != nil {
			return err
		}
	}
}

// remove removes the item with a key, which is in the leaf on the path.
func (w *Writer) remove(ctx context.Context, key format.Key) error {
	for {
		if err := w.own(ctx); err != nil {
			return err
		}
		b := w.path[0].block
		if w.tree.Root.Height == 1 && b.NrItems() == 1 {
			return w.fell(ctx)
		}
		moved, err := w.refill(ctx, 0)
		if err != nil {
			return err
		}
		if !moved {
			slot, _ := find(b, key)
			removeItem(b, slot)
			return nil
		}
		if err := w.seek(ctx, key); err != nil {
			return err
		}
	}
}
