// SPDX-License-Identifier: GPL-2.0-or-later

package btree_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

// garden is a volume in which a tree is changed.
type garden struct {
	*testblock.Volume
	space  *testblock.Space
	reader *block.Reader
	blocks *block.Writer
	random *rand.Rand
}

func newGarden(tb testing.TB, blocks uint64) *garden {
	tb.Helper()
	return openGarden(testblock.New(tb, blocks))
}

// openGarden lets the trees of a volume be changed.
func openGarden(v *testblock.Volume) *garden {
	g := &garden{Volume: v, space: v.Space(), random: rand.New(rand.NewPCG(1, 2))}
	g.reader = block.NewReader(v.Dev, block.Options{FSID: testblock.FSID})
	g.blocks = block.NewWriter(g.reader, v.Dev, testblock.FSID, g.space, g.random.Uint64)
	return g
}

// commit writes what has changed, and returns the tree as a stranger reads it.
func (g *garden) commit(tb fataler, root format.Root) *btree.Tree {
	tb.Helper()
	if err := g.blocks.Write(context.Background()); err != nil {
		tb.Fatalf("writing: %v", err)
	}
	g.space.Commit(g.random)
	return &btree.Tree{Reader: block.NewReader(g.Dev, block.Options{FSID: testblock.FSID}), Root: root}
}

type fataler interface {
	Helper()
	Fatalf(string, ...any)
}

// checkTree fails unless the tree is sound, keeps the rules for writers, and
// has the items. It returns the number of its blocks.
func checkTree(tb fataler, tree *btree.Tree, items []btree.Item) (blocks int) {
	tb.Helper()
	for at, err := range tree.Blocks(context.Background()) {
		if err != nil {
			tb.Fatalf("block %v: %v", at.Ref, err)
		}
		blocks++
		isRoot := at.Ref == tree.Root.Ref
		for v := range btree.Verify(at.Block, btree.VerifyOptions{Level: at.Level, Range: at.Range, Root: isRoot, AnyItem: true}) {
			tb.Fatalf("block %v: %v", at.Ref, v.Err)
		}
		if nr := at.Block.NrItems(); isRoot && nr < min(2, at.Level+1) {
			tb.Fatalf("root at level %d has %d items", at.Level, nr)
		}
	}
	n := 0
	for it, err := range tree.Items(context.Background(), format.AllKeys()) {
		switch {
		case err != nil:
			tb.Fatalf("item %d: %v", n, err)
		case n >= len(items):
			tb.Fatalf("item %v is one too many", it.Key)
		case !sameItem(it, items[n]):
			tb.Fatalf("item %d is %v, want %v", n, it, items[n])
		}
		n++
	}
	if n != len(items) {
		tb.Fatalf("%d items, want %d", n, len(items))
	}
	return blocks
}

func sameItem(a, b btree.Item) bool {
	return a.Key == b.Key && a.Seq == b.Seq && a.Flags == b.Flags && bytes.Equal(a.Value, b.Value)
}

// sorted returns a model's items in key order.
func sorted(model map[format.Key]btree.Item) []btree.Item {
	items := make([]btree.Item, 0, len(model))
	for _, it := range model {
		items = append(items, it)
	}
	slices.SortFunc(items, func(a, b btree.Item) int { return a.Key.Compare(b.Key) })
	return items
}

// Random changes must leave what a map would have, in sound blocks.
func TestWriterAgreesWithModel(t *testing.T) {
	t.Parallel()
	for _, shape := range []struct {
		name           string
		keys, ops      int
		longest, grows int // bytes of values; of 10 changes, how many add
	}{
		{"few keys", 60, 2000, 40, 5},
		{"long values", 500, 3000, 896, 6},
		{"no values", 6000, 8000, 0, 8},
		{"shrinking", 1500, 8000, 300, 3},
		{"many", 6000, 12000, 100, 6},
	} {
		t.Run(shape.name, func(t *testing.T) {
			t.Parallel()
			m := newModel(t, shape.keys, shape.longest)
			const batches = 8
			for batch := range batches {
				for range shape.ops / batches {
					m.step(t, m.random.IntN(10) < shape.grows)
				}
				m.check(t, batch)
			}
			for len(m.items) > 0 {
				m.drain(t)
			}
			if m.w.Root() != (format.Root{}) || m.w.Blocks() != 0 {
				t.Errorf("nothing is left, but the root is %v with %d blocks", m.w.Root(), m.w.Blocks())
			}
		})
	}
}

// model is a tree and a map that should have the same items.
type model struct {
	*garden
	w       *btree.Writer
	items   map[format.Key]btree.Item
	keys    int
	longest int
	leaks   bool // blocks that could not be freed are no news

	// last is the tree as of the last commit, with its items.
	last      *btree.Tree
	lastItems []btree.Item
}

func newModel(tb testing.TB, keys, longest int) *model {
	g := newGarden(tb, 20000)
	return &model{
		garden: g, w: btree.NewWriter(g.blocks, format.Root{}, format.TreeLogItems),
		items: make(map[format.Key]btree.Item), keys: keys, longest: longest,
	}
}

