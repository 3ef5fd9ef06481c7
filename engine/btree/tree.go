// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"

	"scoutfs/engine/block"
	"scoutfs/engine/format"
)

// Tree is a btree to be read. Its methods may be used concurrently.
type Tree struct {
	Reader *block.Reader
	// Changes, if it is not nil, has blocks of the tree that are not on the
	// device yet. Then the tree is for one goroutine at a time, as Changes is,
	// and a cursor must have no Batch.
	Changes *block.Writer
	Root    format.Root
	// Kind names the tree in errors.
	Kind format.Tree
	// Subtree says that Root is part of another tree, so that its last key
	// need not be the greatest of all (docs/format.md 5.5). Without it, a
	// search beyond the last key is corruption.
	Subtree bool
}

// Item is an item of a tree. Value is a slice of a shared block and must not
// be changed; it is nil if the item has none.
type Item struct {
	Key   format.Key
	Seq   uint64
	Flags uint8
	Value []byte
}

// Deleted reports whether the item deletes its key, in a log tree.
func (it *Item) Deleted() bool { return it.Flags&format.ItemFlagDeletion != 0 }

// Lookup returns the item with a key. The error is syscall.ENOENT if there
// is none.
func (t *Tree) Lookup(ctx context.Context, key format.Key) (Item, error) {
	at, err := t.leaf(ctx, key)
	if err != nil || at.block == nil {
		return Item{}, orNotFound(err)
	}
	slot, err := lookup(at.block, key)
	if err != nil {
		return Item{}, t.corrupt(err, at.ref, key)
	}
	if slot == none {
		return Item{}, syscall.ENOENT
	}
	return t.item(at, slot)
}

// Next returns the first item at or after key. The error is syscall.ENOENT
// if there is none.
func (t *Tree) Next(ctx context.Context, key format.Key) (Item, error) {
	for {
		at, err := t.leaf(ctx, key)
		if err != nil || at.block == nil {
			return Item{}, orNotFound(err)
		}
		_, slot, err := split(at.block, key, false)
		if err != nil {
			return Item{}, t.corrupt(err, at.ref, key)
		}
		if slot != none {
			return t.item(at, slot)
		}
		if !at.hasNext {
			return Item{}, syscall.ENOENT
		}
		// The bound of a leaf is at or after any key that led to it, so
		// keys ascend from turn to turn.
		key = at.last.Next()
	}
}

// Prev returns the last item at or before key. The error is syscall.ENOENT
// if there is none.
func (t *Tree) Prev(ctx context.Context, key format.Key) (Item, error) {
	for {
		at, err := t.leaf(ctx, key)
		if err != nil || at.block == nil {
			return Item{}, orNotFound(err)
		}
		slot, _, err := split(at.block, key, true)
		if err != nil {
			return Item{}, t.corrupt(err, at.ref, key)
		}
		if slot != none {
			return t.item(at, slot)
		}
		if !at.hasPrev {
			return Item{}, syscall.ENOENT
		}
		key = at.prev // before key, since key led past it
	}
}

func orNotFound(err error) error {
	if err == nil {
		return syscall.ENOENT
	}
	return err
}

// leafPlace is a leaf on the way to a key.
type leafPlace struct {
	block *format.BtreeBlock // nil if the tree has no leaf for the key
	ref   format.Ref
	// last is the greatest key that may be in the leaf. Items after it are
	// in other leaves if hasNext.
	last    format.Key
	hasNext bool
	// prev is the greatest key that may be in an earlier leaf, if hasPrev.
	prev    format.Key
	hasPrev bool
}

// leaf descends to the leaf that has key's item if any has.
func (t *Tree) leaf(ctx context.Context, key format.Key) (leafPlace, error) {
	if err := t.checkRoot(); err != nil || t.Root.Height == 0 {
		return leafPlace{}, err
	}
	at := leafPlace{ref: t.Root.Ref, last: format.MaxKey()}
	top, beyond := int(t.Root.Height)-1, false
	for level := top; ; level-- {
		b, err := t.read(ctx, at.ref, level, key)
		if err != nil {
			return leafPlace{}, err
		}
		if level == 0 {
			at.block = b
			return at, nil
		}
		before, after, err := split(b, key, false)
		if err != nil {
			return leafPlace{}, t.corrupt(err, at.ref, key)
		}
		if after == none && t.Subtree && (beyond || level == top) {
			// No leaf has the key; Prev wants the last one.
			beyond = true
			if before, after, err = lastTwo(b); err != nil {
				return leafPlace{}, t.corrupt(err, at.ref, key)
			}
		}
		if after == none {
			return leafPlace{}, t.noChild(at.ref, key)
		}
		if before != none {
			at.prev, at.hasPrev = maxKey(at.prev, b.Item(before).Key.Key()), true
		}
		if bound := b.Item(after).Key.Key(); !beyond && bound.Less(at.last) {
			at.last, at.hasNext = bound, true
		}
		if at.ref, err = t.child(b, at.ref, after); err != nil {
			return leafPlace{}, err
		}
	}
}

// lastTwo returns the slots of the last item and of the one before it.
func lastTwo(b *format.BtreeBlock) (before, last int, err error) {
	last, _, err = split(b, format.MaxKey(), true)
	if err != nil || last == none {
		return none, none, err
	}
	before, _, err = split(b, b.Item(last).Key.Key(), false)
	return before, last, err
}

