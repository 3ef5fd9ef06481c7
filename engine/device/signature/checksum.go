// SPDX-License-Identifier: GPL-2.0-or-later

package signature

import "hash/crc32"

// crcRegister runs the CRC register of table from seed over the parts, without the inversions that CRC-32 and CRC-32C
// do before and after; formats differ in which of them they do.
func crcRegister(table *crc32.Table, seed uint32, parts ...[]byte) uint32 {
	crc := ^seed
	for _, p := range parts {
		crc = crc32.Update(crc, table, p)
	}
	return ^crc
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// without returns b as three parts, the 32-bit sum at off replaced by fill: how most formats sum a structure that
// contains its own sum.
func (b record) without(off int, fill byte) [][]byte {
	const n = 4
	if b.part(off, n) == nil {
		return [][]byte{b}
	}
	return [][]byte{b[:off], {fill, fill, fill, fill}, b[off+n:]}
}

// crc64WE is CRC-64/WE: the ECMA-182 polynomial, most significant bit first, inverted before and after. It is what
// the kernel's bcache calls crc64 (Linux drivers/md/bcache/bcache.h:bch_crc64). hash/crc64 has only the reflected form.
func crc64WE(b []byte) uint64 {
	const polynomial = 0x42f0e1eba9ea3693
	var table [256]uint64
	for i := range table {
		crc := uint64(i) << 56
		for range 8 {
			carry := crc >> 63
			crc = crc<<1 ^ carry*polynomial
		}
		table[i] = crc
	}
	crc := ^uint64(0)
	for _, c := range b {
		crc = crc<<8 ^ table[byte(crc>>56)^c]
	}
	return ^crc
}

// mdSum adds the 32-bit words of b but the one at skip, then a last 16-bit one, and adds the carries back in: the sum of
// MD superblocks (Linux drivers/md/md.c:calc_sb_1_csum).
func mdSum(b record, skip int, word func(off int) uint32) uint32 {
	var sum uint64
	for off := 0; off+4 <= len(b); off += 4 {
		if off != skip {
			sum += uint64(word(off))
		}
	}
	if len(b)%4 >= 2 {
		sum += uint64(b.le16(len(b) &^ 3))
	}
	return uint32(sum) + uint32(sum>>32)
}

// fletcher64 is APFS's sum over 32-bit words (Apple File System Reference, obj_phys_t o_cksum).
func fletcher64(b record) uint64 {
	const modulus = 1<<32 - 1
	var lo, hi uint64
	for off := 0; off+4 <= len(b); off += 4 {
		lo = (lo + uint64(b.le32(off))) % modulus
		hi = (hi + lo) % modulus
	}
	first := modulus - (lo+hi)%modulus
	second := modulus - (lo+first)%modulus
	return second<<32 | first
}
