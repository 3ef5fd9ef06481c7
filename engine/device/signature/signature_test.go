// SPDX-License-Identifier: GPL-2.0-or-later

package signature_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"scoutfs/engine/device/signature"
)

func probe(t testing.TB, m *image) []signature.Found {
	t.Helper()
	found, err := signature.Probe(m, m.size)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// places strips what was found of everything but kind, type and place.
func places(found []signature.Found) []signature.Found {
	var out []signature.Found
	for _, f := range found {
		out = append(out, signature.Found{Kind: f.Kind, Type: f.Type, Offset: f.Offset})
	}
	return out
}

func fixtureNamed(t testing.TB, name string) fixture {
	t.Helper()
	all := fixtures()
	i := slices.IndexFunc(all, func(f fixture) bool { return f.name == name })
	if i < 0 {
		t.Fatalf("no fixture %s", name)
	}
	return all[i]
}

// TestFindsWhatToolsLeave compares kind, type and place with the table of fixtures, label and identifier with blkid.
func TestFindsWhatToolsLeave(t *testing.T) {
	t.Parallel()
	says := blkidSays(t)
	for _, f := range fixtures() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			blkid := udevValues(says[f.name])
			found := probe(t, f.image(t))
			if diff := cmp.Diff(f.found, places(found), cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
			compared := 0
			for _, got := range found {
				if got.Damaged {
					t.Errorf("%v is not damaged", got)
				}
				label, id := blkid["FS_LABEL"], blkid["FS_UUID"]
				switch got.Type {
				case blkid["PART_TABLE_TYPE"]:
					label, id = "", blkid["PART_TABLE_UUID"]
				case blkid["FS_TYPE"]:
				default:
					continue
				}
				compared++
				if !agrees(got, label, id) {
					t.Errorf("found %+v, blkid says %v", got, blkid)
				}
			}
			if compared == 0 && len(found) > 0 {
				t.Errorf("found %v, blkid says %v", found, blkid)
			}
		})
	}
}

// TestDamageIsToldFromAbsence changes a byte that only a checksum covers.
func TestDamageIsToldFromAbsence(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	for _, c := range []struct {
		fixture string
		at      []int64 // in every copy
		gone    bool    // the magic is too short to be believed without its checksum
	}{
		{fixture: "scoutfs-meta", at: []int64{65536 + 300}},
		{fixture: "scoutfs-data", at: []int64{65536}},
		{fixture: "ext4", at: []int64{1024 + 12}},
		{fixture: "xfs", at: []int64{300}},
		{fixture: "xfs-4k-sectors", at: []int64{4000}},
		{fixture: "btrfs", at: []int64{65536 + 4000}},
		{fixture: "btrfs-xxhash", at: []int64{65536 + 4000}},
		{fixture: "btrfs-sha256", at: []int64{65536 + 4000}},
		{fixture: "f2fs-checksum", at: []int64{1024 + 2000, 5120 + 2000}},
		{fixture: "nilfs2", at: []int64{1024 + 100, 130*mib - 4096 + 100}, gone: true},
		{fixture: "zonefs", at: []int64{4000}, gone: true},
		{fixture: "exfat", at: []int64{5000}},
		{fixture: "ntfs", at: []int64{16384 + 3*1024}},
		{fixture: "ntfs", at: []int64{16384}},
		{fixture: "erofs", at: []int64{1024 + 20}},
		{fixture: "cramfs", at: []int64{8000}},
		{fixture: "apfs", at: []int64{4000}},
		{fixture: "bcachefs", at: []int64{4096 + 760}},
		{fixture: "bcachefs-crc64", at: []int64{4096 + 760}},
		{fixture: "bcachefs-xxhash", at: []int64{4096 + 760}},
		{fixture: "bcache-backing", at: []int64{4096 + 100}},
		{fixture: "md-0.90", at: []int64{8*mib - 65536 + 4000}},
		{fixture: "md-1.0", at: []int64{8*mib - 8192 + 100}},
		{fixture: "md-1.2", at: []int64{4096 + 260}},
		{fixture: "ddf", at: []int64{8*mib - 512 + 200}},
		{fixture: "lvm2", at: []int64{512 + 300}},
		{fixture: "stratis", at: []int64{512 + 500, 9*512 + 500}},
		{fixture: "mpool", at: []int64{50}},
		{fixture: "gpt", at: []int64{512 + 80, 2*mib - 512 + 80}},
	} {
		t.Run(fmt.Sprintf("%s at %d", c.fixture, c.at), func(t *testing.T) {
			t.Parallel()
			f := fixtureNamed(t, c.fixture)
			m := f.image(t)
			for _, at := range c.at {
				m.flip(at)
			}
			found := probe(t, m)
			want := f.found
			if c.gone {
				want = nil
			}
			if diff := cmp.Diff(want, places(found), cmpopts.EquateEmpty()); diff != "" {
				t.Fatal(diff)
			}
			for _, got := range found {
				if !got.Damaged || !strings.HasPrefix(got.String(), "damaged ") {
					t.Errorf("%v is damaged", got)
				}
			}
		})
	}
}

