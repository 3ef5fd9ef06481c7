// SPDX-License-Identifier: GPL-2.0-or-later

package srch_test

import (
	"context"
	"slices"
	"syscall"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/format"
	"scoutfs/engine/srch"
	"scoutfs/internal/testblock"
)

// space hands out a volume's blocks from a number on, and remembers what was
// taken back.
type space struct {
	next, end uint64
	taken     int
	freed     []uint64
}

func (s *space) Alloc(context.Context) (uint64, error) {
	if s.next == s.end {
		return 0, syscall.ENOSPC
	}
	s.next++
	s.taken++
	return s.next - 1, nil
}

func (s *space) Free(_ context.Context, blkno uint64) error {
	s.freed = append(s.freed, blkno)
	return nil
}

// scribe writes to a volume.
type scribe struct {
	r     *block.Reader
	space *space
	w     *block.Writer
}

func newScribe(v *testblock.Volume) *scribe {
	r := reader(v)
	s := &space{next: format.FirstMetaBlkno + v.Used(), end: r.TotalBlocks()}
	seq := uint64(0xabc)
	random := func() uint64 { seq += 0x9e3779b97f4a7c15; return seq }
	return &scribe{r, s, block.NewWriter(r, v.Dev, testblock.FSID, s, random)}
}

// commit writes what was changed, and returns how many blocks were taken.
func (s *scribe) commit(t testing.TB) int {
	t.Helper()
	if err := s.w.Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	taken := s.space.taken
	s.space.taken = 0
	return taken
}

// contents returns all entries of a file, after it was found to be sound.
func contents(t testing.TB, r *block.Reader, sfl *format.SrchFile, sorted bool) []format.SrchEntry {
	t.Helper()
	f, err := srch.Open(r, sfl)
	if err != nil {
		t.Fatal(err)
	}
	all := []format.SrchEntry{}
	leaves := uint64(0)
	for b, err := range f.Leaves(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		leaves++
		before := len(all)
		for violation := range srch.VerifyLeaf(b.Leaf, sorted, func(e format.SrchEntry) { all = append(all, e) }) {
			t.Error(violation.Err)
		}
		if len(all) == before {
			t.Errorf("leaf %d is empty", b.First)
		}
	}
	if leaves != f.Blocks() || uint64(len(all)) != f.Entries() {
		t.Errorf("%d leaves and %d entries, want %d and %d", leaves, len(all), f.Blocks(), f.Entries())
	}
	if sorted && !slices.IsSortedFunc(all, format.SrchEntry.Compare) {
		t.Error("entries of a sorted file descend")
	}
	if len(all) == 0 {
		return all
	}
	least, most := slices.MinFunc(all, format.SrchEntry.Compare), slices.MaxFunc(all, format.SrchEntry.Compare)
	if sfl.First.Entry() != least || sfl.Last.Entry() != most {
		t.Errorf("bounds are %v and %v, want %v and %v", sfl.First.Entry(), sfl.Last.Entry(), least, most)
	}
	return all
}

// blocksOf returns the numbers of all of a file's blocks.
func blocksOf(t testing.TB, r *block.Reader, sfl *format.SrchFile) map[uint64]bool {
	t.Helper()
	f, err := srch.Open(r, sfl)
	if err != nil {
		t.Fatal(err)
	}
	numbers := map[uint64]bool{}
	for b, err := range f.Refs(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		numbers[b.Ref.Blkno] = true
	}
	return numbers
}
