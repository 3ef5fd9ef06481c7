// SPDX-License-Identifier: GPL-2.0-or-later

package alloc_test

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"scoutfs/engine/alloc"
	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

func collect(t *testing.T, name string, seq func(func(format.Extent, error) bool)) []format.Extent {
	t.Helper()
	var list []format.Extent
	for e, err := range seq {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		list = append(list, e)
	}
	return list
}

func TestExtentsAreReadByPlaceAndBySize(t *testing.T) {
	t.Parallel()
	extents := []format.Extent{{Start: 64, Len: 1}, {Start: 70, Len: 9}, {Start: 100, Len: 7}, {Start: 200, Len: 4096}, {Start: 9000, Len: 70}}
	v := testblock.New(t, 40)
	root := v.FreeTree(3, extents...)
	x := alloc.OpenExtents(reader(v), &root)
	if got := collect(t, "all", x.All(t.Context())); !slices.Equal(got, extents) {
		t.Errorf("all extents are %v", got)
	}
	bySize := []format.Extent{extents[3], extents[4], extents[1], extents[0], extents[2]}
	if got := collect(t, "by size", x.BySize(t.Context())); !slices.Equal(got, bySize) {
		t.Errorf("extents by size are %v, want %v", got, bySize)
	}
	for _, test := range []struct {
		from uint64
		want int // index of the first extent
	}{{0, 0}, {64, 0}, {65, 1}, {78, 1}, {79, 2}, {5000, 4}, {9069, 4}, {9070, 5}, {math.MaxUint64, 5}} {
		if got := collect(t, "from", x.From(t.Context(), test.from)); !slices.Equal(got, extents[test.want:]) {
			t.Errorf("extents from %d are %v", test.from, got)
		}
		e, err := x.Next(t.Context(), test.from)
		if test.want == len(extents) {
			if !errors.Is(err, syscall.ENOENT) {
				t.Errorf("next %d: %v", test.from, err)
			}
		} else if err != nil || e != extents[test.want] {
			t.Errorf("next %d: %v, %v", test.from, e, err)
		}
	}
	for err := range x.Verify(t.Context(), 64, 10_000) {
		t.Error(err)
	}
	empty := alloc.OpenExtents(reader(v), &format.AllocRoot{})
	for err := range empty.Verify(t.Context(), 64, 10_000) {
		t.Error(err)
	}
	if _, err := empty.Next(t.Context(), 0); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("next in an empty tree: %v", err)
	}
}

func TestVerifyFindsWrongExtents(t *testing.T) {
	t.Parallel()
	a, b := format.Extent{Start: 64, Len: 10}, format.Extent{Start: 100, Len: 20}
	both := func(extents ...format.Extent) []testblock.Item {
		var items []testblock.Item
		for _, e := range extents {
			items = append(items, testblock.Item{Key: format.FreeBlknoKey(e)}, testblock.Item{Key: format.FreeOrderKey(e)})
		}
		return items
	}
	odd := format.FreeBlknoKey(b)
	odd.Third = 1
	wrongOrder := format.FreeOrderKey(b)
	wrongOrder.First++
	tests := []struct {
		name  string
		items []testblock.Item
		total uint64
		want  []string // parts of the errors
	}{
		{"total_len", both(a, b), 31, []string{"total_len is 31, expected 30"}},
		{"overlap", both(a, format.Extent{Start: 73, Len: 2}), 12, []string{"no overlap with 10 blocks from 64"}},
		{"same end", both(a, format.Extent{Start: 70, Len: 4}), 14, []string{"no overlap"}},
		{"before the first block", both(format.Extent{Start: 63, Len: 2}, b), 22, []string{"at least 64 and less than 1000"}},
		{"after the last block", both(a, format.Extent{Start: 990, Len: 11}), 21, []string{"at least 64 and less than 1000"}},
		{"no blocks", both(format.Extent{Start: 64, Len: 0}), 0, []string{"0 blocks from 64", "0 blocks from 64"}},
		{"wraps around", both(format.Extent{Start: math.MaxUint64, Len: 7}), 7, []string{"no wrap", "no wrap"}},
		{"no item by size", append(both(a), testblock.Item{Key: format.FreeBlknoKey(b)}), 30, []string{"without its other item"}},
		{"no item by place", append(both(a), testblock.Item{Key: format.FreeOrderKey(b)}), 10, []string{"without its other item"}},
		{
			"items of different lengths", append(both(a), testblock.Item{Key: format.FreeBlknoKey(b)}, testblock.Item{Key: format.FreeOrderKey(format.Extent{Start: 101, Len: 19})}), 30,
			[]string{"without its other item", "without its other item"},
		},
		{
			"unused key field", append(both(a), testblock.Item{Key: odd}, testblock.Item{Key: format.FreeOrderKey(b)}), 30,
			[]string{"key is 36.119.0.20.1.0, expected 36.119.0.20.0.0"},
		},
		{
			"wrong order", append(both(a), testblock.Item{Key: format.FreeBlknoKey(b)}, testblock.Item{Key: wrongOrder}), 30,
			[]string{"expected 40.18446744073709551614.0.119.20.0"},
		},
		{
			"value", append(both(a), testblock.Item{Key: format.FreeBlknoKey(b), Value: []byte{1}}, testblock.Item{Key: format.FreeOrderKey(b)}), 30,
			[]string{"value of 1 bytes"},
		},
	}
	for _, test := range tests {
		v := testblock.New(t, 40)
		slices.SortFunc(test.items, func(x, y testblock.Item) int { return x.Key.Compare(y.Key) })
		var root format.AllocRoot
		root.TotalLen.Set(test.total)
		root.Root.Set(v.Tree(100, test.items...))
		x := alloc.OpenExtents(reader(v), &root)
		var found []string
		for err := range x.Verify(t.Context(), 64, 1000) {
			found = append(found, err.Error())
		}
		same := len(found) == len(test.want)
		for i := range min(len(found), len(test.want)) {
			same = same && strings.Contains(found[i], test.want[i])
		}
		if !same {
			t.Errorf("%s: found %q, want %q", test.name, found, test.want)
		}
		for range x.Verify(t.Context(), 64, 1000) {
			break // must be possible at any error
		}
	}
}

