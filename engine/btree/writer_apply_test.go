// SPDX-License-Identifier: GPL-2.0-or-later

package btree_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"syscall"
	"testing"

	"scoutfs/engine/btree"
	"scoutfs/engine/format"
)

// fill returns how full leaves but the last one are on average.
func fill(t *testing.T, tree *btree.Tree) float64 {
	t.Helper()
	leaves, bytes, last := 0, 0, 0
	for _, b := range content(t, tree) {
		if b.Level() == 0 {
			leaves++
			last = int(b.Head().TotalItemBytes.Get())
			bytes += last
		}
	}
	return float64(bytes-last) / float64(leaves-1) / format.BtreeLeafBytes
}

// run returns n items with keys after each other.
func run(from uint64, n int, value int) (items []btree.Item) {
	for i := range n {
		items = append(items, btree.Item{Key: format.InodeKey(from + uint64(i)), Seq: 3, Value: make([]byte, value)})
	}
	return items
}

func TestAscendingItemsFillLeaves(t *testing.T) {
	t.Parallel()
	for _, value := range []int{0, 16, 168, 896} {
		g := newGarden(t, 3000)
		w := btree.NewWriter(g.blocks, format.Root{}, format.TreeFSRoot)
		items := run(1, 8_000, value)
		if err := w.Apply(t.Context(), each(items), nil); err != nil {
			t.Fatal(err)
		}
		tree := g.commit(t, w.Root())
		checkTree(t, tree, items)
		if got := fill(t, tree); got < 0.9 {
			t.Errorf("values of %d bytes: leaves are %.0f %% full", value, 100*got)
		}
	}
}

// New files come in the middle of a tree, between what is before and after
// them in it; one run after the other, as commits bring them.
func TestRunsInTheMiddleFillLeaves(t *testing.T) {
	t.Parallel()
	g := newGarden(t, 3000)
	w := btree.NewWriter(g.blocks, format.Root{}, format.TreeFSRoot)
	ends := append(run(1, 3000, 100), run(1_000_000, 3000, 100)...)
	if err := w.Apply(t.Context(), each(ends), nil); err != nil {
		t.Fatal(err)
	}
	all := slices.Clone(ends)
	for batch := range 6 {
		items := run(uint64(10_000+batch*2000), 2000, 100)
		if err := w.Apply(t.Context(), each(items), nil); err != nil {
			t.Fatal(err)
		}
		all = append(all, items...)
		slices.SortFunc(all, func(a, b btree.Item) int { return a.Key.Compare(b.Key) })
		checkTree(t, g.commit(t, w.Root()), all)
	}
	if got := fill(t, w.Tree()); got < 0.9 {
		t.Errorf("leaves are %.0f %% full", 100*got)
	}
}

func TestApplyStopsWhenTold(t *testing.T) {
	t.Parallel()
	g := newGarden(t, 100)
	w := btree.NewWriter(g.blocks, format.Root{}, format.TreeFSRoot)
	items := run(1, 1000, 50)
	asked := 0
	stop := func() bool { asked++; return asked > 700 }
	next, stopped, err := w.ApplyUntil(t.Context(), each(items), nil, stop)
	if err != nil || !stopped || next != items[700].Key {
		t.Fatalf("%v, %v, %v; want to be stopped at %v", next, stopped, err, items[700].Key)
	}
	checkTree(t, w.Tree(), items[:700])
	next, stopped, err = w.ApplyUntil(t.Context(), each(items[700:]), nil, func() bool { return false })
	if err != nil || stopped {
		t.Fatalf("%v, %v, %v; want the end", next, stopped, err)
	}
	checkTree(t, w.Tree(), items)
}

