// SPDX-License-Identifier: GPL-2.0-or-later

package signature

import (
	"encoding/binary"
	"fmt"
)

// ntfs recognises NTFS by its boot sector and the master file table that it points to (ntfs-3g include/ntfs-3g/layout.h:
// NTFS_BOOT_SECTOR). A boot sector without its table is reported as damaged.
func ntfs(w *window) (Found, bool) {
	b := w.at(0, 512)
	if !b.has(3, "NTFS    ") || !ntfsSane(b) {
		return Found{}, false
	}
	f := Found{Kind: Filesystem, Type: "ntfs", UUID: fmt.Sprintf("%016X", b.le64(72)), Damaged: true}
	cluster := int64(b.le16(11)) * ntfsSectorsPerCluster(b.u8(13))
	// A positive size counts clusters, a negative one is the logarithm of bytes.
	recordSize := int64(int8(b.u8(64))) * cluster
	if n := int8(b.u8(64)); n < 0 {
		recordSize = 1 << min(-int(n), 31)
	}
	table := b.le64(48)
	if table > uint64(w.size/cluster) || !within(recordSize, 256, maxRead) {
		return f, true
	}
	const volumeRecord = 3
	start := int64(table) * cluster
	first, volume := w.at(start, 512), w.at(start+volumeRecord*recordSize, int(recordSize))
	f.Damaged = !first.has(0, "FILE") || !volume.has(0, "FILE")
	f.Label = ntfsLabel(volume)
	return f, true
}

// ntfsSane checks the parameter block, most of which FAT uses and NTFS leaves zero.
func ntfsSane(b record) bool {
	const maxCluster = 2 << 20
	sector := b.le16(11)
	perCluster := ntfsSectorsPerCluster(b.u8(13))
	return powerOfTwo(sector) && within(sector, 256, 4096) && perCluster > 0 && int64(sector)*perCluster <= maxCluster &&
		b.zero(14, 7) && b.zero(22, 2) && b.zero(32, 4) && b.le64(40) != 0
}

// ntfsSectorsPerCluster decodes a count: a power of two up to 128, or the negative logarithm. It is 0 for neither.
func ntfsSectorsPerCluster(n uint8) int64 {
	switch {
	case powerOfTwo(n):
		return int64(n)
	case within(n, 240, 249):
		return 1 << (256 - int(n))
	}
	return 0
}

// ntfsLabel finds the volume name among the attributes of the volume's record.
func ntfsLabel(b record) string {
	const volumeName, end = 0x60, 0xffffffff
	for off := int(b.le16(20)); off+24 <= len(b); {
		kind, size := b.le32(off), int(min(b.le32(off+4), maxRead))
		if kind == end || size < 24 {
			return ""
		}
		if kind == volumeName {
			return b.utf16(off+int(b.le16(off+20)), int(min(b.le32(off+16), 256)), binary.LittleEndian)
		}
		off += size
	}
	return ""
}

// refs recognises ReFS, whose boot sector has no jump before the name.
func refs(w *window) (Found, bool) {
	return Found{Kind: Filesystem, Type: "ReFS"}, w.at(0, 512).has(0, "\x00\x00\x00ReFS\x00")
}
