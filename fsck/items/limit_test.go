// SPDX-License-Identifier: GPL-2.0-or-later

package items

import (
	"fmt"
	"testing"

	"scoutfs/fsck/problem"
	"scoutfs/fsck/sketch"
)

func TestCasesBeyondTheLimitAreCounted(t *testing.T) {
	t.Parallel()
	cases, more := 0, uint64(0)
	l := limiter{report: func(f problem.Finding) {
		if f.Number != problem.InodeMode {
			t.Errorf("reported %d", f.Number)
		}
		if f.More > 0 {
			more += f.More
			return
		}
		cases++
	}}
	for range maxCases + 7 {
		l.find(problem.Finding{Number: problem.InodeMode})
	}
	if !l.full(problem.InodeMode) || l.full(problem.InodeSize) {
		t.Error("the limit is not reached, or that of another number")
	}
	l.finish()
	if cases != maxCases || more != 7 {
		t.Errorf("%d cases and %d more", cases, more)
	}
}

func TestNamesThatAreTwiceAreFound(t *testing.T) {
	t.Parallel()
	m := sketch.NewMixer(1)
	text := func(n uint64) []byte { return fmt.Appendf(nil, "name %d", n) }
	for _, n := range []uint64{2, fewNames, fewNames + 1, 1000} {
		var s sameNames
		for hash := range uint64(3) {
			for name := range n {
				if s.add(&m, hash, text(name)) {
					t.Errorf("name %d of %d is twice", name, n)
				}
			}
			for name := range n {
				if !s.add(&m, hash, text(name)) {
					t.Errorf("name %d of %d is not twice", name, n)
				}
			}
		}
	}
}
