// SPDX-License-Identifier: GPL-2.0-or-later

package sketch

// Buckets is how many buckets Sums have: 128 KiB of them, so that a few stay
// in a processor's cache. A single difference among a billion records leaves
// some hundred thousand to look at.
const (
	Buckets = 1 << bucketBits

	bucketBits = 14
)

// Sums are sums of hashes by bucket. They are for one goroutine; those of
// several are put together by Merge. A bucket is chosen by a hash of what
// records of both sides have in common when they belong together.
type Sums struct{ sums []uint64 }

// NewSums returns sums that are all zero.
func NewSums() *Sums { return &Sums{make([]uint64, Buckets)} }

func bucket(h uint64) uint64 { return h >> (64 - bucketBits) }

// Add adds v to the bucket of a hash.
func (s *Sums) Add(h, v uint64) { s.sums[bucket(h)] += v }

// Sub subtracts v from the bucket of a hash.
func (s *Sums) Sub(h, v uint64) { s.sums[bucket(h)] -= v }

// Toggle flips the bits of v in the bucket of a hash, so that records seen an
// even number of times cancel. Sums that toggle must do nothing else.
func (s *Sums) Toggle(h, v uint64) { s.sums[bucket(h)] ^= v }

// Merge adds other sums, of one use of Add and Sub.
func (s *Sums) Merge(o *Sums) {
	for i, v := range o.sums {
		s.sums[i] += v
	}
}

// MergeToggled adds other sums, of one use of Toggle.
func (s *Sums) MergeToggled(o *Sums) {
	for i, v := range o.sums {
		s.sums[i] ^= v
	}
}

// Equal reports whether all buckets are zero.
func (s *Sums) Equal() bool {
	for _, v := range s.sums {
		if v != 0 {
			return false
		}
	}
	return true
}

// Differs reports whether the bucket of a hash is not zero.
func (s *Sums) Differs(h uint64) bool { return s.sums[bucket(h)] != 0 }
