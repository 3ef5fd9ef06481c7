// SPDX-License-Identifier: GPL-2.0-or-later

package runs_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"scoutfs/fsck/runs"
)

// random returns records of which many are alike or nearly so.
func random(seed uint64, n int) []runs.Record {
	r := rand.New(rand.NewPCG(seed, 1))
	records := make([]runs.Record, n)
	for i := range records {
		for j := range records[i] {
			records[i][j] = r.Uint64N(3)
		}
		records[i][runs.Words-1] = r.Uint64()
	}
	return records
}

func sorted(t *testing.T, s *runs.Sorter) []runs.Record {
	t.Helper()
	var got []runs.Record
	for r, err := range s.Sorted(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r)
	}
	return got
}

func TestRecordsComeInOrder(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		records int
		memory  int64
	}{
		"none":                {0, 0},
		"one":                 {1, 0},
		"in memory":           {10_000, 1 << 30},
		"exactly one run":     {1024, 0},
		"a few runs":          {7_000, 0},
		"more than one merge": {150_000, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := runs.NewSorter(runs.Options{Memory: test.memory, TempDir: dir})
			defer s.Close()
			want := random(7, test.records)
			var group sync.WaitGroup
			const writers = 3
			for i := range writers {
				group.Go(func() {
					w := s.Writer()
					for j := i; j < len(want); j += writers {
						if err := w.Add(want[j]); err != nil {
							t.Error(err)
						}
					}
					if err := w.Flush(); err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
			slices.SortFunc(want, func(a, b runs.Record) int { return slices.Compare(a[:], b[:]) })
			for range 2 { // it can be read again
				if got := sorted(t, s); !slices.Equal(got, want) {
					t.Errorf("%d records are not the %d that were added, in order", len(got), len(want))
				}
			}
			names, err := os.ReadDir(dir)
			if err != nil || len(names) != 0 {
				t.Errorf("the folder holds %v, %v", names, err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func fill(s *runs.Sorter, n int) error {
	w := s.Writer()
	for _, r := range random(3, n) {
		if err := w.Add(r); err != nil {
			return err
		}
	}
	return w.Flush()
}

func TestFailuresToWriteAreToldOf(t *testing.T) {
	t.Parallel()
	s := runs.NewSorter(runs.Options{TempDir: t.TempDir() + "/none"})
	defer s.Close()
	if err := fill(s, 3_000); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("without a folder: %v", err)
	}
	if err := fill(runs.NewSorter(runs.Options{TempDir: "/none"}), 500); err != nil {
		t.Errorf("with room in memory: %v", err)
	}
}

// A full disk is one on which files may not grow.
func TestFullDiskIsToldOf(t *testing.T) {
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	s := runs.NewSorter(runs.Options{TempDir: t.TempDir()})
	defer s.Close()
	small := before
	small.Cur = 1000
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &small); err != nil {
		t.Fatal(err)
	}
	err := fill(s, 3_000)
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(err, syscall.EFBIG) {
		t.Errorf("error is %v", err)
	}
}

func TestSortingStopsWithItsContext(t *testing.T) {
	t.Parallel()
	s := runs.NewSorter(runs.Options{TempDir: t.TempDir()})
	defer s.Close()
	if err := fill(s, 50_000); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	enough := errors.New("enough")
	n := 0
	var last error
	for _, err := range s.Sorted(ctx) {
		if n++; n == 1000 {
			cancel(enough)
		}
		last = err
	}
	if !errors.Is(last, enough) || n > 5100 {
		t.Errorf("%d records, %v", n, last)
	}
}

func BenchmarkSorter(b *testing.B) {
	records := random(5, 1_000_000)
	for b.Loop() {
		s := runs.NewSorter(runs.Options{Memory: 16 << 20, TempDir: b.TempDir()})
		w := s.Writer()
		for _, r := range records {
			if err := w.Add(r); err != nil {
				b.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			b.Fatal(err)
		}
		for _, err := range s.Sorted(b.Context()) {
			if err != nil {
				b.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N)/1e6, "ns/record")
}
