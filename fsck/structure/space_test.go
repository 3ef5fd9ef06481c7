// SPDX-License-Identifier: GPL-2.0-or-later

package structure_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
	"scoutfs/internal/testblock"
)

type avail = *format.AllocListHead

// inList changes the head and the first block of the server's first list.
func inList(change func(p *patient, head avail, b *format.AllocListBlock)) func(p *patient) {
	return func(p *patient) {
		p.tb.Helper()
		p.setSuper(func(s *format.Super) {
			head := &s.ServerMetaAvail[0]
			p.large(head.Ref.Blkno.Get(), func(b []byte) { change(p, head, view[format.AllocListBlock](p.tb, b)) })
		})
	}
}

func TestDamagedListsAreFound(t *testing.T) {
	t.Parallel()
	leaked := []problem.Number{problem.MetaBlockLeaked}
	diagnose(t, []injury{
		{name: "bounds", harm: inList(func(_ *patient, _ avail, b *format.AllocListBlock) {
			b.Start.Set(8000)
		}), want: one(problem.ListBlockBounds)},
		{name: "first_nr", harm: inList(func(_ *patient, head avail, _ *format.AllocListBlock) {
			head.FirstNr.Set(head.FirstNr.Get() + 1)
		}), want: one(problem.ListFirstCount)},
		{name: "total_nr", harm: inList(func(_ *patient, head avail, _ *format.AllocListBlock) {
			head.TotalNr.Set(head.TotalNr.Get() - 1)
		}), want: one(problem.ListTotalCount)},
		{name: "loop", harm: inList(func(_ *patient, head avail, b *format.AllocListBlock) {
			b.Next = head.Ref
		}), want: one(problem.ListLoop)},
		{name: "entry", harm: inList(func(_ *patient, _ avail, b *format.AllocListBlock) {
			b.Blknos[b.Start.Get()+5].Set(1)
		}), want: one(problem.ListEntryRange)},
		{name: "entry beyond the device", harm: inList(func(_ *patient, _ avail, b *format.AllocListBlock) {
			b.Blknos[b.Start.Get()+5].Set(math.MaxUint64)
		}), want: one(problem.ListEntryRange)},
		{name: "head without a block", harm: func(p *patient) {
			p.setSuper(func(s *format.Super) { s.ServerMetaFreed[1].TotalNr.Set(5) })
		}, want: one(problem.ListHead)},
		{name: "flags", harm: func(p *patient) {
			p.setSuper(func(s *format.Super) { s.ServerMetaFreed[1].Flags.Set(2) })
		}, want: one(problem.ListFlags)},
		{name: "LOW flag", harm: func(p *patient) {
			p.setSuper(func(s *format.Super) { s.ServerMetaFreed[1].Flags.Set(format.AllocFlagLow) })
		}},
		{name: "next", harm: inList(func(_ *patient, _ avail, b *format.AllocListBlock) {
			b.Next.Seq.Set(5)
		}), want: one(problem.ListNext)},
		{name: "block of another kind", harm: func(p *patient) {
			p.setSuper(func(s *format.Super) { s.ServerMetaAvail[1].Ref = s.SrchRoot.Ref })
		}, want: one(problem.BlockMagic)},
		{name: "block twice", harm: func(p *patient) {
			p.setSuper(func(s *format.Super) {
				s.ServerMetaAvail[1] = s.ServerMetaAvail[0]
			})
		}, want: []problem.Number{problem.MetaBlockTwice}},
		{name: "block free twice", harm: inList(func(_ *patient, _ avail, b *format.AllocListBlock) {
			b.Blknos[b.Start.Get()] = b.Blknos[b.Start.Get()+1]
		}), want: []problem.Number{problem.MetaBlockFreeTwice, problem.MetaBlockLeaked}},
		{name: "block free and used", harm: inList(func(p *patient, _ avail, b *format.AllocListBlock) {
			b.Blknos[b.Start.Get()].Set(p.super.FSRoot.Ref.Blkno.Get())
		}), want: []problem.Number{problem.MetaBlockFreeUsed, problem.MetaBlockLeaked}},
		{name: "lost blocks", harm: inList(func(_ *patient, head avail, b *format.AllocListBlock) {
			b.Nr.Set(b.Nr.Get() - 3)
			head.FirstNr.Set(b.Nr.Get())
			head.TotalNr.Set(uint64(b.Nr.Get()))
		}), want: leaked},
	})
}