// A tree that cannot be read is one error, not one for each missing extent.
func TestVerifyReportsAnUnreadableTreeOnce(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 40)
	root := v.FreeTree(3, format.Extent{Start: 64, Len: 1}, format.Extent{Start: 70, Len: 9}, format.Extent{Start: 100, Len: 7})
	for blkno := int64(2); blkno < 4; blkno++ {
		dev := device.NewFaulty(v.Dev, device.Fault{Op: device.OpRead, Off: blkno << 16, Len: 1})
		x := alloc.OpenExtents(block.NewReader(dev, block.Options{}), &root)
		n := 0
		for err := range x.Verify(t.Context(), 64, 1000) {
			if _, ok := errors.AsType[*device.Error](err); !ok {
				t.Errorf("blkno %d: %v", blkno, err)
			}
			n++
		}
		if n != 1 {
			t.Errorf("blkno %d: %d errors", blkno, n)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	n := 0
	for err := range alloc.OpenExtents(reader(v), &root).Verify(ctx, 64, 1000) {
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		n++
	}
	if n != 1 {
		t.Errorf("%d errors with a context that ended", n)
	}
}

func TestExtentsAgreeWithModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var extents []format.Extent
		next := uint64(64)
		for range rapid.IntRange(0, 100).Draw(rt, "extents") {
			next += rapid.Uint64Range(1, 50).Draw(rt, "gap")
			e := format.Extent{Start: next, Len: rapid.Uint64Range(1, 5000).Draw(rt, "len")}
			extents = append(extents, e)
			next = e.Start + e.Len
		}
		v := testblock.New(t, 250)
		root := v.FreeTree(rapid.IntRange(2, 30).Draw(rt, "perBlock"), extents...)
		x := alloc.OpenExtents(reader(v), &root)
		if got := collect(t, "all", x.All(t.Context())); !slices.Equal(got, extents) {
			rt.Fatalf("all extents are %v, want %v", got, extents)
		}
		bySize := slices.Clone(extents)
		slices.SortFunc(bySize, func(a, b format.Extent) int {
			if c := cmp.Compare(format.FreeOrder(b.Len), format.FreeOrder(a.Len)); c != 0 {
				return c
			}
			return cmp.Compare(a.Start, b.Start)
		})
		if got := collect(t, "by size", x.BySize(t.Context())); !slices.Equal(got, bySize) {
			rt.Fatalf("extents by size are %v, want %v", got, bySize)
		}
		for err := range x.Verify(t.Context(), 64, next+1) {
			rt.Fatal(err)
		}
		probe := rapid.Uint64Range(0, next+10).Draw(rt, "probe")
		i := slices.IndexFunc(extents, func(e format.Extent) bool { return e.End() >= probe })
		e, err := x.Next(t.Context(), probe)
		if i < 0 && !errors.Is(err, syscall.ENOENT) || i >= 0 && (err != nil || e != extents[i]) {
			rt.Fatalf("next %d: %v, %v", probe, e, err)
		}
	})
}