func (m *model) key() format.Key {
	n := uint64(m.random.IntN(m.keys))
	return format.Key{Zone: uint8(n % 3), First: n / 64, Type: uint8(n % 5), Second: n % 64}
}

func (m *model) item(key format.Key) btree.Item {
	it := btree.Item{Key: key, Seq: m.random.Uint64(), Flags: uint8(m.random.IntN(2))}
	if m.longest > 0 {
		it.Value = make([]byte, m.random.IntN(m.longest+1))
		for i := range it.Value {
			it.Value[i] = byte(m.random.Uint32())
		}
	}
	return it
}

// step makes one change, or a few in ascending order.
func (m *model) step(t *testing.T, grow bool) {
	t.Helper()
	ctx := t.Context()
	key := m.key()
	_, there := m.items[key]
	expect := func(what string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Fatalf("%s %v: %v, want %v", what, key, err, want)
		}
	}
	switch kind := m.random.IntN(30); {
	case kind == 0:
		m.apply(t, grow)
	case kind == 1 && grow:
		// A value from the tree itself, whose blocks are about to change.
		from, err := m.w.Tree().Next(ctx, m.key())
		if err != nil {
			return
		}
		it := btree.Item{Key: key, Seq: from.Seq, Value: from.Value}
		m.items[key] = btree.Item{Key: key, Seq: from.Seq, Value: slices.Clone(from.Value)}
		expect("force", m.w.Force(ctx, it), nil)
	case kind < 4:
		it := m.item(key)
		var want error
		if !there {
			want = syscall.ENOENT
		} else {
			m.items[key] = it
		}
		expect("update", m.w.Update(ctx, it), want)
	case kind < 10 && grow:
		it := m.item(key)
		var want error
		if there {
			want = syscall.EEXIST
		} else {
			m.items[key] = it
		}
		expect("insert", m.w.Insert(ctx, it), want)
	case grow:
		it := m.item(key)
		m.items[key] = it
		expect("force", m.w.Force(ctx, it), nil)
	default:
		var want error
		if !there {
			want = syscall.ENOENT
		}
		delete(m.items, key)
		expect("delete", m.w.Delete(ctx, key), want)
	}
}

// apply makes changes in ascending order.
func (m *model) apply(t *testing.T, grow bool) {
	t.Helper()
	batch := make(map[format.Key]btree.Item)
	for range m.random.IntN(60) {
		key := m.key()
		for range m.random.IntN(4) {
			batch[key] = m.item(key)
			key.Third++
		}
	}
	resolve := func(old *btree.Item, it btree.Item) (btree.Item, btree.Action, error) {
		now, there := m.items[it.Key]
		if there != (old != nil) || there && !sameItem(*old, now) {
			return it, 0, fmt.Errorf("key %v: found %v, want %v", it.Key, old, now)
		}
		switch {
		case m.random.IntN(5) == 0:
			return it, btree.Keep, nil
		case !grow:
			delete(m.items, it.Key)
			return it, btree.Remove, nil
		case there && m.random.IntN(2) == 0: // with the old value
			it.Value = old.Value
			m.items[it.Key] = btree.Item{Key: it.Key, Seq: it.Seq, Flags: it.Flags, Value: slices.Clone(it.Value)}
			return it, btree.Store, nil
		}
		m.items[it.Key] = it
		return it, btree.Store, nil
	}
	if err := m.w.Apply(t.Context(), each(sorted(batch)), resolve); err != nil {
		t.Fatalf("apply: %v", err)
	}
}

func each(items []btree.Item) func(func(btree.Item, error) bool) {
	return func(yield func(btree.Item, error) bool) {
		for _, it := range items {
			if !yield(it, nil) {
				return
			}
		}
	}
}

// check compares everything, before and after a commit, and that the commit
// spares the tree before.
func (m *model) check(t *testing.T, batch int) {
	t.Helper()
	items := sorted(m.items)
	blocks := checkTree(t, m.w.Tree(), items)
	if gained := m.w.Blocks(); gained != blocks && !(m.leaks && gained > blocks) {
		t.Fatalf("batch %d: %d blocks gained, the tree has %d", batch, gained, blocks)
	}
	if err := m.blocks.Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	if m.last != nil {
		m.last.Reader = block.NewReader(m.Dev, block.Options{FSID: testblock.FSID})
		checkTree(t, m.last, m.lastItems)
	}
	m.last, m.lastItems = m.commit(t, m.w.Root()), items
	checkTree(t, m.last, items)
}

// drain deletes many items.
func (m *model) drain(t *testing.T) {
	t.Helper()
	items := sorted(m.items)
	if m.random.IntN(2) == 0 {
		slices.Reverse(items)
	}
	for _, it := range items[:min(len(items), 2000)] {
		if err := m.w.Delete(t.Context(), it.Key); err != nil {
			t.Fatalf("delete %v: %v", it.Key, err)
		}
		delete(m.items, it.Key)
	}
	if len(m.items) > 0 {
		m.check(t, -1)
	}
}
