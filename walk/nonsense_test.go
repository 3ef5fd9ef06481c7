// SPDX-License-Identifier: GPL-2.0-or-later

package walk_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"syscall"
	"testing"

	"scoutfs/engine/ioctl"
	"scoutfs/walk"
)

// script answers requests with what is given, one after another, and the last
// over and over again.
type script[T any] struct {
	ioctl.Volume
	ioctl.File
	answers []T
	asked   int
}

func (s *script[T]) next() T {
	answer := s.answers[min(s.asked, len(s.answers)-1)]
	s.asked++
	return answer
}

type (
	inodeScript struct{ script[[]ioctl.InodeEntry] }
	indexScript struct {
		script[[]ioctl.XattrIndexEntry]
	}
	totalScript  struct{ script[[]ioctl.XattrTotal] }
	searchScript struct {
		script[ioctl.SearchXattrsResult]
	}
	inoScript    struct{ script[[]uint64] }
	pathScript   struct{ script[ioctl.InoPathResult] }
	entryScript  struct{ script[[]ioctl.ReferringEntry] }
	hiddenScript struct {
		script[ioctl.ListxattrHiddenResult]
	}
	ruleScript struct {
		script[ioctl.GetQuotaRulesResult]
	}
	waiterScript  struct{ script[[]ioctl.DataWaiter] }
	extentScript  struct{ script[[]ioctl.FiemapExtent] }
	dataRange     struct{ start, end uint64 }
	seekingScript struct{ script[dataRange] }
)

func (s *inodeScript) WalkInodes(context.Context, ioctl.WalkInodes) ([]ioctl.InodeEntry, error) {
	return s.next(), nil
}

func (s *indexScript) ReadXattrIndex(context.Context, ioctl.ReadXattrIndex) ([]ioctl.XattrIndexEntry, error) {
	return s.next(), nil
}

func (s *totalScript) ReadXattrTotals(context.Context, ioctl.ReadXattrTotals) ([]ioctl.XattrTotal, error) {
	return s.next(), nil
}

func (s *searchScript) SearchXattrs(context.Context, ioctl.SearchXattrs) (ioctl.SearchXattrsResult, error) {
	return s.next(), nil
}

func (s *inoScript) GetAllocatedInos(context.Context, ioctl.GetAllocatedInos) ([]uint64, error) {
	return s.next(), nil
}

func (s *pathScript) InoPath(context.Context, ioctl.InoPath) (ioctl.InoPathResult, error) {
	return s.next(), nil
}

func (s *entryScript) GetReferringEntries(context.Context, ioctl.GetReferringEntries) ([]ioctl.ReferringEntry, error) {
	return s.next(), nil
}

func (s *hiddenScript) ListxattrHidden(context.Context, ioctl.ListxattrHidden) (ioctl.ListxattrHiddenResult, error) {
	return s.next(), nil
}

func (s *ruleScript) GetQuotaRules(context.Context, ioctl.GetQuotaRules) (ioctl.GetQuotaRulesResult, error) {
	return s.next(), nil
}

func (s *waiterScript) DataWaiting(context.Context, ioctl.DataWaiting) ([]ioctl.DataWaiter, error) {
	return s.next(), nil
}

func (s *extentScript) Fiemap(context.Context, ioctl.Fiemap) (ioctl.FiemapResult, error) {
	return ioctl.FiemapResult{Extents: s.next()}, nil
}

func (s *seekingScript) SeekData(context.Context, uint64) (uint64, error) { return s.next().start, nil }

func (s *seekingScript) SeekHole(context.Context, uint64) (uint64, error) {
	return s.answers[min(s.asked, len(s.answers))-1].end, nil
}

