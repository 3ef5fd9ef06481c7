// SPDX-License-Identifier: GPL-2.0-or-later

package signature

// jfs recognises IBM's JFS (Linux fs/jfs/jfs_superblock.h: struct jfs_superblock).
func jfs(w *window) (Found, bool) {
	const offset = 32 << 10
	b := w.at(offset, 512)
	blockLog, physicalLog := b.le16(20), b.le16(28)
	if !b.has(0, "JFS1") || blockLog > 31 || physicalLog > blockLog ||
		b.le32(16) != 1<<blockLog || b.le32(24) != 1<<physicalLog || b.le16(22) != blockLog-physicalLog {
		return Found{}, false
	}
	return Found{Kind: Filesystem, Type: "jfs", Offset: offset, Label: b.text(152, 16), UUID: b.uuid(136)}, true
}

// reiserfs recognises versions 3.5 and 3.6 (Linux fs/reiserfs/reiserfs.h: struct reiserfs_super_block).
func reiserfs(w *window) (Found, bool) {
	for _, off := range []int64{64 << 10, 8 << 10} {
		b := w.at(off, 512)
		blockSize := int64(b.le16(44))
		if !b.hasAny(52, "ReIsErFs", "ReIsEr2Fs", "ReIsEr3Fs") || !powerOfTwo(uint16(blockSize)) || blockSize < 512 {
			continue
		}
		// A copy inside the journal is not the superblock: the journal follows it.
		if journal := int64(b.le32(12)); off/blockSize > journal {
			continue
		}
		f := Found{Kind: Filesystem, Type: "reiserfs", Offset: off}
		if !b.has(52, "ReIsErFs") {
			f.Label, f.UUID = b.text(100, 16), b.uuid(84)
		}
		return f, true
	}
	return Found{}, false
}

// reiser4 recognises Reiser4's master superblock (reiser4progs include/reiser4/types.h: reiser4_master_sb_t).
func reiser4(w *window) (Found, bool) {
	const offset = 64 << 10
	b := w.at(offset, 512)
	if blockSize := uint32(b.u8(19)) * 256; !b.has(0, "ReIsEr4") || blockSize < 512 || !powerOfTwo(blockSize) {
		return Found{}, false
	}
	return Found{Kind: Filesystem, Type: "reiser4", Offset: offset, Label: b.text(36, 16), UUID: b.uuid(20)}, true
}

// vxfs recognises Veritas file systems of either byte order (Linux fs/freevxfs/vxfs.h: struct vxfs_sb).
func vxfs(w *window) (Found, bool) {
	const magic, maxVersion = 0xa501fcf5, 32
	little, big := w.at(1<<10, 512), w.at(8<<10, 512)
	f := Found{Kind: Filesystem, Type: "vxfs"}
	switch {
	case little.le32(0) == magic && within(little.le32(4), 1, maxVersion) && powerOfTwo(little.le32(32)):
		f.Offset = 1 << 10
	case big.be32(0) == magic && within(big.be32(4), 1, maxVersion) && powerOfTwo(big.be32(32)):
		f.Offset = 8 << 10
	default:
		return Found{}, false
	}
	return f, true
}
