// SPDX-License-Identifier: GPL-2.0-or-later

package signature

import "encoding/binary"

// exfat recognises exFAT by its boot region of eleven sectors and the sector of checksums after it (Microsoft exFAT
// file system specification 3.1 and 3.4).
func exfat(w *window) (Found, bool) {
	b := w.at(0, 512)
	sectorLog, clusterLog := b.u8(108), b.u8(109)
	if !b.has(3, "EXFAT   ") || !b.has(510, bootMagic) || !b.zero(11, 53) ||
		!within(sectorLog, 9, 12) || clusterLog > 25-sectorLog || !within(b.u8(110), 1, 2) {
		return Found{}, false
	}
	const firstCluster = 2
	heap, clusters, root := int64(b.le32(88)), b.le32(92), b.le32(96)
	if root-firstCluster >= clusters { // or wraps around, if it is less than the first
		return Found{}, false
	}
	f := Found{Kind: Filesystem, Type: "exfat", UUID: b.serial(100)}
	f.Damaged = !exfatSumFits(w.at(0, 12<<sectorLog), 1<<sectorLog)

	const maxDir = 64 << 10
	cluster := int64(1) << (sectorLog + clusterLog)
	dir := w.at(heap<<sectorLog+int64(root-firstCluster)*cluster, int(min(cluster, maxDir)))
	f.Label = exfatLabel(dir)
	return f, true
}

// exfatSumFits sums all but the fields that change while mounted: the volume flags and the percentage in use.
func exfatSumFits(region record, sector int) bool {
	if len(region) < 12*sector {
		return false
	}
	var sum uint32
	for i, c := range region[:11*sector] {
		if i == 106 || i == 107 || i == 112 {
			continue
		}
		sum = sum<<31 | sum>>1
		sum += uint32(c)
	}
	return sum == region.le32(11*sector)
}

func exfatLabel(dir record) string {
	const entry, end, label, maxUnits = 32, 0x00, 0x83, 11
	for ; len(dir) >= entry && dir[0] != end; dir = dir[entry:] {
		if dir[0] == label {
			return dir.utf16(2, 2*min(int(dir[1]), maxUnits), binary.LittleEndian)
		}
	}
	return ""
}
