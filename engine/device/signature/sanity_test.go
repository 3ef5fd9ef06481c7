// SPDX-License-Identifier: GPL-2.0-or-later

package signature_test

import (
	"encoding/binary"
	"slices"
	"testing"

	"scoutfs/engine/device/signature"
)

// TestSenselessFieldsAreNotBelieved writes one value that cannot be into a structure, which is then no longer recognised, not
// even as damaged.
func TestSenselessFieldsAreNotBelieved(t *testing.T) {
	t.Parallel()
	for fixture, changes := range map[string][]struct {
		at    int64 // from the start of the structure
		value []byte
	}{
		"ext4": {
			{0, le32(0)},       // inodes
			{4, le32(0)},       // blocks
			{20, le32(2)},      // first data block
			{24, le32(7)},      // block size
			{32, le32(0)},      // blocks per group
			{40, le32(0)},      // inodes per group
			{56, le16(0xef54)}, // magic
			{76, le32(2)},      // revision
			{88, le16(64)},     // inode size
			{88, le16(160)},    // inode size
			{88, le16(0)},      // inode size
		},
		"jbd": {{56, []byte{0}}, {24, le32(7)}, {4, le32(0)}, {76, le32(2)}},
		"xfs": {
			{0, []byte("x")},
			{4, be32(8192)},
			{120, []byte{13}}, // block size and its logarithm
			{102, be16(1024)},
			{121, []byte{10}}, // sector
			{104, be16(1024)},
			{122, []byte{10}}, // inode
			{123, []byte{9}},  // inodes per block
			{88, be32(0)},     // allocation groups
			{8, be64(1)},      // blocks
			{8, be64(1e12)},
		},
		"xfs-log": {
			{8, be32(0)}, {8, be32(4)}, // version
			{12, be32(0)}, {12, be32(1 << 31)}, // length
			{300, be32(0)}, {300, be32(4)}, // format
		},
		"btrfs": {{48, le64(4096)}, {64, []byte("x")}, {144, le32(0)}, {144, le32(5000)}},
		"zfs": {
			{16384, []byte{0}},        // encoding
			{16385, []byte{2}},        // byte order
			{16386, []byte{1}},        // reserved
			{16388, be32(1)},          // version
			{16392, be32(0)},          // flags
			{16396, be32(3)},          // size of the first pair
			{16396, be32(1 << 30)},    //
			{16404, be32(1 << 31)},    // length of its name
			{16404, be32(^uint32(0))}, //
		},
		"dos":             {{510, []byte{0}}, {511, []byte{0}}},
		"jfs":             {{0, []byte("X")}, {16, pack(le32(0), le16(40), le16(28))}, {20, pack(le16(12), le16(0xfffd), le32(32768), le16(15))}, {16, le32(2048)}, {20, le16(13)}, {20, le16(32)}, {22, le16(9)}, {24, le32(1024)}, {28, le16(13)}},
		"reiserfs":        {{52, []byte("X")}, {44, le16(256)}, {44, le16(0)}, {44, le16(256)}, {44, le16(4000)}, {12, le32(3)}},
		"reiser4":         {{0, []byte("X")}, {19, []byte{0}}, {19, []byte{1}}, {19, []byte{17}}},
		"vxfs":            {{0, []byte{0}}, {4, le32(0)}, {4, le32(33)}, {32, le32(1000)}},
		"vxfs-big-endian": {{0, []byte{0}}, {4, be32(0)}, {4, be32(33)}, {32, be32(1000)}},
		"gfs2": {
			{0, be32(0x01161971)},
			{4, be32(2)},
			{24, be32(1799)},
			{24, be32(1900)},
			{28, be32(1899)},
			{28, be32(2000)},
			{36, be32(256)},
			{36, be32(4097)},
		},
		"gfs":         {{24, be32(1308)}, {28, be32(1402)}},
		"ocfs2":       {{0, []byte("X")}, {80, le64(3)}, {248, le32(9)}},
		"vmfs":        {{0, []byte{0}}, {9, make([]byte, 16)}},
		"vmfs-volume": {{0, []byte{0}}, {130, make([]byte, 16)}},
		"fat16": {
			{11, le16(0)}, {11, le16(256)}, {11, le16(513)}, {11, le16(8192)}, // bytes in a sector
			{13, []byte{0}}, {13, []byte{3}}, // sectors in a cluster
			{14, le16(0)},                    // reserved
			{16, []byte{0}}, {16, []byte{5}}, // tables
			{19, le16(1)}, {19, pack(le16(0), []byte{0xf8}, le16(32), gap(13), le32(0))}, // sectors
			{21, []byte{0x12}}, {21, []byte{0xf1}}, // medium
			{22, le16(0)}, // sectors in a table
			{19, pack(le16(0), []byte{0xf8}, le16(32), gap(13), le32(1<<30))}, // more clusters than the tables have
			{54, []byte("JFS     ")}, {54, []byte("HPFS    ")},
		},
		"fat32": {{36, le32(0)}, {512, []byte("RRxA")}, {512 + 484, []byte("xxxx")}, {48, le16(6)}, {32, le32(^uint32(0))}},
		"exfat": {
			{3, []byte("X")},
			{11, []byte{1}},
			{63, []byte{1}},
			{96, le32(1)},
			{96, le32(1 << 30)},
			{108, []byte{8}},
			{108, []byte{13}},
			{109, []byte{17}},
			{110, []byte{0}},
			{110, []byte{3}},
			{510, []byte{0}},
		},
		"ntfs": {
			{3, []byte("X")},
			{11, le16(128)},
			{11, le16(513)},
			{11, le16(8192)},
			{13, []byte{0}},
			{13, []byte{3}},
			{13, []byte{239}},
			{13, []byte{250}},
			{13, []byte{240}},
			{14, []byte{1}},
			{20, []byte{1}},
			{22, []byte{1}},
			{32, []byte{1}},
			{40, le64(0)},
		},
		"hfs":             {{0, []byte("X")}, {14, be16(2)}, {18, be16(0)}, {20, be32(0)}, {20, be32(513)}, {36, []byte{28}}, {124, []byte("H+")}},
		"hfsplus":         {{2, be16(5)}, {40, be32(0)}, {40, be32(256)}, {40, be32(4097)}, {0, []byte("HY")}},
		"hfsx":            {{0, []byte("X")}, {2, be16(4)}},
		"hfsplus-wrapped": {{0, []byte("X")}},
		"apfs":            {{24, le16(2)}, {32, []byte("X")}, {36, le32(512)}, {40, le64(0)}},
		"iso9660": {
			{0, []byte{2}}, {6, []byte{2}}, // type and version of the descriptor
			{80, le32(1)}, {128, le16(1024)}, {130, be16(1)}, {158, le32(1)}, // numbers in one byte order only
			{166, le32(33)},                                                        // length of the root directory
			{158, pack(le32(16), be32(16))}, {158, pack(le32(1<<30), be32(1<<30))}, // its place
		},
		"udf":            {{1, []byte("BEA02")}, {2049, []byte("NSR04")}},
		"squashfs":       {{0, []byte("X")}, {12, pack(le32(2048), gap(10), le16(11))}, {12, pack(le32(1<<21), gap(10), le16(21))}, {12, le32(4096)}, {22, le16(11)}, {22, le16(21)}, {28, le16(5)}, {28, le16(0)}},
		"squashfs3":      {{0, []byte("X")}, {28, be16(0)}, {28, be16(4)}},
		"erofs":          {{0, []byte{0}}, {12, []byte{8}}, {12, []byte{17}}},
		"cramfs":         {{16, []byte("X")}, {0, []byte{1}}},
		"f2fs":           {{8, le32(8)}, {8, le32(17)}, {12, le32(4)}, {16, le32(8)}, {16, le32(17)}},
		"nilfs2":         {{6, le16(0x3435)}, {8, le16(19)}, {8, le16(1025)}},
		"md-0.90":        {{0, []byte{0}}, {4, le32(1)}, {8, le32(89)}, {8, le32(92)}, {32, le32(1 << 20)}, {40, le32(0)}},
		"md-1.2":         {{0, []byte{0}}, {4, le32(2)}, {144, le64(0)}, {220, le32(1921)}},
		"ddf":            {{32, []byte("03.")}, {0, be32(0xde11de12)}},
		"drbd8":          {{60, be32(0x8374026a)}, {80, be32(0)}, {80, be32(2048)}, {80, be32(4097)}, {80, be32(2 << 20)}, {100, []byte{1}}, {4095, []byte{1}}},
		"drbd9":          {{80, be32(2048)}, {1392, []byte{1}}, {4095, []byte{1}}},
		"lvm2":           {{0, []byte("X")}, {8, le64(2)}, {24, []byte("LVM3")}},
		"snapshot":       {{0, []byte("X")}, {4, le32(2)}, {8, le32(2)}, {12, le32(0)}, {12, le32(3)}},
		"bcache-backing": {{8, le64(16)}, {16, le64(7)}, {24, []byte{0}}, {206, le16(257)}},
		"bcachefs":       {{24, []byte{0}}, {104, le64(9)}, {122, []byte{1}}, {123, []byte{0}}, {124, le32(1 << 20)}, {257, []byte{17}}},
		"luks1":          {{0, []byte("X")}, {6, be16(3)}, {108, be32(0)}, {108, be32(513)}},
		"luks2":          {{0, []byte("X")}, {8, be64(8192)}, {8, be64(8 << 20)}, {256, be64(4096)}},
		"bitlocker":      {{176, le64(0)}, {176, le64(65537)}, {176, le64(1 << 63)}, {65536, []byte("X")}},
		"verity":         {{0, []byte("X")}, {8, le32(2)}, {12, le32(2)}},
		"integrity":      {{0, []byte("X")}, {8, []byte{0}}, {8, []byte{33}}, {28, []byte{4}}},
		"swap": {
			{1024 - 4086, le32(2)}, {1028 - 4086, le32(0)}, {1032 - 4086, le32(1 << 20)}, {0, []byte("SWAPSPACE3")},
		},
		"gpt-backup-only": {{12, le32(91)}, {24, le64(1)}, {40, le64(1 << 40)}, {0, []byte("X")}},
		"zonefs":          {{0, []byte("X")}},
		"gpt-lost":        {{450, []byte{0xef}}, {446, []byte{1}}, {454, le32(2)}, {458, le32(0)}, {510, []byte{0}}},
	} {
		t.Run(fixture, func(t *testing.T) {
			t.Parallel()
			f := fixtureNamed(t, fixture)
			m := f.image(t)
			want := f.found[0]
			for _, c := range changes {
				for _, got := range probe(t, m.clone().write(want.Offset+c.at, c.value)) {
					if got.Type == want.Type && got.Offset == want.Offset {
						t.Errorf("with % x at %d: found %+v", c.value, c.at, got)
					}
				}
			}
		})
	}
}

