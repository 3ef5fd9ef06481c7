// SPDX-License-Identifier: GPL-2.0-or-later

package srch

import (
	"context"
	"slices"

	"scoutfs/engine/block"
	"scoutfs/engine/format"
)

// sortEntries is how many entries of log files are sorted at once, 24 MiB; up
// to as many more are read before the greatest of them are given up again.
const sortEntries = 1 << 20

// compactLogs merges log files, which have no order, in passes over all of
// their leaves: each takes the least entries that were not taken before.
func compactLogs(ctx context.Context, r *block.Reader, out *output, c *format.SrchCompact) (done bool, err error) {
	var files []*File
	for i := range c.Inputs() {
		f, err := Open(r, &c.In[i].File)
		if err != nil {
			return false, err
		}
		files = append(files, f)
	}
	s := leastEntries{limit: sortEntries}
	for more := true; more; {
		if err := s.collect(ctx, files); err != nil {
			return false, err
		}
		for _, e := range s.found {
			if ok, err := out.take(ctx, e); err != nil {
				return false, err
			} else if !ok {
				return false, ErrRoom
			}
		}
		more = s.next()
	}
	return true, out.flush(ctx)
}

// leastEntries are the least entries of files from one entry on that are there
// an odd number of times.
type leastEntries struct {
	limit int // most that are kept
	from  format.SrchEntry
	found []format.SrchEntry
	cut   format.SrchEntry // entries at or after it were given up, if any
	isCut bool
}

func (l *leastEntries) collect(ctx context.Context, files []*File) error {
	for _, f := range files {
		for b, err := range f.Leaves(ctx, 0) {
			if err != nil {
				return err
			}
			if err := l.leaf(b.Leaf); err != nil {
				return err
			}
		}
	}
	l.settle()
	return nil
}

func (l *leastEntries) leaf(b *format.SrchBlock) error {
	d := NewDecoder(b)
	for e, ok := d.Next(); ok; e, ok = d.Next() {
		if e.Compare(l.from) < 0 || l.isCut && e.Compare(l.cut) >= 0 {
			continue
		}
		if len(l.found) >= 2*l.limit {
			l.settle()
			if l.isCut && e.Compare(l.cut) >= 0 {
				continue
			}
		}
		l.found = append(l.found, e)
	}
	return d.Err()
}

// settle sorts what was found, cancels pairs, and keeps what the limit allows.
func (l *leastEntries) settle() {
	slices.SortFunc(l.found, format.SrchEntry.Compare)
	l.found = cancelPairs(l.found)
	if len(l.found) > l.limit {
		l.cut, l.isCut = l.found[l.limit], true
		l.found = l.found[:l.limit]
	}
}

// next prepares for the entries that were given up, and reports whether there
// are any.
func (l *leastEntries) next() bool {
	l.found = l.found[:0]
	l.from, l.cut = l.cut, format.SrchEntry{}
	more := l.isCut
	l.isCut = false
	return more
}
