// SPDX-License-Identifier: GPL-2.0-or-later

package structure_test

import (
	"bytes"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
	"scoutfs/internal/testblock"
)

func entry(ino uint64) format.SrchEntry { return format.SrchEntry{Hash: ino, Ino: ino, ID: 1} }

// searchFile writes a search file with one leaf for each entry, or of one leaf.
func (p *patient) searchFile(oneLeaf bool, entries ...format.SrchEntry) (sfl format.SrchFile) {
	p.tb.Helper()
	sfl.Entries.Set(uint64(len(entries)))
	sfl.First.Set(entries[0])
	sfl.Last.Set(entries[0])
	for _, e := range entries {
		if e.Compare(sfl.First.Entry()) < 0 {
			sfl.First.Set(e)
		}
		if e.Compare(sfl.Last.Entry()) > 0 {
			sfl.Last.Set(e)
		}
	}
	if oneLeaf {
		sfl.Ref.Set(p.add(format.MagicSrchBlock, testblock.SrchLeaf(entries...)))
		sfl.Height = 1
		sfl.Blocks.Set(1)
		return sfl
	}
	parent := testblock.NewBlock()
	for i, e := range entries {
		view[format.SrchParent](p.tb, parent).Refs[i].Set(p.add(format.MagicSrchBlock, testblock.SrchLeaf(e)))
	}
	sfl.Ref.Set(p.add(format.MagicSrchParent, parent))
	sfl.Height = 2
	sfl.Blocks.Set(uint64(len(entries)))
	return sfl
}

// search changes the items of srch_root.
func (p *patient) search(change func(values map[format.Key][]byte)) {
	p.tb.Helper()
	values := p.values(p.super.SrchRoot.Root())
	change(values)
	p.setTree(func(s *format.Super) *format.BtreeRoot { return &s.SrchRoot }, values)
}

// sortedFile adds a sorted search file of three leaves, as change leaves it.
func sortedFile(change func(p *patient, sfl *format.SrchFile)) func(p *patient) {
	return func(p *patient) {
		p.tb.Helper()
		sfl := p.searchFile(false, entry(1), entry(2), entry(3))
		key := format.SrchBlocksKey(3, sfl.Ref.Blkno.Get())
		if change != nil {
			change(p, &sfl)
		}
		p.search(func(values map[format.Key][]byte) { values[key] = format.Bytes(&sfl) })
	}
}

