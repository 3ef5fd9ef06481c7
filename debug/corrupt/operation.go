// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"syscall"

	"scoutfs/debug/surgery"
	"scoutfs/engine/format"
)

// operation is one application of a kind.
type operation struct {
	ctx   context.Context
	v     *surgery.Volume
	rng   *rand.Rand
	super *format.Super
	trees []*surgery.Tree
}

func newOperation(ctx context.Context, v *surgery.Volume, rng *rand.Rand) (*operation, error) {
	super, err := v.Super()
	if err != nil {
		return nil, err
	}
	op := &operation{ctx: ctx, v: v, rng: rng, super: super}
	op.trees, err = v.Trees()
	return op, err
}

// pick returns a number below n.
func (op *operation) pick(n int) int { return op.rng.IntN(n) }

// some returns a number from 1 to 1000.
func (op *operation) some() uint64 { return 1 + op.rng.Uint64N(1000) }

// choose returns one of several, or errNone of none.
func choose[T any](op *operation, from []T) (T, error) {
	if len(from) == 0 {
		var none T
		return none, errNone
	}
	return from[op.pick(len(from))], nil
}

// where keeps those that match.
func where[T any](from []T, match func(T) bool) []T {
	return slices.DeleteFunc(slices.Clone(from), func(t T) bool { return !match(t) })
}

// treesOf returns the trees of a kind that have blocks.
func (op *operation) treesOf(kinds ...format.Tree) []*surgery.Tree {
	return where(op.trees, func(t *surgery.Tree) bool {
		return t.Root.Height > 0 && slices.Contains(kinds, t.Kind)
	})
}

// treeOf returns the one tree of a kind.
func (op *operation) treeOf(kind format.Tree) *surgery.Tree {
	for _, t := range op.trees {
		if t.Kind == kind {
			return t
		}
	}
	return nil
}

// leaf is a leaf of a tree.
type leaf struct {
	tree *surgery.Tree
	path []uint64
}

func (op *operation) leaves(trees []*surgery.Tree) ([]leaf, error) {
	var all []leaf
	for _, t := range trees {
		paths, err := op.v.Leaves(t)
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			all = append(all, leaf{t, path})
		}
	}
	return all, nil
}

// scan looks at the items of trees until try takes one: from a random leaf on,
// all the way round, and inside a leaf in random order. Without one it returns
// errNone. An item that cannot be used because its leaf has no room is passed
// over.
func (op *operation) scan(trees []*surgery.Tree, try func(surgery.Item) error) error {
	leaves, err := op.leaves(trees)
	if err != nil || len(leaves) == 0 {
		return errors.Join(err, errNone)
	}
	start := op.pick(len(leaves))
	for i := range leaves {
		if err := op.ctx.Err(); err != nil {
			return err
		}
		at := leaves[(start+i)%len(leaves)]
		items, err := op.v.ItemsOfLeaf(at.tree, at.path)
		if err != nil {
			return err
		}
		for _, n := range op.rng.Perm(len(items)) {
			err := try(items[n])
			if !errors.Is(err, errNone) && !errors.Is(err, surgery.ErrNoRoom) && !errors.Is(err, surgery.ErrLastItem) {
				return err
			}
		}
	}
	return errNone
}

// item picks an item of trees that matches.
func (op *operation) item(trees []*surgery.Tree, match func(surgery.Item) bool) (found surgery.Item, err error) {
	err = op.scan(trees, func(it surgery.Item) error {
		if !match(it) {
			return errNone
		}
		found = it
		return nil
	})
	return found, err
}

// view holds an item's value and views it.
func view[T any](op *operation, it surgery.Item) (*T, error) {
	value, err := op.v.Value(it)
	if err != nil {
		return nil, err
	}
	return format.View[T](value)
}

func kindOf(it surgery.Item) format.ItemKind { return format.KindOf(it.Key) }

// missing reports whether an error says that there is no such item.
func missing(err error) bool { return errors.Is(err, syscall.ENOENT) }
