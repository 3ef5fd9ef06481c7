// SPDX-License-Identifier: GPL-2.0-or-later

package server

import (
	"fmt"

	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

// closeQuorum writes into the block of each quorum slot that its server has
// stopped and its mount has ended, as far as that is not what it says, and
// returns the slots.
func closeQuorum(meta device.Device, super *format.Super) (slots []int, err error) {
	for slot := range format.QuorumSlots {
		if !super.Qconf.Configured(slot) {
			continue
		}
		q, raw, err := block.ReadQuorumBlock(meta, slot, super.Hdr.FSID.Get())
		if err != nil {
			return slots, fmt.Errorf("quorum slot %d: %w", slot, err)
		}
		if !endQuorum(q) {
			continue
		}
		format.Seal(raw)
		if _, err := meta.WriteAt(raw, int64(format.QuorumBlkno+slot)<<format.SmallBlockShift); err != nil {
			return slots, fmt.Errorf("quorum slot %d: %w", slot, err)
		}
		slots = append(slots, slot)
	}
	if len(slots) == 0 {
		return nil, nil
	}
	return slots, meta.Flush()
}

// endQuorum adds the events that are missing and reports whether there were
// any (docs/format.md 9). Times of events are only for information, and differ
// from machine to machine: these have none.
func endQuorum(q *format.QuorumBlock) (changed bool) {
	rid := q.Events[format.QuorumEventBegin].RID.Get()
	add := func(event int, term uint64) {
		q.WriteNr.Set(q.WriteNr.Get() + 1)
		e := &q.Events[event]
		*e = format.QuorumEvent{WriteNr: q.WriteNr}
		e.RID.Set(rid)
		e.Term.Set(term)
		changed = true
	}
	elected := q.Events[format.QuorumEventElect].Term.Get()
	if elected > q.Events[format.QuorumEventStop].Term.Get() {
		add(format.QuorumEventStop, elected)
	}
	if q.InUse() {
		add(format.QuorumEventEnd, q.Events[format.QuorumEventTerm].Term.Get())
	}
	return changed
}
