// SPDX-License-Identifier: GPL-2.0-or-later

package sketch_test

import (
	"math/bits"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"scoutfs/fsck/sketch"
)

// record is a key that two sides agree on and a value to compare. There are
// few of each, so that random sets have duplicates and near misses.
type record struct{ key, value uint64 }

func records() *rapid.Generator[[]record] {
	number := rapid.SampledFrom([]uint64{0, 1, 2, 3, 1 << 32, 1 << 63, 1<<64 - 1})
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) record {
		return record{number.Draw(t, "key"), number.Draw(t, "value")}
	}), 0, 50)
}

func fill(m *sketch.Mixer, rs []record, sub bool) *sketch.Sums {
	s := sketch.NewSums()
	for _, r := range rs {
		if sub {
			s.Sub(m.Two(r.key, 0), m.Two(r.key, r.value))
		} else {
			s.Add(m.Two(r.key, 0), m.Two(r.key, r.value))
		}
	}
	return s
}

func sorted(rs []record) []record {
	rs = slices.Clone(rs)
	slices.SortFunc(rs, func(a, b record) int {
		if a.key != b.key {
			if a.key < b.key {
				return -1
			}
			return 1
		}
		if a.value < b.value {
			return -1
		}
		return bits.Len64(a.value - b.value)
	})
	return rs
}

func TestSumsAreZeroForEqualMultisetsOnly(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := sketch.NewMixer(rapid.Uint64().Draw(t, "seed"))
		a := records().Draw(t, "one side")
		b := rapid.OneOf(records(), rapid.Permutation(a)).Draw(t, "other side")
		s := fill(&m, a, false)
		s.Merge(fill(&m, b, true))
		if want := slices.Equal(sorted(a), sorted(b)); s.Equal() != want {
			t.Fatalf("equal is %t, want %t", s.Equal(), want)
		}
		// What is on one side only is in a bucket that differs.
		for _, r := range a {
			if !slices.ContainsFunc(b, func(o record) bool { return o.key == r.key }) && !s.Differs(m.Two(r.key, 0)) {
				t.Fatalf("the bucket of %v does not differ", r)
			}
		}
	})
}

func TestToggledSumsKeepWhatIsThereAnOddNumberOfTimes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := sketch.NewMixer(rapid.Uint64().Draw(t, "seed"))
		rs := records().Draw(t, "records")
		one, two := sketch.NewSums(), sketch.NewSums()
		count := map[record]int{}
		for i, r := range rs {
			count[r]++
			s := one
			if i%2 == 0 {
				s = two
			}
			s.Toggle(m.Two(r.key, 0), m.Two(r.key, r.value))
		}
		one.MergeToggled(two)
		want := true
		for _, n := range count {
			want = want && n%2 == 0
		}
		if one.Equal() != want {
			t.Fatalf("equal is %t, want %t", one.Equal(), want)
		}
	})
}

func TestHashesSpread(t *testing.T) {
	t.Parallel()
	m := sketch.NewMixer(1)
	hashes := map[string]func(i uint64) uint64{
		"two, first":    func(i uint64) uint64 { return m.Two(i, 0) },
		"two, second":   func(i uint64) uint64 { return m.Two(0, i) },
		"two, both":     func(i uint64) uint64 { return m.Two(i, i) },
		"then":          func(i uint64) uint64 { return m.Then(m.Two(5, 0), i) },
		"then, hash":    func(i uint64) uint64 { return m.Then(m.Two(i, 0), 5) },
		"three, first":  func(i uint64) uint64 { return m.Three(i, 5, 0) },
		"three, second": func(i uint64) uint64 { return m.Three(0, i, 5) },
		"three, third":  func(i uint64) uint64 { return m.Three(0, 5, i) },
		"bytes":         func(i uint64) uint64 { return m.Bytes(7, []byte{byte(i), 3, byte(i >> 8), 4}) },
		"bytes' number": func(i uint64) uint64 { return m.Bytes(i, []byte("a name of some length")) },
		"bytes' length": func(i uint64) uint64 { return m.Bytes(7, make([]byte, i)) },
	}
	const n = 1 << 12
	for name, hash := range hashes {
		seen := map[uint64]bool{}
		ones := [64]int{}
		for i := range uint64(n) {
			h := hash(i)
			seen[h] = true
			for bit := range ones {
				ones[bit] += int(h >> bit & 1)
			}
		}
		if len(seen) != n {
			t.Errorf("%s: %d hashes of %d values", name, len(seen), n)
		}
		for bit, k := range ones {
			if k < n*2/5 || k > n*3/5 {
				t.Errorf("%s: bit %d is set in %d of %d", name, bit, k, n)
			}
		}
	}
}