func maxKey(a, b format.Key) format.Key {
	if a.Less(b) {
		return b
	}
	return a
}

// item returns an item of a leaf.
func (t *Tree) item(at leafPlace, slot int) (Item, error) {
	it := at.block.Item(slot)
	key := it.Key.Key()
	val, err := value(at.block, it)
	if err != nil {
		return Item{}, t.corrupt(err, at.ref, key)
	}
	return Item{key, it.Seq.Get(), it.Flags, val}, nil
}

// value returns an item's value, having checked that it lies in the block.
func value(b *format.BtreeBlock, it *format.BtreeItem) ([]byte, error) {
	val, ok := b.Value(it)
	if !ok || len(val) > format.MaxBtreeValue {
		return nil, valueError(b, it)
	}
	return val, nil
}

func valueError(b *format.BtreeBlock, it *format.BtreeItem) error {
	return &format.CorruptError{
		Structure: "btree item",
		Field:     "value",
		Found:     fmt.Sprintf("%d bytes at %d", it.ValLen.Get(), it.ValOff.Get()),
		Expected: fmt.Sprintf("at most %d bytes between %d and %d",
			format.MaxBtreeValue, format.BtreeItemsOffset, b.ValueEnd()),
	}
}

// checkRoot refuses roots that cannot be one.
func (t *Tree) checkRoot() error {
	height, ref := int(t.Root.Height), t.Root.Ref
	if height <= format.MaxBtreeHeight && (height == 0) == ref.IsZero() {
		return nil
	}
	expected := fmt.Sprintf("at most %d", format.MaxBtreeHeight)
	if height == 0 {
		expected = "more than 0 with a root block"
	} else if ref.IsZero() {
		expected = "0 without a root block"
	}
	return &format.CorruptError{
		Structure: "btree root",
		Place:     t.Kind.String(),
		Field:     "height",
		Found:     fmt.Sprint(height),
		Expected:  expected,
	}
}

// read reads a block that should have a level, on the way to a key.
func (t *Tree) read(ctx context.Context, ref format.Ref, level int, key format.Key) (*format.BtreeBlock, error) {
	bytes, err := t.bytes(ctx, ref)
	return t.view(bytes, err, ref, level, key)
}

func (t *Tree) bytes(ctx context.Context, ref format.Ref) ([]byte, error) {
	if t.Changes != nil {
		return t.Changes.Read(ctx, ref, format.MagicBtree)
	}
	return t.Reader.Read(ctx, ref, format.MagicBtree)
}

// prefetch has blocks read that will probably be asked for, those that are on
// the device.
func (t *Tree) prefetch(ctx context.Context, refs []format.Ref) bool {
	if t.Changes != nil {
		refs = slices.DeleteFunc(refs, t.Changes.IsDirty)
	}
	return t.Reader.Prefetch(ctx, format.MagicBtree, refs)
}

// view is read of a block that was read before.
func (t *Tree) view(bytes []byte, err error, ref format.Ref, level int, key format.Key) (*format.BtreeBlock, error) {
	if err != nil {
		return nil, fmt.Errorf("%s level %d, key %v: %w", t.Kind, level, key, err)
	}
	b, err := format.ViewBtreeBlock(bytes)
	if err != nil {
		return nil, err
	}
	if found := b.Level(); found != level {
		return nil, &format.CorruptError{
			Structure: "btree block",
			Place:     fmt.Sprintf("%s, key %v", t.place(ref), key),
			Field:     "level",
			Found:     fmt.Sprint(found),
			Expected:  fmt.Sprint(level),
			Source:    format.SourceBtreeBlockLevel,
		}
	}
	return b, nil
}

// child returns the reference in a parent's slot.
func (t *Tree) child(b *format.BtreeBlock, parent format.Ref, slot int) (format.Ref, error) {
	it := b.Item(slot)
	if val, ok := b.Value(it); ok {
		if ref, err := format.ViewExact[format.BlockRef](val); err == nil {
			return ref.Ref(), nil
		}
	}
	return format.Ref{}, t.corrupt(&format.CorruptError{
		Structure: "btree item",
		Field:     "value",
		Found:     fmt.Sprintf("%d bytes at %d", it.ValLen.Get(), it.ValOff.Get()),
		Expected:  fmt.Sprintf("a block reference of %d bytes", format.BlockRefSize),
	}, parent, it.Key.Key())
}

func (t *Tree) noChild(ref format.Ref, key format.Key) error {
	return &format.CorruptError{
		Structure: "btree block",
		Place:     t.place(ref),
		Field:     "last key",
		Found:     "less than " + key.String(),
		Expected:  "a child for every key",
		Source:    format.SourceBtreeNoChildRef,
	}
}

// corrupt gives an error of a block the place where it happened.
func (t *Tree) corrupt(err error, ref format.Ref, key format.Key) error {
	if c := (*format.CorruptError)(nil); errors.As(err, &c) {
		return c.At("%s, key %v", t.place(ref), key)
	}
	return err
}

func (t *Tree) place(ref format.Ref) string {
	return fmt.Sprintf("%s meta blkno %d", t.Kind, ref.Blkno)
}
