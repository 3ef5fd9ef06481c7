// SPDX-License-Identifier: GPL-2.0-or-later

package signature_test

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"

	"github.com/cespare/xxhash/v2"

	"scoutfs/engine/device/signature"
)

// crafted are devices of formats whose tools are rare, need a kernel with the driver, or are not free. They are
// written out from the formats' descriptions, and what libblkid says about them is in the golden file.
func crafted() []fixture {
	const mib = 1 << 20
	return []fixture{
		{name: "md-0.90", craft: func() *image { return craftMD0(binary.LittleEndian) }, found: on(raid, "linux_raid_member", 8*mib-65536)},
		{name: "md-0.90-big-endian", craft: func() *image { return craftMD0(binary.BigEndian) }, found: on(raid, "linux_raid_member", 8*mib-65536)},
		{name: "md-1.0", craft: func() *image { return craftMD1(8*mib - 8192) }, found: on(raid, "linux_raid_member", 8*mib-8192)},
		{name: "md-1.1", craft: func() *image { return craftMD1(0) }, found: on(raid, "linux_raid_member", 0)},
		{name: "md-1.2", craft: func() *image { return craftMD1(4096) }, found: on(raid, "linux_raid_member", 4096)},
		{name: "ddf", craft: craftDDF, found: on(raid, "ddf_raid_member", 8*mib-512)},
		{name: "isw", craft: func() *image {
			return newImage(8*mib).write(8*mib-1024, []byte("Intel Raid ISM Cfg Sig. 1.1.00"))
		}, found: on(raid, "isw_raid_member", 8*mib-1024)},
		{
			name: "bcachefs", says: bcachefsSays, found: on(fsys, "bcachefs", 4096),
			craft: func() *image {
				return craftBcachefs(4096, 1, func(b []byte) []byte { return le32(^bitwiseCRC(castagnoli, ^uint32(0), b)) })
			},
		},
		{
			name: "bcachefs-crc64", says: bcachefsSays, found: on(fsys, "bcachefs", 4096),
			craft: func() *image {
				return craftBcachefs(4096, 2, func(b []byte) []byte { return le64(bitwiseCRC64(b)) })
			},
		},
		{
			name: "bcachefs-xxhash", says: bcachefsSays, found: on(fsys, "bcachefs", 4096),
			craft: func() *image {
				return craftBcachefs(4096, 7, func(b []byte) []byte { return le64(xxhash.Sum64(b)) })
			},
		},
		{
			name: "bcachefs-last-copy", says: bcachefsSays, found: on(fsys, "bcachefs", 15*mib),
			craft: func() *image { return craftBcachefs(15*mib, 0, func([]byte) []byte { return nil }) },
		},
		{name: "reiser4", craft: func() *image {
			return newImage(mib).write(65536, pack("ReIsEr4", gap(19), []byte{16}, testUUID(), "four"))
		}, found: on(fsys, "reiser4", 65536)},
		{name: "vxfs", craft: func() *image { return craftVxfs(1024, binary.LittleEndian) }, found: on(fsys, "vxfs", 1024)},
		{name: "vxfs-big-endian", craft: func() *image { return craftVxfs(8192, binary.BigEndian) }, found: on(fsys, "vxfs", 8192)},
		{name: "zonefs", craft: craftZonefs, found: on(fsys, "zonefs", 0)},
		{name: "cramfs", craft: craftCramfs, found: on(fsys, "cramfs", 0)},
		{
			name: "squashfs3", craft: func() *image { return newImage(mib).write(0, pack("sqsh", gap(28), be16(3), be16(1))) },
			found: on(fsys, "squashfs3", 0),
		},
		{name: "gfs", craft: func() *image {
			return newImage(64*mib).write(65536, pack(be32(0x01161970), be32(1), gap(16), be32(100), gap(24), be32(1309), be32(1401),
				gap(36), be32(4096), be32(12), gap(160), "cluster:old"))
		}, found: on(fsys, "gfs", 65536)},
		{name: "vmfs", craft: func() *image {
			return newImage(16*mib).write(2*mib, pack([]byte{0x5e, 0xf1, 0xab, 0x2f}, le32(3), []byte{5}, testUUID(), le32(0), "datastore1"))
		}, found: on(fsys, "VMFS", 2*mib)},
		{name: "vmfs-volume", craft: func() *image {
			return newImage(16*mib).write(mib, pack([]byte{0x0d, 0xd0, 0x01, 0xc0}, le32(3), gap(130), testUUID(), gap(532),
				"49edf842-dcb35d37-b383-0021280083cf"))
		}, found: on(vols, "VMFS_volume_member", mib)},
		{name: "stratis", craft: craftStratis, found: on(vols, "stratis", 512)},
		{name: "vdo", craft: func() *image { return newImage(mib).write(0, pack("dmvdo001", gap(40), testUUID())) }, found: on(vols, "vdo", 0)},
		{
			name: "snapshot", craft: func() *image { return newImage(mib).write(0, pack("SnAp", le32(1), le32(1), le32(16))) },
			found: on(vols, "DM_snapshot_cow", 0),
		},
		{name: "oracleasm", craft: func() *image { return newImage(mib).write(32, []byte("ORCLDISKDATA01")) }, found: on(vols, "oracleasm", 0)},
		{
			name: "integrity", craft: func() *image { return newImage(mib).write(0, pack("integrt\x00", []byte{5, 15}, le16(32))) },
			found: on(crypt, "DM_integrity", 0),
		},
		{
			name: "bitlocker", says: bitlockerSays, craft: func() *image { return craftBitlocker("\xeb\x58\x90-FVE-FS-", 176) },
			found: on(crypt, "BitLocker", 0),
		},
		{
			name: "bitlocker-to-go", says: bitlockerSays, craft: func() *image { return craftBitlocker("\xeb\x58\x90MSWIN4.1", 440) },
			found: on(crypt, "BitLocker", 0),
		},
		{name: "bitlocker-vista", craft: func() *image {
			return newImage(mib).write(0, pack("\xeb\x52\x90-FVE-FS-", gap(510), "\x55\xaa"))
		}, found: on(crypt, "BitLocker", 0)},
		{name: "bluestore", craft: func() *image {
			return newImage(mib).write(0, []byte("bluestore block device\n2f538ea4-e252-4b61-a363-0a1e470dd2a9\n\x02\x01"))
		}, found: on(signature.ObjectStore, "ceph_bluestore", 0)},
		{name: "mpool", craft: func() *image {
			head := pack("mpoolDev", "pool", gap(40), testUUID(), le16(1), le32(1))
			return newImage(mib).write(0, pack(head, le32(^bitwiseCRC(castagnoli, ^uint32(0), head))))
		}, found: on(signature.ObjectStore, "mpool", 0)},
		{name: "refs", craft: func() *image { return newImage(mib).write(0, []byte("\x00\x00\x00ReFS\x00\x00\x00\x00")) }, found: on(fsys, "ReFS", 0)},
		{name: "hfs", craft: craftHFS, found: on(fsys, "hfs", 1024)},
		{
			name: "hfsplus", craft: func() *image { return newImage(mib).write(1024, pack("H+", be16(4), gap(40), be32(4096))) },
			found: on(fsys, "hfsplus", 1024),
		},
		{
			name: "hfsx", found: on(fsys, "hfsplus", 1024),
			craft: func() *image { return newImage(mib).write(1024, pack("HX", be16(5), gap(40), be32(4096))) },
		},
		{name: "hfsplus-wrapped", craft: func() *image {
			return craftHFS().write(1024+124, pack("H+", be16(3), be16(100))).write(1024+16*512+3*4096, pack("H+", be16(4), gap(40), be32(4096)))
		}, found: on(fsys, "hfsplus", 1024+16*512+3*4096)},
		{name: "apfs", craft: craftAPFS, found: on(fsys, "apfs", 0)},
		{name: "swap-old", craft: func() *image { return newImage(mib).write(4086, []byte("SWAP-SPACE")) }, found: on(signature.Swap, "swap", 4086)},
		{name: "swap-big-endian", craft: func() *image { return craftSwap("SWAPSPACE2", 4096, binary.BigEndian) }, found: on(signature.Swap, "swap", 4086)},
		{name: "hibernated", craft: func() *image { return craftSwap("S1SUSPEND", 4096, binary.LittleEndian) }, found: on(signature.Swap, "swsuspend", 4086)},
		{
			name: "hibernated-16k-pages", found: on(signature.Swap, "swsuspend", 16374),
			craft: func() *image { return craftSwap("LINHIB0001", 16384, binary.LittleEndian) },
		},
		{name: "tuxonice", craft: func() *image {
			return craftSwap("SWAPSPACE2", 4096, binary.LittleEndian).write(0, []byte("\xed\xc3\x02\xe9\x98\x56\xe5\x0c"))
		}, found: on(signature.Swap, "swsuspend", 0)},
	}
}

