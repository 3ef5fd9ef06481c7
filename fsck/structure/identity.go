// SPDX-License-Identifier: GPL-2.0-or-later

package structure

import (
	"errors"
	"fmt"

	"github.com/google/uuid"

	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// inDataSuper is the place of a field of the data device's super.
func inDataSuper(field string) problem.Place {
	return problem.Place{Device: problem.DataDevice, Blkno: format.SuperBlkno, Blocks: 1, Structure: "super", Field: field}
}

// dataSuper checks the data device's super on its own, and returns it if what
// it says can be compared. Most of its fields are stale by design
// (docs/format.md 1).
func (c *Checker) dataSuper() *format.Super {
	if c.opts.Data == nil {
		return nil
	}
	super, raw, err := c.readSuper(c.opts.Data)
	if super == nil {
		c.report(problem.DataSuperUnreadable, inDataSuper(""), err.Error(), "")
		return nil
	}
	if found := super.Hdr.Magic.Get(); found != format.MagicSuper {
		c.report(problem.DataSuperMagic, inDataSuper("magic"), fmt.Sprintf("%08x", found), fmt.Sprintf("%08x", format.MagicSuper))
		return nil
	}
	if header, ok := errors.AsType[*format.HeaderError](err); ok {
		if header.Part != format.HeaderBlkno {
			c.report(problem.DataSuperCRC, inDataSuper("crc"), header.Err.Found, header.Err.Expected)
			return nil
		}
		c.report(problem.DataSuperBlkno, inDataSuper("blkno"), header.Err.Found, header.Err.Expected)
	}
	if super.IsMeta() {
		c.report(problem.DataSuperFlag, inDataSuper("flags"), fmt.Sprintf("%#x", super.Flags.Get()), "no flag of a metadata device")
	}
	if unknown := super.Flags.Get() &^ format.SuperFlagMeta; unknown != 0 {
		c.report(problem.SuperFlagsUnknown, inDataSuper("flags"), fmt.Sprintf("%#x", unknown), "no unknown flags")
	}
	if off, ok := firstNonzero(raw[format.SuperUsedBytes:]); ok {
		c.report(problem.SuperUnused, inDataSuper(""), fmt.Sprintf("%#x at byte %d", raw[format.SuperUsedBytes+off], format.SuperUsedBytes+off), "zero")
	}
	return super
}

// identity compares what says which volume the devices belong to. The fsid is
// in every block: if it is the metadata device's super alone that has another,
// that one is wrong.
func (c *Checker) identity(data *format.Super) {
	own := c.super.Hdr.FSID.Get()
	c.fsid = own
	if c.others.fsid != 0 && c.others.fsid != own && (data == nil || data.Hdr.FSID.Get() == c.others.fsid) {
		c.fsid = c.others.fsid
		c.report(problem.MetaSuperFSID, inSuper("fsid"), fmt.Sprintf("%016x", own), fmt.Sprintf("%016x", c.fsid))
	}
	for _, b := range c.others.quorum {
		if b.fsid != c.fsid {
			c.report(problem.QuorumBlockFSID, quorumPlace(b.slot, "fsid"), fmt.Sprintf("%016x", b.fsid), fmt.Sprintf("%016x", c.fsid))
		}
	}
	if data == nil {
		return
	}
	if found := data.Hdr.FSID.Get(); found != c.fsid {
		c.report(problem.DataSuperFSID, inDataSuper("fsid"), fmt.Sprintf("%016x", found), fmt.Sprintf("%016x", c.fsid))
		return // it is no wonder that the rest differs too
	}
	if data.UUID != c.super.UUID {
		c.report(problem.DataSuperUUID, inDataSuper("uuid"), uuid.UUID(data.UUID).String(), uuid.UUID(c.super.UUID).String())
	}
	if found, want := data.FmtVers.Get(), c.super.FmtVers.Get(); found != want {
		c.report(problem.DataSuperFormatVersion, inDataSuper("fmt_vers"), fmt.Sprint(found), fmt.Sprint(want))
	}
}

// others is what blocks beside the metadata device's super say of the fsid.
type others struct {
	quorum []slotFSID
	fsid   uint64 // that of most quorum blocks, 0 if there is none
}

type slotFSID struct {
	slot int
	fsid uint64
}

// count finds the fsid of more than half of the quorum blocks.
func (o *others) count() {
	votes := make(map[uint64]int)
	for _, b := range o.quorum {
		votes[b.fsid]++
		if votes[b.fsid] > format.QuorumSlots/2 {
			o.fsid = b.fsid
		}
	}
}
