// SPDX-License-Identifier: GPL-2.0-or-later

package format

// BloomBlock is a log tree's bloom filter, a whole 64 KiB block
// (docs/format.md 2.5).
type BloomBlock struct {
	Hdr      BlockHeader
	TotalSet U64 // bits that are set
	Bits     [BloomBits / 8]byte
}

// ViewBloomBlock views a block's bytes; anything but 64 KiB is an error.
func ViewBloomBlock(b []byte) (*BloomBlock, error) { return ViewExact[BloomBlock](b) }

// Has reports whether all bits of a lock's start key are set; see
// [BloomBitsOf].
func (b *BloomBlock) Has(bits [BloomFunctions]uint32) bool {
	for _, n := range bits {
		if b.Bits[n/8]&(1<<(n%8)) == 0 {
			return false
		}
	}
	return true
}

// Add sets the bits and keeps TotalSet right.
func (b *BloomBlock) Add(bits [BloomFunctions]uint32) {
	for _, n := range bits {
		if mask := byte(1) << (n % 8); b.Bits[n/8]&mask == 0 {
			b.Bits[n/8] |= mask
			b.TotalSet.Set(b.TotalSet.Get() + 1)
		}
	}
}