// TestUnusualFieldsAreBelieved changes values to others that may be.
func TestUnusualFieldsAreBelieved(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		fixture string
		change  func(*image) *image
	}{
		{"16 TiB of 4 KiB blocks", "ext4-without-checksums", func(m *image) *image {
			return m.write(1024+4, le32(0)).write(1024+336, le32(1))
		}},
		{"no information sector", "fat32", func(m *image) *image { return m.write(48, le16(0)) }},
		{"no information sector, as some say it", "fat32", func(m *image) *image { return m.write(48, le16(0xffff)) }},
		{"an empty information sector", "fat32", func(m *image) *image { return m.zero(512, 512) }},
		{"no name but the magic of boot sectors", "fat16", func(m *image) *image { return m.zero(54, 8) }},
		{"the name but not that magic", "fat16", func(m *image) *image { return m.zero(510, 2) }},
		{"the other name but not that magic", "fat32", func(m *image) *image { return m.zero(510, 2) }},
		{"a serial number without a label", "fat16", func(m *image) *image { return m.write(38, []byte{0x28}) }},
		{"no sum", "cramfs", func(m *image) *image { return m.zero(8, 4).zero(32, 4) }},
		{"a sum over more than is read", "cramfs", func(m *image) *image { return m.write(4, le32(1<<20)) }},
		{"the first revision, without a size of inodes", "ext2", func(m *image) *image {
			return m.zero(1024+76, 4).write(1024+88, le16(3))
		}},
		{"no serial number", "fat16", func(m *image) *image { return m.zero(38, 5) }},
		{"what marks a wrapper but is none", "hfsplus", func(m *image) *image {
			return m.write(1024+28, be16(8)).write(1024+124, []byte("H+"))
		}},
		{"records counted in clusters", "ntfs", func(m *image) *image { return m.write(64, []byte{2}) }},
		{"flags, which the sum leaves out", "exfat", func(m *image) *image { return m.write(106, le16(2)) }},
		{"garbage from before there were labels", "swap", func(m *image) *image { return m.write(1024+172, []byte{1}) }},
		{"a protective entry behind another", "gpt-lost", func(m *image) *image {
			return m.zero(446, 16).write(462+4, pack([]byte{0xee, 0, 0, 0}, le32(1), le32(100)))
		}},
	} {
		f := fixtureNamed(t, c.fixture)
		found := probe(t, c.change(f.image(t)))
		if len(found) != 1 || found[0].Type != f.found[0].Type || found[0].Damaged {
			t.Errorf("%s: found %+v", c.name, found)
		}
	}
}