// TestAnswersOutOfOrderEndAWalk has volumes that answer what cannot be. The
// walk yields what can be, and ends with an error.
func TestAnswersOutOfOrderEndAWalk(t *testing.T) {
	t.Parallel()
	type entries = []ioctl.InodeEntry
	entry := func(major uint64, minor uint32, ino uint64) ioctl.InodeEntry {
		return ioctl.InodeEntry{Major: major, Minor: minor, Ino: ino}
	}
	inodes := func(answers ...entries) iter.Seq2[string, error] {
		v := &inodeScript{script[entries]{answers: answers}}
		return text(walk.Inodes(t.Context(), v, ioctl.IndexMetaSeq, entry(2, 0, 0), entry(9, 0, 5)))
	}
	index := func(answers ...[]ioctl.XattrIndexEntry) iter.Seq2[string, error] {
		v := &indexScript{script[[]ioctl.XattrIndexEntry]{answers: answers}}
		return text(walk.XattrIndex(t.Context(), v, ioctl.XattrIndexEntry{}, ioctl.LastXattrIndexEntry()))
	}
	totals := func(answers ...[]ioctl.XattrTotal) iter.Seq2[string, error] {
		return text(walk.Totals(t.Context(), &totalScript{script[[]ioctl.XattrTotal]{answers: answers}}, ioctl.TotalName{0, 0, 3}))
	}
	search := func(answers ...ioctl.SearchXattrsResult) iter.Seq2[string, error] {
		return text(walk.SearchXattrs(t.Context(), &searchScript{script[ioctl.SearchXattrsResult]{answers: answers}}, "", 5, 100))
	}
	allocated := func(answers ...[]uint64) iter.Seq2[string, error] {
		return text(walk.AllocatedInos(t.Context(), &inoScript{script[[]uint64]{answers: answers}}, 1030))
	}
	paths := func(at ...ioctl.DirPosition) iter.Seq2[string, error] {
		v := &pathScript{}
		for _, p := range at {
			v.answers = append(v.answers, ioctl.InoPathResult{At: p})
		}
		return text(walk.Paths(t.Context(), v, 4, ioctl.DirPosition{Dir: 1, Pos: 3}))
	}
	named := func(answers ...[]ioctl.ReferringEntry) iter.Seq2[string, error] {
		return text(walk.ReferringEntries(t.Context(), &entryScript{script[[]ioctl.ReferringEntry]{answers: answers}}, 4, ioctl.DirPosition{}))
	}
	hidden := func(next ...ioctl.XattrPosition) iter.Seq2[string, error] {
		v := &hiddenScript{}
		for _, p := range next {
			v.answers = append(v.answers, ioctl.ListxattrHiddenResult{Names: []string{"a"}, Next: p})
		}
		return walk.HiddenXattrs(t.Context(), v)
	}
	rules := func(next ...ioctl.QuotaIterator) iter.Seq2[string, error] {
		v := &ruleScript{}
		for _, p := range next {
			v.answers = append(v.answers, ioctl.GetQuotaRulesResult{Rules: []ioctl.QuotaRule{{}}, Next: p})
		}
		return text(walk.QuotaRules(t.Context(), v))
	}
	waiters := func(answers ...[]ioctl.DataWaiter) iter.Seq2[string, error] {
		return text(walk.DataWaiters(t.Context(), &waiterScript{script[[]ioctl.DataWaiter]{answers: answers}}, 3, 0))
	}
	extents := func(answers ...[]ioctl.FiemapExtent) iter.Seq2[string, error] {
		return text(walk.Extents(t.Context(), &extentScript{script[[]ioctl.FiemapExtent]{answers: answers}}, 4096, 1<<20))
	}
	tests := []struct {
		name  string
		seq   iter.Seq2[string, error]
		valid int // values that come before the error
	}{
		{"the same inode again and again", inodes(entries{entry(3, 0, 1)}), 1},
		{"the same batch again and again", inodes(entries{entry(3, 0, 1), entry(3, 0, 2), entry(4, 0, 1)}), 3},
		{"two batches by turns", inodes(entries{entry(3, 0, 1)}, entries{entry(4, 0, 1)}, entries{entry(3, 0, 1)}), 2},
		{"an inode twice in a batch", inodes(entries{entry(3, 0, 1), entry(3, 0, 1)}), 1},
		{"inodes that descend", inodes(entries{entry(3, 0, 2), entry(3, 0, 1)}), 1},
		{"a sequence number that descends", inodes(entries{entry(3, 0, 2), entry(2, 0, 9)}), 1},
		{"an inode before the first", inodes(entries{entry(1, 0, 9)}), 0},
		{"an inode behind the last", inodes(entries{entry(9, 0, 5), entry(9, 0, 6)}), 1},
		{"an entry before the first", index([]ioctl.XattrIndexEntry{{Major: 1, Minor: 1, Ino: 2}, {Major: 1, Minor: 1, Ino: 1}}), 1},
		{"an entry behind the last of all", index([]ioctl.XattrIndexEntry{ioctl.LastXattrIndexEntry(), {}}), 1},
		{"the same total again and again", totals([]ioctl.XattrTotal{{Name: ioctl.TotalName{1, 0, 0}}}), 1},
		{"a total before the first", totals([]ioctl.XattrTotal{{Name: ioctl.TotalName{0, 0, 2}}}), 0},
		{"the same hit again and again", search(ioctl.SearchXattrsResult{Inos: []uint64{7}}), 1},
		{"a hit before the first", search(ioctl.SearchXattrsResult{Inos: []uint64{4}, End: true}), 0},
		{"a hit behind the last", search(ioctl.SearchXattrsResult{Inos: []uint64{100, 101}, End: true}), 1},
		{"a number before the first", allocated([]uint64{1029}), 0},
		{"a number of the next group", allocated([]uint64{2047, 2048}), 1},
		{"the same numbers again and again", allocated([]uint64{1030, 1031}), 2},
		{"the same path again and again", paths(ioctl.DirPosition{Dir: 1, Pos: 3}), 1},
		{"a path before the first", paths(ioctl.DirPosition{Dir: 1, Pos: 2}), 0},
		{"paths by turns", paths(ioctl.DirPosition{Dir: 5, Pos: 3}, ioctl.DirPosition{Dir: 6}, ioctl.DirPosition{Dir: 5, Pos: 3}), 2},
		{"the same name again and again", named([]ioctl.ReferringEntry{{Name: "a"}}), 1},
		{"names that descend", named([]ioctl.ReferringEntry{{At: ioctl.DirPosition{Dir: 2}}, {At: ioctl.DirPosition{Dir: 1}, Last: true}}), 1},
		{"hidden names without progress", hidden(ioctl.XattrPosition{}), 0},
		{"hidden names in circles", hidden(ioctl.XattrPosition{Hash: 1}, ioctl.XattrPosition{Hash: 2}, ioctl.XattrPosition{Hash: 1}), 2},
		{"hidden names that go back", hidden(ioctl.XattrPosition{Hash: 1, ID: 9}, ioctl.XattrPosition{Hash: 1, ID: 8}), 1},
		{"rules without progress", rules(ioctl.QuotaIterator{}), 0},
		{"rules in circles", rules(ioctl.QuotaIterator{1, 0}, ioctl.QuotaIterator{2, 0}, ioctl.QuotaIterator{1, 0}), 2},
		{"the same waiter again and again", waiters([]ioctl.DataWaiter{{Ino: 3, Block: 1}}), 1},
		{"the waiter that others were asked behind", waiters([]ioctl.DataWaiter{{Ino: 3}}), 0},
		{"the same extent again and again", extents([]ioctl.FiemapExtent{{Logical: 4096, Length: 4096}}), 1},
		{"an extent of no bytes", extents([]ioctl.FiemapExtent{{Logical: 8192}}), 0},
		{"an extent beyond the last byte", extents([]ioctl.FiemapExtent{{Logical: most, Length: 2}}), 0},
		{"an extent before the range", extents([]ioctl.FiemapExtent{{Length: 4096}}), 0},
		{"an extent behind the range", extents([]ioctl.FiemapExtent{{Logical: 4096 + 1<<20, Length: 1, Flags: ioctl.ExtentLast}}), 0},
		{"extents that descend", extents([]ioctl.FiemapExtent{{Logical: 8192, Length: 4096}, {Logical: 4096, Length: 4096}}), 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			values, err := collect(t, test.seq)
			if !errors.Is(err, syscall.EPROTO) || len(values) != test.valid {
				t.Errorf("got %q, then %v; want %d values, then EPROTO", values, err, test.valid)
			}
			if request, ok := errors.AsType[*ioctl.Error](err); ok && request.Detail == "" {
				t.Errorf("the error %v says nothing", err)
			}
		})
	}
}

