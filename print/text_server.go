// SPDX-License-Identifier: GPL-2.0-or-later

package print

import (
	"math"

	"scoutfs/engine/format"
)

func (t text) freeExtent(k format.Key) text {
	if k.Zone == format.ZoneFreeBlkno {
		return t.s("    free extent: blkno ").u(k.First - k.Second + 1).
			s(" len ").u(k.Second).
			s(" end ").u(k.First).nl()
	}
	return t.s("    free extent: blkno ").u(k.Second - k.Third + 1).
		s(" len ").u(k.Third).
		s(" order ").u(math.MaxUint64 - k.First).nl()
}

func (t text) mountedClient(k format.Key, val valueWindow) text {
	t = t.s("    rid ").x16(k.First)
	if val.len < format.Size[format.MountedClient]() {
		return t.s(" (short mounted client value: val_len ").u(uint64(val.len)).s(")\n")
	}
	c := view[format.MountedClient](val)
	return t.s(" ipv4_addr ").s(c.Addr.IPv4().String()).s(" flags 0x").x(uint64(c.Flags)).nl()
}

func (t text) srchItem(k format.Key, val valueWindow) text {
	t = t.s("    ").key(k).nl()
	if k.Type != format.TypeSrchPending && k.Type != format.TypeSrchBusy {
		if val.len < format.Size[format.SrchFile]() {
			return t.s("      (short srch file value: val_len ").u(uint64(val.len)).s(")\n")
		}
		f := view[format.SrchFile](val)
		return t.s("      ").srchFile(&f).nl()
	}
	if val.len < format.Size[format.SrchCompact]() {
		return t.s("      (short srch compact value: val_len ").u(uint64(val.len)).s(")\n")
	}
	c := view[format.SrchCompact](val)
	state := "busy"
	if k.Type == format.TypeSrchPending {
		state = "pending"
	}
	t = t.s("      compact ").s(state).s(": nr ").u(uint64(c.Nr)).s(" flags 0x").x(uint64(c.Flags)).nl()
	for i := range c.Inputs() {
		in := &c.In[i]
		t = t.s("        [").u(uint64(i)).s("] blk ").u(in.Blk.Get()).
			s(" pos ").u(in.Pos.Get()).s(" sfl ").srchFile(&in.File).nl()
	}
	return t
}

func (t text) logTrees(k format.Key, val valueWindow) text {
	lt := view[format.LogTrees](val)
	t = t.s("    rid ").u(k.First).s(" nr ").u(k.Second).nl()
	t = t.s("      meta_avail: ").listHead(&lt.MetaAvail).nl()
	t = t.s("      meta_freed: ").listHead(&lt.MetaFreed).nl()
	t = t.s("      item_root: height ").u(uint64(lt.ItemRoot.Height)).s(" ").ref(&lt.ItemRoot.Ref).nl()
	t = t.s("      bloom_ref: ").ref(&lt.BloomRef).nl()
	t = t.s("      data_avail: ").allocRoot(&lt.DataAvail).nl()
	t = t.s("      data_freed: ").allocRoot(&lt.DataFreed).nl()
	t = t.s("      srch_file: ").srchFile(&lt.SrchFile).nl()
	t = t.s("      inode_count_delta: ").i(int64(lt.InodeCountDelta.Get())).nl()
	t = t.s("      get_trans_seq: ").i(int64(lt.GetTransSeq.Get())).nl()
	t = t.s("      commit_trans_seq: ").i(int64(lt.CommitTransSeq.Get())).nl()
	t = t.s("      max_item_seq: ").u(lt.MaxItemSeq.Get()).nl()
	t = t.s("      finalize_seq: ").u(lt.FinalizeSeq.Get()).nl()
	t = t.s("      rid: ").x16(lt.RID.Get()).nl()
	t = t.s("      nr: ").u(lt.Nr.Get()).nl()
	t = t.s("      flags: ").x(lt.Flags.Get()).nl()
	t = t.s("      data_alloc_zone_blocks: ").u(lt.DataAllocZoneBlocks.Get()).nl()
	t = t.s("      data_alloc_zones: ")
	for zone := range lt.DataAllocZones.All() {
		t = t.u(uint64(zone)).s(" ")
	}
	return t.nl()
}

// logMerge shows the item of any step of a log merge. Upstream labels both
// roots of a request "logs_root".
func (t text) logMerge(k format.Key, val valueWindow) text {
	switch k.Zone {
	case format.ZoneLogMergeStatus:
		if val.len < format.Size[format.LogMergeStatus]() {
			return t.shortLogMerge(k, val)
		}
		v := view[format.LogMergeStatus](val)
		return t.s("    status: next_range_key ").diskKey(&v.NextRangeKey).
			s(" nr_req ").u(v.NrRequests.Get()).
			s(" nr_comp ").u(v.NrComplete.Get()).
			s(" seq ").u(v.Seq.Get()).nl()
	case format.ZoneLogMergeRange:
		if val.len < format.Size[format.LogMergeRange]() {
			return t.shortLogMerge(k, val)
		}
		v := view[format.LogMergeRange](val)
		return t.s("    range: start ").diskKey(&v.Start).s(" end ").diskKey(&v.End).nl()
	case format.ZoneLogMergeRequest:
		if val.len < format.Size[format.LogMergeRequest]() {
			return t.shortLogMerge(k, val)
		}
		v := view[format.LogMergeRequest](val)
		return t.s("    request: logs_root ").root(&v.LogsRoot).
			s(" logs_root ").root(&v.Root).
			s(" start ").diskKey(&v.Start).
			s(" end ").diskKey(&v.End).
			s(" input_seq ").u(v.InputSeq.Get()).
			s(" rid ").x16(v.RID.Get()).
			s(" seq ").u(v.Seq.Get()).
			s(" flags 0x").x(v.Flags.Get()).nl()
	case format.ZoneLogMergeComplete:
		if val.len < format.Size[format.LogMergeComplete]() {
			return t.shortLogMerge(k, val)
		}
		v := view[format.LogMergeComplete](val)
		return t.s("    complete: root ").root(&v.Root).
			s(" start ").diskKey(&v.Start).
			s(" end ").diskKey(&v.End).
			s(" remain ").diskKey(&v.Remain).
			s(" rid ").x16(v.RID.Get()).
			s(" seq ").u(v.Seq.Get()).
			s(" flags ").x(v.Flags.Get()).nl()
	case format.ZoneLogMergeFreeing:
		if val.len < format.Size[format.LogMergeFreeing]() {
			return t.shortLogMerge(k, val)
		}
		v := view[format.LogMergeFreeing](val)
		return t.s("    freeing: root ").root(&v.Root).
			s(" key ").diskKey(&v.Key).
			s(" seq ").u(v.Seq.Get()).nl()
	}
	return t.s("    (unknown log merge key zone ").u(uint64(k.Zone)).s(")\n")
}

func (t text) shortLogMerge(k format.Key, val valueWindow) text {
	return t.s("    (short log merge value: zone ").u(uint64(k.Zone)).
		s(" val_len ").u(uint64(val.len)).s(")\n")
}
