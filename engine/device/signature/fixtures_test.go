// SPDX-License-Identifier: GPL-2.0-or-later

package signature_test

import (
	"errors"
	"flag"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"scoutfs/engine/device/signature"
)

var update = flag.Bool("update", false, "make the fixtures anew with the tools that are installed, and ask blkid about them")

// A fixture is a device as some tool leaves it, and what is on it.
//
// Those with a recipe are made by that, a shell script that is run in an empty folder with the path of an empty file
// of the given size in IMG, and stored in testdata. Those without a tool to make them are crafted anew in each run. What blkid
// says about either is stored in testdata/blkid.golden and has to agree with Probe. Where blkid is likely to be too old
// to know the format, a recipe may print the lines that it should say, and a crafted fixture has them beside it.
type fixture struct {
	name   string
	size   int64
	recipe string
	craft  func() *image
	says   string
	keep   int64 // bytes at the start that are kept, instead of 2 MiB and a little more
	found  []signature.Found
}

const defaultKeep = 2<<20 + 64<<10

// Abbreviations for the table.
const (
	fsys  = signature.Filesystem
	raid  = signature.RAID
	vols  = signature.VolumeManager
	crypt = signature.Crypt
	table = signature.PartitionTable
)

func on(kind signature.Kind, name string, off int64) []signature.Found {
	return []signature.Found{{Kind: kind, Type: name, Offset: off}}
}

