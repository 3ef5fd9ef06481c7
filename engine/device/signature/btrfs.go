// SPDX-License-Identifier: GPL-2.0-or-later

package signature

import (
	"crypto/sha256"

	"github.com/cespare/xxhash/v2"
)

// btrfs recognises the first superblock (Linux include/uapi/linux/btrfs_tree.h: struct btrfs_super_block). Superblocks
// of zoned devices, whose place depends on write pointers, are not looked for.
func btrfs(w *window) (Found, bool) {
	const offset, size, sumSize = 64 << 10, 4 << 10, 32
	b := w.at(offset, size)
	if !b.has(64, "_BHRfS_M") || b.le64(48) != offset || !powerOfTwo(b.le32(144)) {
		return Found{}, false
	}
	f := Found{Kind: Filesystem, Type: "btrfs", Offset: offset, Label: b.text(299, 256), UUID: b.uuid(32)}
	summed := b.part(sumSize, size-sumSize)
	switch b.le16(196) {
	case 0:
		f.Damaged = b.le32(0) != ^crcRegister(castagnoli(), ^uint32(0), summed)
	case 1:
		f.Damaged = b.le64(0) != xxhash.Sum64(summed)
	case 2:
		f.Damaged = sha256.Sum256(summed) != [sumSize]byte(b[:sumSize])
	}
	return f, true
}