// TestWhatPointsBeyondTheDevice is about values that would be fine on a larger device, or elsewhere on it.
func TestWhatPointsBeyondTheDevice(t *testing.T) {
	t.Parallel()
	luks1 := make([]byte, 4096)
	if _, err := fixtureNamed(t, "luks1").image(t).ReadAt(luks1, 0); err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string]*image{
		"FAT32's information sector": fixtureNamed(t, "fat32").image(t).resized(1<<20).write(48, le16(4000)),
		"LUKS1's second header":      newImage(1<<20).write(16384, luks1).write(16384, []byte("SKUL")),
	} {
		if found := probe(t, m); len(found) > 0 {
			t.Errorf("%s: found %+v", name, found)
		}
	}
}

// TestGenerationsOfExt tells the three by the features that a file system needs.
func TestGenerationsOfExt(t *testing.T) {
	t.Parallel()
	const (
		hasJournal  = 1 << 2
		fileType    = 1 << 1
		needsReplay = 1 << 2
		journalDev  = 1 << 3
		metaGroups  = 1 << 4
		extents     = 1 << 6
		largeFile   = 1 << 1
		hugeFile    = 1 << 3
	)
	for _, c := range []struct {
		compat, incompat, roCompat uint32
		want                       string
	}{
		{0, 0, 0, "ext2"},
		{0, fileType | metaGroups, largeFile, "ext2"},
		{hasJournal, fileType, largeFile, "ext3"},
		{hasJournal, fileType | needsReplay, largeFile, "ext3"},
		{0, fileType | needsReplay, 0, "ext4"},
		{0, extents, 0, "ext4"},
		{hasJournal, extents, 0, "ext4"},
		{0, 0, hugeFile, "ext4"},
		{hasJournal, 0, hugeFile, "ext4"},
		{0, journalDev, 0, "jbd"},
	} {
		m := fixtureNamed(t, "ext2").image(t).write(1024+92, pack(le32(c.compat), le32(c.incompat), le32(c.roCompat)))
		if found := probe(t, m); len(found) != 1 || found[0].Type != c.want {
			t.Errorf("features %#x, %#x, %#x: found %v, want %s", c.compat, c.incompat, c.roCompat, found, c.want)
		}
	}
}