func made() []fixture {
	const mib = 1 << 20
	return []fixture{
		{name: "ext2", size: mib, recipe: "mkfs.ext2 -q -L two $IMG", found: on(fsys, "ext2", 1024)},
		{name: "ext3", size: 8 * mib, recipe: "mkfs.ext3 -q -L three $IMG", found: on(fsys, "ext3", 1024)},
		{name: "ext4", size: 8 * mib, recipe: "mkfs.ext4 -q -L four $IMG", found: on(fsys, "ext4", 1024)},
		{name: "ext4-without-checksums", size: 8 * mib, recipe: "mkfs.ext4 -q -O ^metadata_csum $IMG", found: on(fsys, "ext4", 1024)},
		{name: "ext4-bigalloc", size: 64 * mib, recipe: "mkfs.ext4 -q -b 1024 -O bigalloc $IMG", found: on(fsys, "ext4", 1024)},
		{name: "jbd", size: 8 * mib, recipe: "mke2fs -q -O journal_dev $IMG", found: on(signature.Journal, "jbd", 1024)},
		{name: "xfs", size: 300 * mib, recipe: "mkfs.xfs -q -L ex $IMG", found: on(fsys, "xfs", 0)},
		{name: "xfs-without-checksums", size: 300 * mib, recipe: "mkfs.xfs -q -m crc=0 $IMG", found: on(fsys, "xfs", 0)},
		{name: "xfs-4k-sectors", size: 300 * mib, recipe: "mkfs.xfs -q -s size=4096 $IMG", found: on(fsys, "xfs", 0)},
		{
			name: "xfs-log", size: 64 * mib, recipe: "truncate -s 300M data; mkfs.xfs -q -l logdev=$IMG,size=64m data",
			found: on(signature.Journal, "xfs_external_log", 0),
		},
		{name: "btrfs", size: 128 * mib, recipe: "mkfs.btrfs -q -L bee $IMG", found: on(fsys, "btrfs", 65536)},
		{name: "btrfs-xxhash", size: 128 * mib, recipe: "mkfs.btrfs -q --csum xxhash $IMG", found: on(fsys, "btrfs", 65536)},
		{name: "btrfs-sha256", size: 128 * mib, recipe: "mkfs.btrfs -q --csum sha256 $IMG", found: on(fsys, "btrfs", 65536)},
		{name: "btrfs-blake2", size: 128 * mib, recipe: "mkfs.btrfs -q --csum blake2 $IMG", found: on(fsys, "btrfs", 65536)},
		{name: "zfs", size: 64 * mib, found: on(vols, "zfs_member", 0), recipe: `
			zfs-fuse --no-daemon >&2 & daemon=$!
			trap 'kill $daemon' EXIT
			sleep 3
			zpool create -m none tank $IMG && zpool export tank`},
		{name: "jfs", size: 16 * mib, recipe: "mkfs.jfs -q -L jay $IMG", keep: 128 << 10, found: on(fsys, "jfs", 32768)},
		{name: "reiserfs", size: 34 * mib, recipe: "mkreiserfs -q -f -f -l reis $IMG", found: on(fsys, "reiserfs", 65536)},
		{name: "f2fs", size: 64 * mib, recipe: "mkfs.f2fs -q -l flash $IMG", found: on(fsys, "f2fs", 1024)},
		{name: "f2fs-checksum", size: 64 * mib, recipe: "mkfs.f2fs -q -O extra_attr,sb_checksum $IMG", found: on(fsys, "f2fs", 1024)},
		{name: "nilfs2", size: 130 * mib, recipe: "mkfs.nilfs2 -q -L nil $IMG", found: on(fsys, "nilfs2", 1024)},
		{
			name: "gfs2", size: 64 * mib, recipe: "mkfs.gfs2 -O -p lock_dlm -t cluster:shared -j1 -J8 $IMG", keep: 128 << 10,
			found: on(fsys, "gfs2", 65536),
		},
		{name: "ocfs2", size: 64 * mib, recipe: "echo y | mkfs.ocfs2 -q -F -M local -L oracle $IMG", found: on(fsys, "ocfs2", 2048)},
		{name: "ocfs2-4k-blocks", size: 64 * mib, recipe: "echo y | mkfs.ocfs2 -q -F -M local -b 4K $IMG", found: on(fsys, "ocfs2", 8192)},
		{name: "fat12", size: 1440 << 10, recipe: "mkfs.vfat -n TWELVE $IMG", found: on(fsys, "vfat", 0)},
		{name: "fat16", size: 16 * mib, recipe: "mkfs.vfat -F 16 -n SIXTEEN $IMG", found: on(fsys, "vfat", 0)},
		{name: "fat32", size: 64 * mib, recipe: "mkfs.vfat -F 32 -n THIRTYTWO $IMG", found: on(fsys, "vfat", 0)},
		{name: "fat-4k-sectors", size: 64 * mib, recipe: "mkfs.vfat -S 4096 $IMG", found: on(fsys, "vfat", 0)},
		{name: "exfat", size: 8 * mib, recipe: "mkfs.exfat -L 'ex fat' $IMG", found: on(fsys, "exfat", 0)},
		{name: "ntfs", size: 8 * mib, recipe: "mkntfs -q -F -Q -L 'new tech' $IMG", keep: 64 << 10, found: on(fsys, "ntfs", 0)},
		{name: "iso9660", recipe: "mkdir d; echo 1 > d/f; genisoimage -quiet -V eye -J -R -o $IMG d", found: on(fsys, "iso9660", 32768)},
		{
			name: "iso9660-and-udf", recipe: "mkdir d; echo 1 > d/f; genisoimage -quiet -V eye -udf -o $IMG d",
			found: slices.Concat(on(fsys, "iso9660", 32768), on(fsys, "udf", 32768)),
		},
		{name: "udf", size: 8 * mib, recipe: "mkudffs -b 512 -l disk $IMG", found: on(fsys, "udf", 32768)},
		{name: "udf-unicode", size: 8 * mib, recipe: "mkudffs -b 2048 -l 'Архив' $IMG", found: on(fsys, "udf", 32768)},
		{name: "udf-4k-blocks", size: 16 * mib, recipe: "mkudffs -b 4096 -l disk $IMG", found: on(fsys, "udf", 32768)},
		{name: "squashfs", recipe: "mkdir d; echo 1 > d/f; rm $IMG; mksquashfs d $IMG -quiet -no-progress", found: on(fsys, "squashfs", 0)},
		{name: "erofs", recipe: "mkdir d; echo 1 > d/f; mkfs.erofs $IMG d", found: on(fsys, "erofs", 1024)},
		{name: "swap", size: mib, recipe: "mkswap -L swp $IMG", found: on(signature.Swap, "swap", 4086)},
		{name: "swap-64k-pages", size: 4 * mib, recipe: "mkswap -p 65536 $IMG", found: on(signature.Swap, "swap", 65526)},
		{name: "lvm2", size: 8 * mib, found: on(vols, "LVM2_member", 512), recipe: `
			dev=$(losetup -f --show $IMG)
			trap 'losetup -d $dev' EXIT
			pvcreate -y --config 'devices{use_devicesfile=0}' $dev`},
		{
			name: "luks1", size: 4 * mib, keep: 4 << 10, found: on(crypt, "crypto_LUKS", 0),
			recipe: "echo -n key | cryptsetup luksFormat -q --type luks1 --pbkdf-force-iterations 1000 $IMG -",
		},
		{
			name: "luks2", size: 32 * mib, keep: 32 << 10, found: on(crypt, "crypto_LUKS", 0),
			recipe: "echo -n key | cryptsetup luksFormat -q --type luks2 --label lock --pbkdf pbkdf2 --pbkdf-force-iterations 1000 $IMG -",
		},
		{name: "verity", size: mib, recipe: "truncate -s 1M data; veritysetup format data $IMG", found: on(crypt, "DM_verity_hash", 0)},
		{name: "bcache-backing", size: 8 * mib, recipe: "make-bcache -B $IMG", found: on(signature.Cache, "bcache", 4096)},
		{name: "bcache-cache", size: 64 * mib, recipe: "make-bcache -C $IMG", found: on(signature.Cache, "bcache", 4096)},
		{name: "drbd8", size: 64 * mib, recipe: "drbdmeta --force 0 v08 $IMG internal create-md", found: on(raid, "drbd", 64*mib-4096)},
		{name: "drbd9", size: 64 * mib, recipe: "drbdmeta --force 0 v09 $IMG internal create-md 3", found: on(raid, "drbd", 64*mib-4096)},
		{name: "gpt", size: 2 * mib, recipe: `printf 'label: gpt\nstart=64,size=64\n' | sfdisk -q $IMG`, found: on(table, "gpt", 512)},
		{name: "gpt-4k-sectors", size: 2 * mib, found: on(table, "gpt", 4096), recipe: `
			dev=$(losetup -b 4096 -f --show $IMG)
			trap 'losetup -d $dev' EXIT
			printf 'label: gpt\nstart=64,size=64\n' | sfdisk -q $dev
			blkid -p -o udev $dev`},
		{name: "gpt-backup-only", size: 2 * mib, found: on(table, "gpt", 2*mib-512), recipe: `
			printf 'label: gpt\nstart=64,size=64\n' | sfdisk -q $IMG
			dd if=/dev/zero of=$IMG bs=512 seek=1 count=1 conv=notrunc`},
		{name: "gpt-lost", size: 2 * mib, found: on(table, "PMBR", 0), recipe: `
			printf 'label: gpt\nstart=64,size=64\n' | sfdisk -q $IMG
			dd if=/dev/zero of=$IMG bs=512 seek=1 conv=notrunc count=4095`},
		{name: "dos", size: 2 * mib, recipe: `printf 'label: dos\nstart=64,size=64\n' | sfdisk -q $IMG`, found: on(table, "dos", 0)},
		{
			name: "dos-logical-only", size: 8 * mib, found: on(table, "dos", 0),
			recipe: `printf 'label: dos\n4:start=64,size=8192,type=5\n5:start=128,size=64\n' | sfdisk -q $IMG`,
		},
		{name: "dos-empty", size: 2 * mib, recipe: `echo 'label: dos' | sfdisk -q $IMG`},
		{name: "scoutfs-meta", size: 4 << 30, recipe: scoutfsRecipe("scoutfs_meta", "$IMG other"), found: on(fsys, "scoutfs_meta", 65536)},
		{name: "scoutfs-data", size: 4 << 30, recipe: scoutfsRecipe("scoutfs_data", "other $IMG"), found: on(fsys, "scoutfs_data", 65536)},
		{
			name: "ext4-in-md", size: 8 * mib, found: slices.Concat(on(fsys, "ext4", 1024), on(raid, "linux_raid_member", 8*mib-8192)),
			recipe: `mkfs.ext4 -q $IMG 8000k
				dd if=$CRAFTED/md-1.0 of=$IMG bs=4k seek=2046 skip=2046 count=1 conv=notrunc`,
		},
	}
}

