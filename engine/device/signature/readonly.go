// SPDX-License-Identifier: GPL-2.0-or-later

package signature

import "hash/crc32"

// squashfs recognises all versions of either byte order (Linux fs/squashfs/squashfs_fs.h: struct squashfs_super_block;
// before version 4 the block size and its logarithm were elsewhere).
func squashfs(w *window) (Found, bool) {
	b := w.at(0, 96)
	little, big := b.has(0, "hsqs"), b.has(0, "sqsh")
	f := Found{Kind: Filesystem, Type: "squashfs"}
	switch {
	case little && b.le16(28) == 4:
		return f, within(b.le16(22), 12, 20) && b.le32(12) == 1<<b.le16(22)
	case little && within(b.le16(28), 1, 3), big && within(b.be16(28), 1, 3):
		f.Type = "squashfs3"
		return f, true
	}
	return Found{}, false
}

// erofs recognises EROFS (Linux fs/erofs/erofs_fs.h: struct erofs_super_block). The sum covers the rest of the block
// that the super is in.
func erofs(w *window) (Found, bool) {
	const offset, magic, featureSum, sumOffset = 1 << 10, 0xe0f5e1e2, 1 << 0, 4
	b := w.at(offset, 128)
	blockLog := b.u8(12)
	if b.le32(0) != magic || !within(blockLog, 9, 16) {
		return Found{}, false
	}
	f := Found{Kind: Filesystem, Type: "erofs", Offset: offset, Label: b.text(64, 16), UUID: b.uuid(48)}
	if b.le32(8)&featureSum != 0 {
		rest := w.at(offset, 1<<blockLog-offset%(1<<blockLog))
		f.Damaged = b.le32(sumOffset) != crcRegister(castagnoli(), ^uint32(0), rest.without(sumOffset, 0)...)
	}
	return f, true
}

// cramfs recognises the compressed ROM file system (Linux include/uapi/linux/cramfs_fs.h: struct cramfs_super) in either
// byte order.
func cramfs(w *window) (Found, bool) {
	const magic, versionTwo, sumOffset = 0x28cd3d45, 1 << 0, 32
	b := w.at(0, 64)
	word := b.le32
	if b.be32(0) == magic {
		word = b.be32
	}
	if word(0) != magic || !b.has(16, "Compressed ROMFS") {
		return Found{}, false
	}
	f := Found{Kind: Filesystem, Type: "cramfs", Label: b.text(48, 16)}
	if size := word(4); word(8)&versionTwo != 0 && within(size, 64, maxRead) {
		image := w.at(0, int(size))
		f.Damaged = word(sumOffset) != ^crcRegister(crc32.IEEETable, ^uint32(0), image.without(sumOffset, 0)...)
	}
	return f, true
}
