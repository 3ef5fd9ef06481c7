// SPDX-License-Identifier: GPL-2.0-or-later

package signature

import (
	"fmt"
	"hash/crc32"
	"strings"
)

// ddf recognises the anchor of SNIA's Common RAID Disk Data Format in the last sector, big-endian, whose sum is taken
// with its own bytes all ones (SNIA DDF 2.0, 5.1; mdadm super-ddf.c: struct ddf_header).
func ddf(w *window) (Found, bool) {
	const magic, sector, sumOffset = 0xde11de11, 512, 4
	b, off := w.fromEnd(sector, sector, sector)
	if b.be32(0) != magic || !b.hasAny(32, "01.", "02.") {
		return Found{}, false
	}
	var id []string
	for at := 8; at < 32; at += 4 {
		id = append(id, fmt.Sprintf("%08X", b.be32(at)))
	}
	return Found{
		Kind: RAID, Type: "ddf_raid_member", Offset: off, UUID: strings.Join(id, ":"),
		Damaged: b.be32(sumOffset) != crcRegister(crc32.IEEETable, 0, b.without(sumOffset, 0xff)...),
	}, true
}

// intelRAID recognises Intel's firmware RAID in the last sector but one (mdadm super-intel.c: struct imsm_super).
func intelRAID(w *window) (Found, bool) {
	for _, sector := range []int64{512, 4 << 10} {
		b, off := w.fromEnd(sector, 2*sector, 512)
		if b.has(0, "Intel Raid ISM Cfg Sig. ") {
			return Found{Kind: RAID, Type: "isw_raid_member", Offset: off}, true
		}
	}
	return Found{}, false
}

// drbd recognises internal metadata of DRBD 8 and 9 in the last 4 KiB (drbd-utils user/shared/drbdmeta.c:
// struct md_on_disk_08, struct meta_data_on_disk_9).
func drbd(w *window) (Found, bool) {
	const size, maxBytesPerBit = 4 << 10, 1 << 20
	b, off := w.fromEnd(size, size, size)
	f := Found{Kind: RAID, Type: "drbd", Offset: off}
	var id uint64
	var end int
	switch b.be32(60) {
	case 0x8374026b, 0x8374026c:
		id, end = b.be64(40), 100
	case 0x8374026d:
		const peers, history = 32 * 32, 32 * 8
		id, end = b.be64(48), 112+peers+history
	default:
		return Found{}, false
	}
	if id != 0 {
		f.UUID = fmt.Sprintf("%x", id)
	}
	perBit := b.be32(80)
	return f, powerOfTwo(perBit) && within(perBit, 4<<10, maxBytesPerBit) && b.zero(end, size-end)
}
