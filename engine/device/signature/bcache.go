// SPDX-License-Identifier: GPL-2.0-or-later

package signature

import "github.com/cespare/xxhash/v2"

const (
	bcacheSuperOffset = 4 << 10
	bcacheMagic       = "\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81"
	bcachefsMagic     = "\xc6\x85\x73\xf6\x66\xce\x90\xa9\xd9\x6a\x60\xcf\x80\x3d\xf7\xef"
)

// bcache recognises backing and cache devices (Linux drivers/md/bcache/bcache_ondisk.h: struct cache_sb_disk). The sum
// covers as many journal bucket numbers as the super says.
func bcache(w *window) (Found, bool) {
	const bucketsOffset, maxBuckets, maxVersion = 208, 256, 6
	b := w.at(bcacheSuperOffset, 4<<10)
	buckets := b.le16(206)
	if !b.has(24, bcacheMagic) || b.le64(8) != bcacheSuperOffset/512 || b.le64(16) > maxVersion || buckets > maxBuckets {
		return Found{}, false
	}
	return Found{
		Kind: Cache, Type: "bcache", Offset: bcacheSuperOffset, Label: b.text(72, 32), UUID: b.uuid(40),
		Damaged: b.le64(0) != crc64WE(b.part(8, bucketsOffset-8+8*int(buckets))),
	}, true
}

// bcachefs recognises the superblock at its two usual places and the copy 1 MiB before the end (bcachefs
// bcachefs_format.h: struct bch_sb). Its first releases kept bcache's magic.
func bcachefs(w *window) (Found, bool) {
	at := func(off int64) (Found, bool) { return bcachefsAt(w, off) }
	return bestCopy(at, bcacheSuperOffset, 2<<20, w.size-1<<20)
}

func bcachefsAt(w *window, off int64) (Found, bool) {
	const fixedSize, sumSize, sector, maxSizeBits = 752, 16, 512, 16
	b := w.at(off, fixedSize)
	devIndex, devices := b.u8(122), b.u8(123)
	if !b.hasAny(24, bcachefsMagic, bcacheMagic) || b.le64(104) != uint64(off)/sector || devIndex >= devices {
		return Found{}, false
	}
	sizeBits, size := b.u8(257), fixedSize+8*int64(b.le32(124))
	if sizeBits > maxSizeBits || size > sector<<sizeBits {
		return Found{}, false
	}
	f := Found{Kind: Filesystem, Type: "bcachefs", Label: b.text(72, 32), UUID: b.uuid(56)}
	if size > maxRead {
		return f, true // Its magic and its own address have to be enough.
	}
	whole := w.at(off, int(size))
	summed := whole.part(sumSize, len(whole)-sumSize)
	switch sumType := b.le64(144) >> 2 & 0x3f; sumType {
	case 1:
		f.Damaged = b.le32(0) != ^crcRegister(castagnoli(), ^uint32(0), summed)
	case 2:
		f.Damaged = b.le64(0) != crc64WE(summed)
	case 7:
		f.Damaged = b.le64(0) != xxhash.Sum64(summed)
	}
	return f, true
}
