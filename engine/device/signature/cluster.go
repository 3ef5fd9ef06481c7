// SPDX-License-Identifier: GPL-2.0-or-later

package signature

import "encoding/hex"

// gfs recognises GFS and GFS2 by the formats in the superblock (Linux include/uapi/linux/gfs2_ondisk.h: struct gfs2_sb).
func gfs(w *window) (Found, bool) {
	const offset, magic, typeSuper = 64 << 10, 0x01161970, 1
	b := w.at(offset, 512)
	blockSize := b.be32(36)
	if b.be32(0) != magic || b.be32(4) != typeSuper || blockSize < 512 || !powerOfTwo(blockSize) {
		return Found{}, false
	}
	f := Found{Kind: Filesystem, Offset: offset, Label: b.text(160, 64), UUID: b.uuid(256)}
	switch format, multihost := b.be32(24), b.be32(28); {
	case within(format, 1800, 1899) && within(multihost, 1900, 1999):
		f.Type = "gfs2"
	case format == 1309 && multihost == 1401:
		f.Type = "gfs"
	default:
		return Found{}, false
	}
	return f, true
}

// ocfs2 recognises OCFS2. Its super is block 2, wherever the block size puts that (Linux fs/ocfs2/ocfs2_fs.h:
// struct ocfs2_dinode, struct ocfs2_super_block).
func ocfs2(w *window) (Found, bool) {
	const superBlkno = 2
	for blockLog := uint32(9); blockLog <= 12; blockLog++ {
		off := int64(superBlkno) << blockLog
		b := w.at(off, 512)
		if b.has(0, "OCFSV2\x00\x00") && b.le64(80) == superBlkno && b.le32(248) == blockLog {
			return Found{Kind: Filesystem, Type: "ocfs2", Offset: off, Label: b.text(272, 64), UUID: b.uuid(336)}, true
		}
	}
	return Found{}, false
}

// vmfs recognises VMware's cluster file system (libblkid/src/superblocks/vmfs.c: probe_vmfs_fs).
func vmfs(w *window) (Found, bool) {
	const offset = 2 << 20
	b := w.at(offset, 512)
	if !b.has(0, "\x5e\xf1\xab\x2f") || b.zero(9, 16) {
		return Found{}, false
	}
	return Found{Kind: Filesystem, Type: "VMFS", Offset: offset, Label: b.text(29, 128), UUID: vmfsUUID(b.part(9, 16))}, true
}

// vmfsVolume recognises a device of a VMFS volume (libblkid/src/superblocks/vmfs.c: probe_vmfs_volume). Its UUID is
// that of the logical volume, stored as text.
func vmfsVolume(w *window) (Found, bool) {
	const offset, logicalVolumeUUID, uuidLength = 1 << 20, 532, 35
	b := w.at(offset, 1<<10)
	if !b.has(0, "\x0d\xd0\x01\xc0") || b.zero(130, 16) {
		return Found{}, false
	}
	return Found{Kind: VolumeManager, Type: "VMFS_volume_member", Offset: offset, UUID: b.text(logicalVolumeUUID, uuidLength)}, true
}

// vmfsUUID writes two little-endian 32-bit fields, one of 16 bits and six bytes, as VMware does.
func vmfsUUID(b record) string {
	if len(b) != 16 {
		return ""
	}
	reversed := func(p ...byte) string { return hex.EncodeToString(p) }
	return reversed(b[3], b[2], b[1], b[0]) + "-" + reversed(b[7], b[6], b[5], b[4]) + "-" +
		reversed(b[9], b[8]) + "-" + hex.EncodeToString(b[10:])
}
