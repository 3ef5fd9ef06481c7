// SPDX-License-Identifier: GPL-2.0-or-later

package signature

import (
	"fmt"
	"hash/crc32"
)

// gpt recognises a GUID partition table by the header after the first sector or the copy in the last one, with sectors of
// 512 bytes or 4 KiB (UEFI specification 5.3.2). It does not ask for the protective MBR: without one the table is a
// leftover to the kernel but not to the tools that repair disks.
func gpt(w *window) (Found, bool) {
	const small, large = 512, 4 << 10
	last := func(sector int64) int64 { return w.size - w.size%sector - sector }
	return bestCopy(func(off int64) (Found, bool) {
		sector := int64(large)
		if off == small || off == last(small) {
			sector = small
		}
		return gptHeader(w.at(off, int(sector)), uint64(off/sector))
	}, small, last(small), large, last(large))
}

// gptHeader checks the header in the sector with the given number.
func gptHeader(b record, lba uint64) (Found, bool) {
	const minSize, sumOffset = 92, 16
	size := int(min(b.le32(12), uint32(len(b))))
	if !b.has(0, "EFI PART") || size < minSize || b.le64(24) != lba || b.le64(40) > b.le64(48) {
		return Found{}, false
	}
	return Found{
		Kind: PartitionTable, Type: "gpt", UUID: b.guid(56),
		Damaged: b.le32(sumOffset) != ^crcRegister(crc32.IEEETable, ^uint32(0), b.part(0, size).without(sumOffset, 0)...),
	}, true
}

// Fields of an MBR.
const (
	mbrDiskID     = 440
	mbrEntries    = 446
	mbrEntrySize  = 16
	mbrEntryCount = 4

	mbrTypeEmpty = 0x00
	mbrTypeGPT   = 0xee
)

// mbr recognises a DOS partition table with at least one partition on the device. Boot sectors of file systems end in the
// same magic and have code where the table would be, so those that are known are ruled out, and so is anything that does
// not look like a table. A table without partitions holds nothing.
func mbr(w *window) (Found, bool) {
	b := w.at(0, 512)
	if !b.has(510, bootMagic) || hasProtectiveEntry(b) {
		return Found{}, false
	}
	partitions := 0
	for i := range mbrEntryCount {
		e := b.part(mbrEntries+i*mbrEntrySize, mbrEntrySize)
		boot, kind, start, sectors := e.u8(0), e.u8(4), int64(e.le32(8)), e.le32(12)
		if boot != 0 && boot != 0x80 {
			return Found{}, false
		}
		if kind != mbrTypeEmpty && start > 0 && sectors > 0 && start*512 < w.size {
			partitions++
		}
	}
	if partitions == 0 {
		return Found{}, false
	}
	for _, bootSector := range []prober{fat, exfat, ntfs, bitlocker} {
		if _, ok := bootSector(w); ok {
			return Found{}, false
		}
	}
	f := Found{Kind: PartitionTable, Type: "dos"}
	if id := b.le32(mbrDiskID); id != 0 {
		f.UUID = fmt.Sprintf("%08x", id)
	}
	return f, true
}

// protectiveMBR recognises the MBR that keeps old tools off a GPT where no header of that can be found anymore.
func protectiveMBR(w *window) (Found, bool) {
	b := w.at(0, 512)
	if !b.has(510, bootMagic) || !hasProtectiveEntry(b) {
		return Found{}, false
	}
	if _, ok := gpt(w); ok {
		return Found{}, false
	}
	return Found{Kind: PartitionTable, Type: "PMBR"}, true
}

// hasProtectiveEntry looks for a partition of GPT's type over GPT's first header.
func hasProtectiveEntry(b record) bool {
	for i := range mbrEntryCount {
		e := b.part(mbrEntries+i*mbrEntrySize, mbrEntrySize)
		if e.u8(0)&0x7f == 0 && e.u8(4) == mbrTypeGPT && e.le32(8) == 1 && e.le32(12) != 0 {
			return true
		}
	}
	return false
}
