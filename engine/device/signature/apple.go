// SPDX-License-Identifier: GPL-2.0-or-later

package signature

const hfsOffset = 1 << 10

// hfs recognises HFS volumes that are not mere wrappers of HFS+ (Linux fs/hfs/hfs.h: struct hfs_mdb).
func hfs(w *window) (Found, bool) {
	b := w.at(hfsOffset, 512)
	blockSize, nameLen := b.be32(20), int(b.u8(36))
	if !b.has(0, "BD") || b.hasAny(124, "H+", "HX") || blockSize == 0 || blockSize%512 != 0 || b.be16(18) == 0 ||
		nameLen > 27 || b.be16(14) < 3 {
		return Found{}, false
	}
	return Found{Kind: Filesystem, Type: "hfs", Offset: hfsOffset, Label: b.text(37, nameLen)}, true
}

// hfsPlus recognises HFS+ and HFSX, also inside an HFS wrapper (Linux fs/hfsplus/hfsplus_raw.h: struct hfsplus_vh).
func hfsPlus(w *window) (Found, bool) {
	off := int64(hfsOffset)
	if b := w.at(off, 512); b.has(0, "BD") && b.hasAny(124, "H+", "HX") {
		const sector = 512
		off += int64(b.be16(28))*sector + int64(b.be16(126))*int64(b.be32(20))
	}
	b := w.at(off, 512)
	version, blockSize := b.be16(2), b.be32(40)
	if !(b.has(0, "H+") && version == 4 || b.has(0, "HX") && version == 5) || blockSize < 512 || !powerOfTwo(blockSize) {
		return Found{}, false
	}
	return Found{Kind: Filesystem, Type: "hfsplus", Offset: off}, true
}

// apfs recognises an APFS container (Apple File System Reference: nx_superblock_t).
func apfs(w *window) (Found, bool) {
	const typeContainer, blockSize = 1, 4 << 10
	b := w.at(0, blockSize)
	if !b.has(32, "NXSB") || b.le16(24) != typeContainer || b.le32(36) != blockSize || b.le64(40) == 0 {
		return Found{}, false
	}
	return Found{Kind: Filesystem, Type: "apfs", UUID: b.uuid(72), Damaged: b.le64(0) != fletcher64(b.part(8, blockSize-8))}, true
}
