// SPDX-License-Identifier: GPL-2.0-or-later

package signature

import (
	"hash/crc32"
	"strings"
)

// lvm2 recognises a physical volume by its label in one of the first four sectors (LVM2 lib/label/label.h: struct
// label_header; lib/format_text/layout.h: struct pv_header).
func lvm2(w *window) (Found, bool) {
	const sector, sumOffset, sumSeed = 512, 16, 0xf597a6cf
	return bestCopy(func(off int64) (Found, bool) {
		b := w.at(off, sector)
		return Found{
			Kind: VolumeManager, Type: "LVM2_member", UUID: lvmUUID(b.text(32, 32)),
			Damaged: b.le32(sumOffset) != crcRegister(crc32.IEEETable, sumSeed, b.part(sumOffset+4, sector-sumOffset-4)),
		}, b.has(0, "LABELONE") && b.has(24, "LVM2 001") && b.le64(8) == uint64(off)/sector
	}, 0, sector, 2*sector, 3*sector)
}

// lvmUUID puts in the dashes that LVM leaves out on disk.
func lvmUUID(s string) string {
	if len(s) != 32 {
		return ""
	}
	return strings.Join([]string{s[:6], s[6:10], s[10:14], s[14:18], s[18:22], s[22:26], s[26:]}, "-")
}

// stratis recognises either copy of a pool member's static header (stratisd
// src/engine/strat_engine/metadata/static_header.rs).
func stratis(w *window) (Found, bool) {
	const sector = 512
	return bestCopy(func(off int64) (Found, bool) {
		b := w.at(off, sector)
		return Found{
			Kind: VolumeManager, Type: "stratis", UUID: dashed(b.text(64, 32)),
			Damaged: b.le32(0) != ^crcRegister(castagnoli(), ^uint32(0), b.part(4, sector-4)),
		}, b.has(4, "!Stra0tis\x86\xff\x02^\x41rh")
	}, sector, 9*sector)
}

// dashed puts the dashes of RFC 4122 between 32 digits.
func dashed(s string) string {
	if len(s) != 32 {
		return ""
	}
	return strings.Join([]string{s[:8], s[8:12], s[12:16], s[16:20], s[20:]}, "-")
}

// vdo recognises a deduplicating volume by its geometry block (Linux drivers/md/dm-vdo/encodings.h: struct
// vdo_geometry_block).
func vdo(w *window) (Found, bool) {
	b := w.at(0, 512)
	return Found{Kind: VolumeManager, Type: "vdo", UUID: b.uuid(40)}, b.has(0, "dmvdo001")
}

// snapshotStore recognises the exception store of a device mapper snapshot (Linux drivers/md/dm-snap-persistent.c:
// struct disk_header).
func snapshotStore(w *window) (Found, bool) {
	b := w.at(0, 512)
	return Found{Kind: VolumeManager, Type: "DM_snapshot_cow"}, b.has(0, "SnAp") && b.le32(4) <= 1 && b.le32(8) == 1 && powerOfTwo(b.le32(12))
}

// oracleASM recognises a disk of Oracle's automatic storage management (libblkid/src/superblocks/ocfs.c:
// probe_oracleasm).
func oracleASM(w *window) (Found, bool) {
	b := w.at(0, 512)
	return Found{Kind: VolumeManager, Type: "oracleasm", Label: b.text(40, 24)}, b.has(32, "ORCLDISK")
}