func TestDataOutOfOrderEndsAWalk(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		answers []dataRange
		valid   int
	}{
		{"the same range again and again", []dataRange{{4096, 8192}}, 1},
		{"a range of no bytes", []dataRange{{4096, 4096}}, 0},
		{"a hole before the data", []dataRange{{8192, 4096}}, 0},
		{"data before the start", []dataRange{{100, 4096}}, 0},
		{"ranges by turns", []dataRange{{4096, 8192}, {10000, 20000}, {4096, 30000}}, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			values, err := collect(t, text(walk.DataRanges(t.Context(), &seekingScript{script[dataRange]{answers: test.answers}}, 4096)))
			if err == nil || len(values) != test.valid {
				t.Errorf("got %q, then %v; want %d values, then an error", values, err, test.valid)
			}
		})
	}
}

// TestSearchesEndWhereTheVolumeSays counts the requests, each of which
// searches all files anew.
func TestSearchesEndWhereTheVolumeSays(t *testing.T) {
	t.Parallel()
	type result = ioctl.SearchXattrsResult
	tests := []struct {
		name    string
		answers []result
		want    []string
		asked   int
	}{
		{"at END", []result{{Inos: []uint64{7, 8}, End: true}}, []string{"7", "8"}, 1},
		{"at END without a hit", []result{{End: true}}, nil, 1},
		{"without a hit, but no END", []result{{}}, nil, 1},
		{"after some without END", []result{{Inos: []uint64{7}}, {Inos: []uint64{8}, End: true}}, []string{"7", "8"}, 2},
		{"after some without END when none follow", []result{{Inos: []uint64{7}}, {}}, []string{"7"}, 2},
		{"at the last number, END or not", []result{{Inos: []uint64{7, 100}}}, []string{"7", "100"}, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := &searchScript{script[result]{answers: test.answers}}
			got, err := collect(t, text(walk.SearchXattrs(t.Context(), v, "", 5, 100)))
			if err != nil || !slices.Equal(got, test.want) || v.asked != test.asked {
				t.Errorf("got %q, error %v, asked %d times; want %q, asked %d times", got, err, v.asked, test.want, test.asked)
			}
		})
	}
}