// TestCopiesServeWhenTheFirstIsGone erases the structures before the one that is expected.
func TestCopiesServeWhenTheFirstIsGone(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	for _, c := range []struct {
		fixture     string
		from, until int64
		found       []signature.Found
	}{
		{"luks2", 0, 4096, on(crypt, "crypto_LUKS", 16384)},
		{"gpt", 0, mib, on(table, "gpt", 2*mib-512)},
		{"gpt-4k-sectors", 0, mib, on(table, "gpt", 2*mib-4096)},
		{"f2fs-checksum", 1024, 4096, on(fsys, "f2fs", 5120)},
		{"nilfs2", 0, mib, on(fsys, "nilfs2", 130*mib-4096)},
		{"stratis", 0, 4096, on(vols, "stratis", 9*512)},
		{"zfs", 0, 256 << 10, on(vols, "zfs_member", 256<<10)},
		{"zfs", 0, 512 << 10, on(vols, "zfs_member", 64*mib-512<<10)},
		{"zfs", 0, 64*mib - 256<<10, on(vols, "zfs_member", 64*mib-256<<10)},
	} {
		t.Run(fmt.Sprintf("%s until %d", c.fixture, c.until), func(t *testing.T) {
			t.Parallel()
			m := fixtureNamed(t, c.fixture).image(t).zero(c.from, c.until-c.from)
			if diff := cmp.Diff(c.found, places(probe(t, m))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestGoodCopyIsPreferred damages the first of two copies.
func TestGoodCopyIsPreferred(t *testing.T) {
	t.Parallel()
	m := fixtureNamed(t, "gpt").image(t).flip(512 + 80)
	if found := probe(t, m); len(found) != 1 || found[0].Offset != m.size-512 || found[0].Damaged {
		t.Errorf("found %+v", found)
	}
}

func TestEverythingOnADeviceIsFound(t *testing.T) {
	t.Parallel()
	m := newImage(8 << 20)
	for _, c := range []struct {
		fixture string
		off, n  int64
	}{
		{"lvm2", 512, 512},
		{"ext4", 1024, 1024},
		{"btrfs", 65536, 4096},
		{"md-1.0", 8<<20 - 8192, 4096},
	} {
		b := make([]byte, c.n)
		if _, err := fixtureNamed(t, c.fixture).image(t).ReadAt(b, c.off); err != nil {
			t.Fatal(err)
		}
		m.write(c.off, b)
	}
	want := slices.Concat(on(vols, "LVM2_member", 512), on(fsys, "ext4", 1024), on(fsys, "btrfs", 65536), on(raid, "linux_raid_member", 8<<20-8192))
	if diff := cmp.Diff(want, places(probe(t, m))); diff != "" {
		t.Error(diff)
	}
}

// TestTruncatedDevices cuts every fixture off at many lengths: what is found then was there before.
func TestTruncatedDevices(t *testing.T) {
	t.Parallel()
	for _, f := range fixtures() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			m := f.image(t)
			random := rand.New(rand.NewPCG(1, uint64(m.size)))
			var sizes []int64
			for _, found := range f.found {
				for _, d := range []int64{-1, 0, 1, 255, 511, 512, 513, 1023, 1024, 4095, 4096, 4097} {
					sizes = append(sizes, found.Offset+d)
				}
			}
			for range 100 {
				sizes = append(sizes, random.Int64N(min(m.size, 1<<random.IntN(32))+1))
			}
			for _, size := range sizes {
				if size < 0 || size > m.size {
					continue
				}
				cut := m.resized(size)
				for _, got := range probe(t, cut) {
					known := slices.ContainsFunc(f.found, func(want signature.Found) bool { return got.Type == want.Type })
					// What a table or its copy says may be all that is left of it.
					if !known && !(got.Type == "PMBR" && f.found[0].Type == "gpt") {
						t.Errorf("%d of %d bytes: found %+v, which is not on the whole device", size, m.size, got)
					}
					if got.Offset >= size {
						t.Errorf("%d bytes: found %+v", size, got)
					}
				}
			}
		})
	}
}

func TestNothingIsFoundInNoise(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewChaCha8([32]byte{'n', 'o', 'i', 's', 'e'}))
	noise := func(size int) *image {
		b := make([]byte, size)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		return newImage(int64(size)).write(0, b)
	}
	devices := map[string]*image{
		"empty":      newImage(0),
		"one byte":   newImage(1),
		"zeroes":     newImage(1 << 40),
		"all ones":   newImage(4<<20).write(0, bytes.Repeat([]byte{0xff}, 4<<20)),
		"text":       newImage(1<<20).write(0, bytes.Repeat([]byte("The quick brown fox\n"), 50000)),
		"odd length": noise(1<<20 + 1),
	}
	for i := range 64 {
		devices[fmt.Sprint("noise ", i)] = noise(1 << (6 + i%16))
		devices[fmt.Sprint("noise that ends its first sector as boot sectors do ", i)] = noise(256<<10).write(510, []byte{0x55, 0xaa})
	}
	for name, m := range devices {
		if found := probe(t, m); len(found) > 0 {
			t.Errorf("%s: found %+v", name, found)
		}
	}
}

// TestMagicAloneIsNotEnough writes the magic numbers of formats that have more to check to devices of zeroes and noise.
func TestMagicAloneIsNotEnough(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewChaCha8([32]byte{'m', 'a', 'g', 'i', 'c'}))
	const size = 80 << 20
	for _, c := range []struct {
		name  string
		at    int64
		magic string
	}{
		{"scoutfs", 65536 + 4, "\x8b\x42\x3c\x10"},
		{"ext", 1024 + 56, "\x53\xef"},
		{"xfs", 0, "XFSB"},
		{"xfs log", 0, "\xfe\xed\xba\xbe"},
		{"btrfs", 65536 + 64, "_BHRfS_M"},
		{"jfs", 32768, "JFS1"},
		{"reiserfs", 65536 + 52, "ReIsEr2Fs"},
		{"reiser4", 65536, "ReIsEr4"},
		{"f2fs", 1024, "\x10\x20\xf5\xf2"},
		{"nilfs2", 1024 + 6, "\x34\x34"},
		{"zonefs", 0, "SFOZ"},
		{"gfs2", 65536, "\x01\x16\x19\x70"},
		{"ocfs2", 1024, "OCFSV2\x00\x00"},
		{"fat", 54, "FAT16   "},
		{"fat32", 82, "FAT32   "},
		{"exfat", 3, "EXFAT   "},
		{"ntfs", 3, "NTFS    "},
		{"hfs", 1024, "BD"},
		{"hfs+", 1024, "H+"},
		{"apfs", 32, "NXSB"},
		{"iso9660", 32768, "\x01CD001\x01"},
		{"udf", 32769, "NSR02"},
		{"squashfs", 0, "hsqs"},
		{"cramfs", 0, "\x45\x3d\xcd\x28"},
		{"swap", 4086, "SWAPSPACE2"},
		{"md 0.90", size - 65536, "\xfc\x4e\x2b\xa9"},
		{"md 1.0", size - 8192, "\xfc\x4e\x2b\xa9"},
		{"md 1.1", 0, "\xfc\x4e\x2b\xa9"},
		{"md 1.2", 4096, "\xfc\x4e\x2b\xa9"},
		{"ddf", size - 512, "\xde\x11\xde\x11"},
		{"drbd", size - 4096 + 60, "\x83\x74\x02\x6d"},
		{"lvm2", 512, "LABELONE"},
		{"snapshot", 0, "SnAp"},
		{"vmfs", 2 << 20, "\x5e\xf1\xab\x2f"},
		{"bcache", 4096 + 24, "\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81"},
		{"bcachefs", 4096 + 24, "\xc6\x85\x73\xf6\x66\xce\x90\xa9\xd9\x6a\x60\xcf\x80\x3d\xf7\xef"},
		{"luks", 0, "LUKS\xba\xbe"},
		{"luks2's second header", 16384, "SKUL\xba\xbe"},
		{"bitlocker", 0, "\xeb\x58\x90-FVE-FS-"},
		{"verity", 0, "verity\x00\x00"},
		{"integrity", 0, "integrt\x00"},
		{"zfs", 16384, "\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"},
		{"gpt", 512, "EFI PART"},
		{"boot sector", 510, "\x55\xaa"},
	} {
		t.Run(c.name, func(t *testing.T) {
			zeroes := newImage(size).write(c.at, []byte(c.magic))
			if found := probe(t, zeroes); len(found) > 0 && c.name != "vmfs" {
				t.Errorf("among zeroes: found %+v", found)
			}
			if c.name == "vmfs" {
				return // Noise passes for an identifier.
			}
			noise := make([]byte, 8192)
			for i := range noise {
				noise[i] = byte(random.Uint32())
			}
			start := max(c.at&^4095-4096, 0)
			noisy := newImage(size).write(start, noise).write(c.at, []byte(c.magic))
			if found := probe(t, noisy); len(found) > 0 {
				t.Errorf("among noise: found %+v", found)
			}
		})
	}
}

