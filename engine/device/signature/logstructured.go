// SPDX-License-Identifier: GPL-2.0-or-later

package signature

import (
	"encoding/binary"
	"hash/crc32"
)

// f2fs recognises either superblock (Linux include/linux/f2fs_fs.h: struct f2fs_super_block).
func f2fs(w *window) (Found, bool) {
	const magic, size = 0xf2f52010, 3 << 10
	return bestCopy(func(off int64) (Found, bool) {
		b := w.at(off, size)
		sectorLog, blockLog := b.le32(8), b.le32(16)
		if b.le32(0) != magic || !within(sectorLog, 9, 16) || !within(blockLog, 9, 16) || sectorLog+b.le32(12) != blockLog {
			return Found{}, false
		}
		f := Found{Kind: Filesystem, Type: "f2fs", Label: b.utf16(124, 1024, binary.LittleEndian), UUID: b.uuid(108)}
		if at := int(b.le32(32)); at != 0 {
			f.Damaged = at > size-4 || b.le32(at) != crcRegister(crc32.IEEETable, magic, b.part(0, at))
		}
		return f, true
	}, 1<<10, 5<<10)
}

// nilfs2 recognises either superblock (Linux include/uapi/linux/nilfs2_ondisk.h: struct nilfs_super_block). The
// magic is short, so the checksum has to fit.
func nilfs2(w *window) (Found, bool) {
	const magic, size, sumOffset = 0x3434, 1 << 10, 16
	backup := (w.size/512 - 8) * 512
	for _, off := range []int64{1 << 10, backup} {
		b := w.at(off, size)
		summed := b.part(0, int(b.le16(8)))
		if b.le16(6) != magic || len(summed) < sumOffset+4 {
			continue
		}
		if b.le32(sumOffset) == crcRegister(crc32.IEEETable, b.le32(12), summed.without(sumOffset, 0)...) {
			return Found{Kind: Filesystem, Type: "nilfs2", Offset: off, Label: b.text(168, 80), UUID: b.uuid(152)}, true
		}
	}
	return Found{}, false
}

// zonefs recognises a zoned device exposed as files (Linux fs/zonefs/zonefs.h: struct zonefs_super).
func zonefs(w *window) (Found, bool) {
	b := w.at(0, 4<<10)
	if !b.has(0, "SFOZ") || b.le32(4) != crcRegister(crc32.IEEETable, ^uint32(0), b.without(4, 0)...) {
		return Found{}, false
	}
	return Found{Kind: Filesystem, Type: "zonefs", Label: b.text(8, 32), UUID: b.uuid(40)}, true
}