func TestNamesEndAtTheLast(t *testing.T) {
	t.Parallel()
	entry := func(dir uint64, last bool) ioctl.ReferringEntry {
		return ioctl.ReferringEntry{At: ioctl.DirPosition{Dir: dir}, Last: last}
	}
	tests := []struct {
		name    string
		answers [][]ioctl.ReferringEntry
		want    int
		asked   int
	}{
		{"in the first answer", [][]ioctl.ReferringEntry{{entry(1, false), entry(2, true)}}, 2, 1},
		{"in the second", [][]ioctl.ReferringEntry{{entry(1, false)}, {entry(2, true)}}, 2, 2},
		{"in the middle of one", [][]ioctl.ReferringEntry{{entry(1, true), entry(2, false)}}, 1, 1},
		{"nowhere", [][]ioctl.ReferringEntry{{entry(1, false)}, nil}, 1, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := &entryScript{script[[]ioctl.ReferringEntry]{answers: test.answers}}
			got, err := collect(t, text(walk.ReferringEntries(t.Context(), v, 4, ioctl.DirPosition{})))
			if err != nil || len(got) != test.want || v.asked != test.asked {
				t.Errorf("got %q, error %v, asked %d times", got, err, v.asked)
			}
		})
	}
}

// TestExtentsEndAtTheLast also of files whose last extent is not the end of
// the range.
func TestExtentsEndAtTheLast(t *testing.T) {
	t.Parallel()
	v := &extentScript{script[[]ioctl.FiemapExtent]{answers: [][]ioctl.FiemapExtent{
		{{Logical: 0, Length: 4096}, {Logical: 4096, Length: 4096}},
		{{Logical: 8192, Length: 4096, Flags: ioctl.ExtentLast}},
	}}}
	got, err := collect(t, text(walk.Extents(t.Context(), v, 0, most)))
	if err != nil || len(got) != 3 || v.asked != 2 {
		t.Errorf("got %q, error %v, asked %d times", got, err, v.asked)
	}
}
