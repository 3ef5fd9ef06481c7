// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import (
	"context"
	"iter"

	"scoutfs/engine/block"
	"scoutfs/engine/format"
)

// Writer changes a tree. Blocks that it changes are copied to new ones first,
// which stay in memory until the block.Writer writes them; whoever keeps the
// tree's root stores [Writer.Root] afterwards.
//
// A Writer is for one goroutine at a time, and the only one to change its tree.
// An error leaves a tree that is whole, with the items that were there; some of
// its blocks may have been copied, so its root may be another one.
type Writer struct {
	tree   Tree
	blocks *block.Writer
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
func (w *Writer) Blocks() int { return 0 }

// Insert adds an item. The error is syscall.EEXIST if there is one with its
// key. The value is copied.
func (w *Writer) Insert(ctx context.Context, it Item) error { return nil }

// Update replaces the item with it's key by it. The error is syscall.ENOENT if
// there is none.
func (w *Writer) Update(ctx context.Context, it Item) error { return nil }

// Force stores an item, in place of the one with its key if there is one.
func (w *Writer) Force(ctx context.Context, it Item) error { return nil }

// Delete removes an item. The error is syscall.ENOENT if there is none.
func (w *Writer) Delete(ctx context.Context, key format.Key) error { return nil }

// Action says what becomes of a key in [Writer.Apply].
type Action uint8

// The actions.
const (
	Keep   Action = iota // leave things as they are
	Store                // store the item that was returned with the action
	Remove               // remove the item that is there, if one is
)

// Apply stores many items, given in ascending order of their keys. It finds each
// leaf once, and fills leaves well that grow at their end.
//
// What becomes of a key is what resolve says, which gets the item that is there,
// or nil, and the new one. Old's value is good until resolve returns, also as
// part of the item returned. The key of the item that it returns must be the
// same. Without resolve all items are stored.
//
// It ends with the first error of items, with EINVAL if keys do not ascend, or
// with the first error of the tree; the items before are done then.
func (w *Writer) Apply(ctx context.Context, items iter.Seq2[Item, error], resolve func(old *Item, item Item) (Item, Action, error)) error {
	return nil
}

// ApplyUntil is Apply that asks stop before each item whether it is enough, and
// if so returns the key of the first item that was not done, and true.
func (w *Writer) ApplyUntil(ctx context.Context, items iter.Seq2[Item, error],
	resolve func(old *Item, item Item) (Item, Action, error), stop func() bool,
) (next format.Key, stopped bool, err error) {
	return format.Key{}, false, nil
}

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
