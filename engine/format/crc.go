// SPDX-License-Identifier: GPL-2.0-or-later

package format

import "hash/crc32"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// CRC is crc32c with an all-ones seed and without the customary final
// inversion (docs/format.md 4.1).
func CRC(b []byte) uint32 { return ^crc32.Checksum(b, castagnoli) }

// BlockCRC is the crc that a whole 4 KiB or 64 KiB block should carry: CRC
// over all bytes after the crc field itself. It is 0 for a block too short
// to have a header.
func BlockCRC(block []byte) uint32 {
	if len(block) < Size[BlockHeader]() {
		return 0
	}
	return CRC(block[4:])
}