func TestDamagedSearchFilesAreFound(t *testing.T) {
	t.Parallel()
	// leafOf changes the n-th leaf of a file of three.
	leafOf := func(n int, change func(b *format.SrchBlock)) func(p *patient) {
		return sortedFile(func(p *patient, sfl *format.SrchFile) {
			var blkno uint64
			p.large(sfl.Ref.Blkno.Get(), func(b []byte) { blkno = view[format.SrchParent](p.tb, b).Refs[n].Blkno.Get() })
			p.large(blkno, func(b []byte) { change(view[format.SrchBlock](p.tb, b)) })
		})
	}
	parent := func(change func(refs []format.BlockRef)) func(p *patient) {
		return sortedFile(func(p *patient, sfl *format.SrchFile) {
			p.large(sfl.Ref.Blkno.Get(), func(b []byte) { change(view[format.SrchParent](p.tb, b).Refs[:]) })
		})
	}
	fill := func(b *format.SrchBlock, entries ...format.SrchEntry) {
		hdr := b.Hdr
		*b = *mustLeaf(testblock.SrchLeaf(entries...))
		b.Hdr = hdr
	}
	file := func(change func(sfl *format.SrchFile)) func(p *patient) {
		return sortedFile(func(_ *patient, sfl *format.SrchFile) { change(sfl) })
	}
	diagnose(t, []injury{
		{name: "nothing", harm: sortedFile(nil)},
		{name: "height", harm: file(func(sfl *format.SrchFile) { sfl.Height = 3 }), want: one(problem.SearchFileRoot)},
		{name: "no root", harm: file(func(sfl *format.SrchFile) { sfl.Ref.Set(format.Ref{}) }), want: []problem.Number{problem.SearchFileRoot, problem.SearchFileKey}},
		{name: "key", harm: func(p *patient) {
			sfl := p.searchFile(true, entry(1))
			p.search(func(values map[format.Key][]byte) {
				values[format.SrchBlocksKey(7, sfl.Ref.Blkno.Get())] = format.Bytes(&sfl)
			})
		}, want: one(problem.SearchFileKey)},
		{name: "key of a log", harm: func(p *patient) {
			sfl := p.searchFile(true, entry(1))
			p.search(func(values map[format.Key][]byte) { values[format.SrchLogKey(7)] = format.Bytes(&sfl) })
		}, want: one(problem.SearchFileKey)},
		{name: "reference behind the end", harm: parent(func(refs []format.BlockRef) { refs[3] = refs[0] }), want: one(problem.SearchParent)},
		{name: "reference missing", harm: parent(func(refs []format.BlockRef) { refs[1] = format.BlockRef{} }), want: one(problem.SearchParent)},
		{name: "reference outside the device", harm: parent(func(refs []format.BlockRef) { refs[1].Blkno.Set(1 << 50) }), want: one(problem.BlockReference)},
		{name: "leaf of another version", harm: leafOf(1, func(b *format.SrchBlock) { b.Hdr.Seq.Set(7) }), want: one(problem.BlockSeq)},
		{name: "encoding", harm: leafOf(1, func(b *format.SrchBlock) { b.EntryNr.Set(2) }), want: one(problem.SearchEncoding)},
		{name: "last of a leaf", harm: leafOf(1, func(b *format.SrchBlock) { b.Last.Set(entry(9)) }), want: one(problem.SearchLeafBounds)},
		{name: "empty leaf", harm: leafOf(1, func(b *format.SrchBlock) { fill(b) }), want: []problem.Number{problem.SearchLeafBounds, problem.SearchFileCount}},
		{name: "order in a leaf", harm: func(p *patient) {
			sfl := p.searchFile(true, entry(2), entry(1))
			p.search(func(values map[format.Key][]byte) {
				values[format.SrchBlocksKey(1, sfl.Ref.Blkno.Get())] = format.Bytes(&sfl)
			})
		}, want: one(problem.SearchOrder)},
		{name: "no order in a log", harm: func(p *patient) {
			sfl := p.searchFile(true, entry(2), entry(1))
			p.search(func(values map[format.Key][]byte) {
				values[format.SrchLogKey(sfl.Ref.Blkno.Get())] = format.Bytes(&sfl)
			})
		}},
		{name: "order of leaves", harm: func(p *patient) {
			sfl := p.searchFile(false, entry(2), entry(1), entry(3))
			p.search(func(values map[format.Key][]byte) {
				values[format.SrchBlocksKey(3, sfl.Ref.Blkno.Get())] = format.Bytes(&sfl)
			})
		}, want: one(problem.SearchOrder)},
		{name: "count", harm: file(func(sfl *format.SrchFile) { sfl.Entries.Set(4) }), want: one(problem.SearchFileCount)},
		{name: "first", harm: file(func(sfl *format.SrchFile) { sfl.First.Set(entry(0)) }), want: one(problem.SearchFileBounds)},
		{name: "last", harm: file(func(sfl *format.SrchFile) { sfl.Last.Set(entry(2)) }), want: one(problem.SearchFileBounds)},
		{name: "last leaf without entries", harm: sortedFile(func(p *patient, sfl *format.SrchFile) {
			var blkno uint64
			p.large(sfl.Ref.Blkno.Get(), func(b []byte) { blkno = view[format.SrchParent](p.tb, b).Refs[2].Blkno.Get() })
			p.large(blkno, func(b []byte) { fill(view[format.SrchBlock](p.tb, b)) })
			sfl.Entries.Set(2)
			sfl.Last.Set(format.SrchEntry{})
		})},
		{name: "file twice", harm: func(p *patient) {
			sfl := p.searchFile(true, entry(1))
			p.search(func(values map[format.Key][]byte) {
				values[format.SrchLogKey(sfl.Ref.Blkno.Get())] = format.Bytes(&sfl)
				values[format.SrchBlocksKey(1, sfl.Ref.Blkno.Get())] = format.Bytes(&sfl)
			})
		}, want: one(problem.MetaBlockTwice)},
	})
}

func mustLeaf(b []byte) *format.SrchBlock {
	leaf, err := format.ViewSrchBlock(b)
	if err != nil {
		panic(err)
	}
	return leaf
}

// compaction adds one of two sorted files of three leaves each that a mount
// works on, as change leaves it.
func compaction(change func(p *patient, sc *format.SrchCompact, values map[format.Key][]byte)) func(p *patient) {
	return compactionOf(7, change)
}

// compactionOf is compaction for a mount of any rid; the one that is there is 7.
func compactionOf(rid uint64, change func(p *patient, sc *format.SrchCompact, values map[format.Key][]byte)) func(p *patient) {
	return func(p *patient) {
		p.tb.Helper()
		p.mounted(7)
		var sc format.SrchCompact
		sc.MetaAvail = p.list(4)
		sc.Flags, sc.Nr = format.SrchCompactSorted, 2
		sc.Out = p.searchFile(false, entry(1), entry(2))
		for i := range 2 {
			sc.In[i].File = p.searchFile(false, entry(1), entry(2), entry(3))
		}
		sc.ID = sc.In[0].File.Ref.Blkno
		p.search(func(values map[format.Key][]byte) {
			for i := range 2 {
				values[format.SrchBlocksKey(3, sc.In[i].File.Ref.Blkno.Get())] = bytes.Clone(format.Bytes(&sc.In[i].File))
			}
			key := format.SrchBusyKey(rid, sc.ID.Get())
			if change != nil {
				change(p, &sc, values)
			}
			values[key] = format.Bytes(&sc)
		})
	}
}

