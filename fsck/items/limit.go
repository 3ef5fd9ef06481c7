// SPDX-License-Identifier: GPL-2.0-or-later

package items

import (
	"sync/atomic"

	"scoutfs/fsck/problem"
)

const (
	// maxCases is how many cases of one problem are reported one by one.
	maxCases = 10_000
	// maxNumber is more than any number of a problem.
	maxNumber = 1100
)

// limiter reports findings, of each number so many, and counts the rest. It
// may be used from many goroutines.
type limiter struct {
	report problem.Reporter
	counts [maxNumber]atomic.Int64
}

func (l *limiter) find(f problem.Finding) {
	if l.counts[f.Number].Add(1) <= maxCases {
		l.report(f)
	}
}

// more counts further cases of a number of which too many are known already.
func (l *limiter) more(n problem.Number, cases uint64) { l.counts[n].Add(int64(cases)) }

// full reports whether further cases of a number would only be counted.
func (l *limiter) full(n problem.Number) bool { return l.counts[n].Load() > maxCases }

// finish says how many more cases there were.
func (l *limiter) finish() {
	for n := range l.counts {
		if more := l.counts[n].Load() - maxCases; more > 0 {
			l.report(problem.Finding{Number: problem.Number(n), More: uint64(more)})
		}
	}
}