// TestPartitionTables is about the sector that everyone writes.
func TestPartitionTables(t *testing.T) {
	t.Parallel()
	entry := func(boot, kind byte, start, sectors uint32) []byte {
		return pack([]byte{boot, 0, 0, 0, kind, 0, 0, 0}, le32(start), le32(sectors))
	}
	sector := func(entries ...[]byte) *image {
		return newImage(1<<20).write(446, slices.Concat(entries...)).write(510, []byte{0x55, 0xaa})
	}
	none := []signature.Found(nil)
	for _, c := range []struct {
		name  string
		m     *image
		found []signature.Found
	}{
		{"one partition", sector(entry(0x80, 0x83, 63, 100)), on(table, "dos", 0)},
		{"the last entry only", sector(make([]byte, 48), entry(0, 7, 63, 100)), on(table, "dos", 0)},
		{"no partition", sector(), none},
		{"code instead of a table", sector([]byte("Missing operating system. Press any key to continue")), none},
		{"an impossible boot flag", sector(entry(0x80, 0x83, 63, 100), entry(0x41, 0x83, 200, 100)), none},
		{"a partition that starts after the end", sector(entry(0, 0x83, 1<<20, 100)), none},
		{"a partition without sectors", sector(entry(0, 0x83, 63, 0)), none},
		{"an entry without a type", sector(entry(0, 0, 63, 100)), none},
		{"a partition over the table", sector(entry(0, 0x83, 0, 100)), none},
		{"a protective entry", sector(entry(0, 0xee, 1, 2047)), on(table, "PMBR", 0)},
		{"FAT, bootable, with a partition table in it", fixtureNamed(t, "fat16").image(t).write(446, entry(0x80, 6, 63, 100)), on(fsys, "vfat", 0)},
		{"NTFS, likewise", fixtureNamed(t, "ntfs").image(t).write(446, entry(0x80, 7, 63, 100)), on(fsys, "ntfs", 0)},
		{"exFAT, likewise", fixtureNamed(t, "exfat").image(t).write(446, entry(0x80, 7, 63, 100)), on(fsys, "exfat", 0)},
		{"BitLocker, likewise", fixtureNamed(t, "bitlocker").image(t).write(446, entry(0x80, 7, 63, 100)), on(crypt, "BitLocker", 0)},
		{"ext4 behind a boot loader", fixtureNamed(t, "ext4").image(t).write(510, []byte{0x55, 0xaa}), on(fsys, "ext4", 1024)},
		{
			"an ISO image made for USB sticks", fixtureNamed(t, "iso9660").image(t).write(446, entry(0x80, 0x17, 64, 100)).write(510, []byte{0x55, 0xaa}),
			slices.Concat(on(table, "dos", 0), on(fsys, "iso9660", 32768)),
		},
		{"GPT with an MBR for others", fixtureNamed(t, "gpt").image(t).write(462, entry(0x80, 0x83, 64, 64)), on(table, "gpt", 512)},
	} {
		if diff := cmp.Diff(c.found, places(probe(t, c.m)), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

// TestLabelsCannotHurtATerminal feeds labels with bytes that a terminal would obey.
func TestLabelsCannotHurtATerminal(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]*image{
		"ext2": fixtureNamed(t, "ext2").image(t).write(1024+120, []byte("\x1b[2J\xff\n\u202ex  ")),
		"f2fs": fixtureNamed(t, "f2fs").image(t).write(1024+124, pack(utf16le("a\x1b\u202eb\r"), []byte{0, 0xd8, 0, 0})),
	} {
		for _, f := range probe(t, m) {
			const obeyed = "\x1b\u202e\n\r"
			if f.Label == "" || strings.ContainsAny(f.Label, obeyed) || strings.ContainsAny(f.String(), obeyed) || !utf8.ValidString(f.Label) {
				t.Errorf("%s: label %q in %q", name, f.Label, f)
			}
		}
	}
}

func TestDescriptions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		found signature.Found
		want  string
	}{
		{signature.Found{Kind: fsys, Type: "ext4", Label: "da\"ta", UUID: "5c7b"}, `ext4 file system "da\"ta", UUID 5c7b`},
		{signature.Found{Kind: signature.Swap, Type: "swap"}, "swap space"},
		{signature.Found{Kind: signature.Swap, Type: "swsuspend"}, "swsuspend swap space"},
		{signature.Found{Kind: table, Type: "gpt", Damaged: true}, "damaged gpt partition table"},
		{signature.Found{Type: "x"}, "x kind 0"},
	} {
		if got := c.found.String(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// A countingReader checks the bounds that Probe promises, and fails where it is bad.
type countingReader struct {
	*image
	t          testing.TB
	bad, until int64
	reads      int
	bytes      int
	failed     int
}

func (c *countingReader) ReadAt(p []byte, off int64) (int, error) {
	c.reads++
	c.bytes += len(p)
	end := off + int64(len(p))
	if off%4096 != 0 || end > c.size || end%4096 != 0 && end != c.size {
		c.t.Errorf("read of %d bytes at %d of %d", len(p), off, c.size)
	}
	if off < c.until && end > c.bad {
		c.failed++
		return 0, syscall.EIO
	}
	return c.image.ReadAt(p, off)
}

func (c *countingReader) check() {
	c.t.Helper()
	if c.reads > 64 || c.bytes > 4<<20 {
		c.t.Errorf("%d reads of %d bytes in all", c.reads, c.bytes)
	}
}

func TestReadsAreBounded(t *testing.T) {
	t.Parallel()
	for _, f := range fixtures() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			r := &countingReader{image: f.image(t), t: t}
			r.size = max(r.size, 1<<30) // so that all places exist
			if _, err := signature.Probe(r, r.size); err != nil {
				t.Error(err)
			}
			r.check()
		})
	}
}

