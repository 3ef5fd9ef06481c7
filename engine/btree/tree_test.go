// SPDX-License-Identifier: GPL-2.0-or-later

package btree_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

// open returns a tree of a test volume.
func open(v *testblock.Volume, root format.Root) *btree.Tree {
	r := block.NewReader(v.Dev, block.Options{FSID: testblock.FSID})
	return &btree.Tree{Reader: r, Root: root}
}

// inodes returns one item for each of the inode numbers.
func inodes(inos ...uint64) []testblock.Item {
	var items []testblock.Item
	for _, ino := range inos {
		items = append(items, testblock.Item{Key: format.InodeKey(ino), Seq: ino, Value: fmt.Append(nil, ino)})
	}
	return items
}

// everyThird returns n inodes 3, 6, 9 and so on.
func everyThird(n int) []testblock.Item {
	var inos []uint64
	for i := range n {
		inos = append(inos, uint64(3*i+3))
	}
	return inodes(inos...)
}

// equal reports whether an item is the one that was written.
func equal(got btree.Item, want testblock.Item) bool {
	return got.Key == want.Key && got.Seq == want.Seq && got.Flags == want.Flags && bytes.Equal(got.Value, want.Value)
}

// Every way to find items must answer as a sorted slice does.
func TestTreeAgreesWithModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		key := rapid.Custom(func(t *rapid.T) format.Key {
			small := rapid.Uint64Range(0, 3)
			if rapid.IntRange(0, 20).Draw(t, "extreme") == 0 {
				return rapid.SampledFrom([]format.Key{{}, format.MaxKey(), format.MaxKey().Prev()}).Draw(t, "key")
			}
			return format.Key{
				Zone: uint8(small.Draw(t, "zone")), First: small.Draw(t, "first"), Type: uint8(small.Draw(t, "type")),
				Second: small.Draw(t, "second"), Third: small.Draw(t, "third"), Fourth: uint8(small.Draw(t, "fourth")),
			}
		})
		keys := rapid.SliceOfNDistinct(key, 0, 300, rapid.ID[format.Key]).Draw(rt, "keys")
		slices.SortFunc(keys, format.Key.Compare)
		items := make([]testblock.Item, len(keys))
		for i, k := range keys {
			items[i] = testblock.Item{Key: k, Seq: uint64(i), Flags: uint8(i % 2), Value: bytes.Repeat([]byte{byte(i)}, i%50)}
		}
		v := testblock.New(t, 700)
		tree := open(v, v.Tree(rapid.IntRange(2, 40).Draw(rt, "perBlock"), items...))
		checkAgainstModel(rt, tree, items, rapid.SliceOfN(key, 1, 50).Draw(rt, "probes"))
	})
}

func checkAgainstModel(t *rapid.T, tree *btree.Tree, items []testblock.Item, probes []format.Key) {
	t.Helper()
	ctx := context.Background()
	c := tree.NewCursor(btree.CursorOptions{})
	for _, probe := range probes {
		i, exact := slices.BinarySearchFunc(items, probe, func(it testblock.Item, k format.Key) int { return it.Key.Compare(k) })
		expect := func(name string, got btree.Item, err error, want int) {
			switch {
			case want < 0 || want >= len(items):
				if !errors.Is(err, syscall.ENOENT) {
					t.Fatalf("%s %v: got %v, %v, want ENOENT", name, probe, got.Key, err)
				}
			case err != nil || !equal(got, items[want]):
				t.Fatalf("%s %v: got %v, %v, want %v", name, probe, got, err, items[want])
			}
		}
		got, err := tree.Next(ctx, probe)
		expect("next", got, err, i)
		last := i - 1
		if exact {
			last = i
		}
		got, err = tree.Prev(ctx, probe)
		expect("prev", got, err, last)
		lookup := -1
		if exact {
			lookup = i
		}
		got, err = tree.Lookup(ctx, probe)
		expect("lookup", got, err, lookup)

		// A cursor that goes on from wherever it was.
		if c.Seek(ctx, probe) != (i < len(items)) || c.Err() != nil {
			t.Fatalf("seek %v: %v", probe, c.Err())
		}
		for n := i; n < min(i+len(items)/2, len(items)); n++ {
			if !equal(c.Item(), items[n]) || c.Key() != items[n].Key {
				t.Fatalf("cursor from %v: item %d is %v, want %v", probe, n, c.Item(), items[n])
			}
			if c.Next() != (n+1 < len(items)) || c.Err() != nil {
				t.Fatalf("cursor from %v: after item %d: %v", probe, n, c.Err())
			}
			if n+1 == len(items) {
				break
			}
		}

		// A range that ends at another probe.
		end := probes[len(probes)/2]
		n := i
		for it, err := range tree.Items(ctx, format.Range{Start: probe, End: end}) {
			if err != nil || n >= len(items) || !equal(it, items[n]) || end.Less(it.Key) {
				t.Fatalf("items %v to %v: %v, %v", probe, end, it, err)
			}
			n++
		}
		if n < len(items) && !end.Less(items[n].Key) && !end.Less(probe) {
			t.Fatalf("items %v to %v: ended before %v", probe, end, items[n].Key)
		}
	}
}