func TestDamagedCompactionsAreFound(t *testing.T) {
	t.Parallel()
	type sc = format.SrchCompact
	change := func(f func(c *sc)) func(p *patient) {
		return compaction(func(_ *patient, c *sc, _ map[format.Key][]byte) { f(c) })
	}
	// deleting is the compaction's last phase, standing at a leaf and a level.
	deleting := func(f func(p *patient, c *sc), blk, level uint64) func(p *patient) {
		return compaction(func(p *patient, c *sc, values map[format.Key][]byte) {
			for i := range 2 {
				delete(values, format.SrchBlocksKey(3, c.In[i].File.Ref.Blkno.Get()))
				c.In[i].Blk.Set(blk)
				c.In[i].Pos.Set(level)
			}
			values[format.SrchBlocksKey(2, c.Out.Ref.Blkno.Get())] = bytes.Clone(format.Bytes(&c.Out))
			c.Flags = format.SrchCompactDelete
			if f != nil {
				f(p, c)
			}
		})
	}
	notes := []problem.Number{problem.VolumeInUse, problem.CompactionPending}
	cases := []injury{
		{name: "nothing", harm: compaction(nil)},
		{name: "no phase", harm: change(func(c *sc) { c.Flags = 0 }), want: one(problem.CompactionState)},
		{name: "two phases", harm: change(func(c *sc) { c.Flags = format.SrchCompactSorted | format.SrchCompactLog }), want: one(problem.CompactionState)},
		{name: "unknown flags", harm: change(func(c *sc) { c.Flags |= 0x40 }), want: one(problem.CompactionState)},
		{name: "no inputs", harm: change(func(c *sc) { c.Nr = 0 }), want: one(problem.CompactionState)},
		{name: "too many inputs", harm: change(func(c *sc) { c.Nr = 5 }), want: one(problem.CompactionState)},
		{name: "id", harm: change(func(c *sc) { c.ID.Set(5) }), want: one(problem.CompactionKey)},
		{name: "input that is no file", harm: compaction(func(_ *patient, c *sc, values map[format.Key][]byte) {
			c.In[1].File.Blocks.Set(4)
		}), want: one(problem.CompactionInput)},
		{name: "input described otherwise", harm: change(func(c *sc) { c.In[1].File.Entries.Set(9) }), want: one(problem.CompactionInput)},
		{name: "input twice", harm: change(func(c *sc) { c.In[1] = c.In[0] }), want: one(problem.CompactionInput)},
		{name: "position", harm: change(func(c *sc) { c.In[1].Blk.Set(4) }), want: one(problem.CompactionPosition)},
		{name: "byte", harm: change(func(c *sc) { c.In[1].Pos.Set(1 << 20) }), want: one(problem.CompactionPosition)},
		{name: "behind the last leaf", harm: change(func(c *sc) { c.In[1].Blk.Set(3) })},
		{name: "pad", harm: change(func(c *sc) { c.Pad[1] = 1 }), want: one(problem.ItemPad)},
		{name: "mount that is gone", harm: compactionOf(8, nil), want: one(problem.CompactionNoMount)},
		{name: "mount that none can be", harm: compactionOf(0, nil), want: one(problem.CompactionKey)},
		{name: "deleting, nothing yet", harm: deleting(nil, 0, 0)},
		{name: "deleting, wrong level", harm: deleting(nil, 0, 4), want: one(problem.CompactionPosition)},
		{name: "deleting, wrong leaf", harm: deleting(nil, 4, 1), want: one(problem.CompactionPosition)},
		{name: "deleting, input without a root", harm: deleting(func(_ *patient, c *sc) { c.In[1].File.Ref.Set(format.Ref{}) }, 0, 1), want: one(problem.SearchFileRoot)},
		{name: "deleting, damaged parent", harm: deleting(func(p *patient, c *sc) {
			p.bytes(p.meta, int64(c.In[1].File.Ref.Blkno.Get())<<16, 65536, false, func(b []byte) { b[999] ^= 1 })
		}, 0, 1), want: one(problem.BlockCRC)},
		{name: "deleting, two leaves are free", harm: deleting(func(p *patient, c *sc) {
			var freed []uint64
			for i := range 2 {
				p.large(c.In[i].File.Ref.Blkno.Get(), func(b []byte) {
					for _, ref := range view[format.SrchParent](p.tb, b).Refs[:2] {
						freed = append(freed, ref.Blkno.Get())
					}
				})
			}
			c.MetaFreed.Ref.Set(p.add(format.MagicAllocList, testblock.ListBlock(format.Ref{}, 0, freed...)))
			c.MetaFreed.TotalNr.Set(4)
			c.MetaFreed.FirstNr.Set(4)
		}, 2, 1)},
	}
	for i := range cases {
		cases[i].note = notes
	}
	diagnose(t, cases)
}
