// SPDX-License-Identifier: GPL-2.0-or-later

// Package walk asks a volume's questions to the end. The requests of package
// ioctl answer with a batch and a place to go on from; here each question is
// an iterator over all answers, written once for every kind of volume: a
// mount, a node, or two devices.
//
// Every iterator yields values in the order of their places and ends with an
// error or after the last one. A walk that was stopped goes on exactly where
// it was from the Next of the last value it yielded; names of hidden xattrs
// and quota rules have no place, and are read from the start again.
//
// A volume is not trusted to end: answers that do not come in order, or lie
// outside of what was asked for, are an *ioctl.Error with EPROTO, so that
// no walk goes in circles.
//
// Iterators hold one batch in memory and may be used by many goroutines, each
// with its own loop.
package walk

import (
	"context"
	"fmt"
	"iter"
	"syscall"

	"scoutfs/engine/ioctl"
)

// DefaultBatch is how many results are asked for at a time.
const DefaultBatch = 1024

// question is asked in batches of values T that have places P.
type question[T, P any] struct {
	request ioctl.Number
	// ask returns values at a place and behind it, in order, and whether to
	// ask again behind them.
	ask     func(from P) (values []T, more bool, err error)
	place   func(T) P
	compare func(P, P) int
	// next is the place behind another; ok is false behind the last of all.
	next func(P) (after P, ok bool)
}

// between yields the answers from one place to another, both included.
func (q *question[T, P]) between(ctx context.Context, first, last P) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		for from, more := first, q.compare(first, last) <= 0; more; {
			values, again, err := []T(nil), false, context.Cause(ctx)
			if err == nil {
				values, again, err = q.ask(from)
			}
			if err != nil {
				yield(none, err)
				return
			}
			for _, v := range values {
				at := q.place(v)
				if !more || q.compare(at, from) < 0 || q.compare(at, last) > 0 {
					yield(none, nonsense(q.request, "answer %+v is not between %+v and %+v", at, from, last))
					return
				}
				if !yield(v, nil) {
					return
				}
				from, more = q.next(at)
			}
			more = more && again && len(values) > 0 && q.compare(from, last) <= 0
		}
	}
}

// listing is a question whose values have no places: each batch says where
// the next one is.
type listing[T, P any] struct {
	request ioctl.Number
	ask     func(from P) (values []T, next P, err error)
	compare func(P, P) int
}

// all yields the answers until a batch has none.
func (l *listing[T, P]) all(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		var from P
		for {
			values, next, err := []T(nil), from, context.Cause(ctx)
			if err == nil {
				values, next, err = l.ask(from)
			}
			if err == nil && len(values) > 0 && l.compare(next, from) <= 0 {
				err = nonsense(l.request, "the place after %+v is %+v", from, next)
			}
			if err != nil {
				yield(none, err)
				return
			}
			if len(values) == 0 {
				return
			}
			for _, v := range values {
				if !yield(v, nil) {
					return
				}
			}
			from = next
		}
	}
}

// nonsense is the error of a volume whose answers cannot be true.
func nonsense(request ioctl.Number, text string, args ...any) error {
	return &ioctl.Error{Request: request, Errno: syscall.EPROTO, Detail: fmt.Sprintf(text, args...)}
}