func TestEmptyTreeHasNothing(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 10)
	emptyLeaf := v.Add(format.MagicBtree, testblock.Btree(0))
	for _, root := range []format.Root{{}, {Ref: emptyLeaf, Height: 1}} {
		tree := open(v, root)
		for name, f := range map[string]func(context.Context, format.Key) (btree.Item, error){
			"lookup": tree.Lookup, "next": tree.Next, "prev": tree.Prev,
		} {
			for _, key := range []format.Key{{}, format.InodeKey(7), format.MaxKey()} {
				if _, err := f(t.Context(), key); !errors.Is(err, syscall.ENOENT) {
					t.Errorf("height %d: %s: %v", root.Height, name, err)
				}
			}
		}
		for it, err := range tree.Items(t.Context(), format.AllKeys()) {
			t.Errorf("height %d: %v, %v", root.Height, it, err)
		}
		c := tree.NewCursor(btree.CursorOptions{})
		if c.Next() || c.Seek(t.Context(), format.Key{}) || c.Next() || c.Err() != nil {
			t.Errorf("height %d: the cursor found something: %v", root.Height, c.Err())
		}
	}
}

// Leaves that lost their items must not end a search.
func TestSearchesPassEmptyLeaves(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 20)
	leaf := func(items ...testblock.Item) format.Ref {
		return v.Add(format.MagicBtree, testblock.Btree(0, items...))
	}
	root := v.Add(format.MagicBtree, testblock.Btree(1,
		testblock.RefItem(format.InodeKey(10), leaf()),
		testblock.RefItem(format.InodeKey(20), leaf(inodes(15)...)),
		testblock.RefItem(format.InodeKey(30), leaf()),
		testblock.RefItem(format.InodeKey(40), leaf()),
		testblock.RefItem(format.InodeKey(50), leaf(inodes(45)...)),
		testblock.RefItem(format.MaxKey(), leaf())))
	tree := open(v, format.Root{Ref: root, Height: 2})
	for _, test := range []struct{ probe, next, prev uint64 }{
		{1, 15, 0}, {15, 15, 15}, {16, 45, 15}, {35, 45, 15}, {46, 0, 45}, {99, 0, 45},
	} {
		it, err := tree.Next(t.Context(), format.InodeKey(test.probe))
		if it.Key.First != test.next || (test.next == 0) != errors.Is(err, syscall.ENOENT) {
			t.Errorf("next %d: %v, %v, want %d", test.probe, it.Key, err, test.next)
		}
		it, err = tree.Prev(t.Context(), format.InodeKey(test.probe))
		if it.Key.First != test.prev || (test.prev == 0) != errors.Is(err, syscall.ENOENT) {
			t.Errorf("prev %d: %v, %v, want %d", test.probe, it.Key, err, test.prev)
		}
	}
	var found []uint64
	for it, err := range tree.Items(t.Context(), format.AllKeys()) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, it.Key.First)
	}
	if !slices.Equal(found, []uint64{15, 45}) {
		t.Errorf("items are %v", found)
	}
}

