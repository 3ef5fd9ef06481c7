// SPDX-License-Identifier: GPL-2.0-or-later

// Package sketch proves two big multisets of records equal in constant
// memory. Each record becomes a strong 64-bit hash, seeded anew for every
// check; one side adds its hashes to a table of sums, by a bucket that both
// sides compute from the record's key, and the other side subtracts them. If
// all sums are zero the sides are equal, but for a chance of one in 2^64 for
// each bucket; otherwise the buckets that are not zero hold all that differs.
//
// Extents tile a device if the sum of h(start) - h(end) over them is that of
// the whole device; see [Tiling].
package sketch

import (
	"encoding/binary"
	"math/bits"
)

// Mixer hashes records. It is a value that may be copied and used
// concurrently. The zero Mixer hashes nothing well; see [NewMixer].
type Mixer struct{ k [6]uint64 }

// NewMixer returns a Mixer for a seed. Whoever does not know the seed cannot
// find records that cancel.
func NewMixer(seed uint64) Mixer {
	var m Mixer
	for i := range m.k {
		// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number
		// generators, OOPSLA 2014).
		seed += 0x9e3779b97f4a7c15
		z := seed
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		m.k[i] = z ^ z>>31
	}
	return m
}

// fold multiplies to 128 bits and folds the halves.
func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// Two hashes two numbers.
func (m *Mixer) Two(a, b uint64) uint64 {
	return fold(fold(a^m.k[0], b^m.k[1])^m.k[2], m.k[3]|1)
}

// Then hashes a number together with a hash of this Mixer.
func (m *Mixer) Then(h, b uint64) uint64 { return fold(h^m.k[4], b^m.k[5]) }

// Three hashes three numbers.
func (m *Mixer) Three(a, b, c uint64) uint64 {
	return fold(fold(a^m.k[0], b^m.k[1])^c^m.k[2], m.k[3]^bits.RotateLeft64(c, 32))
}

// Bytes hashes bytes together with a number. It reads 16 of them at once.
func (m *Mixer) Bytes(a uint64, b []byte) uint64 {
	h := a ^ m.k[0]
	n := uint64(len(b))
	for len(b) > 16 {
		h = fold(binary.LittleEndian.Uint64(b)^m.k[1], binary.LittleEndian.Uint64(b[8:])^h)
		b = b[16:]
	}
	x, y := tail(b)
	h = fold(x^m.k[2], y^h)
	return fold(h^m.k[4], n^m.k[5])
}

// tail returns the last bytes, at most 16, as two numbers.
func tail(b []byte) (x, y uint64) {
	switch {
	case len(b) >= 8:
		// They may overlap; the length is hashed too.
		return binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[len(b)-8:])
	case len(b) >= 4:
		return uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[len(b)-4:]))
	}
	for i, c := range b {
		x |= uint64(c) << (8 * i)
	}
	return x, 0
}
