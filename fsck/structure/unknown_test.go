// SPDX-License-Identifier: GPL-2.0-or-later

package structure_test

import (
	"math/rand/v2"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/fsck/structure"
)

func span(start, end uint64) format.Range {
	return format.Range{Start: format.Key{Third: start >> 8, Fourth: uint8(start)}, End: format.Key{Third: end >> 8, Fourth: uint8(end)}}
}

func TestUnknownIsTheUnionOfItsRanges(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var u structure.Unknown
		if u.Any() {
			t.Fatal("something is unknown")
		}
		var model [300]bool
		for range random.IntN(30) {
			start := random.Uint64N(290)
			end := start + random.Uint64N(300-start)
			if random.IntN(8) == 0 && start > 0 {
				end = start - 1 // no range
			}
			u.Add(span(start, end))
			for i := start; i <= end; i++ {
				model[i] = true
			}
		}
		for i := range uint64(len(model)) {
			if u.Contains(span(i, i).Start) != model[i] {
				t.Fatalf("key %d: want %v in %v", i, model[i], u.Ranges())
			}
		}
		runs := 0
		for i := range model {
			if model[i] && (i == 0 || !model[i-1]) {
				runs++
			}
		}
		if got := len(u.Ranges()); got != runs || u.Any() != (runs > 0) {
			t.Fatalf("%d ranges, want %d", got, runs)
		}
		if start := random.Uint64N(290); u.Overlaps(span(start, start+9)) != anyOf(model[start:start+10]) {
			t.Fatalf("overlap at %d", start)
		}
	}
}

func anyOf(bits []bool) bool {
	for _, b := range bits {
		if b {
			return true
		}
	}
	return false
}

// However many ranges there are, no more than so many are kept, and what was
// unknown stays so.
func TestUnknownIsBounded(t *testing.T) {
	t.Parallel()
	var u structure.Unknown
	const n = 70_000
	for i := range uint64(n) {
		u.Add(span(10*i, 10*i+1))
	}
	if got := len(u.Ranges()); got > 1<<16 {
		t.Errorf("%d ranges", got)
	}
	for i := range uint64(n) {
		if !u.Contains(span(10*i, 10*i).Start) {
			t.Fatalf("key %d is known", 10*i)
		}
	}
	u.Add(format.AllKeys())
	if got := u.Ranges(); len(got) != 1 || got[0] != format.AllKeys() {
		t.Errorf("ranges are %v", got)
	}
}
