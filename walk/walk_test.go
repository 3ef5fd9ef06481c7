// SPDX-License-Identifier: GPL-2.0-or-later

package walk_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"scoutfs/engine/ioctl"
	"scoutfs/walk"
)

const most = math.MaxUint64

// sample is a volume with something to find for every walk; some of it is at
// places where numbers carry and end.
func sample(batch int) *volume {
	v := &volume{
		batch:  batch,
		broken: -1,
		inodes: []ioctl.InodeEntry{
			{Major: 1, Ino: 1},
			{Major: 1, Ino: 7},
			{Major: 1, Ino: most},
			{Major: 2, Ino: 0},
			{Major: 9, Ino: 3},
			{Major: 9, Ino: 4},
			{Major: most, Ino: 5},
			{Major: most, Ino: most},
		},
		indexed: []ioctl.XattrIndexEntry{
			{Major: 0, Minor: 0, Ino: 0},
			{Major: 0, Minor: 0, Ino: most},
			{Major: 0, Minor: 1, Ino: 2},
			{Major: 7, Minor: most, Ino: most},
			{Major: 8, Minor: 0, Ino: 0},
			{Major: 255, Minor: most, Ino: most},
		},
		totals: []ioctl.XattrTotal{
			{Name: ioctl.TotalName{0, 0, 0}, Count: 1},
			{Name: ioctl.TotalName{0, 0, most}, Count: 2},
			{Name: ioctl.TotalName{0, 1, 0}, Count: 3},
			{Name: ioctl.TotalName{5, most, most}, Count: 4},
			{Name: ioctl.TotalName{6, 0, 0}, Count: 5},
			{Name: ioctl.TotalName{most, most, most}, Count: 6},
		},
		found:     []uint64{0, 1, 5, 6, 7, 1 << 40, most - 1, most},
		allocated: []uint64{1024, 1025, 1030, 2046, 2047},
		hidden:    []string{"a", "b", "c", "d", "e"},
		rules:     []ioctl.QuotaRule{{Limit: 10}, {Limit: 11}, {Limit: 12}, {Limit: 30}, {Limit: 49}},
		waiters: []ioctl.DataWaiter{
			{Ino: 0, Block: 1, Ops: ioctl.WaitRead},
			{Ino: 1, Block: most, Ops: ioctl.WaitWrite},
			{Ino: 2, Block: 0, Ops: ioctl.WaitRead},
			{Ino: 2, Block: 1, Ops: ioctl.WaitRead | ioctl.WaitWrite},
			{Ino: most, Block: most, Ops: ioctl.WaitChangeSize},
		},
		extents: []ioctl.FiemapExtent{
			{Logical: 0, Physical: 9 << 12, Length: 4096},
			{Logical: 4096, Length: 8192, Flags: ioctl.ExtentUnknown | ioctl.ExtentDelalloc},
			{Logical: 1 << 20, Physical: 1 << 30, Length: 4096, Flags: ioctl.ExtentUnwritten},
			{Logical: 1 << 40, Physical: 1 << 31, Length: 1 << 20},
			{Logical: most - 4095, Physical: 1 << 32, Length: 4096, Flags: ioctl.ExtentLast},
		},
	}
	for i, at := range []ioctl.DirPosition{{Dir: 1, Pos: 2}, {Dir: 1, Pos: most}, {Dir: 2, Pos: 0}, {Dir: 7, Pos: 7}, {Dir: most, Pos: most}} {
		v.paths = append(v.paths, ioctl.InoPathResult{At: at, Path: strings.Repeat("p/", i) + "p"})
		v.entries = append(v.entries, ioctl.ReferringEntry{At: at, Ino: 4, Name: fmt.Sprint(i), Last: at.Dir == most})
	}
	return v
}

// question is a walk of a sample. Its values are written as text, so that all
// walks can be tested alike.
type question struct {
	name string
	want []string
	ask  func(ctx context.Context, v *volume) iter.Seq2[string, error]
	// resume goes on behind the i-th value, from what the caller knows of it;
	// nil where values have no place.
	resume func(ctx context.Context, v *volume, i int) iter.Seq2[string, error]
}

func text[T any](seq iter.Seq2[T, error]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for v, err := range seq {
			if err != nil {
				yield("", err)
				return
			}
			if !yield(fmt.Sprintf("%+v", v), nil) {
				return
			}
		}
	}
}

func texts[T any](values []T) []string {
	var all []string
	for _, v := range values {
		all = append(all, fmt.Sprintf("%+v", v))
	}
	return all
}