func TestReadErrorsAreReportedWithWhatWasFound(t *testing.T) {
	t.Parallel()
	f := fixtureNamed(t, "ext4-in-md")
	m := f.image(t)
	for _, c := range []struct {
		name       string
		bad, until int64
		found      []signature.Found
	}{
		{"at the start", 0, 4096, on(raid, "linux_raid_member", m.size-8192)},
		{"near the start", 4096, 8192, f.found},
		{"in the middle", 2 << 20, 2<<20 + 4096, f.found},
		{"at the end", m.size - 4096, m.size, f.found},
		{"near the end", m.size - 8192, m.size - 4096, on(fsys, "ext4", 1024)},
		{"everywhere", 0, m.size, nil},
	} {
		r := &countingReader{image: m, t: t, bad: c.bad, until: c.until}
		found, err := signature.Probe(r, m.size)
		if !errors.Is(err, syscall.EIO) {
			t.Errorf("%s: error %v", c.name, err)
		}
		if diff := cmp.Diff(c.found, places(found), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		if r.failed > 8 {
			t.Errorf("%s: %d reads failed", c.name, r.failed)
		}
	}
}

func TestDeviceShorterThanItsSize(t *testing.T) {
	t.Parallel()
	m := fixtureNamed(t, "ext4").image(t)
	if found, err := signature.Probe(m, m.size+1<<20); !errors.Is(err, io.ErrUnexpectedEOF) || len(found) != 1 {
		t.Errorf("found %v, error %v", found, err)
	}
	if found, err := signature.Probe(m, -1); err != nil || len(found) != 0 {
		t.Errorf("found %v, error %v", found, err)
	}
}

// TestFATLabel is about what may stand before the label in a root directory.
func TestFATLabel(t *testing.T) {
	t.Parallel()
	entry := func(name string, attributes byte, cluster uint16) []byte {
		return pack(name, gap(11), []byte{attributes}, gap(26), le16(cluster), gap(32))
	}
	m := fixtureNamed(t, "fat16").image(t)
	before := probe(t, m)[0].Label
	start := find(t, m, 512, "SIXTEEN    ") // not the boot sector's
	for _, c := range []struct {
		name    string
		entries []byte
		want    string
	}{
		{"first", entry("MOVED      ", 0x08, 0), "MOVED"},
		{"after others", slices.Concat(entry("\xe5LD        ", 0x08, 0), entry("Along name.", 0x0f, 0), entry("FILE    TXT", 0x20, 5),
			entry("FOLDER     ", 0x10, 6), entry("BEHIND     ", 0x28, 0)), "BEHIND"},
		{"after what only resembles it", slices.Concat(entry("WITHDATA   ", 0x08, 7), pack("HIGHDATA   ", []byte{0x08}, gap(20), le16(7), gap(32)),
			entry("BOTH       ", 0x18, 0), entry("NEITHER    ", 0x20, 0), entry("REAL       ", 0x08, 0)), "REAL"},
		{"after the end", slices.Concat(make([]byte, 32), entry("HIDDEN     ", 0x08, 0)), ""},
	} {
		got := probe(t, m.clone().zero(start, 512).write(start, c.entries))
		if len(got) != 1 || got[0].Label != c.want {
			t.Errorf("%s: found %+v, want label %q instead of %q", c.name, got, c.want, before)
		}
	}
}

func TestFATLabelAtTheEndOfTheDirectory(t *testing.T) {
	t.Parallel()
	m := fixtureNamed(t, "fat16").image(t)
	start := find(t, m, 512, "SIXTEEN    ") // not the boot sector's
	deleted := bytes.Repeat(pack("\xe5LD", gap(11), []byte{0x20}, gap(32)), 512)
	if found := probe(t, m.write(start, deleted)); len(found) != 1 || found[0].Label != "" {
		t.Errorf("found %+v", found)
	}
}

func TestExFATLabel(t *testing.T) {
	t.Parallel()
	m := fixtureNamed(t, "exfat").image(t)
	start := find(t, m, 0, "\x83\x06e\x00x\x00")
	label := pack([]byte{0x83, 3}, utf16le("new"), gap(32))
	other := pack([]byte{0x81}, gap(32))
	for _, c := range []struct {
		name    string
		entries []byte
		want    string
	}{
		{"after others", slices.Concat(other, other, label), "new"},
		{"after the end", slices.Concat(other, make([]byte, 32), label), ""},
		{"longer than there is room", pack([]byte{0x83, 200}, utf16le("elevenunits"), gap(24), "xxxxxxxx"), "elevenunits"},
		{"in a directory without it or an end", bytes.Repeat(other, 128), ""},
	} {
		if found := probe(t, m.clone().zero(start, 4096).write(start, c.entries)); len(found) != 1 || found[0].Label != c.want {
			t.Errorf("%s: found %+v, want label %q", c.name, found, c.want)
		}
	}
}

// TestNTFSLabel is about the attributes of the volume's record.
func TestNTFSLabel(t *testing.T) {
	t.Parallel()
	m := fixtureNamed(t, "ntfs").image(t)
	const record = 16384 + 3*1024
	attribute := func(kind, size uint32, name string) []byte {
		value := utf16le(name)
		return pack(le32(kind), le32(size), gap(16), le32(uint32(len(value))), le16(24), gap(24), value, gap(int(size)))
	}
	for _, c := range []struct {
		name       string
		attributes []byte
		want       string
	}{
		{"after others", slices.Concat(attribute(0x10, 48, ""), attribute(0x50, 64, ""), attribute(0x60, 40, "named")), "named"},
		{"after the end", slices.Concat(attribute(0xffffffff, 48, ""), attribute(0x60, 40, "named")), ""},
		{"after one without a size", slices.Concat(pack(le32(0x10), gap(24)), attribute(0x60, 40, "named")), ""},
		{"after one that is larger than the record", slices.Concat(pack(le32(0x10), le32(1<<31), gap(24)), attribute(0x60, 40, "named")), ""},
		{"with a value outside", pack(le32(0x60), le32(40), gap(16), le32(1<<31), le16(0xffff), gap(40)), ""},
	} {
		changed := m.clone().write(record+20, le16(56)).zero(record+56, 900).write(record+56, c.attributes)
		if found := probe(t, changed); len(found) != 1 || found[0].Label != c.want || found[0].Damaged {
			t.Errorf("%s: found %+v, want label %q", c.name, found, c.want)
		}
	}
}

// TestUDFIdentifiers is about volume sets whose name does not start with 16 hexadecimal digits.
func TestUDFIdentifiers(t *testing.T) {
	t.Parallel()
	udf := fixtureNamed(t, "udf").image(t)
	id := probe(t, udf)[0].UUID
	at := find(t, udf, 32768, "\x08"+id) // the volume set's name, with its compression
	for _, c := range []struct {
		name []byte
		want string
	}{
		{[]byte("\x0854AEAD85C291280DLinuxUDF"), "54aead85c291280d"},
		{[]byte("\x0854AEAD85\xef\xbfvolume"), "54aead85c3afc2bf"},
		{[]byte("\x08My volume set"), "4d7920766f6c756d"},
		{[]byte("\x085CHARS7"), ""},
		{[]byte("\x10\x00A\x00B\x00C\x00D\x00E\x00F\x000\x001\x002\x003\x004\x005\x006\x007\x008\x009"), "abcdef0123456789"},
		{[]byte("\x09unknown compression"), ""},
	} {
		m := udf.clone().zero(at, 127).write(at, c.name).write(at+127, []byte{byte(len(c.name))})
		if found := probe(t, m); len(found) != 1 || found[0].UUID != c.want {
			t.Errorf("%q: found %+v, want UUID %q", c.name, found, c.want)
		}
	}
}

// find returns the first place of a string at or after an offset that does not lie across blocks.
func find(t *testing.T, m *image, from int64, s string) int64 {
	t.Helper()
	for _, n := range slices.Sorted(maps.Keys(m.blocks)) {
		skip := min(max(from-n*blockSize, 0), blockSize)
		if i := bytes.Index(m.blocks[n][skip:], []byte(s)); i >= 0 {
			return n*blockSize + skip + int64(i)
		}
	}
	t.Fatalf("no %q", s)
	return 0
}
