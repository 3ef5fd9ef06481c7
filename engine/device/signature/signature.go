// SPDX-License-Identifier: GPL-2.0-or-later

// Package signature says what a device holds before something overwrites it, and whether it is in use.
//
// [Probe] looks for the superblocks, headers and tables that file systems, RAID, volume managers, encryption, swap and
// partitioning leave on a device, and names them as libblkid does. [InUse] asks the kernel whether the device is mounted,
// swapped on or held.
//
// The probes are written here because no Go library answers the question a guard asks. The pure Go probe in
// github.com/siderolabs/go-blockdevice/v2 stops at its first match, knows few of the formats found on shared storage, takes
// only an *os.File and brings a logger with it; github.com/u-root/u-root and github.com/diskfs/go-diskfs know magic numbers or
// the file systems they can open. A guard has to see everything that would be lost, at both ends of the device, must not be
// alarmed by chance, and must survive any content.
//
// What counts as found is a magic number together with whatever the format offers beside it: a checksum, the structure's own
// address, fields with few legal values. A format whose magic is long and whose fields are sane is reported even when its
// checksum is wrong, marked [Found.Damaged], because a torn superblock may still be a file system someone hopes to repair.
//
// Not known: partition tables other than GPT and MBR, firmware RAID other than DDF and Intel's, and file systems of systems
// that share no storage with Linux. An empty result means that nothing known was found, not that the device is blank.
//
// The package holds no state. All functions may be called concurrently.
package signature

import (
	"io"
	"slices"
	"strconv"
	"strings"
)

// Kind is the role of a signature, the same distinction as libblkid's usage, made finer.
type Kind uint8

// The kinds of signatures. The zero Kind is none of them.
const (
	// Filesystem holds files.
	Filesystem Kind = iota + 1
	// Journal is a log kept on its own device for a file system elsewhere.
	Journal
	// Swap is swap space or a hibernation image in it.
	Swap
	// RAID is a member of a RAID set or of a replicated device.
	RAID
	// VolumeManager is a member of a pool out of which volumes are cut, or a volume's private metadata.
	VolumeManager
	// Cache is a caching device or a device behind one.
	Cache
	// Crypt is a device whose data is encrypted or authenticated.
	Crypt
	// ObjectStore holds objects of a distributed or key-value store.
	ObjectStore
	// PartitionTable divides the device into partitions.
	PartitionTable
)

// String returns the kind in words that follow a type's name: "ext4 file system".
func (k Kind) String() string {
	switch k {
	case Filesystem:
		return "file system"
	case Journal:
		return "journal"
	case Swap:
		return "swap space"
	case RAID:
		return "RAID member"
	case VolumeManager:
		return "volume manager member"
	case Cache:
		return "cache"
	case Crypt:
		return "encrypted volume"
	case ObjectStore:
		return "object store"
	case PartitionTable:
		return "partition table"
	}
	return "kind " + strconv.Itoa(int(k))
}

// Found is one signature found on a device.
type Found struct {
	// Kind is the signature's role.
	Kind Kind
	// Type is libblkid's name of the format: TYPE, or PTTYPE for a partition table.
	Type string
	// Offset is the byte on the device where the structure that was recognised starts. Formats that keep
	// copies are reported once, at the first good copy.
	Offset int64
	// Label is the name people gave to it, printable UTF-8, empty if it has none or finding it is not cheap.
	Label string
	// UUID is its identifier in the notation of its own tools, empty if it has none.
	UUID string
	// Damaged says that everything but the checksum fits.
	Damaged bool
}

// String describes the signature in one line: `ext4 file system "data", UUID 5c7b…`.
func (f Found) String() string {
	var b strings.Builder
	if f.Damaged {
		b.WriteString("damaged ")
	}
	if f.Type != "swap" {
		b.WriteString(f.Type + " ")
	}
	b.WriteString(f.Kind.String())
	if f.Label != "" {
		b.WriteString(" " + strconv.Quote(f.Label))
	}
	if f.UUID != "" {
		b.WriteString(", UUID " + f.UUID)
	}
	return b.String()
}

// Probe returns every known signature on the size bytes of r, ordered by offset. Any content is safe.
//
// It reads at most 64 times and 4 MiB in all, in units of 4 KiB at multiples of 4 KiB except where the device ends.
// A read that fails does not end the search: smaller reads go around the bad place, until eight have failed. The error is
// the first failure, and what was found without the bytes that could not be read is returned with it. A caller that is about
// to overwrite the device treats an error as a finding.
func Probe(r io.ReaderAt, size int64) ([]Found, error) {
	w := newWindow(r, size)
	var found []Found
	for _, probe := range probers() {
		if f, ok := probe(w); ok {
			found = append(found, f)
		}
	}
	slices.SortStableFunc(found, func(a, b Found) int { return int(min(max(a.Offset-b.Offset, -1), 1)) })
	return found, w.err
}

// A prober looks for one signature.
type prober func(*window) (Found, bool)

// bestCopy looks for a structure that is kept at several places: the first good copy, or else the first damaged one.
func bestCopy(copyAt func(off int64) (Found, bool), offsets ...int64) (Found, bool) {
	var best Found
	for _, off := range offsets {
		f, ok := copyAt(off)
		if !ok {
			continue
		}
		f.Offset = off
		if !f.Damaged {
			return f, true
		}
		if !best.Damaged {
			best = f
		}
	}
	return best, best.Damaged
}

func probers() []prober {
	return []prober{
		gpt, mbr, protectiveMBR,
		scoutfs,
		ext, xfs, xfsLog, btrfs, zfs, bcachefs,
		jfs, reiserfs, reiser4, vxfs,
		f2fs, nilfs2, zonefs,
		gfs, ocfs2, vmfs, vmfsVolume,
		fat, exfat, ntfs, refs,
		hfs, hfsPlus, apfs,
		iso9660, udf, squashfs, erofs, cramfs,
		swap, hibernation,
		md0, md1AtEnd, md1AtStart, md1After4K, ddf, intelRAID, drbd,
		lvm2, stratis, vdo, snapshotStore, oracleASM,
		bcache,
		luks, bitlocker, verity, integrity,
		bluestore, mpool,
	}
}