// after returns what follows a value that has a Next, nothing after the last
// of all.
func after[P, T any](next P, ok bool, seq func(P) iter.Seq2[T, error]) iter.Seq2[string, error] {
	if !ok {
		return func(func(string, error) bool) {}
	}
	return text(seq(next))
}

func questions() []question {
	s := sample(1)
	inodes := func(ctx context.Context, v *volume, from ioctl.InodeEntry) iter.Seq2[ioctl.InodeEntry, error] {
		return walk.Inodes(ctx, v, ioctl.IndexMetaSeq, from, ioctl.LastInodeEntry())
	}
	indexed := func(ctx context.Context, v *volume, from ioctl.XattrIndexEntry) iter.Seq2[ioctl.XattrIndexEntry, error] {
		return walk.XattrIndex(ctx, v, from, ioctl.LastXattrIndexEntry())
	}
	return []question{
		{
			"inodes", texts(s.inodes),
			func(ctx context.Context, v *volume) iter.Seq2[string, error] {
				return text(inodes(ctx, v, ioctl.InodeEntry{}))
			},
			func(ctx context.Context, v *volume, i int) iter.Seq2[string, error] {
				next, ok := s.inodes[i].Next()
				return after(next, ok, func(p ioctl.InodeEntry) iter.Seq2[ioctl.InodeEntry, error] { return inodes(ctx, v, p) })
			},
		},
		{
			"xattr index", texts(s.indexed),
			func(ctx context.Context, v *volume) iter.Seq2[string, error] {
				return text(indexed(ctx, v, ioctl.XattrIndexEntry{}))
			},
			func(ctx context.Context, v *volume, i int) iter.Seq2[string, error] {
				next, ok := s.indexed[i].Next()
				return after(next, ok, func(p ioctl.XattrIndexEntry) iter.Seq2[ioctl.XattrIndexEntry, error] { return indexed(ctx, v, p) })
			},
		},
		{
			"totals", texts(s.totals),
			func(ctx context.Context, v *volume) iter.Seq2[string, error] {
				return text(walk.Totals(ctx, v, ioctl.TotalName{}))
			},
			func(ctx context.Context, v *volume, i int) iter.Seq2[string, error] {
				next, ok := s.totals[i].Name.Next()
				return after(next, ok, func(p ioctl.TotalName) iter.Seq2[ioctl.XattrTotal, error] { return walk.Totals(ctx, v, p) })
			},
		},
		{
			"search", texts(s.found),
			func(ctx context.Context, v *volume) iter.Seq2[string, error] {
				return text(walk.SearchXattrs(ctx, v, "scoutfs.srch.a", 0, most))
			},
			func(ctx context.Context, v *volume, i int) iter.Seq2[string, error] {
				return after(s.found[i]+1, s.found[i] < most, func(p uint64) iter.Seq2[uint64, error] {
					return walk.SearchXattrs(ctx, v, "scoutfs.srch.a", p, most)
				})
			},
		},
		{
			"allocated inodes", texts(s.allocated),
			func(ctx context.Context, v *volume) iter.Seq2[string, error] {
				return text(walk.AllocatedInos(ctx, v, 1024))
			},
			func(ctx context.Context, v *volume, i int) iter.Seq2[string, error] {
				return after(s.allocated[i]+1, s.allocated[i] < 2047, func(p uint64) iter.Seq2[uint64, error] { return walk.AllocatedInos(ctx, v, p) })
			},
		},
		{
			"paths", texts(s.paths),
			func(ctx context.Context, v *volume) iter.Seq2[string, error] {
				return text(walk.Paths(ctx, v, 4, ioctl.DirPosition{}))
			},
			func(ctx context.Context, v *volume, i int) iter.Seq2[string, error] {
				next, ok := s.paths[i].At.Next()
				return after(next, ok, func(p ioctl.DirPosition) iter.Seq2[ioctl.InoPathResult, error] { return walk.Paths(ctx, v, 4, p) })
			},
		},
		{
			"referring entries", texts(s.entries),
			func(ctx context.Context, v *volume) iter.Seq2[string, error] {
				return text(walk.ReferringEntries(ctx, v, 4, ioctl.DirPosition{}))
			},
			func(ctx context.Context, v *volume, i int) iter.Seq2[string, error] {
				next, ok := s.entries[i].At.Next()
				return after(next, ok, func(p ioctl.DirPosition) iter.Seq2[ioctl.ReferringEntry, error] {
					return walk.ReferringEntries(ctx, v, 4, p)
				})
			},
		},
		{
			"data waiters", texts(s.waiters),
			func(ctx context.Context, v *volume) iter.Seq2[string, error] {
				return text(walk.DataWaiters(ctx, v, 0, 0))
			},
			func(ctx context.Context, v *volume, i int) iter.Seq2[string, error] {
				return text(walk.DataWaiters(ctx, v, s.waiters[i].Ino, s.waiters[i].Block))
			},
		},
		{
			"extents", texts(s.extents),
			func(ctx context.Context, v *volume) iter.Seq2[string, error] {
				return text(walk.Extents(ctx, v, 0, most))
			},
			func(ctx context.Context, v *volume, i int) iter.Seq2[string, error] {
				end := s.extents[i].Logical + s.extents[i].Length
				return after(end, end != 0, func(p uint64) iter.Seq2[ioctl.FiemapExtent, error] { return walk.Extents(ctx, v, p, most) })
			},
		},
		{
			"hidden xattrs", s.hidden,
			func(ctx context.Context, v *volume) iter.Seq2[string, error] { return walk.HiddenXattrs(ctx, v) },
			nil,
		},
		{
			"quota rules", texts(s.rules),
			func(ctx context.Context, v *volume) iter.Seq2[string, error] { return text(walk.QuotaRules(ctx, v)) },
			nil,
		},
	}
}