func TestApplyRefuses(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	items := run(10, 20, 30)
	ended, end := context.WithCancelCause(t.Context())
	end(broken)
	for _, test := range []struct {
		name    string
		ctx     context.Context
		items   iter.Seq2[btree.Item, error]
		resolve btree.Resolve
		want    error
		done    int
	}{
		{"a key twice", t.Context(), each(append(slices.Clone(items), items[19])), nil, syscall.EINVAL, 20},
		{"a key out of order", t.Context(), each(append(slices.Clone(items), items[3])), nil, syscall.EINVAL, 20},
		{"an error among items", t.Context(), func(yield func(btree.Item, error) bool) {
			_ = yield(items[0], nil) && yield(items[1], nil) && yield(btree.Item{}, broken)
		}, nil, broken, 2},
		{"an error of resolve", t.Context(), each(items), func(_ *btree.Item, it btree.Item) (btree.Item, btree.Action, error) {
			if it.Key == items[7].Key {
				return it, btree.Store, broken
			}
			return it, btree.Store, nil
		}, broken, 7},
		{"another key", t.Context(), each(items), func(_ *btree.Item, it btree.Item) (btree.Item, btree.Action, error) {
			it.Key.Fourth++
			return it, btree.Store, nil
		}, syscall.EINVAL, 0},
		{"a long value", t.Context(), each(run(1, 1, format.MaxBtreeValue+1)), nil, syscall.EINVAL, 0},
		{"the end of the context", ended, each(items), nil, broken, 0},
	} {
		g := newGarden(t, 10)
		w := btree.NewWriter(g.blocks, format.Root{}, format.TreeFSRoot)
		if err := w.Apply(test.ctx, test.items, test.resolve); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
		checkTree(t, w.Tree(), items[:test.done])
	}
}

// What stays as it is costs no copies of blocks.
func TestNothingIsCopiedForWhatStays(t *testing.T) {
	t.Parallel()
	g := newGarden(t, 200)
	w := btree.NewWriter(g.blocks, format.Root{}, format.TreeFSRoot)
	items := run(1, 5000, 50)
	if err := w.Apply(t.Context(), each(items), nil); err != nil {
		t.Fatal(err)
	}
	g.commit(t, w.Root())
	root := w.Root()
	for name, action := range map[string]btree.Action{"keep": btree.Keep, "remove what is not there": btree.Remove} {
		batch := items
		if action == btree.Remove {
			batch = nil
			for _, it := range items {
				it.Key.Fourth = 1
				batch = append(batch, it)
			}
		}
		err := w.Apply(t.Context(), each(batch), func(_ *btree.Item, it btree.Item) (btree.Item, btree.Action, error) {
			return it, action, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if g.blocks.Dirty() != 0 || w.Root() != root {
			t.Errorf("%s: %d dirty blocks", name, g.blocks.Dirty())
		}
	}
	for name, test := range map[string]struct {
		err, want error
	}{
		"insert": {w.Insert(t.Context(), items[9]), syscall.EEXIST},
		"update": {w.Update(t.Context(), btree.Item{Key: format.InodeKey(9000)}), syscall.ENOENT},
		"delete": {w.Delete(t.Context(), format.InodeKey(9000)), syscall.ENOENT},
	} {
		if !errors.Is(test.err, test.want) || g.blocks.Dirty() != 0 {
			t.Errorf("%s: %v, want %v; %d dirty blocks", name, test.err, test.want, g.blocks.Dirty())
		}
	}
}

// A value may grow from what is in the leaf, when the leaf has to make room.
func TestResolveMayReturnTheOldValue(t *testing.T) {
	t.Parallel()
	g := newGarden(t, 200)
	w := btree.NewWriter(g.blocks, format.Root{}, format.TreeFSRoot)
	var items []btree.Item
	for i := range 800 {
		items = append(items, btree.Item{Key: format.InodeKey(uint64(i)), Value: fmt.Appendf(nil, "%0200d", i)})
	}
	if err := w.Apply(t.Context(), each(items), nil); err != nil {
		t.Fatal(err)
	}
	for length := 190; length > 40; length -= 30 {
		for i := range items {
			items[i].Value = items[i].Value[len(items[i].Value)-length:]
		}
		err := w.Apply(t.Context(), each(items), func(old *btree.Item, it btree.Item) (btree.Item, btree.Action, error) {
			it.Value = old.Value[len(old.Value)-length:]
			return it, btree.Store, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		checkTree(t, w.Tree(), items)
	}
}
