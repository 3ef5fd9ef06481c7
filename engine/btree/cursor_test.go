// SPDX-License-Identifier: GPL-2.0-or-later

package btree_test

import (
	"context"
	"errors"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

// tallTree is a tree of height 4 with 1000 items, 5 to a block.
func tallTree(t *testing.T) (*testblock.Volume, format.Root, []testblock.Item) {
	t.Helper()
	v := testblock.New(t, 300)
	items := everyThird(1000)
	root := v.Tree(5, items...)
	if root.Height != 5 {
		t.Fatalf("height is %d", root.Height)
	}
	return v, root, items
}

func TestRangeCostsReadsInProportion(t *testing.T) {
	t.Parallel()
	v, root, items := tallTree(t)
	for _, test := range []struct{ first, n, most int }{
		{0, 1, 5},
		{500, 1, 6},
		{500, 5, 6},
		{300, 50, 11 + 4 + 4 + 2},
		{0, 1000, 200 + 40 + 8 + 2 + 1},
	} {
		tree := open(v, root)
		n := 0
		keys := format.Range{Start: items[test.first].Key, End: items[test.first+test.n-1].Key}
		for _, err := range tree.Items(t.Context(), keys) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		tree.Reader.Wait()
		if n != test.n {
			t.Errorf("%d items, want %d", n, test.n)
		}
		if read := int(tree.Reader.Stats().Blocks); read > test.most {
			t.Errorf("%d items from %d: %d blocks read, want at most %d", test.n, test.first, read, test.most)
		}
	}
}

func TestCursorReadsLeavesAhead(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 300)
	root := v.Tree(100, everyThird(10_000)...) // 100 leaves below one parent
	tree := open(v, root)
	for _, opts := range []btree.CursorOptions{{}, {ReadAhead: 2}, {ReadAhead: -1}, {End: format.InodeKey(1500)}} {
		r := block.NewReader(v.Dev, block.Options{})
		tree.Reader = r
		c := tree.NewCursor(opts)
		leaves := 0
		for ok := c.Seek(t.Context(), format.Key{}); ok; ok = c.Next() {
			if c.Key().First%300 == 3 {
				leaves++
				r.Wait() // so that every leaf that was asked for is there
			}
		}
		if c.Err() != nil {
			t.Fatal(c.Err())
		}
		want := 100
		if opts.End != (format.Key{}) {
			want = 5
		}
		if leaves != want {
			t.Errorf("%+v: %d leaves", opts, leaves)
		}
		got := r.Stats()
		if got.Blocks != uint64(want)+1 {
			t.Errorf("%+v: %d blocks read, want %d", opts, got.Blocks, want+1)
		}
		// All but the first two leaves, which had to be waited for.
		if ahead := uint64(want - 2); opts.ReadAhead >= 0 && got.Ahead != ahead || opts.ReadAhead < 0 && got.Ahead != 0 {
			t.Errorf("%+v: %d blocks read ahead, want %d", opts, got.Ahead, ahead)
		}
	}
}

func TestSeekForwardInALeafReadsNothing(t *testing.T) {
	t.Parallel()
	v, root, items := tallTree(t)
	tree := open(v, root)
	c := tree.NewCursor(btree.CursorOptions{ReadAhead: -1})
	if !c.Seek(t.Context(), items[100].Key) {
		t.Fatal(c.Err())
	}
	before := tree.Reader.Stats()
	for _, i := range []int{101, 103, 104} {
		if !c.Seek(t.Context(), items[i-1].Key.Next()) || c.Key() != items[i].Key {
			t.Errorf("seek to item %d: at %v, %v", i, c.Key(), c.Err())
		}
	}
	if after := tree.Reader.Stats(); after != before {
		t.Errorf("stats went from %+v to %+v", before, after)
	}
	// Past the leaf's last item, and back.
	if !c.Seek(t.Context(), items[104].Key.Next()) || c.Key() != items[105].Key {
		t.Errorf("seek past the leaf: at %v, %v", c.Key(), c.Err())
	}
	if !c.Seek(t.Context(), items[100].Key) || c.Key() != items[100].Key {
		t.Errorf("seek back: at %v, %v", c.Key(), c.Err())
	}
}