// TestISOWithoutItsRoot is about descriptors of images that are stored in other file systems.
func TestISOWithoutItsRoot(t *testing.T) {
	t.Parallel()
	m := fixtureNamed(t, "iso9660").image(t)
	var block [4]byte
	if _, err := m.ReadAt(block[:], 32768+158); err != nil {
		t.Fatal(err)
	}
	root := int64(binary.LittleEndian.Uint32(block[:])) * 2048
	for at, value := range map[int64][]byte{0: {33}, 2: {0xff}, 32: {2}, 33: {1}} {
		if found := probe(t, m.clone().write(root+at, value)); len(found) > 0 {
			t.Errorf("with % x at %d of the root directory: found %v", value, at, found)
		}
	}
}

// TestUDFDescriptors is about descriptors of which one does not fit.
func TestUDFDescriptors(t *testing.T) {
	t.Parallel()
	m := fixtureNamed(t, "udf").image(t)
	volume := find(t, m, 0, "*OSTA UDF Compliant") - 217
	var tag [16]byte
	if _, err := m.ReadAt(tag[:], volume); err != nil {
		t.Fatal(err)
	}
	for name, changed := range map[string]*image{
		"another domain":  m.clone().flip(volume + 217),
		"a wrong sum":     m.clone().flip(volume + 4),
		"another kind":    m.clone().write(volume, []byte{tag[0] + 1}).write(volume+4, []byte{tag[4] + 1}),
		"another address": m.clone().write(volume+12, []byte{tag[12] + 1}).write(volume+4, []byte{tag[4] + 1}),
		"no anchor":       m.clone().zero(256*512, 512).zero(512*512, 512),
	} {
		if found := probe(t, changed); len(found) > 0 {
			t.Errorf("%s: found %+v", name, found)
		}
	}
}

