// SPDX-License-Identifier: GPL-2.0-or-later

package signature

// xfs recognises the first superblock (Linux fs/xfs/libxfs/xfs_format.h: struct xfs_dsb), big-endian but for its checksum.
func xfs(w *window) (Found, bool) {
	b := w.at(0, 512)
	if !b.has(0, "XFSB") || !xfsSane(b) {
		return Found{}, false
	}
	f := Found{Kind: Filesystem, Type: "xfs", Label: b.text(108, 12), UUID: b.uuid(32)}
	const crcOffset, firstChecksummedVersion = 224, 5
	if b.be16(100)&0xf == firstChecksummedVersion {
		sector := w.at(0, int(b.be16(102)))
		f.Damaged = b.le32(crcOffset) != ^crcRegister(castagnoli(), ^uint32(0), sector.without(crcOffset, 0)...)
	}
	return f, true
}

// xfsSane checks the sizes, each of which is stored along with its logarithm.
func xfsSane(b record) bool {
	blockSize, sectorSize, inodeSize := b.be32(4), b.be16(102), b.be16(104)
	blockLog, sectorLog, inodeLog, inodesPerBlockLog := b.u8(120), b.u8(121), b.u8(122), b.u8(123)
	agBlocks, agCount, dataBlocks := uint64(b.be32(84)), uint64(b.be32(88)), b.be64(8)
	return within(blockLog, 9, 16) && blockSize == 1<<blockLog &&
		within(sectorLog, 9, 15) && sectorSize == 1<<sectorLog &&
		within(inodeLog, 8, 11) && inodeSize == 1<<inodeLog && blockLog-inodeLog == inodesPerBlockLog &&
		agCount > 0 && within(dataBlocks, (agCount-1)*agBlocks+1, agCount*agBlocks)
}

// xfsLog recognises an external log, which has no superblock of its own, by the first log record header in the first
// 256 KiB (Linux fs/xfs/libxfs/xfs_log_format.h: struct xlog_rec_header).
func xfsLog(w *window) (Found, bool) {
	const sector, formatOffset = 512, 300
	for off := 0; off+sector <= min(len(w.head), 256<<10); off += sector {
		b := w.head.part(off, sector)
		if b.has(0, "XFSB") {
			return Found{}, false
		}
		version, format := b.be32(8), b.be32(formatOffset)
		if b.be32(0) == 0xfeedbabe && within(version, 1, 3) && within(format, 1, 3) && within(b.be32(12), 1, 1<<31-1) {
			return Found{Kind: Journal, Type: "xfs_external_log", Offset: int64(off), UUID: b.uuid(304)}, true
		}
	}
	return Found{}, false
}
