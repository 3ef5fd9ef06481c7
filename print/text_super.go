// SPDX-License-Identifier: GPL-2.0-or-later

package print

import "scoutfs/engine/format"

func (textEncoder) super(dst []byte, s *format.Super, sum uint32) []byte {
	t := text(dst).s("super blkno ").u(format.SuperBlkno).nl().header(&s.Hdr, sum)
	t = t.s("  fmt_vers ").u(s.FmtVers.Get()).s(" uuid ").s(s.UUIDString()).nl()
	t = t.s("  flags: 0x").x16(s.Flags.Get()).nl()
	t = t.s("  next_ino ").u(s.NextIno.Get()).
		s(" inode_count ").u(s.InodeCount.Get()).
		s(" seq ").u(s.Seq.Get()).nl()
	t = t.s("  total_meta_blocks ").u(s.TotalMetaBlocks.Get()).
		s(" total_data_blocks ").u(s.TotalDataBlocks.Get()).nl()
	for i := range s.MetaAlloc {
		t = t.s("  meta_alloc[").u(uint64(i)).s("]: ").allocRoot(&s.MetaAlloc[i]).nl()
	}
	t = t.s("  data_alloc: ").allocRoot(&s.DataAlloc).nl()
	for i := range s.ServerMetaAvail {
		t = t.s("  server_meta_avail[").u(uint64(i)).s("]: ").listHead(&s.ServerMetaAvail[i]).nl()
	}
	for i := range s.ServerMetaFreed {
		t = t.s("  server_meta_freed[").u(uint64(i)).s("]: ").listHead(&s.ServerMetaFreed[i]).nl()
	}
	t = t.s("  fs_root: ").superRoot(&s.FSRoot).nl()
	t = t.s("  logs_root: ").superRoot(&s.LogsRoot).nl()
	t = t.s("  log_merge: ").superRoot(&s.LogMerge).nl()
	t = t.s("  mounted_clients: ").superRoot(&s.MountedClients).nl()
	t = t.s("  srch_root: ").superRoot(&s.SrchRoot).nl()
	t = t.s("  volume options:\n    set_bits: ").x16(s.Volopt.SetBits.Get()).nl()
	if s.Volopt.SetBits.Get()&format.VolumeOptDataAllocZoneBlocks != 0 {
		t = t.s("    data_alloc_zone_blocks: ").u(s.Volopt.DataAllocZoneBlocks.Get()).nl()
	}
	t = t.s("  quorum config version ").u(s.Qconf.Version.Get()).nl()
	for i := range s.Qconf.Slots {
		addr, ok := s.Qconf.Slots[i].AddrPort()
		if !ok {
			continue
		}
		t = t.s("    quorum slot ")
		if i < 10 {
			t = t.s(" ")
		}
		t = t.u(uint64(i)).s(": ").s(addr.String()).nl()
	}
	return t
}

func (textEncoder) quorum(dst []byte, slot int, q *format.QuorumBlock, sum uint32) []byte {
	t := text(dst).s("quorum blkno ").u(uint64(format.QuorumBlkno+slot)).
		s(" (slot ").u(uint64(slot)).s(")\n").header(&q.Hdr, sum)
	t = t.s("  write_nr ").u(q.WriteNr.Get()).nl()
	for i := range q.Events {
		e, name := &q.Events[i], format.QuorumEventName(i)
		t = t.s("  ")
		for n := len(name); n < 12; n++ {
			t = t.s(" ")
		}
		t = t.s(name).s(": rid ").x16(e.RID.Get()).
			s(" term ").u(e.Term.Get()).
			s(" write_nr ").u(e.WriteNr.Get()).
			s(" ts ").time(&e.TS).nl()
	}
	return t
}