// What the head of a list says stands where the head is, and what a block of it
// says in that block.
func TestDamagedListsAreFoundWhereTheyAre(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		harm func(p *patient)
		want string
	}{
		{"count of the list", inList(func(_ *patient, head avail, _ *format.AllocListBlock) {
			head.TotalNr.Set(head.TotalNr.Get() - 1)
		}), "super in metadata block 16, field server_meta_avail[0].total_nr"},
		{"count of its first block", inList(func(_ *patient, head avail, _ *format.AllocListBlock) {
			head.FirstNr.Set(head.FirstNr.Get() + 1)
		}), "list in metadata block "},
		{"a block of the list", inList(func(_ *patient, _ avail, b *format.AllocListBlock) {
			b.Start.Set(8000)
		}), "list in metadata block "},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := newPatient(t, healthy()(t))
			row.harm(p)
			for _, f := range check(t, p.pair()).findings {
				if f.Number == problem.CheckIncomplete {
					continue
				}
				if got := f.Place.String(); !strings.HasPrefix(got, row.want) {
					t.Errorf("problem %d is at %q, want %q", f.Number, got, row.want)
				}
				return
			}
			t.Error("nothing was found")
		})
	}
}

// freeTree rewrites an allocator's tree, which is one leaf.
func (p *patient) freeTree(root *format.AllocRoot, extents []format.Extent, change func(items []testblock.Item) []testblock.Item) {
	p.tb.Helper()
	if root.Root.Height != 1 {
		p.tb.Fatalf("a tree of height %d", root.Root.Height)
	}
	var items []testblock.Item
	for _, e := range extents {
		items = append(items, testblock.Item{Key: format.FreeBlknoKey(e)}, testblock.Item{Key: format.FreeOrderKey(e)})
	}
	if change != nil {
		items = change(items)
	}
	slices.SortFunc(items, func(a, b testblock.Item) int { return a.Key.Compare(b.Key) })
	p.put(root.Root.Ref.Ref(), format.MagicBtree, testblock.Btree(0, items...))
}

// extentOf is an extent of more than n blocks.
func extentOf(extents []format.Extent, n uint64) int {
	return slices.IndexFunc(extents, func(e format.Extent) bool { return e.Len > n })
}

