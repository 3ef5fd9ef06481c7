// SPDX-License-Identifier: GPL-2.0-or-later

package status

import (
	"fmt"

	"scoutfs/engine/block"
	"scoutfs/engine/format"
)

// Quorum is the volume's quorum slots and what their mounts wrote down
// (docs/format.md 9).
type Quorum struct {
	ConfigVersion uint64 `json:"config_version"` // grows with every change of the slots
	VotesNeeded   int    `json:"votes_needed"`   // to become leader
	Term          uint64 `json:"term"`           // greatest of all
	FencedBelow   uint64 `json:"fenced_below"`   // leaders of lower terms are fenced
	Slots         []Slot `json:"slots"`          // those that are configured
	// Leader is the last mount that was elected, nil if there never was one.
	Leader *Leader `json:"leader,omitempty"`
	// ToFence are the leaders that the next one will fence, unless it is the
	// same mount.
	ToFence []Leader `json:"to_fence"`
}

// Slot is a configured quorum slot.
type Slot struct {
	Slot    int     `json:"slot"`
	Address string  `json:"address"`
	InUse   bool    `json:"in_use"`        // its mount began and did not end
	RID     *ID     `json:"rid,omitempty"` // of the mount that began last
	Events  []Event `json:"events"`        // those that happened
}

// Event is what a slot's mount wrote down last of its kind.
type Event struct {
	Event   string `json:"event"` // begin, term, elect, fence, stop, end
	RID     ID     `json:"rid"`
	Term    uint64 `json:"term"`
	WriteNr uint64 `json:"write_nr"` // of the slot's block; greater is later
	Time    string `json:"time"`     // SECONDS.NANOSECONDS since that machine was booted
}

// Leader is a mount that was elected.
type Leader struct {
	Slot    int    `json:"slot"`
	RID     ID     `json:"rid"`
	Address string `json:"address"`
	Term    uint64 `json:"term"`
	Stopped bool   `json:"stopped"` // its server has stopped
}

// quorum describes the slots.
func (r *reader) quorum() {
	config := &r.super.Qconf
	addrs := config.Addrs()
	configured := addrs.Configured()
	q := &Quorum{ConfigVersion: config.Version.Get(), VotesNeeded: votesNeeded(configured), Slots: []Slot{}, ToFence: []Leader{}}
	r.status.Quorum = q
	var blocks [format.QuorumSlots]*format.QuorumBlock
	for slot, addr := range addrs {
		if !addr.IsValid() {
			continue
		}
		s := Slot{Slot: slot, Address: addr.String(), Events: []Event{}}
		b, _, err := block.ReadQuorumBlock(r.pair.Meta, slot, r.super.Hdr.FSID.Get())
		if err != nil {
			r.damage(SectionQuorum, fmt.Errorf("quorum slot %d: %w", slot, err))
		} else {
			blocks[slot] = b
			s.fill(b)
		}
		q.Slots = append(q.Slots, s)
	}
	q.lead(&blocks)
}

// votesNeeded is how many of the configured slots elect a leader
// (kmod/src/quorum.c: scoutfs_quorum_setup).
func votesNeeded(slots int) int {
	if slots < 3 {
		return 1
	}
	return slots/2 + 1
}

func (s *Slot) fill(b *format.QuorumBlock) {
	s.InUse = b.InUse()
	for i := range b.Events {
		e := &b.Events[i]
		if e.WriteNr.Get() == 0 {
			continue
		}
		s.Events = append(s.Events, Event{
			Event:   format.QuorumEventName(i),
			RID:     ID(e.RID.Get()),
			Term:    e.Term.Get(),
			WriteNr: e.WriteNr.Get(),
			Time:    fmt.Sprintf("%d.%09d", e.TS.Sec.Get(), e.TS.Nsec.Get()),
		})
	}
	if begin := &b.Events[format.QuorumEventBegin]; begin.WriteNr.Get() != 0 {
		rid := ID(begin.RID.Get())
		s.RID = &rid
	}
}

// lead finds out who led last and who has to be fenced.
func (q *Quorum) lead(blocks *[format.QuorumSlots]*format.QuorumBlock) {
	for i := range q.Slots {
		b := blocks[q.Slots[i].Slot]
		if b == nil {
			continue
		}
		for e := range b.Events {
			q.Term = max(q.Term, b.Events[e].Term.Get())
		}
		q.FencedBelow = max(q.FencedBelow, b.Events[format.QuorumEventFence].Term.Get())
		elect, stop := &b.Events[format.QuorumEventElect], &b.Events[format.QuorumEventStop]
		if elect.Term.Get() > 0 && (q.Leader == nil || elect.Term.Get() > q.Leader.Term) {
			q.Leader = q.Slots[i].leader(elect)
			q.Leader.Stopped = stop.Term.Get() >= elect.Term.Get()
		}
	}
	for i := range q.Slots {
		if b := blocks[q.Slots[i].Slot]; b != nil {
			q.ToFence = append(q.ToFence, q.Slots[i].toFence(b, q.FencedBelow)...)
		}
	}
}

func (s *Slot) leader(e *format.QuorumEvent) *Leader {
	return &Leader{Slot: s.Slot, RID: ID(e.RID.Get()), Address: s.Address, Term: e.Term.Get()}
}

// toFence returns the leaders of a slot that never stopped and that nobody
// has fenced (kmod/src/quorum.c: scoutfs_quorum_fence_leaders).
func (s *Slot) toFence(b *format.QuorumBlock, fencedBelow uint64) []Leader {
	elect, fence := &b.Events[format.QuorumEventElect], &b.Events[format.QuorumEventFence]
	stop := b.Events[format.QuorumEventStop].Term.Get()
	var leaders []Leader
	wanted := func(e *format.QuorumEvent) bool { return e.Term.Get() > 0 && e.Term.Get() >= fencedBelow }
	if elect.Term.Get() > stop && wanted(elect) {
		leaders = append(leaders, *s.leader(elect))
	}
	if term := fence.Term.Get(); term > stop && term < elect.Term.Get() && wanted(fence) {
		leaders = append(leaders, *s.leader(fence))
	}
	return leaders
}
