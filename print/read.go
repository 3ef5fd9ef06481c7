// SPDX-License-Identifier: GPL-2.0-or-later

package print

import (
	"bytes"
	"fmt"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

// check makes sure, once, that the unit's block is in memory and verified. It
// reports whether the block is one to show and to follow, damaged or not: one
// that could not be read or was overwritten is neither.
func (p *printer) check(u *unit) bool {
	if u.checked {
		return u.usable
	}
	u.checked = true
	if !u.loaded {
		if err := p.read(u); err != nil {
			u.problem(err)
			return false
		}
	}
	u.usable = p.verify(u)
	return u.usable
}

func (p *printer) read(u *unit) error {
	if u.kind == unitSuper {
		copy(u.block(), p.superBlock)
		u.loaded = true
		return nil
	}
	if !u.kind.small() && (u.ref.Blkno < format.FirstMetaBlkno || u.ref.Blkno >= p.deviceBlocks()) {
		return &format.CorruptError{
			Structure: "reference to a " + format.MagicName(u.kind.magic()),
			Place:     u.place(),
			Field:     "blkno",
			Found:     fmt.Sprint(u.ref.Blkno),
			Expected:  fmt.Sprintf("%d to %d", format.FirstMetaBlkno, p.deviceBlocks()-1),
		}
	}
	var err error
	if u.kind.small() {
		err = p.readSmall(u.block(), u.offset())
	} else {
		_, err = p.meta.ReadAt(u.block(), u.offset())
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", u.place(), err)
	}
	u.loaded = true
	return nil
}

// readSmall reads a super or quorum block. A mount writes these in place, so
// that a read can meet one half written: it is repeated a few times before
// the block counts as damaged.
func (p *printer) readSmall(block []byte, off int64) error {
	hdr, err := format.View[format.BlockHeader](block)
	if err != nil {
		return err
	}
	for range 3 {
		if _, err = p.meta.ReadAt(block, off); err != nil || hdr.CRC.Get() == format.BlockCRC(block) {
			break
		}
	}
	return err
}

func (p *printer) readSuper(block []byte) error {
	if err := p.readSmall(block, format.SuperBlkno*format.SmallBlockSize); err != nil {
		return fmt.Errorf("reading the super block: %w", err)
	}
	return nil
}

func (p *printer) deviceBlocks() uint64 { return uint64(p.meta.Size()) / format.LargeBlockSize }

// verify checks the block against its reference. A block that does not match
// because the volume has moved on since is not to be shown.
func (p *printer) verify(u *unit) bool {
	err := format.VerifyBlock(u.block(), format.Want{
		Magic:  u.kind.magic(),
		FSID:   p.super.Hdr.FSID.Get(),
		Blkno:  u.ref.Blkno,
		Seq:    u.ref.Seq,
		AnySeq: u.kind.small() || u.anon,
	})
	if err == nil {
		return true
	}
	if changed, superErr := p.superChanged(); superErr == nil && changed && !u.kind.small() {
		u.overwritten = true
		u.problem(&OverwrittenError{Ref: u.ref, Structure: format.MagicName(u.kind.magic())})
		return false
	}
	u.problem(u.locate(err))
	return true
}

// superChanged reports whether the super is no longer the one that the print
// started from.
func (p *printer) superChanged() (bool, error) {
	now := device.AlignedBuffer(format.SmallBlockSize)
	err := p.readSuper(now)
	return err == nil && !bytes.Equal(now, p.superBlock), err
}

// OverwrittenError reports a block that was written anew while the volume
// was printed, so that the reference to it leads nowhere.
type OverwrittenError struct {
	Ref       format.Ref
	Structure string
}

// Error names the block.
func (e *OverwrittenError) Error() string {
	return fmt.Sprintf("%s at meta blkno %d was overwritten while the volume was being printed", e.Structure, e.Ref.Blkno)
}