func TestCursorStopsAtItsEnd(t *testing.T) {
	t.Parallel()
	v, root, items := tallTree(t)
	tree := open(v, root)
	c := tree.NewCursor(btree.CursorOptions{End: items[7].Key})
	n := 0
	for ok := c.Seek(t.Context(), items[3].Key); ok; ok = c.Next() {
		n++
	}
	if n != 5 || c.Err() != nil || c.Next() {
		t.Errorf("%d items, %v", n, c.Err())
	}
	if c.Seek(t.Context(), items[8].Key) || c.Err() != nil {
		t.Errorf("seek beyond the end: %v", c.Err())
	}
	if !c.Seek(t.Context(), items[7].Key) || c.Next() {
		t.Error("seek to the end")
	}
}

func TestCursorWorksAgainAfterAnError(t *testing.T) {
	t.Parallel()
	v, root, items := tallTree(t)
	dev := device.NewFaulty(v.Dev, device.Fault{Op: device.OpRead, After: 7, Count: 1})
	tree := btree.Tree{Reader: block.NewReader(dev, block.Options{}), Root: root}
	c := tree.NewCursor(btree.CursorOptions{ReadAhead: -1})
	n := 0
	for ok := c.Seek(t.Context(), format.Key{}); ok; ok = c.Next() {
		n++
	}
	var failed *device.Error
	if !errors.As(c.Err(), &failed) || n != 15 {
		t.Errorf("%d items, %v", n, c.Err())
	}
	if c.Next() {
		t.Error("the cursor went on after an error")
	}
	for ok := c.Seek(t.Context(), items[n].Key); ok; ok = c.Next() {
		n++
	}
	if c.Err() != nil || n != len(items) {
		t.Errorf("resumed: %d items, %v", n, c.Err())
	}
}

func TestWalksStopWithTheirContext(t *testing.T) {
	t.Parallel()
	v, root, _ := tallTree(t)
	enough := errors.New("enough")
	for name, walk := range map[string]func(ctx context.Context, tree *btree.Tree, step func()) error{
		"items": func(ctx context.Context, tree *btree.Tree, step func()) error {
			for _, err := range tree.Items(ctx, format.AllKeys()) {
				if err != nil {
					return err
				}
				step()
			}
			return nil
		},
		"blocks": func(ctx context.Context, tree *btree.Tree, step func()) error {
			var last error
			for _, err := range tree.Blocks(ctx) {
				last = err
				step()
			}
			return last
		},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		tree, steps := open(v, root), 0
		err := walk(ctx, tree, func() {
			if steps++; steps == 20 {
				cancel(enough)
			}
		})
		if !errors.Is(err, enough) || steps > 30 {
			t.Errorf("%s: %d steps, %v", name, steps, err)
		}
		cancel(nil)
		tree.Reader.Wait()
	}
}

func TestReadingDoesNotAllocate(t *testing.T) {
	v, root, items := tallTree(t)
	tree := open(v, root)
	c := tree.NewCursor(btree.CursorOptions{})
	readAll := func() {
		for ok := c.Seek(t.Context(), format.Key{}); ok; ok = c.Next() {
			if c.Item().Value == nil {
				t.Fatal("no value")
			}
		}
		if c.Err() != nil {
			t.Fatal(c.Err())
		}
	}
	readAll() // fills the cache
	tree.Reader.Wait()
	if n := testing.AllocsPerRun(10, readAll); n > 0 {
		t.Errorf("reading 1000 items allocates %v times", n)
	}
	if n := testing.AllocsPerRun(10, func() {
		if _, err := tree.Lookup(t.Context(), items[77].Key); err != nil {
			t.Fatal(err)
		}
		if _, err := tree.Next(t.Context(), items[77].Key.Next()); err != nil {
			t.Fatal(err)
		}
		if _, err := tree.Prev(t.Context(), items[77].Key.Prev()); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("finding 3 items allocates %v times", n)
	}
}
