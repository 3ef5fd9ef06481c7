// SPDX-License-Identifier: GPL-2.0-or-later

package signature

// luks recognises LUKS 1 and 2, the latter also by its second header alone, which has the magic reversed and lies where
// the first one's size puts it (LUKS1 specification 2.3; LUKS2 specification 2.1), big-endian.
func luks(w *window) (Found, bool) {
	if f, ok := luksHeader(w, 0, "LUKS\xba\xbe"); ok {
		return f, true
	}
	for off := int64(16 << 10); off <= 4<<20; off *= 2 {
		if f, ok := luksHeader(w, off, "SKUL\xba\xbe"); ok {
			return f, true
		}
	}
	return Found{}, false
}

func luksHeader(w *window, off int64, magic string) (Found, bool) {
	b := w.at(off, 4<<10)
	f := Found{Kind: Crypt, Type: "crypto_LUKS", Offset: off, UUID: b.text(168, 40)}
	if !b.has(0, magic) {
		return Found{}, false
	}
	switch b.be16(6) {
	case 1:
		const maxKeyBytes = 512
		return f, off == 0 && within(b.be32(108), 1, maxKeyBytes)
	case 2:
		f.Label = b.text(24, 48)
		return f, b.be64(256) == uint64(off) && within(b.be64(8), 16<<10, 4<<20)
	}
	return Found{}, false
}

// bitlocker recognises BitLocker as Windows Vista, Windows 7 and BitLocker To Go leave it: boot sectors resembling those of
// NTFS and FAT, the last two with the place of the metadata (libbde documentation, "BitLocker Drive Encryption format").
func bitlocker(w *window) (Found, bool) {
	const signature = "-FVE-FS-"
	b := w.at(0, 512)
	f := Found{Kind: Crypt, Type: "BitLocker"}
	metadata := int64(-1)
	switch {
	case b.has(0, "\xeb\x52\x90"+signature):
		return f, true
	case b.has(0, "\xeb\x58\x90"+signature):
		metadata = int64(b.le64(176))
	case b.has(0, "\xeb\x58\x90MSWIN4.1"):
		metadata = int64(b.le64(440))
	}
	m := w.at(metadata, 112)
	f.UUID = m.guid(80)
	return f, m.has(0, signature)
}

// verity recognises the hash device of dm-verity (cryptsetup lib/verity/verity.c: struct verity_sb).
func verity(w *window) (Found, bool) {
	b := w.at(0, 512)
	return Found{Kind: Crypt, Type: "DM_verity_hash", UUID: b.uuid(16)}, b.has(0, "verity\x00\x00") && b.le32(8) == 1 && b.le32(12) <= 1
}

// integrity recognises dm-integrity (Linux drivers/md/dm-integrity.c: struct superblock).
func integrity(w *window) (Found, bool) {
	const maxVersion, maxLogSectorsPerBlock = 32, 3
	b := w.at(0, 512)
	return Found{Kind: Crypt, Type: "DM_integrity"}, b.has(0, "integrt\x00") && within(b.u8(8), 1, maxVersion) && b.u8(28) <= maxLogSectorsPerBlock
}
