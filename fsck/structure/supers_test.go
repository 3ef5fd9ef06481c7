// SPDX-License-Identifier: GPL-2.0-or-later

package structure_test

import (
	"math"
	"net/netip"
	"testing"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

func one(n problem.Number) []problem.Number { return []problem.Number{n} }

func TestDamagedSupersAreFound(t *testing.T) {
	t.Parallel()
	super := func(change func(s *format.Super)) func(p *patient) {
		return func(p *patient) { p.tb.Helper(); p.setSuper(change) }
	}
	dataSuper := func(change func(s *format.Super)) func(p *patient) {
		return func(p *patient) { p.tb.Helper(); p.setDataSuper(change) }
	}
	diagnose(t, []injury{
		{name: "nothing", harm: func(*patient) {}},
		{name: "magic", harm: super(func(s *format.Super) { s.Hdr.Magic.Set(7) }), want: one(problem.MetaSuperMagic)},
		{name: "crc", harm: func(p *patient) {
			p.small(p.meta, format.SuperBlkno, false, func(b []byte) { b[0] ^= 1 })
		}, want: one(problem.MetaSuperCRC)},
		{name: "blkno", harm: super(func(s *format.Super) { s.Hdr.Blkno.Set(17) }), want: one(problem.MetaSuperBlkno)},
		{name: "version", harm: super(func(s *format.Super) { s.FmtVers.Set(3) }), want: one(problem.FormatVersion)},
		{name: "flag", harm: super(func(s *format.Super) { s.Flags.Set(0) }), want: one(problem.MetaSuperFlag)},
		{name: "unknown flags", harm: super(func(s *format.Super) { s.Flags.Set(9) }), want: one(problem.SuperFlagsUnknown)},
		{name: "id", harm: super(func(s *format.Super) { s.ID.Set(9) }), want: one(problem.SuperUnused)},
		{name: "unused bytes", harm: func(p *patient) {
			p.small(p.meta, format.SuperBlkno, true, func(b []byte) { b[4095] = 1 })
		}, want: one(problem.SuperUnused)},
		{name: "fsid", harm: super(func(s *format.Super) { s.Hdr.FSID.Set(77) }), want: one(problem.MetaSuperFSID)},
		{name: "more metadata blocks than there are", harm: super(func(s *format.Super) { s.TotalMetaBlocks.Set(1 << 40) }), want: one(problem.TotalMetaBlocks)},
		{name: "less metadata blocks than there are", harm: super(func(s *format.Super) { s.TotalMetaBlocks.Set(20_000) }), want: one(problem.TotalMetaBlocks)},
		{name: "no metadata blocks", harm: super(func(s *format.Super) { s.TotalMetaBlocks.Set(0) }), want: one(problem.TotalMetaBlocks)},
		{name: "more data blocks than there are", harm: super(func(s *format.Super) { s.TotalDataBlocks.Set(1 << 50) }), want: one(problem.TotalDataBlocks)},
		{name: "less data blocks than there are", harm: super(func(s *format.Super) { s.TotalDataBlocks.Set(2_000_000) }), want: one(problem.TotalDataBlocks)},
		{name: "sequence number", harm: super(func(s *format.Super) { s.Seq.Set(2) }), want: one(problem.SuperSeq)},
		{name: "data super's magic", harm: dataSuper(func(s *format.Super) { s.Hdr.Magic.Set(7) }), want: one(problem.DataSuperMagic)},
		{name: "data super's crc", harm: func(p *patient) {
			p.small(p.data, format.SuperBlkno, false, func(b []byte) { b[0] ^= 1 })
		}, want: one(problem.DataSuperCRC)},
		{name: "data super's fsid", harm: dataSuper(func(s *format.Super) { s.Hdr.FSID.Set(77) }), want: one(problem.DataSuperFSID)},
		{name: "data super's uuid", harm: dataSuper(func(s *format.Super) { s.UUID[3] ^= 1 }), want: one(problem.DataSuperUUID)},
		{name: "data super's version", harm: dataSuper(func(s *format.Super) { s.FmtVers.Set(1) }), want: one(problem.DataSuperFormatVersion)},
		{name: "data super's flag", harm: dataSuper(func(s *format.Super) { s.Flags.Set(1) }), want: one(problem.DataSuperFlag)},
		{name: "data super's unknown flags", harm: dataSuper(func(s *format.Super) { s.Flags.Set(4) }), want: one(problem.SuperFlagsUnknown)},
		{name: "data super's blkno", harm: dataSuper(func(s *format.Super) { s.Hdr.Blkno.Set(4) }), want: one(problem.DataSuperBlkno)},
		{name: "another volume's data device", harm: dataSuper(func(s *format.Super) {
			s.Hdr.FSID.Set(77)
			s.UUID[0] ^= 9
			s.FmtVers.Set(1)
		}), want: one(problem.DataSuperFSID)},
		{name: "unknown option", harm: super(func(s *format.Super) { s.Volopt.SetBits.Set(2) }), want: one(problem.VolumeOptionUnknown)},
		{name: "zone blocks", harm: super(func(s *format.Super) {
			s.Volopt.SetBits.Set(1)
			s.Volopt.DataAllocZoneBlocks.Set(5)
		}), want: one(problem.VolumeOptionZoneBlocks)},
		{name: "option without being set", harm: super(func(s *format.Super) { s.Volopt.DataAllocZoneBlocks.Set(1 << 20) }), want: one(problem.VolumeOptionUnset)},
		{name: "unknown option without being set", harm: super(func(s *format.Super) { s.Volopt.Future[3].Set(1) }), want: one(problem.VolumeOptionUnset)},
	})
}

func TestUnreadableSupersAreFound(t *testing.T) {
	t.Parallel()
	volume := healthy()
	fault := func(dev device.Device, blkno int64) device.Device {
		return device.NewFaulty(dev, device.Fault{Op: device.OpRead, Off: blkno << format.SmallBlockShift, Len: 1})
	}
	p := newPatient(t, volume(t))
	for _, test := range []struct {
		pair device.Pair
		want problem.Number
	}{
		{device.Pair{Meta: fault(p.meta, format.SuperBlkno), Data: p.data}, problem.MetaSuperUnreadable},
		{device.Pair{Meta: p.meta, Data: fault(p.data, format.SuperBlkno)}, problem.DataSuperUnreadable},
		{device.Pair{Meta: fault(p.meta, format.QuorumBlkno+3), Data: p.data}, problem.QuorumBlockUnreadable},
	} {
		compare(t, check(t, test.pair).findings, injury{want: one(test.want)})
	}
	// Without the data device nothing is said about it.
	compare(t, check(t, device.Pair{Meta: p.meta}).findings, injury{})
}

// Exchanged devices are one finding or two, and not thousands.
func TestExchangedDevicesAreFound(t *testing.T) {
	t.Parallel()
	p := newPatient(t, healthy()(t))
	p.setDataSuper(func(s *format.Super) { s.TotalMetaBlocks.Set(p.super.TotalMetaBlocks.Get()) })
	exchanged := device.Pair{Meta: p.data, Data: p.meta}
	compare(t, check(t, exchanged).findings, injury{want: []problem.Number{problem.MetaSuperFlag, problem.DataSuperFlag}})
	compare(t, check(t, device.Pair{Meta: p.data}).findings, injury{want: one(problem.MetaSuperFlag)})
}

func TestDamagedQuorumIsFound(t *testing.T) {
	t.Parallel()
	quorum := func(slot int, change func(q *format.QuorumBlock)) func(p *patient) {
		return func(p *patient) { p.tb.Helper(); p.setQuorum(slot, change) }
	}
	address := func(slot int, addr string) func(p *patient) {
		return func(p *patient) {
			p.tb.Helper()
			p.setSuper(func(s *format.Super) { s.Qconf.Slots[slot].SetIPv4(netip.MustParseAddrPort(addr)) })
		}
	}
	diagnose(t, []injury{
		{name: "crc", harm: func(p *patient) {
			p.small(p.meta, format.QuorumBlkno, false, func(b []byte) { b[0] ^= 1 })
		}, want: one(problem.QuorumBlockCRC)},
		{name: "crc of an unconfigured slot", harm: func(p *patient) {
			p.small(p.meta, format.QuorumBlkno+9, false, func(b []byte) { b[0] ^= 1 })
		}, want: one(problem.QuorumBlockCRC)},
		{name: "magic", harm: quorum(0, func(q *format.QuorumBlock) { q.Hdr.Magic.Set(1) }), want: one(problem.QuorumBlockMagic)},
		{name: "fsid", harm: quorum(0, func(q *format.QuorumBlock) { q.Hdr.FSID.Set(99) }), want: one(problem.QuorumBlockFSID)},
		{name: "blkno", harm: quorum(0, func(q *format.QuorumBlock) { q.Hdr.Blkno.Set(1) }), want: one(problem.QuorumBlockBlkno)},
		{name: "write_nr", harm: quorum(0, func(q *format.QuorumBlock) { q.WriteNr.Set(3) }), want: one(problem.QuorumEventWriteNr)},
		{name: "rid", harm: quorum(0, func(q *format.QuorumBlock) { q.Events[1].RID.Set(0) }), want: one(problem.QuorumEventRID)},
		{name: "term", harm: quorum(0, func(q *format.QuorumBlock) { q.Events[format.QuorumEventTerm].Term.Set(0) }), want: one(problem.QuorumEventTerm)},
		{name: "padding of a time", harm: quorum(0, func(q *format.QuorumBlock) { q.Events[2].TS.Pad[1] = 1 }), want: one(problem.QuorumBlockUnused)},
		{name: "unused bytes", harm: func(p *patient) {
			p.small(p.meta, format.QuorumBlkno+2, true, func(b []byte) { b[280] = 1 })
		}, want: one(problem.QuorumBlockUnused)},
		{name: "family", harm: func(p *patient) {
			p.setSuper(func(s *format.Super) { s.Qconf.Slots[0].Family.Set(2) })
		}, want: one(problem.QuorumSlotFamily)},
		{name: "port 0", harm: address(0, "127.0.0.1:0"), want: one(problem.QuorumSlotPort)},
		{name: "last port", harm: address(0, "127.0.0.1:65535"), want: one(problem.QuorumSlotPort)},
		{name: "no address", harm: address(0, "0.0.0.0:5"), want: one(problem.QuorumSlotAddress)},
		{name: "multicast", harm: address(0, "224.0.0.1:5"), want: one(problem.QuorumSlotAddress)},
		{name: "broadcast", harm: address(0, "255.255.255.255:5"), want: one(problem.QuorumSlotAddress)},
		{name: "duplicate", harm: address(3, "127.0.0.1:53000"), want: one(problem.QuorumSlotDuplicate)},
		{name: "no slots", harm: func(p *patient) {
			p.setSuper(func(s *format.Super) { s.Qconf.Slots[0] = format.InetAddr{} })
		}, want: one(problem.QuorumNoSlots)},
		{name: "version", harm: func(p *patient) {
			p.setSuper(func(s *format.Super) { s.Qconf.Version.Set(0) })
		}, want: one(problem.QuorumConfigVersion)},
		{name: "unused slot", harm: func(p *patient) {
			p.setSuper(func(s *format.Super) { s.Qconf.Slots[7].Port.Set(1) })
		}, want: one(problem.QuorumSlotUnused)},
		{name: "spare bytes of a configured slot", harm: func(p *patient) {
			p.setSuper(func(s *format.Super) { s.Qconf.Slots[0].Spare[5] = 1 })
		}},
		{name: "slot in use", harm: quorum(0, func(q *format.QuorumBlock) {
			q.WriteNr.Set(7)
			q.Events[format.QuorumEventBegin].WriteNr.Set(7)
		}), note: one(problem.VolumeInUse)},
		{name: "leader that did not stop", harm: quorum(0, func(q *format.QuorumBlock) {
			q.Events[format.QuorumEventStop].Term.Set(0)
		}), note: one(problem.VolumeInUse)},
	})
}

func TestDamagedRecordsOfMountsAreFound(t *testing.T) {
	t.Parallel()
	mount := func(rid uint64, change func(mc *format.MountedClient)) func(p *patient) {
		return func(p *patient) {
			p.tb.Helper()
			var mc format.MountedClient
			mc.Addr.SetIPv4(netip.MustParseAddrPort("10.0.0.7:4000"))
			mc.Flags = format.MountedClientQuorum
			mc.Pad[3] = 9 // may hold anything
			change(&mc)
			p.setTree(func(s *format.Super) *format.BtreeRoot { return &s.MountedClients }, map[format.Key][]byte{
				format.MountedClientKey(rid): format.Bytes(&mc),
			})
		}
	}
	used := one(problem.VolumeInUse)
	diagnose(t, []injury{
		{name: "nothing", harm: mount(5, func(*format.MountedClient) {}), note: used},
		{name: "flags", harm: mount(5, func(mc *format.MountedClient) { mc.Flags = 2 }), want: one(problem.MountedClientFlags), note: used},
		{name: "rid 0", harm: mount(0, func(*format.MountedClient) {}), want: one(problem.MountedClientRID), note: used},
		{name: "rid of ones", harm: mount(math.MaxUint64, func(*format.MountedClient) {}), want: one(problem.MountedClientRID), note: used},
		{name: "family", harm: mount(5, func(mc *format.MountedClient) { mc.Addr.Family.Set(0) }), want: one(problem.MountedClientAddress), note: used},
		{name: "port", harm: mount(5, func(mc *format.MountedClient) { mc.Addr.Port.Set(0) }), want: one(problem.MountedClientAddress), note: used},
	})
}
