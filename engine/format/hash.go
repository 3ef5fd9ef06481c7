// SPDX-License-Identifier: GPL-2.0-or-later

package format

const (
	fnv32Offset = 0x811c9dc5
	fnv32Prime  = 0x01000193
	fnv64Offset = 0xcbf29ce484222325
	fnv64Prime  = 0x100000001b3
)

// Hash32 is FNV-1a with 32 bits (docs/format.md 4.2).
func Hash32[T Text](b T) uint32 {
	h := uint32(fnv32Offset)
	for i := range len(b) {
		h = (h ^ uint32(b[i])) * fnv32Prime
	}
	return h
}

// Hash64 is FNV-1a with 64 bits (docs/format.md 4.2).
func Hash64[T Text](b T) uint64 {
	h := uint64(fnv64Offset)
	for i := range len(b) {
		h = (h ^ uint64(b[i])) * fnv64Prime
	}
	return h
}

// DirentNameHash is the hash of a directory entry's name: a fingerprint of
// 32 bits spread over the name, then its Hash32 (docs/format.md 4.3).
func DirentNameHash[T Text](name T) uint64 {
	nbits := len(name) * 8
	skip := max(nbits/32, 1)
	var fingerprint uint32
	// Names have bits at random: there is nothing to branch on.
	n := min(nbits, 32)
	for bit := 0; bit < n*skip; bit += skip {
		fingerprint = fingerprint<<1 | uint32(name[bit>>3]>>(^bit&7)&1)
	}
	fingerprint <<= 32 - n
	return uint64(fingerprint)<<32 | uint64(Hash32(name))
}

// XattrNameHash is the hash in xattr item keys, over the full name with its
// prefix (docs/format.md 4.4).
func XattrNameHash[T Text](name T) uint64 { return uint64(CRC([]byte(name))) }

// SrchHash is the hash in search entries, over the full xattr name
// (docs/format.md 4.4).
func SrchHash[T Text](name T) uint64 { return Hash64(name) }

// LeafHashBucket is the slot where a leaf's hash table starts looking for k
// (docs/format.md 4.5).
func LeafHashBucket(k Key) int {
	var d DiskKey
	d.Set(k)
	return int(Hash32(Bytes(&d)) % LeafHashSlots)
}

// BloomBitsOf returns the bloom bits of a cluster lock's start key, which
// stands for every item that the lock covers; see [LockRange]
// (docs/format.md 4.6).
func BloomBitsOf(lockStart Key) [BloomFunctions]uint32 {
	var d DiskKey
	d.Set(lockStart)
	h := Hash64(Bytes(&d))
	var bits [BloomFunctions]uint32
	for i := range bits {
		bits[i] = uint32(h) % BloomBits
		h >>= BloomShift
	}
	return bits
}
