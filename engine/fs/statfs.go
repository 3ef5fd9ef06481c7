// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"

	"scoutfs/engine/alloc"
	"scoutfs/engine/format"
)

// Statfs says how large and how full the volume is. Metadata blocks are of
// 64 KiB, data blocks of 4 KiB. Totals include the areas at the devices'
// starts that are never allocated.
type Statfs struct {
	TotalMetaBlocks uint64
	TotalDataBlocks uint64
	FreeMetaBlocks  uint64 // with those that mounts hold and that were freed lately
	FreeDataBlocks  uint64
	Inodes          uint64 // in use
	UUID            [16]byte
}

// Blocks is f_blocks of statfs(2), of 4 KiB.
func (s *Statfs) Blocks() uint64 {
	return s.TotalMetaBlocks*format.SmallPerLarge + s.TotalDataBlocks
}

// FreeBlocks is f_bfree and f_bavail of statfs(2), of 4 KiB.
func (s *Statfs) FreeBlocks() uint64 {
	return s.FreeMetaBlocks*format.SmallPerLarge + s.FreeDataBlocks
}

// Files is f_files of statfs(2): room for an inode in each 2 KiB of metadata.
func (s *Statfs) Files() uint64 { return s.TotalMetaBlocks * (format.LargeBlockSize / 2048) }

// FreeFiles is f_ffree of statfs(2).
func (s *Statfs) FreeFiles() uint64 { return s.Files() - s.Inodes }

// FSID is f_fsid of statfs(2), its two numbers.
func (s *Statfs) FSID() [2]uint32 {
	word := func(i int) uint32 { return (*format.U32)(s.UUID[4*i : 4*i+4]).Get() }
	return [2]uint32{word(0) ^ word(1), word(2) ^ word(3)}
}

// Statfs adds up what is free and in use.
func (f *FS) Statfs(ctx context.Context) (Statfs, error) {
	super := f.snapshot.Super
	meta, data, err := alloc.FreeTotals(ctx, f.snapshot.Blocks(), super)
	if err != nil {
		return Statfs{}, err
	}
	inodes := super.InodeCount.Get()
	for _, lt := range f.snapshot.LogTrees {
		inodes += lt.InodeCountDelta.Get()
	}
	return Statfs{
		TotalMetaBlocks: super.TotalMetaBlocks.Get(),
		TotalDataBlocks: super.TotalDataBlocks.Get(),
		FreeMetaBlocks:  meta,
		FreeDataBlocks:  data,
		Inodes:          inodes,
		UUID:            super.UUID,
	}, nil
}

// What the server keeps back from allocating operations, in metadata blocks:
// a part for itself, and one for each client (docs/format.md 6.3).
const (
	reservedForServer = 2 * format.AllocListEntries
	reservedForClient = 2*format.AllocListEntries + 1028 + 913
)

// ReservedMetaBlocks is how many metadata blocks are kept back from
// operations that allocate while so many clients have the volume mounted; 0
// counts as 1.
func ReservedMetaBlocks(clients uint64) uint64 {
	return reservedForServer + max(clients, 1)*reservedForClient
}

// CommittedSeq returns a sequence number up to which everything is in the
// snapshot: no change that is committed later will have it or a lower one.
// Between it and the greatest number in use are the transactions that mounts
// have open. What the kernel's server answers is the same but that it counts
// numbers it has given out since the last commit (kmod/src/server.c:
// get_stable_trans_seq).
func (f *FS) CommittedSeq(ctx context.Context) (uint64, error) {
	seq := f.snapshot.Super.Seq.Get()
	for _, lt := range f.snapshot.LogTrees {
		seq = max(seq, lt.MaxItemSeq.Get())
	}
	for i, lt := range f.snapshot.LogTrees {
		last := i+1 == len(f.snapshot.LogTrees) || f.snapshot.LogTrees[i+1].RID != lt.RID
		if !last || !lt.Open() || lt.GetTransSeq.Get() > seq {
			continue
		}
		mounted, err := f.mounted(ctx, lt.RID.Get())
		if err != nil {
			return 0, err
		}
		if mounted {
			seq = lt.GetTransSeq.Get() - 1
		}
	}
	return seq, nil
}
