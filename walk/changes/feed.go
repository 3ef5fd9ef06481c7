// SPDX-License-Identifier: GPL-2.0-or-later

package changes

import (
	"context"
	"iter"
	"math"
)

// Options say which part of the feed is wanted.
type Options struct {
	After Position // where to begin
	Until uint64   // last sequence number, included; 0 is no bound
	Limit uint64   // most records; 0 is no bound
	Detail
}

// Feed reads a source's changes in passes and knows how far it has come. It
// is for one goroutine.
type Feed struct {
	source Source
	opts   Options
	at     Position
	given  uint64
}

// New returns a feed that has not begun.
func New(source Source, opts Options) *Feed {
	if opts.Until == 0 {
		opts.Until = math.MaxUint64
	}
	if opts.Limit == 0 {
		opts.Limit = math.MaxUint64
	}
	return &Feed{source: source, opts: opts, at: opts.After}
}

// Pass yields the changes from the feed's position up to what is committed.
// A record is good until the next one. To follow a volume, make passes from
// time to time until Done.
//
// Pass can be left after any record; the feed's position is then that
// record's. Errors are as [Source] says.
func (f *Feed) Pass(ctx context.Context) iter.Seq2[*Change, error] {
	return func(yield func(*Change, error) bool) {
		if f.Done() {
			return
		}
		committed, err := f.source.Committed(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		last := min(committed, f.opts.Until)
		for c, err := range f.source.Changes(ctx, f.at, last, f.opts.Detail) {
			if c == nil {
				yield(nil, err)
				return
			}
			f.at = c.At
			f.given++
			if !yield(c, err) || f.given == f.opts.Limit {
				return
			}
		}
		// A source that was told of a later commit before stays there.
		if end := AfterSeq(last); f.at.Less(end) {
			f.at = end
		}
	}
}

// Done reports whether all that the options ask for was given.
func (f *Feed) Done() bool {
	return f.given >= f.opts.Limit || !f.at.Less(AfterSeq(f.opts.Until))
}

// Given returns the number of records that were given.
func (f *Feed) Given() uint64 { return f.given }

// Position returns the place to go on from, exactly.
func (f *Feed) Position() Position { return f.at }

// Next returns the greatest sequence number up to which every change was
// given; ok is false if there is none. After a whole pass a feed that begins
// behind it goes on exactly; if the last one was left, it repeats the records
// of one sequence number.
func (f *Feed) Next() (seq uint64, ok bool) {
	switch {
	case f.Whole():
		return f.at.Seq, true
	case f.at.Seq > 0:
		return f.at.Seq - 1, true
	}
	return 0, false
}

// Whole reports whether the feed stands between two sequence numbers, as it
// does after a whole pass.
func (f *Feed) Whole() bool { return f.at.Ino == math.MaxUint64 }
