// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt

import (
	"scoutfs/debug/surgery"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

const anyVolume = "super block"

// onSuper makes a damage of a change to the metadata super.
func onSuper(change func(*operation, *format.Super)) func(*operation) error {
	return func(op *operation) error {
		change(op, op.super)
		return nil
	}
}

// breakCRC changes a bit of a block's checksum.
func (op *operation) breakCRC(p surgery.Place) error {
	b, err := op.v.Hold(p)
	if err != nil {
		return err
	}
	b.Bytes[op.pick(4)] ^= 1 << op.pick(8)
	b.KeepCRC = true
	return nil
}

// litter sets a byte in a part of a block that should be zero.
func (op *operation) litter(p surgery.Place, start, end int) error {
	b, err := op.v.Hold(p)
	if err != nil {
		return err
	}
	b.Bytes[start+op.pick(end-start)] = byte(1 + op.pick(255))
	return nil
}

func superKinds() []Kind {
	place := surgery.SuperPlace(false)
	return []Kind{
		{
			Name: "super-magic", Problem: problem.MetaSuperMagic, Needs: anyVolume,
			Does:  "Changes the magic number of the metadata super.",
			apply: onSuper(func(op *operation, s *format.Super) { s.Hdr.Magic.Set(s.Hdr.Magic.Get() ^ 1<<op.pick(32)) }),
		},
		{
			Name: "super-crc", Problem: problem.MetaSuperCRC, Needs: anyVolume,
			Does:  "Flips a bit of the checksum of the metadata super.",
			apply: func(op *operation) error { return op.breakCRC(place) },
		},
		{
			Name: "super-fsid", Problem: problem.MetaSuperFSID, Needs: anyVolume,
			Does:  "Changes the volume id in the metadata super.",
			apply: onSuper(func(op *operation, s *format.Super) { s.Hdr.FSID.Set(s.Hdr.FSID.Get() ^ 1<<op.pick(64)) }),
		},
		{
			Name: "super-blkno", Problem: problem.MetaSuperBlkno, Needs: anyVolume,
			Does:  "Changes the block number in the header of the metadata super.",
			apply: onSuper(func(op *operation, s *format.Super) { s.Hdr.Blkno.Set(format.SuperBlkno + op.some()) }),
		},
		{
			Name: "super-version-new", Problem: problem.FormatVersion, Needs: anyVolume,
			Does:  "Gives the metadata super a format version that does not exist yet.",
			apply: onSuper(func(op *operation, s *format.Super) { s.FmtVers.Set(format.MaxVersion + op.some()) }),
		},
		{
			Name: "super-version-zero", Problem: problem.FormatVersion, Needs: anyVolume,
			Does:  "Gives the metadata super the format version 0.",
			apply: onSuper(func(_ *operation, s *format.Super) { s.FmtVers.Set(0) }),
		},
		{
			Name: "super-flag-clear", Problem: problem.MetaSuperFlag, Needs: anyVolume,
			Does:  "Clears the flag that marks the metadata super.",
			apply: onSuper(func(_ *operation, s *format.Super) { s.Flags.Set(0) }),
		},
		{
			Name: "super-flag-unknown", Problem: problem.SuperFlagsUnknown, Needs: anyVolume,
			Does:  "Sets a flag in the metadata super that does not exist.",
			apply: onSuper(func(op *operation, s *format.Super) { s.Flags.Set(s.Flags.Get() | 2<<op.pick(63)) }),
		},
		{
			Name: "super-tail", Problem: problem.SuperUnused, Needs: anyVolume,
			Does:  "Sets a byte behind the end of the metadata super.",
			apply: func(op *operation) error { return op.litter(place, format.SuperUsedBytes, format.SmallBlockSize) },
		},
		{
			Name: "super-id", Problem: problem.SuperUnused, Needs: anyVolume,
			Does:  "Gives the unused id of the metadata super a value.",
			apply: onSuper(func(op *operation, s *format.Super) { s.ID.Set(op.some()) }),
		},
		{
			Name: "super-total-meta-high", Problem: problem.TotalMetaBlocks, Needs: anyVolume,
			Does: "Raises the number of metadata blocks above what the device has.",
			apply: func(op *operation) error {
				size, err := op.v.Size(false)
				op.super.TotalMetaBlocks.Set(uint64(size)/format.LargeBlockSize + op.some())
				return err
			},
		},
		{
			Name: "super-total-meta-none", Problem: problem.TotalMetaBlocks, Needs: anyVolume,
			Does:  "Sets the number of metadata blocks to 0.",
			apply: onSuper(func(_ *operation, s *format.Super) { s.TotalMetaBlocks.Set(0) }),
		},
		{
			Name: "super-total-data-high", Problem: problem.TotalDataBlocks, Needs: "data device",
			Does: "Raises the number of data blocks above what the device has.",
			apply: func(op *operation) error {
				size, err := op.v.Size(true)
				op.super.TotalDataBlocks.Set(uint64(size)/format.SmallBlockSize + op.some())
				return err
			},
		},
		{
			Name: "super-total-data-none", Problem: problem.TotalDataBlocks, Needs: anyVolume,
			Does:  "Sets the number of data blocks to 0.",
			apply: onSuper(func(_ *operation, s *format.Super) { s.TotalDataBlocks.Set(0) }),
		},
		{
			Name: "super-next-ino", Problem: problem.NextIno, Needs: "inode",
			Does: "Lowers the next inode number to that of an inode.",
			apply: func(op *operation) error {
				_, it, err := op.someInode(func(uint64, *format.InodeV1) bool { return true })
				op.super.NextIno.Set(it.Key.First)
				return err
			},
		},
		{
			Name: "super-inode-count", Problem: problem.InodeCount, Needs: anyVolume,
			Does:  "Adds to the count of inodes.",
			apply: onSuper(func(op *operation, s *format.Super) { s.InodeCount.Set(s.InodeCount.Get() + op.some()) }),
		},
		{
			Name: "super-inode-count-less", Problem: problem.InodeCount, Needs: anyVolume,
			Does:  "Takes from the count of inodes.",
			apply: onSuper(func(op *operation, s *format.Super) { s.InodeCount.Set(s.InodeCount.Get() - op.some()) }),
		},
		{
			Name: "super-seq", Problem: problem.SuperSeq, Needs: anyVolume,
			Does:  "Sets the volume's sequence number to 0.",
			apply: onSuper(func(_ *operation, s *format.Super) { s.Seq.Set(0) }),
		},
		{
			Name: "item-seq-ahead", Problem: problem.ItemSeq, Needs: "item in fs_root",
			Does: "Gives an item of fs_root a sequence number above the volume's.",
			apply: func(op *operation) error {
				return op.scan(op.treesOf(format.TreeFSRoot), func(it surgery.Item) error {
					if ok, err := op.only(it); err != nil || !ok {
						return firstError(err, errNone)
					}
					b, slot, err := op.v.Slot(it)
					if err == nil {
						b.Item(slot).Seq.Set(op.super.Seq.Get() + op.some())
					}
					return err
				})
			},
		},
		{
			Name: "option-unknown", Problem: problem.VolumeOptionUnknown, Needs: anyVolume,
			Does: "Sets a volume option that does not exist.",
			apply: onSuper(func(op *operation, s *format.Super) {
				s.Volopt.SetBits.Set(s.Volopt.SetBits.Get() | 2<<op.pick(63))
			}),
		},
		{
			Name: "option-zone-blocks", Problem: problem.VolumeOptionZoneBlocks, Needs: anyVolume,
			Does: "Sets a size of data allocation zones that is too small.",
			apply: onSuper(func(op *operation, s *format.Super) {
				s.Volopt.SetBits.Set(s.Volopt.SetBits.Get() | format.VolumeOptDataAllocZoneBlocks)
				s.Volopt.DataAllocZoneBlocks.Set(op.some())
			}),
		},
		{
			Name: "option-unset-zone-blocks", Problem: problem.VolumeOptionUnset, Needs: "volume option that is not set",
			Does: "Gives the size of data allocation zones a value without setting it.",
			apply: func(op *operation) error {
				if op.super.Volopt.SetBits.Get()&format.VolumeOptDataAllocZoneBlocks != 0 {
					return errNone
				}
				op.super.Volopt.DataAllocZoneBlocks.Set(op.some())
				return nil
			},
		},
		{
			Name: "option-unset-future", Problem: problem.VolumeOptionUnset, Needs: anyVolume,
			Does: "Gives a volume option that does not exist a value.",
			apply: onSuper(func(op *operation, s *format.Super) {
				s.Volopt.Future[op.pick(len(s.Volopt.Future))].Set(op.some())
			}),
		},
	}
}

// firstError returns the first error that is not nil.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func dataSuperKinds() []Kind {
	place := surgery.SuperPlace(true)
	const needs = "data device"
	on := func(change func(*operation, *format.Super)) func(*operation) error {
		return func(op *operation) error {
			s, err := op.v.DataSuper()
			if err == nil {
				change(op, s)
			}
			return err
		}
	}
	return []Kind{
		{
			Name: "data-super-magic", Problem: problem.DataSuperMagic, Needs: needs,
			Does:  "Changes the magic number of the data super.",
			apply: on(func(op *operation, s *format.Super) { s.Hdr.Magic.Set(s.Hdr.Magic.Get() ^ 1<<op.pick(32)) }),
		},
		{
			Name: "data-super-crc", Problem: problem.DataSuperCRC, Needs: needs,
			Does: "Flips a bit of the checksum of the data super.",
			apply: func(op *operation) error {
				return firstError(op.breakCRC(place))
			},
		},
		{
			Name: "data-super-fsid", Problem: problem.DataSuperFSID, Needs: needs,
			Does:  "Changes the volume id in the data super.",
			apply: on(func(op *operation, s *format.Super) { s.Hdr.FSID.Set(s.Hdr.FSID.Get() ^ 1<<op.pick(64)) }),
		},
		{
			Name: "data-super-uuid", Problem: problem.DataSuperUUID, Needs: needs,
			Does:  "Changes the UUID in the data super.",
			apply: on(func(op *operation, s *format.Super) { s.UUID[op.pick(16)] ^= 1 << op.pick(8) }),
		},
		{
			Name: "data-super-version", Problem: problem.DataSuperFormatVersion, Needs: needs,
			Does: "Gives the data super the other format version.",
			apply: on(func(_ *operation, s *format.Super) {
				s.FmtVers.Set(format.MinVersion + format.MaxVersion - s.FmtVers.Get())
			}),
		},
		{
			Name: "data-super-flag", Problem: problem.DataSuperFlag, Needs: needs,
			Does:  "Marks the data super as that of a metadata device.",
			apply: on(func(_ *operation, s *format.Super) { s.Flags.Set(format.SuperFlagMeta) }),
		},
		{
			Name: "data-super-flag-unknown", Problem: problem.SuperFlagsUnknown, Needs: needs,
			Does:  "Sets a flag in the data super that does not exist.",
			apply: on(func(op *operation, s *format.Super) { s.Flags.Set(s.Flags.Get() | 2<<op.pick(63)) }),
		},
		{
			Name: "data-super-blkno", Problem: problem.DataSuperBlkno, Needs: needs,
			Does:  "Changes the block number in the header of the data super.",
			apply: on(func(op *operation, s *format.Super) { s.Hdr.Blkno.Set(format.SuperBlkno + op.some()) }),
		},
	}
}
