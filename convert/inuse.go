// SPDX-License-Identifier: GPL-2.0-or-later

package convert

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

// InUseError is a volume that a mount may still be using, on any machine.
// errors.Is(err, syscall.EBUSY) holds.
type InUseError struct {
	// Slot is the quorum slot whose mount began after it last ended, or -1
	// if there are clients that have not said farewell.
	Slot       int
	Begin, End SlotEvent
}

// SlotEvent is when a mount last began or ended to use a quorum slot.
type SlotEvent struct {
	WriteNr uint64 // orders the events of one slot
	Time    time.Time
}

// Error says what was found. For a slot it has three lines, with upstream's
// words.
func (e *InUseError) Error() string {
	if e.Slot < 0 {
		return "meta superblock mounted clients btree is not empty."
	}
	return fmt.Sprintf("mount in quorum slot %d could still be running.\n"+
		"  begin event: write_nr %d timestamp %d.%08d\n"+
		"    end event: write_nr %d timestamp %d.%08d", e.Slot,
		e.Begin.WriteNr, uint64(e.Begin.Time.Unix()), e.Begin.Time.Nanosecond(),
		e.End.WriteNr, uint64(e.End.Time.Unix()), e.End.Time.Nanosecond())
}

// Unwrap returns EBUSY.
func (e *InUseError) Unwrap() error { return syscall.EBUSY }

// checkUnused returns an *InUseError if a volume was not cleanly unmounted by
// all who mounted it (utils/src/util.c:meta_super_in_use). A quorum block
// that does not verify tells nothing, and is an error of its own.
func checkUnused(ctx context.Context, meta device.Device, s super) error {
	if s.MountedClients.Ref.Blkno.Get() != 0 {
		return &InUseError{Slot: -1}
	}
	for slot := range s.Qconf.Slots {
		if !s.Qconf.Configured(slot) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		block := make([]byte, format.SmallBlockSize)
		blkno := uint64(format.QuorumBlkno + slot)
		_, err := meta.ReadAt(block, int64(blkno)<<format.SmallBlockShift)
		if err == nil {
			err = checkSlot(block, slot, s.Hdr.FSID.Get())
		}
		if err != nil {
			return fmt.Errorf("quorum slot %d: %w", slot, err)
		}
	}
	return nil
}

// checkSlot looks at the bytes of one slot's quorum block.
func checkSlot(block []byte, slot int, fsid uint64) error {
	err := format.VerifyBlock(block, format.Want{
		Magic:  format.MagicQuorum,
		FSID:   fsid,
		Blkno:  uint64(format.QuorumBlkno + slot),
		AnySeq: true,
	})
	if err != nil {
		return err
	}
	quorum, err := format.View[format.QuorumBlock](block)
	if err != nil {
		return err
	}
	if !quorum.InUse() {
		return nil
	}
	return &InUseError{
		Slot:  slot,
		Begin: eventOf(&quorum.Events[format.QuorumEventBegin]),
		End:   eventOf(&quorum.Events[format.QuorumEventEnd]),
	}
}

func eventOf(e *format.QuorumEvent) SlotEvent {
	return SlotEvent{WriteNr: e.WriteNr.Get(), Time: e.TS.Time()}
}
