// SPDX-License-Identifier: GPL-2.0-or-later

package signature

import "encoding/binary"

const mdMagic = 0xa92b4efc

// md0 recognises the superblock of version 0.90, in the byte order of its machine, in the last aligned 64 KiB (Linux
// include/uapi/linux/raid/md_p.h: struct mdp_superblock_s). It does not tell its own address, so that of the last partition
// of a disk may also be taken for the disk's.
func md0(w *window) (Found, bool) {
	const reserved, size, sumOffset = 64 << 10, 4 << 10, 152
	b, off := w.fromEnd(reserved, reserved, size)
	word := b.le32
	if b.be32(0) == mdMagic {
		word = b.be32
	}
	major, minor, usedKiB, disks := word(4), word(8), int64(word(32)), word(40)
	if word(0) != mdMagic || major != 0 || !within(minor, 90, 91) || usedKiB<<10 > off || disks == 0 {
		return Found{}, false
	}
	var id record
	for _, at := range []int{20, 52, 56, 60} {
		id = binary.BigEndian.AppendUint32(id, word(at))
	}
	return Found{
		Kind: RAID, Type: "linux_raid_member", Offset: off, UUID: id.uuid(0),
		Damaged: word(sumOffset) != mdSum(b, sumOffset, word),
	}, true
}

// md1AtEnd recognises metadata version 1.0.
func md1AtEnd(w *window) (Found, bool) {
	return md1(w, w.size-w.size%(4<<10)-8<<10)
}

// md1AtStart recognises metadata version 1.1.
func md1AtStart(w *window) (Found, bool) { return md1(w, 0) }

// md1After4K recognises metadata version 1.2.
func md1After4K(w *window) (Found, bool) { return md1(w, 4<<10) }

// md1 recognises the superblock of versions 1.x at off (Linux include/uapi/linux/raid/md_p.h: struct mdp_superblock_1).
func md1(w *window, off int64) (Found, bool) {
	const fixedSize, maxDevices, sumOffset = 256, 1920, 216
	b := w.at(off, fixedSize)
	devices := b.le32(220)
	if b.le32(0) != mdMagic || b.le32(4) != 1 || b.le64(144) != uint64(off)/512 || devices > maxDevices {
		return Found{}, false
	}
	whole := w.at(off, fixedSize+2*int(devices))
	return Found{
		Kind: RAID, Type: "linux_raid_member", Offset: off, Label: b.text(32, 32), UUID: b.uuid(16),
		Damaged: b.le32(sumOffset) != mdSum(whole, sumOffset, whole.le32),
	}, true
}
