// SPDX-License-Identifier: GPL-2.0-or-later

package structure

import (
	"errors"
	"fmt"
	"math"

	"scoutfs/engine/block"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

func quorumPlace(slot int, field string) problem.Place {
	return smallMetaBlock(uint64(format.QuorumBlkno+slot), fmt.Sprintf("quorum slot %d", slot), field)
}

// quorumBlocks checks the blocks of all slots, configured or not: those that
// are not stay as mkfs wrote them, or as the slot's last mount did
// (docs/format.md 9).
func (c *Checker) quorumBlocks() {
	for slot := range format.QuorumSlots {
		q, raw, err := block.ReadQuorumBlock(c.opts.Meta, slot, 0)
		c.opts.Progress.Add(int64(len(raw)))
		header, wrong := errors.AsType[*format.HeaderError](err)
		switch {
		case wrong:
			number := problem.QuorumBlockCRC
			switch header.Part {
			case format.HeaderMagic:
				number = problem.QuorumBlockMagic
			case format.HeaderBlkno:
				number = problem.QuorumBlockBlkno
			}
			c.report(number, quorumPlace(slot, header.Part.String()), header.Err.Found, header.Err.Expected)
			continue
		case err != nil:
			c.report(problem.QuorumBlockUnreadable, quorumPlace(slot, ""), err.Error(), "")
			continue
		}
		c.others.quorum = append(c.others.quorum, slotFSID{slot, q.Hdr.FSID.Get()})
		c.quorumEvents(slot, q)
		if off, ok := firstNonzero(raw[format.Size[format.QuorumBlock]():]); ok {
			off += format.Size[format.QuorumBlock]()
			c.report(problem.QuorumBlockUnused, quorumPlace(slot, ""), fmt.Sprintf("%#x at byte %d", raw[off], off), "zero")
		}
		c.slots[slot] = q
	}
	c.others.count()
}

// anyQuorumBlock reports whether the metadata device has a quorum block, which
// no data device has.
func (c *Checker) anyQuorumBlock() bool {
	for slot := range format.QuorumSlots {
		if _, _, err := block.ReadQuorumBlock(c.opts.Meta, slot, 0); err == nil {
			return true
		}
	}
	return false
}

// quorumEvents checks what a slot's mounts wrote down.
func (c *Checker) quorumEvents(slot int, q *format.QuorumBlock) {
	for i := range q.Events {
		e := &q.Events[i]
		name := format.QuorumEventName(i)
		if nr := e.WriteNr.Get(); nr > q.WriteNr.Get() {
			c.report(problem.QuorumEventWriteNr, quorumPlace(slot, name+".write_nr"), fmt.Sprint(nr),
				fmt.Sprintf("at most the block's %d", q.WriteNr.Get()))
		}
		if rid := e.RID.Get(); e.WriteNr.Get() != 0 && (rid == 0 || rid == math.MaxUint64) {
			c.report(problem.QuorumEventRID, quorumPlace(slot, name+".rid"), fmt.Sprintf("%016x", rid), "a mount's")
		}
		if e.TS.Pad != [4]byte{} {
			c.report(problem.QuorumBlockUnused, quorumPlace(slot, name+".ts"), fmt.Sprintf("padding %x", e.TS.Pad), "zero")
		}
	}
	// A mount adopts a term before it is elected in it, and is elected before
	// it fences, and stops, as what it was elected to.
	term := func(event int) uint64 { return q.Events[event].Term.Get() }
	for _, rule := range []struct{ event, bound int }{
		{format.QuorumEventElect, format.QuorumEventTerm},
		{format.QuorumEventFence, format.QuorumEventElect},
		{format.QuorumEventStop, format.QuorumEventElect},
	} {
		if found, most := term(rule.event), term(rule.bound); found > most {
			c.report(problem.QuorumEventTerm, quorumPlace(slot, format.QuorumEventName(rule.event)+".term"), fmt.Sprint(found),
				fmt.Sprintf("at most that of the event %s, %d", format.QuorumEventName(rule.bound), most))
		}
	}
}

// quorumConfig checks the table of slots (docs/format.md 9, 12).
func (c *Checker) quorumConfig() {
	q := &c.super.Qconf
	if q.Version.Get() == 0 {
		c.report(problem.QuorumConfigVersion, inSuper("qconf.version"), "0", "at least 1")
	}
	configured := 0
	for slot := range q.Slots {
		a := &q.Slots[slot]
		place := func(field string) problem.Place { return inSuper(fmt.Sprintf("qconf.slots[%d]%s", slot, field)) }
		switch a.Family.Get() {
		case format.FamilyNone:
			if *a != (format.InetAddr{}) {
				c.report(problem.QuorumSlotUnused, place(""), "bytes that are not zero", "zero as it is not configured")
			}
			continue
		case format.FamilyIPv4:
		default:
			configured++ // as far as anyone can tell
			c.report(problem.QuorumSlotFamily, place(".family"), fmt.Sprint(a.Family.Get()), fmt.Sprintf("%d for IPv4", format.FamilyIPv4))
			continue
		}
		configured++
		c.quorumAddress(a, place)
		for other := range slot {
			b := &q.Slots[other]
			if b.Family.Get() == format.FamilyIPv4 && b.Addr.Get() == a.Addr.Get() && b.Port.Get() == a.Port.Get() {
				ap, _ := a.AddrPort()
				c.report(problem.QuorumSlotDuplicate, place(""), ap.String()+fmt.Sprintf(", as slot %d has it", other), "an address of its own")
			}
		}
	}
	if configured == 0 {
		c.report(problem.QuorumNoSlots, inSuper("qconf"), "no slot", "at least one")
	}
}

func (c *Checker) quorumAddress(a *format.InetAddr, place func(string) problem.Place) {
	if port := a.Port.Get(); port == 0 || port == math.MaxUint16 {
		c.report(problem.QuorumSlotPort, place(".port"), fmt.Sprint(port), fmt.Sprintf("1 to %d", math.MaxUint16-1))
	}
	addr := a.IPv4()
	if first := addr.As4()[0]; first == 0 || addr.IsMulticast() || a.Addr.Get() == math.MaxUint32 {
		c.report(problem.QuorumSlotAddress, place(".addr"), addr.String(), "the address of a host")
	}
}
