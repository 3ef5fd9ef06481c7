// SPDX-License-Identifier: GPL-2.0-or-later

package format

import (
	"iter"
	"math/bits"
)

// Bitmap1024 is a little-endian bitmap of 1024 bits, 128 bytes: bit n is in
// byte n/8 with mask 1 << (n%8). Has and Set panic outside 0..1023.
type Bitmap1024 [16]U64

// Has reports whether bit n is set.
func (m *Bitmap1024) Has(n int) bool { return m[n/64].Get()>>(n%64)&1 != 0 }

// Set sets bit n.
func (m *Bitmap1024) Set(n int) { m[n/64].Set(m[n/64].Get() | 1<<(n%64)) }

// Clear clears bit n.
func (m *Bitmap1024) Clear(n int) { m[n/64].Set(m[n/64].Get() &^ (1 << (n % 64))) }

// Or sets the bits that are set in o.
func (m *Bitmap1024) Or(o *Bitmap1024) {
	for i := range m {
		m[i].Set(m[i].Get() | o[i].Get())
	}
}

// All returns the set bits in ascending order.
func (m *Bitmap1024) All() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range m {
			for w := m[i].Get(); w != 0; w &= w - 1 {
				if !yield(i*64 + bits.TrailingZeros64(w)) {
					return
				}
			}
		}
	}
}
