// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt

import (
	"net/netip"

	"scoutfs/debug/surgery"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// someQuorum holds a quorum block that matches.
func (op *operation) someQuorum(match func(*format.QuorumBlock) bool) (*format.QuorumBlock, error) {
	for _, slot := range op.rng.Perm(format.QuorumSlots) {
		q, err := op.v.Quorum(slot)
		if err != nil {
			return nil, err
		}
		if match(q) {
			return q, nil
		}
	}
	return nil, errNone
}

func onQuorum(change func(*operation, *format.QuorumBlock)) func(*operation) error {
	return func(op *operation) error {
		q, err := op.someQuorum(func(*format.QuorumBlock) bool { return true })
		if err == nil {
			change(op, q)
		}
		return err
	}
}

// onEvent makes a damage of a change to an event that was written.
func onEvent(change func(*operation, *format.QuorumBlock, *format.QuorumEvent)) func(*operation) error {
	return func(op *operation) error {
		q, err := op.someQuorum(func(q *format.QuorumBlock) bool { return q.WriteNr.Get() > 0 })
		if err != nil {
			return err
		}
		for _, i := range op.rng.Perm(format.QuorumEvents) {
			if e := &q.Events[i]; e.WriteNr.Get() > 0 && e.RID.Get() != 0 {
				change(op, q, e)
				return nil
			}
		}
		return errNone
	}
}

// slots returns the slots that have an address, or those that have none.
func (op *operation) slots(configured bool) []int {
	var slots []int
	for i := range op.super.Qconf.Slots {
		if op.super.Qconf.Configured(i) == configured {
			slots = append(slots, i)
		}
	}
	return slots
}

// onFreeSlot makes a damage of a change to a slot that is not configured.
func onFreeSlot(change func(*operation, *format.InetAddr)) func(*operation) error {
	return func(op *operation) error {
		slot, err := choose(op, op.slots(false))
		if err == nil {
			change(op, &op.super.Qconf.Slots[slot])
		}
		return err
	}
}

func addAddress(s *format.InetAddr, address string) {
	s.SetIPv4(netip.MustParseAddrPort(address))
}

func quorumKinds() []Kind {
	const (
		event = "quorum block that a mount has written"
		free  = "quorum slot that is not configured"
		used  = "quorum slot that is configured"
	)
	return []Kind{
		{
			Name: "quorum-crc", Problem: problem.QuorumBlockCRC, Needs: anyVolume,
			Does:  "Flips a bit of the checksum of a quorum block.",
			apply: func(op *operation) error { return op.breakCRC(surgery.QuorumPlace(op.pick(format.QuorumSlots))) },
		},
		{
			Name: "quorum-magic", Problem: problem.QuorumBlockMagic, Needs: anyVolume,
			Does:  "Changes the magic number of a quorum block.",
			apply: onQuorum(func(op *operation, q *format.QuorumBlock) { q.Hdr.Magic.Set(q.Hdr.Magic.Get() ^ 1<<op.pick(32)) }),
		},
		{
			Name: "quorum-fsid", Problem: problem.QuorumBlockFSID, Needs: anyVolume,
			Does:  "Changes the volume id in a quorum block.",
			apply: onQuorum(func(op *operation, q *format.QuorumBlock) { q.Hdr.FSID.Set(q.Hdr.FSID.Get() ^ 1<<op.pick(64)) }),
		},
		{
			Name: "quorum-blkno", Problem: problem.QuorumBlockBlkno, Needs: anyVolume,
			Does:  "Changes the block number in the header of a quorum block.",
			apply: onQuorum(func(op *operation, q *format.QuorumBlock) { q.Hdr.Blkno.Set(q.Hdr.Blkno.Get() + op.some()) }),
		},
		{
			Name: "quorum-event-write-nr", Problem: problem.QuorumEventWriteNr, Needs: event,
			Does: "Raises the write number of a quorum event above that of its block.",
			apply: onEvent(func(op *operation, q *format.QuorumBlock, e *format.QuorumEvent) {
				e.WriteNr.Set(q.WriteNr.Get() + op.some())
			}),
		},
		{
			Name: "quorum-event-rid", Problem: problem.QuorumEventRID, Needs: event,
			Does:  "Clears the mount of a quorum event.",
			apply: onEvent(func(_ *operation, _ *format.QuorumBlock, e *format.QuorumEvent) { e.RID.Set(0) }),
		},
		{
			Name: "quorum-tail", Problem: problem.QuorumBlockUnused, Needs: anyVolume,
			Does: "Sets a byte behind the end of a quorum block.",
			apply: func(op *operation) error {
				return op.litter(surgery.QuorumPlace(op.pick(format.QuorumSlots)), format.Size[format.QuorumBlock](), format.SmallBlockSize)
			},
		},
		{
			Name: "quorum-event-term", Problem: problem.QuorumEventTerm, Needs: "quorum block of a mount that was a leader",
			Does: "Raises the term of an election above every term that its slot has seen.",
			apply: func(op *operation) error {
				q, err := op.someQuorum(func(q *format.QuorumBlock) bool {
					return q.Events[format.QuorumEventElect].WriteNr.Get() > 0
				})
				if err != nil {
					return err
				}
				most := uint64(0)
				for i := range q.Events {
					most = max(most, q.Events[i].Term.Get())
				}
				q.Events[format.QuorumEventElect].Term.Set(most + op.some())
				return nil
			},
		},
		{
			Name: "slot-family", Problem: problem.QuorumSlotFamily, Needs: free,
			Does: "Gives a quorum slot an address of a family that does not exist.",
			apply: onFreeSlot(func(op *operation, s *format.InetAddr) {
				addAddress(s, "192.0.2.1:42000")
				s.Family.Set(uint16(format.FamilyIPv6 + op.some()))
			}),
		},
		{
			Name: "slot-family-ipv6", Problem: problem.QuorumSlotFamily, Needs: free,
			Does: "Gives a quorum slot an address of a family that is never stored.",
			apply: onFreeSlot(func(_ *operation, s *format.InetAddr) {
				addAddress(s, "192.0.2.1:42000")
				s.Family.Set(format.FamilyIPv6)
			}),
		},
		{
			Name: "slot-port-zero", Problem: problem.QuorumSlotPort, Needs: free,
			Does:  "Configures a quorum slot with the port 0.",
			apply: onFreeSlot(func(_ *operation, s *format.InetAddr) { addAddress(s, "192.0.2.1:0") }),
		},
		{
			Name: "slot-port-last", Problem: problem.QuorumSlotPort, Needs: free,
			Does:  "Configures a quorum slot with the port 65535.",
			apply: onFreeSlot(func(_ *operation, s *format.InetAddr) { addAddress(s, "192.0.2.1:65535") }),
		},
		{
			Name: "slot-address-zero", Problem: problem.QuorumSlotAddress, Needs: free,
			Does:  "Configures a quorum slot with the address 0.0.0.0.",
			apply: onFreeSlot(func(_ *operation, s *format.InetAddr) { addAddress(s, "0.0.0.0:42000") }),
		},
		{
			Name: "slot-address-multicast", Problem: problem.QuorumSlotAddress, Needs: free,
			Does:  "Configures a quorum slot with a multicast address.",
			apply: onFreeSlot(func(_ *operation, s *format.InetAddr) { addAddress(s, "224.0.0.1:42000") }),
		},
		{
			Name: "slot-address-broadcast", Problem: problem.QuorumSlotAddress, Needs: free,
			Does:  "Configures a quorum slot with the broadcast address.",
			apply: onFreeSlot(func(_ *operation, s *format.InetAddr) { addAddress(s, "255.255.255.255:42000") }),
		},
		{
			Name: "slot-duplicate", Problem: problem.QuorumSlotDuplicate, Needs: free,
			Does: "Gives a quorum slot the address of another.",
			apply: func(op *operation) error {
				from, err := choose(op, op.slots(true))
				if err != nil {
					return err
				}
				to, err := choose(op, op.slots(false))
				if err == nil {
					op.super.Qconf.Slots[to] = op.super.Qconf.Slots[from]
				}
				return err
			},
		},
		{
			Name: "slots-none", Problem: problem.QuorumNoSlots, Needs: used,
			Does: "Removes all quorum slots.",
			apply: func(op *operation) error {
				if len(op.slots(true)) == 0 {
					return errNone
				}
				op.super.Qconf.Slots = [format.QuorumSlots]format.InetAddr{}
				return nil
			},
		},
		{
			Name: "quorum-config-version", Problem: problem.QuorumConfigVersion, Needs: anyVolume,
			Does:  "Clears the version of the quorum configuration.",
			apply: onSuper(func(_ *operation, s *format.Super) { s.Qconf.Version.Set(0) }),
		},
		{
			Name: "slot-unused", Problem: problem.QuorumSlotUnused, Needs: free,
			Does: "Sets a byte of a quorum slot that is not configured.",
			apply: onFreeSlot(func(op *operation, s *format.InetAddr) {
				s.Spare[op.pick(len(s.Spare))] = byte(1 + op.pick(255))
			}),
		},
	}
}

func mountKinds() []Kind {
	const needs = "mount in mounted_clients"
	on := func(change func(*operation, *format.MountedClient)) func(*operation) error {
		return func(op *operation) error {
			it, err := op.item(op.treesOf(format.TreeMountedClients), func(surgery.Item) bool { return true })
			if err != nil {
				return err
			}
			m, err := view[format.MountedClient](op, it)
			if err == nil {
				change(op, m)
			}
			return err
		}
	}
	// Inserting makes the tree of a volume that nobody has mounted.
	insert := func(rid uint64) func(*operation) error {
		return func(op *operation) error {
			var m format.MountedClient
			addAddress(&m.Addr, "192.0.2.1:42000")
			err := op.v.Insert(op.treeOf(format.TreeMountedClients), surgery.NewItem{
				Key: format.MountedClientKey(rid), Value: format.Bytes(&m),
			})
			return insertable(err)
		}
	}
	return []Kind{
		{
			Name: "mount-flags", Problem: problem.MountedClientFlags, Needs: needs,
			Does:  "Sets a flag in the record of a mount that does not exist.",
			apply: on(func(op *operation, m *format.MountedClient) { m.Flags |= 2 << op.pick(7) }),
		},
		{
			Name: "mount-rid-zero", Problem: problem.MountedClientRID, Needs: "room for a mount",
			Does:  "Adds the record of a mount with the identifier 0.",
			apply: insert(0),
		},
		{
			Name: "mount-rid-ones", Problem: problem.MountedClientRID, Needs: "room for a mount",
			Does:  "Adds the record of a mount with an identifier of all ones.",
			apply: insert(^uint64(0)),
		},
		{
			Name: "mount-address", Problem: problem.MountedClientAddress, Needs: needs,
			Does:  "Clears the address in the record of a mount.",
			apply: on(func(_ *operation, m *format.MountedClient) { m.Addr.SetIPv4(netip.AddrPort{}) }),
		},
	}
}