// collect ranges over a walk that must end, and returns what it yielded and
// its error.
func collect(t *testing.T, seq iter.Seq2[string, error]) (values []string, err error) {
	t.Helper()
	for v, failed := range seq {
		if err != nil {
			t.Fatalf("a value %s after the error %v", v, err)
		}
		if len(values) > 100 {
			t.Fatalf("the walk does not end: %q", values)
		}
		if err = failed; err == nil {
			values = append(values, v)
		}
	}
	return values, err
}

func eachQuestion(t *testing.T, test func(t *testing.T, q question, batch int)) {
	t.Helper()
	for _, q := range questions() {
		for batch := 1; batch <= 3; batch++ {
			t.Run(fmt.Sprintf("%s by %d", q.name, batch), func(t *testing.T) {
				t.Parallel()
				test(t, q, batch)
			})
		}
	}
}

func TestWalksAreCompleteAndInOrder(t *testing.T) {
	t.Parallel()
	eachQuestion(t, func(t *testing.T, q question, batch int) {
		seq := q.ask(t.Context(), sample(batch))
		for range 2 { // a walk can be made again
			if got, err := collect(t, seq); err != nil || !slices.Equal(got, q.want) {
				t.Errorf("got %q, error %v, want %q", got, err, q.want)
			}
		}
	})
}

func TestWalksOfNothingEnd(t *testing.T) {
	t.Parallel()
	eachQuestion(t, func(t *testing.T, q question, batch int) {
		if got, err := collect(t, q.ask(t.Context(), &volume{batch: batch, broken: -1})); err != nil || len(got) > 0 {
			t.Errorf("got %q, error %v", got, err)
		}
	})
}

func TestWalksGoOnBehindAnyValue(t *testing.T) {
	t.Parallel()
	eachQuestion(t, func(t *testing.T, q question, batch int) {
		for i := range q.want {
			if q.resume == nil {
				break
			}
			if got, err := collect(t, q.resume(t.Context(), sample(batch), i)); err != nil || !slices.Equal(got, q.want[i+1:]) {
				t.Errorf("behind %s: got %q, error %v, want %q", q.want[i], got, err, q.want[i+1:])
			}
		}
	})
}

func TestErrorsComeAfterWhatCouldBeRead(t *testing.T) {
	t.Parallel()
	eachQuestion(t, func(t *testing.T, q question, batch int) {
		for i := range q.want {
			v := sample(batch)
			v.broken = i
			if got, err := collect(t, q.ask(t.Context(), v)); !errors.Is(err, errBroken) || !slices.Equal(got, q.want[:i]) {
				t.Errorf("broken at %d: got %q, error %v, want %q", i, got, err, q.want[:i])
			}
		}
	})
}

func TestCancelledWalksEndWithTheCause(t *testing.T) {
	t.Parallel()
	cause := errors.New("enough")
	eachQuestion(t, func(t *testing.T, q question, batch int) {
		for stop := range q.want {
			ctx, cancel := context.WithCancelCause(t.Context())
			v := sample(batch)
			if stop == 0 {
				cancel(cause)
			}
			seen, last := 0, error(nil)
			for _, err := range q.ask(ctx, v) {
				if last = err; err != nil {
					break
				}
				if seen++; seen == stop {
					cancel(cause)
				}
			}
			cancel(nil)
			// Values that were read already may still come.
			whole := seen == len(q.want) && stop > len(q.want)-batch
			if !errors.Is(last, cause) && !whole || seen >= stop+batch && stop > 0 {
				t.Errorf("cancelled at %d: %d values, then %v", stop, seen, last)
			}
			if n := v.asked.Load(); stop == 0 && n > 0 {
				t.Errorf("cancelled before it began, it asked %d times", n)
			}
		}
	})
}

