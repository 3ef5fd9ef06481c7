// SPDX-License-Identifier: GPL-2.0-or-later

package structure_test

import (
	"net/netip"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
	"scoutfs/internal/testblock"
)

// mounted adds the record of a mount.
func (p *patient) mounted(rid uint64) {
	p.tb.Helper()
	var mc format.MountedClient
	mc.Addr.SetIPv4(netip.MustParseAddrPort("10.0.0.7:4000"))
	values := p.values(p.super.MountedClients.Root())
	values[format.MountedClientKey(rid)] = format.Bytes(&mc)
	p.setTree(func(s *format.Super) *format.BtreeRoot { return &s.MountedClients }, values)
}

// reopen makes the n-th log tree one that its mount writes to.
func (p *patient) reopen(n int, change func(lt *format.LogTrees)) {
	p.tb.Helper()
	p.logs(n, func(lt *format.LogTrees) {
		lt.Flags.Set(0)
		lt.FinalizeSeq.Set(0)
		if change != nil {
			change(lt)
		}
	})
}

func TestDamagedLogTreesAreFound(t *testing.T) {
	t.Parallel()
	logs := func(change func(lt *format.LogTrees)) func(p *patient) {
		return func(p *patient) { p.tb.Helper(); p.logs(1, change) }
	}
	used := one(problem.VolumeInUse)
	diagnose(t, []injury{
		{name: "rid", harm: logs(func(lt *format.LogTrees) { lt.RID.Set(lt.RID.Get() + 1) }), want: one(problem.LogTreesKey)},
		{name: "nr", harm: logs(func(lt *format.LogTrees) { lt.Nr.Set(99) }), want: one(problem.LogTreesKey)},
		{name: "flags", harm: logs(func(lt *format.LogTrees) { lt.Flags.Set(3) }), want: one(problem.LogTreesFlags)},
		{name: "transactions", harm: logs(func(lt *format.LogTrees) { lt.GetTransSeq.Set(lt.CommitTransSeq.Get() - 1) }), want: one(problem.LogTreesTransSeq)},
		{name: "seq beyond the volume's", harm: logs(func(lt *format.LogTrees) { lt.GetTransSeq.Set(1 << 50) }), want: one(problem.LogTreesSeq)},
		{name: "finalized without a seq", harm: logs(func(lt *format.LogTrees) { lt.FinalizeSeq.Set(0) }), want: one(problem.LogTreesFinalizeSeq)},
		{name: "max_item_seq", harm: logs(func(lt *format.LogTrees) { lt.MaxItemSeq.Set(2) }), want: one(problem.LogTreesMaxItemSeq)},
		{name: "max_item_seq beyond the volume's", harm: logs(func(lt *format.LogTrees) { lt.MaxItemSeq.Set(1 << 50) }), want: one(problem.LogTreesSeq)},
		{name: "open without a mount", harm: func(p *patient) { p.reopen(1, nil) }, want: one(problem.LogTreesNoMount)},
		{name: "open with a mount", harm: func(p *patient) {
			p.reopen(1, nil)
			p.mounted(p.logTrees(1).RID.Get())
		}, note: used},
		{name: "open with a seq", harm: func(p *patient) {
			p.reopen(1, func(lt *format.LogTrees) { lt.FinalizeSeq.Set(5) })
			p.mounted(p.logTrees(1).RID.Get())
		}, want: one(problem.LogTreesFinalizeSeq), note: used},
		{name: "open before a later one", harm: func(p *patient) {
			p.reopen(0, nil)
			values := p.values(p.super.LogsRoot.Root())
			var later format.LogTrees
			later.RID.Set(p.logTrees(0).RID.Get())
			later.Nr.Set(p.logTrees(0).Nr.Get() + 1)
			values[format.LogTreesKey(later.RID.Get(), later.Nr.Get())] = format.Bytes(&later)
			p.setTree(func(s *format.Super) *format.BtreeRoot { return &s.LogsRoot }, values)
			p.mounted(later.RID.Get())
		}, want: one(problem.LogTreesOpenOrder), note: used},
		{name: "finalized with space", harm: func(p *patient) {
			head := p.list(3)
			p.logs(0, func(lt *format.LogTrees) { lt.MetaAvail = head })
		}, want: one(problem.LogTreesFinalizedSpace)},
		{name: "finalized with a search file", harm: func(p *patient) {
			sfl := p.searchFile(true, entry(1), entry(2))
			p.logs(0, func(lt *format.LogTrees) { lt.SrchFile = sfl })
		}, want: one(problem.LogTreesFinalizedSpace)},
		{name: "finalized with data", harm: func(p *patient) {
			items := []testblock.Item{
				{Key: format.FreeBlknoKey(format.Extent{Start: 64, Len: 1})}, {Key: format.FreeOrderKey(format.Extent{Start: 64, Len: 1})},
			}
			ref := p.add(format.MagicBtree, testblock.Btree(0, items...))
			p.logs(0, func(lt *format.LogTrees) {
				lt.DataFreed.TotalLen.Set(1)
				lt.DataFreed.Root.Set(format.Root{Ref: ref, Height: 1})
			})
		}, want: one(problem.LogTreesFinalizedSpace)},
		{name: "LOW flags and zones that stayed", harm: logs(func(lt *format.LogTrees) {
			lt.MetaAvail.Flags.Set(1)
			lt.DataAvail.Flags.Set(1)
			lt.DataAllocZones.Set(3)
		})},
		{
			name: "no bloom block", harm: logs(func(lt *format.LogTrees) { lt.BloomRef.Set(format.Ref{}) }),
			want: []problem.Number{problem.LogTreesNoBloom, problem.MetaBlockLeaked},
		},
		{name: "bit of a bloom block", harm: func(p *patient) {
			p.large(p.logTrees(0).BloomRef.Blkno.Get(), func(b []byte) {
				bloom := view[format.BloomBlock](p.tb, b)
				bit := format.BloomBitsOf(format.Key{Zone: format.ZoneFS, First: 1024})[1]
				bloom.Bits[bit/8] &^= 1 << (bit % 8)
				bloom.TotalSet.Set(bloom.TotalSet.Get() - 1)
			})
		}, want: one(problem.BloomBit)},
		{name: "count of a bloom block", harm: func(p *patient) {
			p.large(p.logTrees(0).BloomRef.Blkno.Get(), func(b []byte) {
				view[format.BloomBlock](p.tb, b).TotalSet.Set(9)
			})
		}, want: one(problem.BloomTotal)},
		{name: "bloom block of another kind", harm: func(p *patient) {
			ref := p.super.SrchRoot.Ref
			p.logs(0, func(lt *format.LogTrees) { lt.BloomRef = ref })
		}, want: one(problem.BlockMagic)},
		{name: "root's pad", harm: logs(func(lt *format.LogTrees) { lt.ItemRoot.Pad[2] = 1 }), want: one(problem.BtreeRootPad)},
		{name: "search file's pad", harm: logs(func(lt *format.LogTrees) { lt.SrchFile.Pad[2] = 1 }), want: one(problem.ItemPad)},
		{name: "length of a record", harm: func(p *patient) {
			p.btree(p.super.LogsRoot.Ref.Blkno.Get(), func(b *format.BtreeBlock) { b.Item(0).ValLen.Set(470) })
		}, want: one(problem.ItemValueLength)},
		{name: "records that cannot be read", harm: func(p *patient) {
			p.bytes(p.meta, int64(p.super.LogsRoot.Ref.Blkno.Get())<<16, 65536, false, func(b []byte) { b[999] ^= 1 })
		}, want: one(problem.BlockCRC)},
	})
}

// With a record of log trees all keys are unknown.
func TestLostLogTreesLeaveNothingKnown(t *testing.T) {
	t.Parallel()
	p := newPatient(t, healthy()(t))
	p.bytes(p.meta, int64(p.super.LogsRoot.Ref.Blkno.Get())<<16, 65536, false, func(b []byte) { b[999] ^= 1 })
	r := check(t, p.pair()).result
	if !r.LogsUnknown || !r.FreeDataUnknown || !r.SearchUnknown || !r.Unknown.Contains(format.Key{}) || !r.Unknown.Contains(format.MaxKey()) {
		t.Errorf("%+v, %v", r, r.Unknown.Ranges())
	}
}
