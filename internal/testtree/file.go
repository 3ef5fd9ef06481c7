// SPDX-License-Identifier: GPL-2.0-or-later

package testtree

import (
	"scoutfs/engine/format"
)

// Part is a run of a file.
type Part struct {
	data   []byte
	blocks uint64
	flags  uint8
	hole   bool
}

// Data is bytes on the data device. If they end inside a block only the last
// part of a file can be such.
func Data(b []byte) Part {
	return Part{data: b, blocks: uint64(len(b)+format.SmallBlockSize-1) / format.SmallBlockSize}
}

// Text is Data.
func Text(s string) Part { return Data([]byte(s)) }

// Hole is so many blocks without an extent.
func Hole(blocks uint64) Part { return Part{blocks: blocks, hole: true} }

// Offline is so many blocks in the archive only.
func Offline(blocks uint64) Part { return Part{blocks: blocks, flags: format.ExtentOffline} }

// Unwritten is so many blocks that are allocated and were never written.
func Unwritten(blocks uint64) Part { return Part{blocks: blocks, flags: format.ExtentUnwritten} }

// File makes a regular file of parts, one after the other.
func (v *Volume) File(dir uint64, name string, parts ...Part) uint64 {
	ino := v.Add(dir, name, format.ModeRegular|0o644)
	in := v.Inode(ino)
	in.DataVersion.Set(1)
	block, size := uint64(0), uint64(0)
	for _, p := range parts {
		if !p.hole && p.blocks > 0 {
			v.extent(ino, block, p)
		}
		size = (block + p.blocks) * format.SmallBlockSize
		if p.data != nil {
			size = block*format.SmallBlockSize + uint64(len(p.data))
		}
		block += p.blocks
	}
	in.Size.Set(size)
	return ino
}

func (v *Volume) extent(ino, block uint64, p Part) {
	in := v.Inode(ino)
	var e format.DataExtent
	e.Flags = p.flags
	switch p.flags {
	case format.ExtentOffline:
		in.OfflineBlocks.Set(in.OfflineBlocks.Get() + p.blocks)
	case format.ExtentUnwritten:
		e.Blkno.Set(v.allocate(p))
	default:
		e.Blkno.Set(v.allocate(p))
		in.OnlineBlocks.Set(in.OnlineBlocks.Get() + p.blocks)
	}
	v.items[format.DataExtentKey(ino, format.Extent{Start: block, Len: p.blocks})] = format.Bytes(&e)
}

// allocate takes the next blocks of the data device. Those that are never
// written hold something else than zeros.
func (v *Volume) allocate(p Part) uint64 {
	blkno := format.FirstDataBlkno + uint64(len(v.data))/format.SmallBlockSize
	fill := make([]byte, p.blocks*format.SmallBlockSize)
	if p.data == nil {
		for i := range fill {
			fill[i] = 0xaa
		}
	}
	copy(fill, p.data)
	v.data = append(v.data, fill...)
	return blkno
}
