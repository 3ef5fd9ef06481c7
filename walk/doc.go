// SPDX-License-Identifier: GPL-2.0-or-later

// Package walk asks a volume's questions to the end. The requests of package
// ioctl answer with a batch and a place to go on from; here each question is
// an iterator over all answers, written once for every kind of volume: a
// mount, a node, or two devices.
//
// Every iterator yields values in the order of their places and ends with an
// error or after the last one. A walk that was stopped goes on exactly where
// it was from the Next of the last value it yielded. Iterators hold one batch
// in memory and may be used by many goroutines, each with its own loop.
package walk

import (
	"context"
	"iter"
)

// DefaultBatch is how many results are asked for at a time.
const DefaultBatch = 1024

// batches yields the results of a request that is asked again from where its
// last results ended. ask returns results and whether to go on after them;
// no results end the walk.
func batches[T any](ctx context.Context, ask func() (results []T, more bool, err error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for {
			var zero T
			if err := context.Cause(ctx); err != nil {
				yield(zero, err)
				return
			}
			results, more, err := ask()
			if err != nil {
				yield(zero, err)
				return
			}
			for _, r := range results {
				if !yield(r, nil) {
					return
				}
			}
			if len(results) == 0 || !more {
				return
			}
		}
	}
}