func TestDamagedAllocatorsAreFound(t *testing.T) {
	t.Parallel()
	meta := func(s *format.Super) *format.AllocRoot { return &s.MetaAlloc[0] }
	data := func(s *format.Super) *format.AllocRoot { return &s.DataAlloc }
	extents := func(root func(s *format.Super) *format.AllocRoot, change func(p *patient, list []format.Extent, i int) []format.Extent) func(p *patient) {
		return func(p *patient) {
			p.tb.Helper()
			list := p.freeExtents(root(&p.super))
			before := uint64(0)
			for _, e := range list {
				before += e.Len
			}
			list = change(p, list, extentOf(list, 100))
			p.freeTree(root(&p.super), list, nil)
			after := uint64(0)
			for _, e := range list {
				after += e.Len
			}
			p.setSuper(func(s *format.Super) { root(s).TotalLen.Set(root(s).TotalLen.Get() + after - before) })
		}
	}
	items := func(root func(s *format.Super) *format.AllocRoot, change func(items []testblock.Item) []testblock.Item) func(p *patient) {
		return func(p *patient) {
			p.tb.Helper()
			p.freeTree(root(&p.super), p.freeExtents(root(&p.super)), change)
		}
	}
	without := func(zone uint8) func(items []testblock.Item) []testblock.Item {
		return func(items []testblock.Item) []testblock.Item {
			i := slices.IndexFunc(items, func(it testblock.Item) bool { return it.Key.Zone == zone })
			return slices.Delete(items, i, i+1)
		}
	}
	diagnose(t, []injury{
		{name: "flags", harm: func(p *patient) {
			p.setSuper(func(s *format.Super) { s.MetaAlloc[1].Flags.Set(8) })
		}, want: one(problem.AllocRootFlags)},
		{name: "total", harm: func(p *patient) {
			p.setSuper(func(s *format.Super) { s.DataAlloc.TotalLen.Set(7) })
		}, want: one(problem.AllocTotal)},
		{name: "no blocks", harm: items(data, func(items []testblock.Item) []testblock.Item {
			return append(items, testblock.Item{Key: format.Key{Zone: format.ZoneFreeBlkno, First: 70}})
		}), want: one(problem.FreeExtentKey)},
		{name: "data beyond the device", harm: extents(data, func(_ *patient, list []format.Extent, _ int) []format.Extent {
			list[len(list)-1].Len += 5
			return list
		}), want: one(problem.FreeExtentRange)},
		{name: "data before the device's", harm: extents(data, func(_ *patient, list []format.Extent, _ int) []format.Extent {
			list[0] = format.Extent{Start: 60, Len: list[0].End() - 59}
			return list
		}), want: one(problem.FreeExtentRange)},
		{name: "metadata beyond the device", harm: extents(meta, func(_ *patient, list []format.Extent, _ int) []format.Extent {
			list[0] = format.Extent{Start: 1 << 45, Len: 5}
			return list
		}), want: []problem.Number{problem.FreeExtentRange, problem.MetaBlockLeaked}},
		{name: "data overlaps", harm: extents(data, func(_ *patient, list []format.Extent, i int) []format.Extent {
			list[i].Len += list[i+1].Start - list[i].End()
			return list
		}), want: one(problem.FreeExtentOverlap)},
		{name: "no item by size", harm: items(data, without(format.ZoneFreeOrder)), want: one(problem.FreeExtentNoOrder)},
		{name: "no item by place", harm: items(data, without(format.ZoneFreeBlkno)), want: one(problem.FreeExtentNoBlkno)},
		{name: "no item by place for metadata", harm: items(meta, without(format.ZoneFreeBlkno)), want: one(problem.FreeExtentNoBlkno)},
		{name: "wrong order", harm: items(data, func(items []testblock.Item) []testblock.Item {
			i := slices.IndexFunc(items, func(it testblock.Item) bool { return it.Key.Zone == format.ZoneFreeOrder })
			items[i].Key.First--
			return items
		}), want: one(problem.FreeExtentOrder)},
		{name: "unused field of a key", harm: items(data, func(items []testblock.Item) []testblock.Item {
			i := slices.IndexFunc(items, func(it testblock.Item) bool { return it.Key.Zone == format.ZoneFreeBlkno })
			items[i].Key.Third = 7
			return items
		}), want: one(problem.KeyFields)},
		{name: "seq of mkfs", harm: items(data, func(items []testblock.Item) []testblock.Item {
			items[3].Seq = 1
			return items
		})},
		{name: "seq", harm: items(data, func(items []testblock.Item) []testblock.Item {
			items[3].Seq = 2
			return items
		}), want: one(problem.ItemSeq)},
		{name: "lost blocks", harm: extents(meta, func(_ *patient, list []format.Extent, i int) []format.Extent {
			list[i].Len -= 2
			return list
		}), want: one(problem.MetaBlockLeaked)},
		{name: "free and used", harm: extents(meta, func(p *patient, list []format.Extent, _ int) []format.Extent {
			return append(list, format.Extent{Start: p.super.FSRoot.Ref.Blkno.Get(), Len: 1})
		}), want: one(problem.MetaBlockFreeUsed)},
		{name: "leaf that cannot be read", harm: func(p *patient) {
			p.bytes(p.meta, int64(p.super.MetaAlloc[0].Root.Ref.Blkno.Get())<<16, 65536, false, func(b []byte) { b[999] ^= 1 })
		}, want: one(problem.BlockCRC)},
	})
}

// A volume with less free space than a mount keeps back is warned of, unless
// it never had any more.
func TestLowSpaceIsFound(t *testing.T) {
	t.Parallel()
	p := newPatient(t, healthy()(t))
	// Blocks that upstream is known to lose are no error, but gone.
	taken := uint64(0)
	p.setSuper(func(s *format.Super) {
		for i := range s.MetaAlloc {
			taken += s.MetaAlloc[i].TotalLen.Get()
			s.MetaAlloc[i] = format.AllocRoot{}
		}
	})
	o := check(t, p.pair())
	compare(t, o.findings, injury{want: one(problem.MetaBlockLeaked), note: one(problem.MetaSpaceLow)})
	if o.account.Leaked < taken || o.account.Known != 0 {
		t.Errorf("%+v, %d blocks were taken", o.account, taken)
	}
}

