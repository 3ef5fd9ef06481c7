// SPDX-License-Identifier: GPL-2.0-or-later

package block

import (
	"fmt"
	"syscall"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

// ReadSuper reads and verifies the super block of either device: crc, magic,
// block number and format version (docs/format.md 12). What else must hold,
// such as the two supers agreeing, is the caller's to check.
//
// If the device could be read, the 4 KiB and the view of them are returned
// even when the error, a [*format.CorruptError], says that they are wrong,
// so that they can be shown.
func ReadSuper(dev device.Device) (block []byte, super *format.Super, err error) {
	block, err = readSmall(dev, format.SuperBlkno)
	if err != nil {
		return nil, nil, err
	}
	super, err = format.View[format.Super](block)
	if err != nil {
		return nil, nil, err
	}
	err = format.VerifyBlock(block, format.Want{
		Magic: format.MagicSuper, Blkno: format.SuperBlkno, AnySeq: true,
	})
	if err == nil && !super.VersionSupported() {
		err = &format.CorruptError{
			Structure: format.MagicName(format.MagicSuper),
			Place:     fmt.Sprintf("blkno %d", format.SuperBlkno),
			Field:     "fmt_vers",
			Found:     fmt.Sprint(super.FmtVers.Get()),
			Expected:  fmt.Sprintf("%d to %d", format.MinVersion, format.MaxVersion),
		}
	}
	return block, super, err
}

// ReadQuorumBlock reads and verifies the block of a quorum slot on the
// metadata device: crc, magic, volume id unless fsid is 0, and block number.
// As with ReadSuper, what was read is returned even if it is wrong. A slot
// outside [0, QuorumSlots) is EINVAL.
func ReadQuorumBlock(dev device.Device, slot int, fsid uint64) (quorum *format.QuorumBlock, block []byte, err error) {
	if slot < 0 || slot >= format.QuorumSlots {
		return nil, nil, fmt.Errorf("quorum slot %d: %w", slot, syscall.EINVAL)
	}
	blkno := uint64(format.QuorumBlkno + slot)
	block, err = readSmall(dev, blkno)
	if err != nil {
		return nil, nil, err
	}
	quorum, err = format.View[format.QuorumBlock](block)
	if err != nil {
		return nil, nil, err
	}
	return quorum, block, format.VerifyBlock(block, format.Want{
		Magic: format.MagicQuorum, FSID: fsid, Blkno: blkno, AnySeq: true,
	})
}

func readSmall(dev device.Device, blkno uint64) ([]byte, error) {
	block := make([]byte, format.SmallBlockSize)
	_, err := dev.ReadAt(block, int64(blkno)<<format.SmallBlockShift)
	return block, err
}
