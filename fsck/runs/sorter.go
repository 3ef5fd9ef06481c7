// SPDX-License-Identifier: GPL-2.0-or-later

// Package runs sorts any number of small records in bounded memory. Records
// that do not fit are sorted in parts, runs, which go to temporary files and
// are merged when they are read back. The files have no names from the moment
// they exist, so that nothing is left behind however a process ends.
package runs

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"sync"
	"unsafe"
)

// Words is how many numbers a Record has.
const Words = 7

// Record is what is sorted: by its first number, then its second, and so on.
type Record [Words]uint64

// recordSize is that of a record in memory and in files, in bytes.
const recordSize = int(unsafe.Sizeof(Record{}))

// Compare orders records.
func (r *Record) Compare(o *Record) int {
	for i := range r {
		switch {
		case r[i] < o[i]:
			return -1
		case r[i] > o[i]:
			return 1
		}
	}
	return 0
}

// Options say what a Sorter may use.
type Options struct {
	// Memory bounds the records in memory, in bytes. At least a few
	// hundred KiB are used.
	Memory int64
	// TempDir is where the files go; "" is os.TempDir.
	TempDir string
}

// minRecords is the least that is sorted at once.
const minRecords = 1 << 10

// Sorter takes records from any number of goroutines, by Writer, and then
// yields them in order, by Sorted. It must be closed.
type Sorter struct {
	opts Options
	most int // records in memory

	mutex   sync.Mutex
	records []Record
	runs    []*run
}

// NewSorter returns an empty Sorter. It does no I/O.
func NewSorter(opts Options) *Sorter {
	return &Sorter{opts: opts, most: max(int(min(opts.Memory, 1<<40))/recordSize, minRecords)}
}

// Writer returns a Writer for one goroutine.
func (s *Sorter) Writer() *Writer { return &Writer{sorter: s} }

// Writer adds records to a Sorter.
type Writer struct {
	sorter  *Sorter
	records []Record
}

// batch is how many records a Writer gathers.
const batch = 256

// Add adds a record. The error is that of writing a temporary file.
func (w *Writer) Add(r Record) error {
	if w.records = append(w.records, r); len(w.records) < batch {
		return nil
	}
	return w.Flush()
}

// Flush must be called after the last Add.
func (w *Writer) Flush() error {
	err := w.sorter.add(w.records)
	w.records = w.records[:0]
	return err
}

func (s *Sorter) add(records []Record) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.records = append(s.records, records...)
	if len(s.records) < s.most {
		return nil
	}
	return s.spill()
}

// spill writes what is in memory to a file.
func (s *Sorter) spill() error {
	sortRecords(s.records)
	r, err := writeRun(s.opts.TempDir, slices.Values(s.records))
	if err != nil {
		return fmt.Errorf("sorting %d records: %w", len(s.records), err)
	}
	s.runs = append(s.runs, r)
	s.records = s.records[:0]
	return nil
}

func sortRecords(records []Record) {
	slices.SortFunc(records, func(a, b Record) int { return a.Compare(&b) })
}

// Sorted yields all records in order. All Writers must have been flushed,
// and nothing may be added any more. It may be used again. An error, of the
// context or of a file, is yielded last.
func (s *Sorter) Sorted(ctx context.Context) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		sortRecords(s.records)
		if err := s.reduce(ctx); err != nil {
			yield(Record{}, err)
			return
		}
		sources := make([]source, 0, len(s.runs)+1)
		sources = append(sources, &memory{s.records})
		for _, r := range s.runs {
			sources = append(sources, r.reader(s.readBytes()))
		}
		n := 0
		for r, err := range merge(sources) {
			if n++; err == nil && n%(1<<12) == 0 && ctx.Err() != nil {
				r, err = Record{}, context.Cause(ctx)
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// maxRuns is how many runs are merged at once.
const maxRuns = 64

// readBytes is how much is read of each run at once.
func (s *Sorter) readBytes() int {
	share := s.most * recordSize / 4 / maxRuns
	return min(max(share, 4<<10), 1<<20) / recordSize * recordSize
}

// reduce merges runs until there are few enough to be merged at once.
func (s *Sorter) reduce(ctx context.Context) error {
	for len(s.runs) > maxRuns {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		some := s.runs[:maxRuns]
		sources := make([]source, len(some))
		for i, r := range some {
			sources[i] = r.reader(s.readBytes())
		}
		var failed error
		merged, err := writeRun(s.opts.TempDir, func(yield func(Record) bool) {
			for r, err := range merge(sources) {
				if failed = err; err != nil || !yield(r) {
					return
				}
			}
		})
		if err := errors.Join(failed, err); err != nil {
			return fmt.Errorf("merging sorted records: %w", err)
		}
		for _, r := range some {
			if err := r.file.Close(); err != nil {
				return err
			}
		}
		s.runs = append(slices.Delete(s.runs, 0, maxRuns), merged)
	}
	return nil
}

// Close gives back memory and files.
func (s *Sorter) Close() error {
	var errs []error
	for _, r := range s.runs {
		errs = append(errs, r.file.Close())
	}
	s.runs, s.records = nil, nil
	return errors.Join(errs...)
}

// createTemp makes a file that has no name.
func createTemp(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, "scoutfs-sort-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