func TestWalksThatAreLeftAskNoFurther(t *testing.T) {
	t.Parallel()
	eachQuestion(t, func(t *testing.T, q question, batch int) {
		v := sample(batch)
		for range q.ask(t.Context(), v) {
			break
		}
		if n := v.asked.Load(); n != 1 {
			t.Errorf("asked %d times for one value", n)
		}
	})
}

func TestWalksAreForManyGoroutines(t *testing.T) {
	t.Parallel()
	for _, q := range questions() {
		t.Run(q.name, func(t *testing.T) {
			t.Parallel()
			seq := q.ask(t.Context(), sample(2))
			var wait sync.WaitGroup
			for range 4 {
				wait.Go(func() {
					var got []string
					for v, err := range seq {
						if err != nil {
							t.Error(err)
						}
						got = append(got, v)
					}
					if !slices.Equal(got, q.want) {
						t.Errorf("got %q, want %q", got, q.want)
					}
				})
			}
			wait.Wait()
		})
	}
}

func TestRanges(t *testing.T) {
	t.Parallel()
	entry := func(major uint64, minor uint32, ino uint64) ioctl.InodeEntry {
		return ioctl.InodeEntry{Major: major, Minor: minor, Ino: ino}
	}
	index := func(major uint8, minor, ino uint64) ioctl.XattrIndexEntry {
		return ioctl.XattrIndexEntry{Major: major, Minor: minor, Ino: ino}
	}
	ctx, v, s := t.Context(), sample(2), sample(2)
	tests := []struct {
		name string
		seq  iter.Seq2[string, error]
		want []string
	}{
		{"both ends are included", text(walk.Inodes(ctx, v, 0, entry(1, 0, 7), entry(9, 0, 3))), texts(s.inodes[1:5])},
		{"no minor is behind a place of its major", text(walk.Inodes(ctx, v, 0, entry(1, 1, 0), entry(9, 0, 3))), texts(s.inodes[3:5])},
		{"a last minor includes all of its major", text(walk.Inodes(ctx, v, 0, entry(0, 0, 0), entry(1, 1, 0))), texts(s.inodes[:3])},
		{"nothing is behind the last major", text(walk.Inodes(ctx, v, 0, entry(most, 1, 0), ioctl.LastInodeEntry())), nil},
		{"inodes from behind the last", text(walk.Inodes(ctx, v, 0, entry(2, 0, 0), entry(1, 0, 0))), nil},
		{"index between two places", text(walk.XattrIndex(ctx, v, index(0, 0, 1), index(8, 0, 0))), texts(s.indexed[1:5])},
		{"index to where there is nothing", text(walk.XattrIndex(ctx, v, index(0, 1, 0), index(7, 0, 0))), texts(s.indexed[2:3])},
		{"index from behind the last", text(walk.XattrIndex(ctx, v, index(1, 0, 0), index(0, 0, 0))), nil},
		{"search in a range", text(walk.SearchXattrs(ctx, v, "", 5, 7)), texts(s.found[2:5])},
		{"search for one", text(walk.SearchXattrs(ctx, v, "", 6, 6)), texts(s.found[3:4])},
		{"search from behind the last", text(walk.SearchXattrs(ctx, v, "", 7, 6)), nil},
		{"numbers of another group", text(walk.AllocatedInos(ctx, v, 2048)), nil},
		{"numbers of the last group", text(walk.AllocatedInos(ctx, v, most)), nil},
		{"waiters behind the last", text(walk.DataWaiters(ctx, v, most, most)), nil},
		{"waiters of an inode", text(walk.DataWaiters(ctx, v, 2, 0)), texts(s.waiters[3:])},
		{"extents from within one", text(walk.Extents(ctx, v, 5000, most)), texts(s.extents[1:])},
		{"extents of a part", text(walk.Extents(ctx, v, 4096, 1<<20-4096+1)), texts(s.extents[1:3])},
		{"extents up to the start of one", text(walk.Extents(ctx, v, 0, 4096)), texts(s.extents[:1])},
		{"extents of a hole", text(walk.Extents(ctx, v, 1<<21, 1<<21)), nil},
		{"extents of no bytes", text(walk.Extents(ctx, v, 0, 0)), nil},
		{"extents of the last byte", text(walk.Extents(ctx, v, most, 1)), texts(s.extents[4:])},
	}
	for _, test := range tests {
		if got, err := collect(t, test.seq); err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, error %v, want %q", test.name, got, err, test.want)
		}
	}
}
