// SPDX-License-Identifier: GPL-2.0-or-later

package forest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"syscall"

	"scoutfs/engine/btree"
	"scoutfs/engine/format"
)

// Items returns the items of a range in key order. After an error, which is
// the last pair, a walk can go on from the key after the last item's.
func (s *Snapshot) Items(ctx context.Context, within format.Range) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		c := s.Cursor(within)
		for c.Next(ctx) {
			if !yield(c.Item(), nil) {
				return
			}
		}
		if err := c.Err(); err != nil {
			yield(Item{}, err)
		}
	}
}

// First returns the first item of a range. Without one the error matches
// syscall.ENOENT.
func (s *Snapshot) First(ctx context.Context, within format.Range) (Item, error) {
	c := s.Cursor(within)
	if c.Next(ctx) {
		return c.Item(), nil
	}
	if err := c.Err(); err != nil {
		return Item{}, err
	}
	return Item{}, fmt.Errorf("no item from %s to %s: %w", within.Start, within.End, syscall.ENOENT)
}

// Lookup returns the item with a key. If it does not exist the error matches
// syscall.ENOENT. It is several times faster than a cursor.
func (s *Snapshot) Lookup(ctx context.Context, k format.Key) (Item, error) {
	if k.Zone == format.ZoneXattrTotl {
		return s.First(ctx, format.Range{Start: k, End: k})
	}
	if s.overlay != nil {
		if c, ok := s.overlay.get(k); ok {
			if c.state == changeDeleted {
				return Item{}, notFoundError(k)
			}
			return Item{Key: k, Seq: c.seq, Value: c.value}, nil
		}
	}
	var newest btree.Item
	found := false
	within := filterOf(format.Range{Start: k, End: k})
	for i := range s.trees {
		t := &s.trees[i]
		if !s.mayHold(ctx, t, &within) {
			continue
		}
		it, err := t.btree.Lookup(ctx, k)
		switch {
		case errors.Is(err, syscall.ENOENT):
		case err != nil:
			return Item{}, t.failure(err)
		case !found || it.Seq > newest.Seq:
			newest, found = it, true
		}
	}
	if !found || newest.Deleted() {
		return Item{}, notFoundError(k)
	}
	return Item{Key: k, Seq: newest.Seq, Value: newest.Value}, nil
}

// notFoundError says that there is no item with a key. Whoever creates
// something asks for what should not be there, so it is cheap.
type notFoundError format.Key

func (e notFoundError) Error() string {
	return fmt.Sprintf("no item %s: %v", format.Key(e), syscall.ENOENT)
}

func (e notFoundError) Unwrap() error { return syscall.ENOENT }
