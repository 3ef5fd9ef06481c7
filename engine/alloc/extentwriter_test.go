// SPDX-License-Identifier: GPL-2.0-or-later

package alloc_test

import (
	"context"
	"errors"
	"slices"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"scoutfs/engine/alloc"
	"scoutfs/engine/block"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

// counter hands out blocks, and sequence numbers, one after another.
type counter struct{ next, seq uint64 }

func (c *counter) Alloc(context.Context) (uint64, error) {
	c.next++
	return c.next, nil
}

func (*counter) Free(context.Context, uint64) error { return nil }

func (c *counter) random() uint64 {
	c.seq++
	return c.seq
}

// blockWriter returns a writer of blocks from one of a device on.
func blockWriter(v *testblock.Volume, r *block.Reader, first uint64) *block.Writer {
	c := &counter{next: first}
	return block.NewWriter(r, v.Dev, testblock.FSID, c, c.random)
}

func TestExtentWriterMergesAndSplits(t *testing.T) {
	t.Parallel()
	ext := func(start, length uint64) format.Extent { return format.Extent{Start: start, Len: length} }
	start := []format.Extent{ext(100, 10), ext(200, 100), ext(400, 1), ext(500, 9)}
	type write func(t *testing.T, x *alloc.ExtentWriter) error
	insert := func(e format.Extent) write {
		return func(t *testing.T, x *alloc.ExtentWriter) error { return x.Insert(t.Context(), e) }
	}
	remove := func(e format.Extent) write {
		return func(t *testing.T, x *alloc.ExtentWriter) error { return x.Remove(t.Context(), e) }
	}
	take := func(most uint64, want format.Extent) write {
		return func(t *testing.T, x *alloc.ExtentWriter) error {
			e, err := x.TakeLargest(t.Context(), most)
			if err == nil && e != want {
				t.Errorf("took %v, want %v", e, want)
			}
			return err
		}
	}
	for _, test := range []struct {
		name string
		do   write
		want []format.Extent // nil for an error
	}{
		{"insert apart", insert(ext(150, 5)), []format.Extent{ext(100, 10), ext(150, 5), ext(200, 100), ext(400, 1), ext(500, 9)}},
		{"insert first", insert(ext(0, 5)), []format.Extent{ext(0, 5), ext(100, 10), ext(200, 100), ext(400, 1), ext(500, 9)}},
		{"insert last", insert(ext(600, 5)), []format.Extent{ext(100, 10), ext(200, 100), ext(400, 1), ext(500, 9), ext(600, 5)}},
		{"insert after one", insert(ext(110, 5)), []format.Extent{ext(100, 15), ext(200, 100), ext(400, 1), ext(500, 9)}},
		{"insert before one", insert(ext(190, 10)), []format.Extent{ext(100, 10), ext(190, 110), ext(400, 1), ext(500, 9)}},
		{"insert between two", insert(ext(110, 90)), []format.Extent{ext(100, 200), ext(400, 1), ext(500, 9)}},
		{"insert what is there", insert(ext(400, 1)), nil},
		{"insert over the end of one", insert(ext(109, 2)), nil},
		{"insert over the start of one", insert(ext(99, 2)), nil},
		{"insert around one", insert(ext(399, 3)), nil},
		{"insert inside one", insert(ext(250, 3)), nil},
		{"insert no blocks", insert(ext(150, 0)), nil},
		{"insert around the end of numbers", insert(ext(^uint64(0), 2)), nil},
		{"remove all of one", remove(ext(400, 1)), []format.Extent{ext(100, 10), ext(200, 100), ext(500, 9)}},
		{"remove the start", remove(ext(200, 40)), []format.Extent{ext(100, 10), ext(240, 60), ext(400, 1), ext(500, 9)}},
		{"remove the end", remove(ext(240, 60)), []format.Extent{ext(100, 10), ext(200, 40), ext(400, 1), ext(500, 9)}},
		{"remove the middle", remove(ext(240, 10)), []format.Extent{ext(100, 10), ext(200, 40), ext(250, 50), ext(400, 1), ext(500, 9)}},
		{"remove what is not there", remove(ext(150, 1)), nil},
		{"remove beyond the end", remove(ext(290, 11)), nil},
		{"remove from before the start", remove(ext(199, 2)), nil},
		{"remove after all", remove(ext(900, 2)), nil},
		{"remove no blocks", remove(ext(200, 0)), nil},
		{"take some of the largest", take(30, ext(200, 30)), []format.Extent{ext(100, 10), ext(230, 70), ext(400, 1), ext(500, 9)}},
		{"take all of the largest", take(1000, ext(200, 100)), []format.Extent{ext(100, 10), ext(400, 1), ext(500, 9)}},
	} {
		v := testblock.New(t, 200)
		root := v.FreeTree(3, start...)
		r := reader(v)
		w := blockWriter(v, r, 100)
		x := alloc.NewExtentWriter(w, root)
		err := test.do(t, x)
		if test.want == nil {
			if _, ok := errors.AsType[*format.CorruptError](err); !ok {
				t.Errorf("%s: %v", test.name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if err := w.Write(t.Context()); err != nil {
			t.Fatal(err)
		}
		now := x.Root()
		tree := alloc.OpenExtents(reader(v), &now)
		if got := collect(t, test.name, tree.All(t.Context())); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
		for err := range tree.Verify(t.Context(), 0, 1000) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	v := testblock.New(t, 200)
	x := alloc.NewExtentWriter(blockWriter(v, reader(v), 100), format.AllocRoot{})
	if _, err := x.TakeLargest(t.Context(), 1); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("taking from an empty tree: %v", err)
	}
}

// Items that contradict each other or the root are damage, not free space.
func TestExtentWriterRefusesDamage(t *testing.T) {
	t.Parallel()
	e := format.Extent{Start: 100, Len: 10}
	item := func(k format.Key) testblock.Item { return testblock.Item{Key: k} }
	for _, test := range []struct {
		name  string
		items []testblock.Item
		total uint64
	}{
		{"no item by size", []testblock.Item{item(format.FreeBlknoKey(e))}, 10},
		{"total_len too small", []testblock.Item{item(format.FreeBlknoKey(e)), item(format.FreeOrderKey(e))}, 3},
		{"an item that wraps around", []testblock.Item{item(format.FreeBlknoKey(format.Extent{Start: ^uint64(0), Len: 200})), item(format.FreeOrderKey(e))}, 10},
	} {
		v := testblock.New(t, 200)
		var root format.AllocRoot
		root.TotalLen.Set(test.total)
		root.Root.Set(v.Tree(10, test.items...))
		x := alloc.NewExtentWriter(blockWriter(v, reader(v), 100), root)
		if err := x.Remove(t.Context(), format.Extent{Start: 101, Len: 5}); !errors.Is(err, syscall.EIO) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// Random changes leave the extents that a set of blocks in memory has.
func TestExtentWriterAgreesWithModel(t *testing.T) {
	t.Parallel()
	const space = 3000
	rapid.Check(t, func(rt *rapid.T) {
		v := testblock.New(t, 1000)
		r := reader(v)
		w := blockWriter(v, r, 10)
		x := alloc.NewExtentWriter(w, format.AllocRoot{})
		free := make([]bool, space)
		all := func(start, length uint64, want bool) bool {
			for i := start; i < start+length; i++ {
				if free[i] != want {
					return false
				}
			}
			return true
		}
		set := func(e format.Extent, to bool) {
			for i := e.Start; i <= e.End(); i++ {
				free[i] = to
			}
		}
		for range rapid.IntRange(1, 120).Draw(rt, "steps") {
			start := rapid.Uint64Range(0, space-1).Draw(rt, "start")
			e := format.Extent{Start: start, Len: rapid.Uint64Range(1, min(40, space-start)).Draw(rt, "len")}
			switch rapid.IntRange(0, 4).Draw(rt, "what") {
			case 0:
				got, err := x.TakeLargest(t.Context(), e.Len)
				if errors.Is(err, syscall.ENOSPC) && all(0, space, false) {
					continue
				}
				if err != nil || got.Len > e.Len || !all(got.Start, got.Len, true) {
					rt.Fatalf("took %v, %v", got, err)
				}
				set(got, false)
			case 1:
				if all(e.Start, e.Len, true) {
					if err := x.Remove(t.Context(), e); err != nil {
						rt.Fatal(err)
					}
					set(e, false)
				}
			default:
				overlaps, err := x.Overlaps(t.Context(), e)
				if err != nil || overlaps == all(e.Start, e.Len, false) {
					rt.Fatalf("%v overlaps: %v, %v", e, overlaps, err)
				}
				if !overlaps {
					if err := x.Insert(t.Context(), e); err != nil {
						rt.Fatal(err)
					}
					set(e, true)
				}
			}
		}
		var want []format.Extent
		for i, f := range free {
			switch {
			case !f:
			case i > 0 && free[i-1]:
				want[len(want)-1].Len++
			default:
				want = append(want, format.Extent{Start: uint64(i), Len: 1})
			}
		}
		if err := w.Write(t.Context()); err != nil {
			rt.Fatal(err)
		}
		root := x.Root()
		tree := alloc.OpenExtents(reader(v), &root)
		if got := collect(t, "all", tree.All(t.Context())); !slices.Equal(got, want) {
			rt.Fatalf("%v, want %v", got, want)
		}
		for err := range tree.Verify(t.Context(), 0, space) {
			rt.Fatal(err)
		}
	})
}