func TestISODates(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ modified, created, want string }{
		{"2024022913595901\x04", "2020010100000000\x00", "2024-02-29-13-59-59-01"},
		{"0000000000000000\x00", "2020010100000000\x00", "2020-01-01-00-00-00-00"},
		{"0000000000000000\x04", "2020010100000000\x00", "0000-00-00-00-00-00-00"},
		{"2024/22913595901\x00", "2020010100000000\x00", "2020-01-01-00-00-00-00"},
		{"2024:22913595901\x00", "0000000000000000\x00", ""},
	} {
		m := fixtureNamed(t, "iso9660").image(t).write(32768+813, []byte(c.created)).write(32768+830, []byte(c.modified))
		if found := probe(t, m); len(found) != 1 || found[0].UUID != c.want {
			t.Errorf("modified %q, created %q: found %+v", c.modified, c.created, found)
		}
	}
}

// TestDamagedScoutfsSuper is about the line between a volume's super that was torn and a block that has its magic.
func TestDamagedScoutfsSuper(t *testing.T) {
	t.Parallel()
	const super = 65536
	for _, c := range []struct {
		name  string
		m     func(*image) *image
		found bool
	}{
		{"torn", func(m *image) *image { return m.zero(super+2048, 2048).flip(super + 100) }, true},
		{"not its block number", func(m *image) *image { return m.write(super+24, le64(17)) }, false},
		{"no volume", func(m *image) *image { return m.write(super+8, le64(0)) }, false},
		{"at another place", func(m *image) *image {
			b := make([]byte, 4096)
			if _, err := m.ReadAt(b, super); err != nil {
				panic(err)
			}
			return newImage(m.size).write(super+4096, b)
		}, false},
		{"another magic", func(m *image) *image { return m.flip(super + 4) }, false},
	} {
		found := probe(t, c.m(fixtureNamed(t, "scoutfs-meta").image(t)))
		if c.found != slices.ContainsFunc(found, func(f signature.Found) bool { return f.Type == "scoutfs_meta" && f.Damaged }) ||
			!c.found && len(found) > 0 {
			t.Errorf("%s: found %+v", c.name, found)
		}
	}
}
