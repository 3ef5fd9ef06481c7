// SPDX-License-Identifier: GPL-2.0-or-later

package signature

const (
	scoutfsSuperOffset = 64 << 10
	scoutfsSuperSize   = 4 << 10
	scoutfsSuperMagic  = 0x103c428b
	scoutfsMetaFlag    = 1 << 0
)

// scoutfs recognises both devices of a volume (docs/format.md 2.1 and 2.8). The block number in the header makes
// a damaged super certain enough to report: of all blocks this is the one not to overwrite by mistake.
func scoutfs(w *window) (Found, bool) {
	b := w.at(scoutfsSuperOffset, scoutfsSuperSize)
	if b.le32(4) != scoutfsSuperMagic {
		return Found{}, false
	}
	sumFits := b.le32(0) == crcRegister(castagnoli(), ^uint32(0), b.part(4, scoutfsSuperSize-4))
	const superBlkno = scoutfsSuperOffset / scoutfsSuperSize
	if !sumFits && (b.le64(24) != superBlkno || b.le64(8) == 0) {
		return Found{}, false
	}
	f := Found{Kind: Filesystem, Type: "scoutfs_data", Offset: scoutfsSuperOffset, UUID: b.uuid(56), Damaged: !sumFits}
	if b.le64(48)&scoutfsMetaFlag != 0 {
		f.Type = "scoutfs_meta"
	}
	return f, true
}