const (
	bcachefsSays  = "ID_FS_LABEL=library\nID_FS_UUID=37c76b91-011a-45c5-930c-1fd4c5c3dbbc\nID_FS_TYPE=bcachefs\n"
	bitlockerSays = "ID_FS_UUID=83330ba8-07b7-4ea8-b641-ff7bdf18f6b3\n"
)

// pack concatenates byte strings; a gap fills up with zeroes to an offset.
func pack(parts ...any) []byte {
	var b []byte
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			b = append(b, p...)
		case []byte:
			b = append(b, p...)
		case gap:
			b = append(b, make([]byte, int(p)-len(b))...)
		default:
			panic("not bytes")
		}
	}
	return b
}

type gap int

func le16(n uint16) []byte { return binary.LittleEndian.AppendUint16(nil, n) }
func le32(n uint32) []byte { return binary.LittleEndian.AppendUint32(nil, n) }
func le64(n uint64) []byte { return binary.LittleEndian.AppendUint64(nil, n) }
func be16(n uint16) []byte { return binary.BigEndian.AppendUint16(nil, n) }
func be32(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }
func be64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func utf16le(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func testUUID() []byte {
	return []byte{0x37, 0xc7, 0x6b, 0x91, 0x01, 0x1a, 0x45, 0xc5, 0x93, 0x0c, 0x1f, 0xd4, 0xc5, 0xc3, 0xdb, 0xbc}
}

const (
	ieee       = 0xedb88320
	castagnoli = 0x82f63b78
)

// bitwiseCRC is the textbook's reflected CRC, without inversions.
func bitwiseCRC(polynomial, crc uint32, b []byte) uint32 {
	for _, c := range b {
		crc ^= uint32(c)
		for range 8 {
			crc = crc>>1 ^ crc&1*polynomial
		}
	}
	return crc
}

// bitwiseCRC64 is the textbook's CRC-64/WE.
func bitwiseCRC64(b []byte) uint64 {
	crc := ^uint64(0)
	for _, c := range b {
		crc ^= uint64(c) << 56
		for range 8 {
			if crc>>63 != 0 {
				crc = crc<<1 ^ 0x42f0e1eba9ea3693
			} else {
				crc <<= 1
			}
		}
	}
	return ^crc
}

// sum32 adds words as MD does.
func sum32(b []byte, order binary.ByteOrder) uint32 {
	var sum uint64
	for ; len(b) >= 4; b = b[4:] {
		sum += uint64(order.Uint32(b))
	}
	if len(b) == 2 {
		sum += uint64(binary.LittleEndian.Uint16(b))
	}
	return uint32(sum) + uint32(sum>>32)
}

// craftMD0 makes a member of a RAID1 of two disks on 8 MiB.
func craftMD0(order binary.ByteOrder) *image {
	const size = 8 << 20
	b := make([]byte, 4096)
	id := testUUID()
	for at, n := range map[int]uint32{
		0: 0xa92b4efc, 8: 90, 16: 992, 20: binary.BigEndian.Uint32(id), 24: 1e9, 28: 1, 32: size>>10 - 64, 36: 2, 40: 2,
		52: binary.BigEndian.Uint32(id[4:]), 56: binary.BigEndian.Uint32(id[8:]), 60: binary.BigEndian.Uint32(id[12:]),
		128: 1e9, 132: 1, 136: 2, 140: 2,
	} {
		order.PutUint32(b[at:], n)
	}
	order.PutUint32(b[152:], sum32(b, order))
	return newImage(size).write(size-65536, b)
}

// craftMD1 makes a member of a RAID1 of two disks on 8 MiB, with the superblock at off.
func craftMD1(off int64) *image {
	const size = 8 << 20
	const roles = 3 // odd, so that the sum ends in half a word
	b := pack(le32(0xa92b4efc), le32(1), gap(16), testUUID(), "host:array", gap(72), le32(1), gap(80), le64(8192), gap(92), le32(2),
		gap(128), le64(4096), le64(8192), le64(uint64(off)/512), gap(168), testUUID(), gap(192), le64(1e9), le64(7), le64(0),
		gap(220), le32(roles), gap(256), le16(0), le16(1), le16(0xffff))
	binary.LittleEndian.PutUint32(b[216:], sum32(b, binary.LittleEndian))
	return newImage(size).write(off, b)
}

func craftDDF() *image {
	const size = 8 << 20
	ones := bytes.Repeat([]byte{0xff}, 512)
	copy(ones, pack(be32(0xde11de11), be32(0xffffffff), "Linux-MD\xde\xad\xbe\xef\x00\x00\x00\x00\x39\x23\xf6\xe3\x20\x9a\x73\xe6",
		"01.02.00", be32(1), be32(0), []byte{0, 0, 0}))
	const primary = size/512 - 33
	copy(ones[96:], pack(be64(primary), be64(0), []byte{1}))
	sum := bitwiseCRC(ieee, 0, ones)
	copy(ones[4:], be32(sum))
	return newImage(size).write(size-512, ones).write(primary*512, ones)
}

// craftBcachefs makes one copy of a superblock with the sum of the given type.
func craftBcachefs(off int64, sumType uint64, sum func([]byte) []byte) *image {
	magic := []byte{0xc6, 0x85, 0x73, 0xf6, 0x66, 0xce, 0x90, 0xa9, 0xd9, 0x6a, 0x60, 0xcf, 0x80, 0x3d, 0xf7, 0xef}
	b := pack(gap(16), le16(1024), le16(1024), gap(24), magic, gap(56), testUUID(), "library", gap(104), le64(uint64(off)/512), le64(1),
		le16(1), []byte{0, 1}, le32(2), gap(144), le64(sumType<<2|1<<1), gap(240), magic, []byte{0, 13, 3}, gap(752+16))
	copy(b, sum(b[16:]))
	return newImage(16<<20).write(off, b)
}

func craftVxfs(off int64, order binary.AppendByteOrder) *image {
	word := func(n uint32) []byte { return order.AppendUint32(nil, n) }
	return newImage(1<<20).write(off, pack(word(0xa501fcf5), word(7), gap(32), word(1024), word(1024)))
}

func craftZonefs() *image {
	b := pack("SFOZ", gap(8), "zones", gap(40), testUUID(), gap(4096))
	copy(b[4:], le32(bitwiseCRC(ieee, ^uint32(0), b)))
	return newImage(1<<20).write(0, b)
}

func craftCramfs() *image {
	const size = 8192
	b := pack(le32(0x28cd3d45), le32(size), le32(1), gap(16), "Compressed ROMFS", gap(40), le32(2), le32(1), "rom", gap(size))
	copy(b[32:], le32(^bitwiseCRC(ieee, ^uint32(0), b)))
	return newImage(1<<20).write(0, b)
}

func craftStratis() *image {
	b := pack(gap(4), "!Stra0tis\x86\xff\x02^\x41rh", le64(2048), gap(32), "0123456789abcdef0123456789abcdef",
		"37c76b91011a45c5930c1fd4c5c3dbbc", gap(512))
	copy(b, le32(^bitwiseCRC(castagnoli, ^uint32(0), b[4:])))
	return newImage(8<<20).write(512, b).write(9*512, b)
}

func craftBitlocker(start string, pointer int) *image {
	const metadata = 65536
	boot := pack(start, gap(pointer), le64(metadata), gap(510), "\x55\xaa")
	head := pack("-FVE-FS-", gap(10), le16(2), gap(64), le32(48), le32(1), le32(48), le32(48),
		[]byte{0xa8, 0x0b, 0x33, 0x83, 0xb7, 0x07, 0xa8, 0x4e, 0xb6, 0x41, 0xff, 0x7b, 0xdf, 0x18, 0xf6, 0xb3})
	return newImage(1<<20).write(0, boot).write(metadata, head)
}

func craftHFS() *image {
	return newImage(1<<20).write(1024, pack("BD", gap(14), be16(3), gap(18), be16(200), be32(4096), gap(28), be16(16), gap(36), []byte{3}, "mac"))
}

func craftAPFS() *image {
	b := pack(gap(8), le64(1), le64(1), le32(1|0x8000<<16), gap(32), "NXSB", le32(4096), le64(256), gap(72), testUUID(), gap(4096))
	var lo, hi uint64
	for p := b[8:]; len(p) > 0; p = p[4:] {
		lo += uint64(binary.LittleEndian.Uint32(p))
		hi += lo
	}
	const modulus = 1<<32 - 1
	first := modulus - (lo+hi)%modulus
	copy(b, le64((modulus-(lo+first)%modulus)<<32|first))
	return newImage(1<<20).write(0, b)
}

func craftSwap(magic string, page int64, order binary.AppendByteOrder) *image {
	word := func(n uint32) []byte { return order.AppendUint32(nil, n) }
	return newImage(1<<20).write(1024, pack(word(1), word(uint32(1<<20/page-1)), word(0), testUUID(), "asleep")).
		write(page-10, []byte(magic))
}
