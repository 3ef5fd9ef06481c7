// SPDX-License-Identifier: GPL-2.0-or-later

package signature

const bootMagic = "\x55\xaa" // at byte 510 of boot sectors and MBRs

// The most clusters a FAT of up to 16 bits and one of 32 can have (Microsoft FAT specification 3.5).
const (
	maxFAT16Clusters = 0xfff4
	maxFAT32Clusters = 0xffffff6
)

// fat recognises FAT12, FAT16 and FAT32, all called vfat, by the BIOS parameter block in the boot sector. The strings that
// tell the width are optional; without one the boot sector's magic has to be there.
func fat(w *window) (Found, bool) {
	b := w.at(0, 512)
	named := b.hasAny(54, "MSDOS", "FAT12   ", "FAT16   ", "FAT     ") || b.hasAny(82, "MSWIN", "FAT32   ")
	// OS/2 puts a parameter block in front of its own file systems.
	if !named && !b.has(510, bootMagic) || b.hasAny(54, "JFS     ", "HPFS    ") {
		return Found{}, false
	}
	l, ok := fatLayoutOf(b)
	if !ok || !l.infoSane(w) {
		return Found{}, false
	}
	if _, encrypted := bitlocker(w); encrypted {
		return Found{}, false
	}
	f := Found{Kind: Filesystem, Type: "vfat", Label: fatLabel(w.at(l.root, l.rootSize))}
	switch {
	case l.wide:
		f.UUID = b.serial(67)
	case b.u8(38) == 0x28 || b.u8(38) == 0x29:
		f.UUID = b.serial(39)
	}
	return f, true
}

// fatLayout is where things are, in bytes.
type fatLayout struct {
	wide       bool  // FAT32
	infoSector int64 // 0 if there is none
	root       int64
	rootSize   int // of the root directory, or of as much of it as is worth reading
}

func fatLayoutOf(b record) (fatLayout, bool) {
	sector, cluster, media := int64(b.le16(11)), int64(b.u8(13)), b.u8(21)
	reserved, fats, rootEntries := int64(b.le16(14)), int64(b.u8(16)), int64(b.le16(17))
	sectors, fatSectors := int64(b.le16(19)), int64(b.le16(22))
	wide := fatSectors == 0
	if wide {
		fatSectors = int64(b.le32(36))
	}
	if sectors == 0 {
		sectors = int64(b.le32(32))
	}
	if !powerOfTwo(uint16(sector)) || !within(sector, 512, 4096) || !powerOfTwo(uint8(cluster)) ||
		reserved == 0 || !within(fats, 1, 4) || fatSectors == 0 || media != 0xf0 && media < 0xf8 {
		return fatLayout{}, false
	}
	const entry, maxRoot, noInfoSector = 32, 64 << 10, 0xffff
	rootSectors := (rootEntries*entry + sector - 1) / sector
	dataStart := reserved + fats*fatSectors
	clusters := (sectors - dataStart - rootSectors) / cluster
	l := fatLayout{wide: wide, root: dataStart * sector, rootSize: int(min(rootEntries*entry, maxRoot))}
	most := int64(maxFAT16Clusters)
	if wide {
		most = maxFAT32Clusters
		if n := b.le16(48); n != noInfoSector {
			l.infoSector = int64(n) * sector
		}
		l.root += (int64(b.le32(44)) - 2) * cluster * sector
		l.rootSize = int(min(cluster*sector, maxRoot))
	}
	return l, within(clusters, 1, most)
}

// infoSane checks the FAT32 information sector, which some tools leave zeroed or leave out.
func (l fatLayout) infoSane(w *window) bool {
	if l.infoSector == 0 {
		return true
	}
	b := w.at(l.infoSector, 512)
	return (b.zero(0, 4) || b.hasAny(0, "RRaA", "RRdA")) && (b.zero(484, 4) || b.has(484, "rrAa"))
}

// fatLabel finds the volume's entry in the root directory. The boot sector's copy is not consulted: it goes stale.
func fatLabel(dir record) string {
	const entry, free, longName, volume, directory, attributes = 32, 0xe5, 0x0f, 0x08, 0x10, 0x3f
	for ; len(dir) >= entry && dir[0] != 0; dir = dir[entry:] {
		attr := dir.u8(11) & attributes
		if dir[0] == free || attr == longName || attr&(volume|directory) != volume || dir.le16(20) != 0 || dir.le16(26) != 0 {
			continue
		}
		return dir.text(0, 11)
	}
	return ""
}