func TestWhatUpstreamLosesIsANote(t *testing.T) {
	t.Parallel()
	volume := healthy()
	parent := func(p *patient, kind func(n uint64) format.Key, child func(n uint64) format.Ref) []byte {
		var items []testblock.Item
		for n := range uint64(10) {
			items = append(items, testblock.RefItem(kind(n), child(n)))
		}
		return testblock.Btree(1, items...)
	}
	gone := func(n uint64) format.Ref { return format.Ref{Blkno: 50_000 + n, Seq: 9} }
	for _, test := range []struct {
		name  string
		lose  func(p *patient)
		known bool
	}{
		{"parent of a merged log tree", func(p *patient) { p.add(format.MagicBtree, parent(p, format.InodeKey, gone)) }, true},
		{"parent of a merged log tree, with bounds between items", func(p *patient) {
			p.add(format.MagicBtree, parent(p, func(n uint64) format.Key { return format.InodeKey(n + 2).Prev() }, gone))
		}, true},
		{"block of a search file", func(p *patient) { p.add(format.MagicSrchBlock, testblock.SrchLeaf()) }, true},
		{"parent of an allocator", func(p *patient) {
			p.add(format.MagicBtree, parent(p, func(n uint64) format.Key { return format.FreeBlknoKey(format.Extent{Start: n, Len: 1}) }, gone))
		}, false},
		{"old parent of fs_root", func(p *patient) {
			leaves := p.blocks(p.super.FSRoot.Root(), 0)
			p.add(format.MagicBtree, parent(p, format.InodeKey, func(n uint64) format.Ref { return leaves[n].Ref }))
		}, false},
		{"leaf", func(p *patient) { p.add(format.MagicBtree, testblock.Btree(0)) }, false},
		{"block list", func(p *patient) { p.add(format.MagicAllocList, testblock.ListBlock(format.Ref{}, 0)) }, false},
		{"block that was never written", func(p *patient) { p.take() }, false},
		{"damaged parent", func(p *patient) {
			ref := p.add(format.MagicBtree, parent(p, format.InodeKey, gone))
			p.bytes(p.meta, int64(ref.Blkno)<<16, 65536, false, func(b []byte) { b[77] ^= 1 })
		}, false},
	} {
		p := newPatient(t, volume(t))
		test.lose(p)
		in := injury{want: one(problem.MetaBlockLeaked)}
		if test.known {
			in = injury{note: one(problem.KnownLeak)}
		}
		o := check(t, p.pair())
		compare(t, o.findings, in)
		if o.account.Leaked != 1 || (o.account.Known == 1) != test.known {
			t.Errorf("%s: %+v", test.name, o.account)
		}
	}
}

// Free data extents come out once each, whatever is wrong with the trees.
func TestFreeDataSurvivesDamage(t *testing.T) {
	t.Parallel()
	volume := healthy()
	sound := check(t, volume(t)).free
	if sound == 0 {
		t.Fatal("no free data")
	}
	for _, zone := range []uint8{format.ZoneFreeBlkno, format.ZoneFreeOrder} {
		p := newPatient(t, volume(t))
		p.freeTree(&p.super.DataAlloc, p.freeExtents(&p.super.DataAlloc), func(items []testblock.Item) []testblock.Item {
			return slices.DeleteFunc(items, func(it testblock.Item) bool { return it.Key.Zone == zone && it.Key.First%2 == 0 })
		})
		if o := check(t, p.pair()); o.free != sound || o.result.FreeDataUnknown {
			t.Errorf("without half of zone %d: %d free blocks, want %d", zone, o.free, sound)
		}
	}
	p := newPatient(t, volume(t))
	list := p.freeExtents(&p.super.DataAlloc)
	i := extentOf(list, 100)
	list[i].Len += 1 + list[i+1].Start - list[i].End()
	p.freeTree(&p.super.DataAlloc, list, nil)
	o := check(t, p.pair())
	seen := map[uint64]bool{}
	for e, err := range o.result.FreeData(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if seen[e.Start] || seen[e.End()] {
			t.Errorf("%v comes twice", e)
		}
		seen[e.Start], seen[e.End()] = true, true
	}
}
