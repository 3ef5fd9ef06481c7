// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import (
	"context"
	"fmt"
	"iter"
	"syscall"

	"scoutfs/engine/format"
)

// Action says what becomes of a key in [Writer.Apply].
type Action uint8

// The actions.
const (
	Keep   Action = iota // leave things as they are
	Store                // store the item that was returned with the action
	Remove               // remove the item that is there, if one is
)

// Resolve decides what becomes of a key: it gets the item that is there, or
// nil, and the one given to [Writer.Apply], and returns an action, with Store
// the item to store, whose key must be the same. Old and its value are good
// until it returns, and as a part of the item that it returns.
type Resolve = func(old *Item, item Item) (Item, Action, error)

// Apply stores many items, given in ascending order of their keys, or does
// what resolve says with each if that is not nil. It finds each leaf once, and
// fills leaves well that grow by items in order. Items must not be read from
// the tree itself, and the block.Writer must not write meanwhile.
//
// It ends with the first error of items or resolve, with EINVAL if keys do not
// ascend, or with the first error of the tree; the items before are done then.
func (w *Writer) Apply(ctx context.Context, items iter.Seq2[Item, error], resolve Resolve) error {
	_, _, err := w.ApplyUntil(ctx, items, resolve, nil)
	return err
}

// ApplyUntil is Apply that asks stop before each item whether it is enough, and
// if so returns the key of the first item that was not done, and true.
func (w *Writer) ApplyUntil(ctx context.Context, items iter.Seq2[Item, error], resolve Resolve, stop func() bool,
) (next format.Key, stopped bool, err error) {
	w.onPath = false
	defer func() { w.onPath = false }()
	var before format.Key
	begun := false
	for it, err := range items {
		if err != nil {
			return format.Key{}, false, err
		}
		if begun && !before.Less(it.Key) {
			return format.Key{}, false, fmt.Errorf("%s: key %v is not after %v: %w", w.tree.Kind, it.Key, before, syscall.EINVAL)
		}
		before, begun = it.Key, true
		if stop != nil && stop() {
			return it.Key, true, nil
		}
		if err := w.apply(ctx, it, resolve); err != nil {
			return format.Key{}, false, err
		}
	}
	return format.Key{}, false, nil
}

// apply does one item.
func (w *Writer) apply(ctx context.Context, it Item, resolve Resolve) error {
	if !w.leads(it.Key) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := w.seek(ctx, it.Key); err != nil {
			return err
		}
	}
	if resolve == nil {
		return w.store(ctx, it)
	}
	slot, b, err := w.slot(it.Key)
	if err != nil {
		return err
	}
	var old *Item
	if slot != none {
		at := b.Item(slot)
		val, err := value(b, at)
		if err != nil {
			return w.tree.corrupt(err, w.path[0].ref, it.Key)
		}
		w.old = Item{it.Key, at.Seq.Get(), at.Flags, val}
		old = &w.old
	}
	with, action, err := resolve(old, it)
	switch {
	case err != nil:
		return err
	case action == Store && with.Key != it.Key:
		return fmt.Errorf("%s: item %v in place of %v: %w", w.tree.Kind, with.Key, it.Key, syscall.EINVAL)
	case action == Store:
		return w.store(ctx, with)
	case action == Remove && slot != none:
		return w.remove(ctx, it.Key)
	}
	return nil
}
