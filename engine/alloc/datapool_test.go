// SPDX-License-Identifier: GPL-2.0-or-later

package alloc_test

import (
	"errors"
	"slices"
	"sync"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"scoutfs/engine/alloc"
	"scoutfs/engine/block"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

// dataPool returns a pool of some free extents on a device with total blocks.
func dataPool(tb testing.TB, total uint64, free ...format.Extent) *alloc.DataPool {
	tb.Helper()
	v := testblock.New(tb, 200)
	root := v.FreeTree(20, free...)
	return alloc.NewDataPool(alloc.OpenExtents(reader(v), &root), total)
}

func reserve(t *testing.T, p *alloc.DataPool, want uint64) format.Extent {
	t.Helper()
	e, err := p.Reserve(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Small requests lie together, apart from large ones, which come from the
// largest extents.
func TestDataPoolKeepsSmallRequestsTogether(t *testing.T) {
	t.Parallel()
	p := dataPool(t, 1<<20, format.Extent{Start: 64, Len: 100}, format.Extent{Start: 1000, Len: 50_000}, format.Extent{Start: 100_000, Len: 5000})
	next := uint64(1000)
	for i, want := range []uint64{5, 1, 300, 2000, 2047, 7} {
		if e := reserve(t, p, want); e.Start != next || e.Len != want {
			t.Errorf("small request %d of %d blocks got %v, want them from %d on", i, want, e, next)
		}
		next += want
	}
	large := reserve(t, p, 10_000)
	if large.Len != 10_000 || large.Start < next || large.Start > next+2048 {
		t.Errorf("a large request got %v", large)
	}
	if e := reserve(t, p, 9); e.Start != next {
		t.Errorf("a small request after a large one got %v, want blocks from %d on", e, next)
	}
	// What is given back at once is given out again.
	e := reserve(t, p, 100)
	p.Use(format.Extent{Start: e.Start, Len: 60})
	p.Return(format.Extent{Start: e.Start + 60, Len: 40})
	if again := reserve(t, p, 10); again.Start != e.Start+60 {
		t.Errorf("after giving 40 of %v back a request got %v", e, again)
	}
}

func TestDataPoolRefusesWhatIsNotInUse(t *testing.T) {
	t.Parallel()
	const total = 10_000
	freeExtent := format.Extent{Start: 1000, Len: 5000}
	for _, test := range []struct {
		name string
		e    format.Extent
		ok   bool
	}{
		{"a file's blocks", format.Extent{Start: 64, Len: 936}, true},
		{"the last blocks", format.Extent{Start: 6000, Len: 4000}, true},
		{"before the first block", format.Extent{Start: 63, Len: 2}, false},
		{"after the last block", format.Extent{Start: 9999, Len: 2}, false},
		{"no blocks", format.Extent{Start: 100, Len: 0}, false},
		{"around the end of numbers", format.Extent{Start: ^uint64(0), Len: 200}, false},
		{"free blocks", format.Extent{Start: 2000, Len: 1}, false},
		{"one free block at the end", format.Extent{Start: 900, Len: 101}, false},
		{"one free block at the start", format.Extent{Start: 5999, Len: 10}, false},
		{"free blocks inside", format.Extent{Start: 64, Len: 9000}, false},
		{"blocks that were freed before", format.Extent{Start: 7000, Len: 3}, false},
	} {
		p := dataPool(t, total, freeExtent)
		if test.name == "blocks that were freed before" {
			if err := p.Free(t.Context(), format.Extent{Start: 7001, Len: 1}); err != nil {
				t.Fatal(err)
			}
		}
		before := p.Freed()
		err := p.Free(t.Context(), test.e)
		if test.ok != (err == nil) || err != nil && !errors.Is(err, syscall.EIO) {
			t.Errorf("%s: %v", test.name, err)
		}
		if want := before; !test.ok && p.Freed() != want {
			t.Errorf("%s: %d blocks are freed", test.name, p.Freed())
		}
	}
	p := dataPool(t, total, freeExtent)
	e := reserve(t, p, 10)
	if err := p.Free(t.Context(), e); err == nil {
		t.Error("reserved blocks are freed")
	}
	p.Use(e)
	if err := p.Free(t.Context(), e); err != nil {
		t.Errorf("freeing used blocks: %v", err)
	}
	if err := p.Free(t.Context(), e); err == nil {
		t.Error("used blocks are freed twice")
	}
	p.Unfree(e)
	p.Unuse(e)
	p.Return(e)
	if _, err := p.Reserve(t.Context(), 0); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("reserving no blocks: %v", err)
	}
	if p.Freed() != 0 || p.Changes() != 0 {
		t.Error("what was undone is not")
	}
}

func TestDataPoolGivesOutAllBlocksOnce(t *testing.T) {
	t.Parallel()
	var free []format.Extent
	total := uint64(0)
	for i := range uint64(300) {
		e := format.Extent{Start: 100 + 5000*i, Len: 1 + i*i%2999}
		free = append(free, e)
		total += e.Len
	}
	p := dataPool(t, 2<<20, free...)
	var mu sync.Mutex
	var got alloc.ExtentSet
	var work sync.WaitGroup
	for g := range uint64(4) {
		work.Go(func() {
			for i := g; ; i++ {
				e, err := p.Reserve(t.Context(), 1+i*7%4000)
				if errors.Is(err, syscall.ENOSPC) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				if i%3 == 0 {
					p.Return(e)
					continue
				}
				mu.Lock()
				if !got.Add(e) {
					t.Errorf("%v is given out twice", e)
				}
				mu.Unlock()
			}
		})
	}
	work.Wait()
	for { // what others gave back after one had found nothing
		e, err := p.Reserve(t.Context(), 1<<20)
		if err != nil {
			break
		}
		if !got.Add(e) {
			t.Errorf("%v is given out twice", e)
		}
	}
	if got.Total() != total || !slices.Equal(got.Extents(), free) {
		t.Errorf("%d blocks of %d were given out", got.Total(), total)
	}
}

// blockState is what a model knows of a block.
type blockState uint8

const (
	stateFree blockState = iota
	stateReserved
	stateUsed   // by the coming commit
	stateMapped // by a committed one
	stateFreed  // by the coming commit
	stateVoid   // used and freed by the coming commit
)

func TestDataPoolAgreesWithModel(t *testing.T) {
	t.Parallel()
	const first, total = format.FirstDataBlkno, format.FirstDataBlkno + 5000
	rapid.Check(t, func(rt *rapid.T) {
		v := testblock.New(t, 100_000)
		r := reader(v)
		root := v.FreeTree(rapid.IntRange(2, 40).Draw(rt, "perBlock"), format.Extent{Start: first, Len: total - first})
		p := alloc.NewDataPool(alloc.OpenExtents(r, &root), total)
		blocks := &counter{next: format.FirstMetaBlkno + v.Used()}
		states := make([]blockState, total)
		var held, mapped []format.Extent
		set := func(e format.Extent, from []blockState, to blockState) {
			for i := e.Start; i <= e.End(); i++ {
				if !slices.Contains(from, states[i]) {
					rt.Fatalf("block %d of %v is in state %d, want one of %v", i, e, states[i], from)
				}
				states[i] = to
			}
		}
		pick := func(list *[]format.Extent) (format.Extent, bool) {
			if len(*list) == 0 {
				return format.Extent{}, false
			}
			i := rapid.IntRange(0, len(*list)-1).Draw(rt, "pick")
			e := (*list)[i]
			*list = slices.Delete(*list, i, i+1)
			return e, true
		}
		commit := func(fail bool) {
			p.Begin()
			w := block.NewWriter(r, v.Dev, testblock.FSID, blocks, blocks.random)
			x := alloc.NewExtentWriter(w, root)
			if err := p.Apply(t.Context(), x); err != nil {
				rt.Fatal(err)
			}
			if fail {
				w.Discard()
				p.End(nil, 0)
				return
			}
			if err := w.Write(t.Context()); err != nil {
				rt.Fatal(err)
			}
			root = x.Root()
			p.End(alloc.OpenExtents(r, &root), total)
			for i, s := range states {
				switch s {
				case stateUsed:
					states[i] = stateMapped
				case stateFreed, stateVoid:
					states[i] = stateFree
				}
			}
		}
		for range rapid.IntRange(1, 200).Draw(rt, "steps") {
			switch rapid.IntRange(0, 9).Draw(rt, "what") {
			case 0, 1, 2, 3:
				want := rapid.Uint64Range(1, 30).Draw(rt, "want")
				if rapid.IntRange(0, 9).Draw(rt, "large") == 0 {
					want *= 200
				}
				e, err := p.Reserve(t.Context(), want)
				if errors.Is(err, syscall.ENOSPC) && !slices.Contains(states[first:], stateFree) {
					continue
				}
				if err != nil || e.Len == 0 || e.Len > want {
					rt.Fatalf("reserve %d: %v, %v", want, e, err)
				}
				set(e, []blockState{stateFree}, stateReserved)
				held = append(held, e)
			case 4, 5:
				if e, ok := pick(&held); ok {
					p.Use(e)
					set(e, []blockState{stateReserved}, stateUsed)
					mapped = append(mapped, e)
				}
			case 6:
				if e, ok := pick(&held); ok {
					p.Return(e)
					set(e, []blockState{stateReserved}, stateFree)
				}
			case 7, 8:
				if e, ok := pick(&mapped); ok {
					if err := p.Free(t.Context(), e); err != nil {
						rt.Fatal(err)
					}
					to := stateFreed
					if states[e.Start] == stateUsed {
						to = stateVoid
					}
					set(e, []blockState{stateUsed, stateMapped}, to)
				}
			case 9:
				commit(rapid.Bool().Draw(rt, "fail"))
			}
		}
		commit(false)
		var want alloc.ExtentSet
		for i := uint64(first); i < total; i++ {
			if states[i] == stateFree || states[i] == stateReserved {
				want.Add(format.Extent{Start: i, Len: 1})
			}
		}
		tree := alloc.OpenExtents(r, &root)
		if got := collect(t, "free", tree.All(t.Context())); !slices.Equal(got, want.Extents()) {
			rt.Fatalf("free are %v, want %v", got, want.Extents())
		}
		for err := range tree.Verify(t.Context(), first, total) {
			rt.Fatal(err)
		}
	})
}