// A sub-tree ends at its own last key, in a whole tree that is corruption.
func TestSubtreeEndsAtItsLastKey(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 30)
	var parents []testblock.Item
	for p := range uint64(2) {
		var leaves []testblock.Item
		for l := range uint64(3) {
			ino := 100*p + 10*l
			ref := v.Add(format.MagicBtree, testblock.Btree(0, inodes(ino+1, ino+2, ino+9)...))
			leaves = append(leaves, testblock.RefItem(format.InodeKey(ino+9), ref))
		}
		parents = append(parents, testblock.RefItem(leaves[2].Key, v.Add(format.MagicBtree, testblock.Btree(1, leaves...))))
	}
	root := format.Root{Ref: v.Add(format.MagicBtree, testblock.Btree(2, parents...)), Height: 3}

	tree := open(v, root)
	tree.Subtree = true
	beyond := format.InodeKey(130)
	if _, err := tree.Next(t.Context(), beyond); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("next: %v", err)
	}
	if _, err := tree.Lookup(t.Context(), beyond); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("lookup: %v", err)
	}
	if it, err := tree.Prev(t.Context(), beyond); err != nil || it.Key != format.InodeKey(129) {
		t.Errorf("prev: %v, %v", it.Key, err)
	}
	c := tree.NewCursor(btree.CursorOptions{})
	if c.Seek(t.Context(), beyond) || c.Err() != nil {
		t.Errorf("seek: %v", c.Err())
	}
	n := 0
	for _, err := range tree.Items(t.Context(), format.AllKeys()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 18 {
		t.Errorf("%d items, want 18", n)
	}
	for b, err := range tree.Blocks(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if found := violations(b.Block, btree.VerifyOptions{Level: b.Level, Range: b.Range}); b.Level > 0 && len(found) > 0 {
			t.Error(found)
		}
	}

	tree.Subtree = false
	var corrupt *format.CorruptError
	for name, err := range map[string]error{
		"next":   second(tree.Next(t.Context(), beyond)),
		"prev":   second(tree.Prev(t.Context(), beyond)),
		"lookup": second(tree.Lookup(t.Context(), beyond)),
		"seek":   seek(t.Context(), tree, beyond),
	} {
		if !errors.As(err, &corrupt) || corrupt.Source != format.SourceBtreeNoChildRef {
			t.Errorf("%s in a whole tree: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func seek(ctx context.Context, tree *btree.Tree, key format.Key) error {
	c := tree.NewCursor(btree.CursorOptions{})
	for ok := c.Seek(ctx, key); ok; ok = c.Next() {
	}
	return c.Err()
}

func TestImpossibleRootsAreRefused(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 10)
	leaf := v.Add(format.MagicBtree, testblock.Btree(0, inodes(1)...))
	for _, root := range []format.Root{
		{Ref: leaf},
		{Height: 1},
		{Ref: leaf, Height: 21},
		{Ref: leaf, Height: 255},
	} {
		tree := open(v, root)
		for name, err := range everyError(t.Context(), tree) {
			var corrupt *format.CorruptError
			if !errors.As(err, &corrupt) || corrupt.Field != "height" {
				t.Errorf("%+v: %s: %v", root, name, err)
			}
		}
	}
}

// everyError reads a tree in every way and returns the first error of each.
func everyError(ctx context.Context, tree *btree.Tree) map[string]error {
	key := format.InodeKey(1)
	errs := map[string]error{
		"lookup": second(tree.Lookup(ctx, key)),
		"next":   second(tree.Next(ctx, key)),
		"prev":   second(tree.Prev(ctx, key)),
		"seek":   seek(ctx, tree, key),
		"items":  nil,
		"blocks": nil,
	}
	for _, err := range tree.Items(ctx, format.AllKeys()) {
		if err != nil {
			errs["items"] = err
		}
	}
	for _, err := range tree.Blocks(ctx) {
		if err != nil && errs["blocks"] == nil {
			errs["blocks"] = err
		}
	}
	return errs
}

func TestErrorsOfBlocksNameTreeBlockAndKey(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 50)
	root := v.Tree(4, everyThird(20)...)
	tree := open(v, root)
	tree.Kind = format.TreeSrchRoot
	// The leaf of the first items, blkno 2, is one that lost its header.
	v.Write(2, testblock.NewBlock())
	_, err := tree.Lookup(t.Context(), format.InodeKey(3))
	if want := "srch_root level 0, key 16.3.4.0.0.0: corrupt btree block at meta blkno 2: crc"; err == nil || !bytes.HasPrefix([]byte(err.Error()), []byte(want)) {
		t.Errorf("error is %q, want %q", err, want)
	}
	if !errors.Is(err, syscall.EIO) {
		t.Error("not EIO")
	}
	// One overwritten by another tree's block is stale.
	v.Put(format.Ref{Blkno: 2, Seq: 5}, format.MagicBtree, testblock.Btree(0))
	if _, err := tree.Lookup(t.Context(), format.InodeKey(3)); !errors.Is(err, block.ErrStale) {
		t.Errorf("error is %v", err)
	}
}