// scoutfsRecipe makes both devices of a volume, of which one is kept, and says what libblkid would.
func scoutfsRecipe(kept, devices string) string {
	return `truncate -s 4G other
		scoutfs mkfs -A -Q 0,127.0.0.1,5000 ` + devices + ` >out
		echo ID_FS_TYPE=` + kept + `
		sed -n 's/^ *uuid: */ID_FS_UUID=/p' out`
}

func fixtures() []fixture { return slices.Concat(made(), crafted()) }

// image returns the fixture's device.
func (f fixture) image(t testing.TB) *image {
	t.Helper()
	if f.craft != nil {
		return f.craft()
	}
	b, err := os.ReadFile(filepath.Join("testdata", f.name+".zst"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := unmarshalImage(b)
	if err != nil {
		t.Fatalf("%s: %v", f.name, err)
	}
	return m
}

const goldenPath = "testdata/blkid.golden"

// blkidSays returns the output of blkid for each fixture, under a heading with its name in brackets.
func blkidSays(t testing.TB) map[string]string {
	t.Helper()
	b, err := os.ReadFile(goldenPath)
	if err != nil && !(*update && errors.Is(err, os.ErrNotExist)) {
		t.Fatal(err)
	}
	says := map[string]string{}
	name := ""
	for line := range strings.Lines(string(b)) {
		if n, ok := strings.CutPrefix(line, "["); ok {
			name = strings.TrimRight(n, "]\n")
			says[name] = ""
			continue
		}
		says[name] += line
	}
	return says
}

// TestUpdate makes the fixtures when asked to. It comes first, so that the other tests see what it made.
func TestUpdate(t *testing.T) {
	if !*update {
		return
	}
	says := blkidSays(t)
	scratch := t.TempDir()
	for _, f := range crafted() {
		if err := f.craft().writeTo(filepath.Join(scratch, f.name)); err != nil {
			t.Fatal(err)
		}
		says[f.name] = f.says + blkid(t, filepath.Join(scratch, f.name))
	}
	for _, f := range made() {
		path, more, ok := f.make(t, scratch)
		if !ok {
			continue
		}
		keep := f.keep
		if keep == 0 {
			keep = defaultKeep
		}
		m, err := readImage(path, keep)
		if err != nil {
			t.Fatal(err)
		}
		b, err := m.marshal()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join("testdata", f.name+".zst"), b, 0o644); err != nil {
			t.Fatal(err)
		}
		says[f.name] = more + blkid(t, path)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	var golden strings.Builder
	for _, name := range slices.Sorted(maps.Keys(says)) {
		golden.WriteString("[" + name + "]\n" + says[name])
	}
	if err := os.WriteFile(goldenPath, []byte(golden.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// make runs the recipe. It returns the device's path and the lines for the golden file that the recipe printed.
func (f fixture) make(t *testing.T, crafted string) (path, lines string, ok bool) {
	t.Helper()
	dir := t.TempDir()
	path = filepath.Join(dir, "img")
	if err := newImage(f.size).writeTo(path); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-e", "-c", f.recipe)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "IMG="+path, "CRAFTED="+crafted, "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	out, err := cmd.Output()
	if err != nil {
		stderr := ""
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			stderr = string(exit.Stderr)
		}
		t.Logf("%s stays as it was: %v %s", f.name, err, stderr)
		return "", "", false
	}
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "ID_") {
			lines += line
		}
	}
	return path, lines, true
}

// blkid returns what it says of a device, nothing if it knows nothing or is in doubt.
func blkid(t *testing.T, path string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "blkid", "-p", "-o", "udev", path)
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out)
}

// udevValues reads blkid's output for udev. Of a value that has unusual bytes it takes the variant with these escaped.
func udevValues(out string) map[string]string {
	values := map[string]string{}
	escaped := regexp.MustCompile(`\\x[0-9a-f]{2}`)
	for line := range strings.Lines(out) {
		k, v, _ := strings.Cut(strings.TrimRight(line, "\n"), "=")
		k = strings.TrimSuffix(strings.TrimPrefix(k, "ID_"), "_ENC")
		if _, seen := values[k]; seen && !strings.Contains(v, `\x`) {
			continue
		}
		values[k] = escaped.ReplaceAllStringFunc(v, func(s string) string {
			n, _ := strconv.ParseUint(s[2:], 16, 8)
			return string([]byte{byte(n)})
		})
	}
	return values
}

// agrees compares label and identifier with libblkid's, where that has one of its own notion.
func agrees(f signature.Found, label, uuid string) bool {
	switch f.Type {
	case "ddf_raid_member": // blkid prints bytes where mdadm has digits
	case "xfs_external_log": // blkid calls it LOGUUID
	case "ceph_bluestore": // blkid does not look
	default:
		return f.Label == label && f.UUID == uuid
	}
	return f.Label == label
}
