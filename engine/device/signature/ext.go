// SPDX-License-Identifier: GPL-2.0-or-later

package signature

const (
	extSuperOffset = 1 << 10
	extSuperSize   = 1 << 10
	extMagic       = 0xef53

	extCompatHasJournal     = 0x4
	extIncompatJournalDev   = 0x8
	extRoCompatMetadataCsum = 0x400

	// What the ext2 and ext3 drivers understand: sparse super, large file, directory index; file types, meta groups, and for
	// ext3 also a journal to recover (Linux fs/ext2/ext2.h, fs/ext3/ext3.h: *_SUPP).
	ext3RoCompat = 0x1 | 0x2 | 0x4
	ext2Incompat = 0x2 | 0x10
	ext3Incompat = ext2Incompat | 0x4
)

// ext recognises ext2, ext3, ext4 and their external journals (Linux fs/ext4/ext4.h: struct ext4_super_block). Which of
// the three it is depends, as in libblkid/src/superblocks/ext.c, on the oldest driver that understands all features.
func ext(w *window) (Found, bool) {
	b := w.at(extSuperOffset, extSuperSize)
	if b.le16(56) != extMagic {
		return Found{}, false
	}
	compat, incompat, roCompat := b.le32(92), b.le32(96), b.le32(100)
	f := Found{Kind: Filesystem, Type: extType(compat, incompat, roCompat), Offset: extSuperOffset, Label: b.text(120, 16), UUID: b.uuid(104)}
	if f.Type == "jbd" {
		f.Kind = Journal
	}
	if !extSane(b, f.Type) {
		return Found{}, false
	}
	if roCompat&extRoCompatMetadataCsum != 0 {
		f.Damaged = b.le32(1020) != crcRegister(castagnoli(), ^uint32(0), b.part(0, 1020))
	}
	return f, true
}

func extType(compat, incompat, roCompat uint32) string {
	hasJournal := compat&extCompatHasJournal != 0
	switch {
	case incompat&extIncompatJournalDev != 0:
		return "jbd"
	case roCompat&^ext3RoCompat != 0:
		return "ext4"
	case hasJournal && incompat&^ext3Incompat == 0:
		return "ext3"
	case !hasJournal && incompat&^ext2Incompat == 0:
		return "ext2"
	}
	return "ext4"
}

// extSane makes up for a magic of two bytes.
func extSane(b record, name string) bool {
	const maxLogBlockSize = 6 // 64 KiB
	logBlockSize, revision := b.le32(24), b.le32(76)
	blocks := uint64(b.le32(336))<<32 | uint64(b.le32(4))
	if logBlockSize > maxLogBlockSize || revision > 1 || blocks == 0 {
		return false
	}
	if name == "jbd" {
		return true
	}
	inodes, firstDataBlock, blocksPerGroup, inodesPerGroup := b.le32(0), b.le32(20), b.le32(32), b.le32(40)
	inodeSize := b.le16(88)
	return inodes != 0 && firstDataBlock <= 1 && blocksPerGroup != 0 && inodesPerGroup != 0 &&
		(revision == 0 || inodeSize >= 128 && powerOfTwo(inodeSize))
}