func TestEveryByteCounts(t *testing.T) {
	t.Parallel()
	m := sketch.NewMixer(1)
	for n := range 70 {
		b := make([]byte, n)
		seen := map[uint64]int{m.Bytes(0, b): -1}
		for i := range b {
			for _, v := range []byte{1, 0x80, 0xff} {
				b[i] = v
				h := m.Bytes(0, b)
				if at, twice := seen[h]; twice {
					t.Errorf("of %d bytes, %d with %#x and %d are alike", n, i, v, at)
				}
				seen[h] = i
			}
			b[i] = 0
		}
	}
}

// naiveTiling counts each block.
func naiveTiling(extents [][2]uint64, start, end uint64) bool {
	var count [40]int
	for _, e := range extents {
		for b := e[0]; b < e[1]; b++ {
			count[b]++
		}
	}
	for b, n := range count {
		inside := uint64(b) >= start && uint64(b) < end
		if inside && n != 1 || !inside && n != 0 {
			return false
		}
	}
	return true
}

func TestTilingFindsEveryGapAndOverlap(t *testing.T) {
	t.Parallel()
	const start, end = 3, 37
	rapid.Check(t, func(t *rapid.T) {
		m := sketch.NewMixer(rapid.Uint64().Draw(t, "seed"))
		// A perfect tiling, then a few changes or none.
		var extents [][2]uint64
		for at := uint64(start); at < end; {
			next := min(at+rapid.Uint64Range(1, 12).Draw(t, "length"), end)
			extents = append(extents, [2]uint64{at, next})
			at = next
		}
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			i := rapid.IntRange(0, len(extents)-1).Draw(t, "which")
			switch rapid.IntRange(0, 3).Draw(t, "how") {
			case 0:
				extents[i][1] = min(extents[i][1]+1, 40)
			case 1:
				if extents[i][1]-extents[i][0] > 1 {
					extents[i][0]++
				}
			case 2:
				extents = append(extents, extents[i])
			case 3:
				j := rapid.IntRange(0, len(extents)-1).Draw(t, "other")
				if extents[i][0] < extents[j][1] && extents[j][0] < extents[i][1] {
					// Crossing ends keeps the sum and what is covered.
					extents[i][1], extents[j][1] = extents[j][1], extents[i][1]
				}
			}
		}
		extents = rapid.Permutation(extents).Draw(t, "order")
		var one, two sketch.Tiling
		for i, e := range extents {
			if i%2 == 0 {
				one.Add(&m, e[0], e[1])
			} else {
				two.Add(&m, e[0], e[1])
			}
		}
		one.Merge(&two)
		if got, want := one.Covers(&m, start, end), naiveTiling(extents, start, end); got != want {
			t.Fatalf("%v: covered once is %t, want %t", extents, got, want)
		}
	})
}

func TestNothingTilesAnEmptyRange(t *testing.T) {
	t.Parallel()
	m := sketch.NewMixer(9)
	var none, some sketch.Tiling
	some.Add(&m, 64, 65)
	if !none.Covers(&m, 64, 64) || some.Covers(&m, 64, 64) || none.Covers(&m, 64, 65) {
		t.Error("an empty range is covered by something, or a full one by nothing")
	}
}

func BenchmarkMixer(b *testing.B) {
	m := sketch.NewMixer(1)
	s := sketch.NewSums()
	value := make([]byte, 50)
	b.Run("two", func(b *testing.B) {
		for i := uint64(0); b.Loop(); i++ {
			s.Add(m.Two(i, 1), m.Two(i, 2))
		}
	})
	b.Run("bytes", func(b *testing.B) {
		for i := uint64(0); b.Loop(); i++ {
			s.Add(m.Two(i, 1), m.Bytes(i, value))
		}
	})
}
