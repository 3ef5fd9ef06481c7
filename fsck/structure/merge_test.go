// SPDX-License-Identifier: GPL-2.0-or-later

package structure_test

import (
	"bytes"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
	"scoutfs/internal/testblock"
)

// merging is a log merge in progress: a range to go, a job that mount 7 works
// on, and a job that is done and not yet taken up.
type merging struct {
	status   format.LogMergeStatus
	todo     format.LogMergeRange
	request  format.LogMergeRequest
	complete format.LogMergeComplete
	// without leaves records out.
	noStatus, noRequest, noComplete bool
	more                            map[format.Key][]byte
	rid                             uint64 // in the request's key
}

// merge starts a merge, as change leaves it.
func merge(change func(p *patient, m *merging)) func(p *patient) {
	return func(p *patient) {
		p.tb.Helper()
		p.mounted(7)
		m := merging{rid: 7, more: map[format.Key][]byte{}}
		m.status.Seq.Set(p.super.Seq.Get())
		m.status.NrRequests.Set(1)
		m.status.NrComplete.Set(1)
		m.todo.Start.Set(format.InodeKey(5000))
		m.todo.End.Set(format.MaxKey())
		m.request.MetaAvail = p.list(3)
		m.request.Root = p.super.FSRoot
		m.request.LogsRoot = p.super.LogsRoot
		m.request.Start.Set(format.InodeKey(3000))
		m.request.End.Set(format.InodeKey(4999))
		m.request.RID.Set(7)
		m.request.Seq.Set(3)
		p.job(&m.complete)
		if change != nil {
			change(p, &m)
		}
		values := m.more
		put := func(k format.Key, b []byte) { values[k] = bytes.Clone(b) }
		if !m.noStatus {
			put(format.LogMergeStatusKey(), format.Bytes(&m.status))
		}
		put(format.LogMergeRangeKey(format.InodeKey(5000)), format.Bytes(&m.todo))
		if !m.noRequest {
			put(format.LogMergeRequestKey(m.rid, 3), format.Bytes(&m.request))
		}
		if !m.noComplete {
			put(format.LogMergeCompleteKey(4), format.Bytes(&m.complete))
		}
		p.setTree(func(s *format.Super) *format.BtreeRoot { return &s.LogMerge }, values)
	}
}

// job is what a mount does that merges something into a leaf of fs_root: a new
// root with a new leaf, and the old ones to be freed.
func (p *patient) job(c *format.LogMergeComplete) {
	p.tb.Helper()
	old := p.super.FSRoot.Root()
	leaf := p.blocks(old, 0)[1]
	root := p.blocks(old, 1)[0]
	fresh := p.add(format.MagicBtree, bytes.Clone(leaf.Block[:]))
	content := *root.Block
	for slot := range content.NrItems() {
		val, _ := content.Value(content.Item(slot))
		if ref := view[format.BlockRef](p.tb, val); ref.Ref() == leaf.Ref {
			ref.Set(fresh)
		}
	}
	c.Root.Set(format.Root{Ref: p.add(format.MagicBtree, content[:]), Height: old.Height})
	c.MetaAvail = p.list(2)
	c.MetaFreed.Ref.Set(p.add(format.MagicAllocList, testblock.ListBlock(format.Ref{}, 0, old.Ref.Blkno, leaf.Ref.Blkno)))
	c.MetaFreed.FirstNr.Set(2)
	c.MetaFreed.TotalNr.Set(2)
	c.End.Set(format.InodeKey(2999))
	c.RID.Set(7)
	c.Seq.Set(4)
}

func TestDamagedMergesAreFound(t *testing.T) {
	t.Parallel()
	m := func(change func(m *merging)) func(p *patient) {
		return merge(func(_ *patient, m *merging) { change(m) })
	}
	cases := []injury{
		{name: "nothing", harm: merge(nil)},
		{name: "requests", harm: m(func(m *merging) { m.status.NrRequests.Set(2) }), want: one(problem.MergeRequestCount)},
		{name: "completions", harm: m(func(m *merging) { m.status.NrComplete.Set(2) }), want: one(problem.MergeCompleteCount)},
		{name: "completions while there are requests", harm: m(func(m *merging) { m.status.NrComplete.Set(9) }), want: one(problem.MergeCompleteCount)},
		{name: "range that ends before it starts", harm: m(func(m *merging) { m.todo.End.Set(format.InodeKey(4999)) }), want: one(problem.MergeRange)},
		{name: "overlap", harm: m(func(m *merging) { m.request.End.Set(format.InodeKey(5000)) }), want: one(problem.MergeRange)},
		{name: "key of a range", harm: m(func(m *merging) { m.todo.Start.Set(format.InodeKey(5001)) }), want: one(problem.MergeKey)},
		{name: "key of a range that overlaps", harm: m(func(m *merging) { m.todo.Start.Set(format.InodeKey(4000)) }), want: one(problem.MergeKey)},
		{name: "key of a request", harm: m(func(m *merging) { m.request.Seq.Set(2) }), want: one(problem.MergeKey)},
		{name: "key of a completion", harm: m(func(m *merging) { m.complete.Seq.Set(2) }), want: one(problem.MergeKey)},
		{name: "flags of a request", harm: m(func(m *merging) { m.request.Flags.Set(2) }), want: one(problem.MergeFlags)},
		{name: "flags of a completion", harm: m(func(m *merging) { m.complete.Flags.Set(1) }), want: one(problem.MergeFlags)},
		{name: "known flags", harm: m(func(m *merging) {
			m.request.Flags.Set(format.LogMergeRequestSubtree)
			m.complete.Flags.Set(format.LogMergeCompleteRemain)
		})},
		{name: "seq", harm: m(func(m *merging) { m.request.InputSeq.Set(1 << 50) }), want: one(problem.MergeSeq)},
		{name: "status' seq", harm: m(func(m *merging) { m.status.Seq.Set(1 << 50) }), want: one(problem.MergeSeq)},
		{name: "request of a mount that is gone", harm: m(func(m *merging) {
			m.rid = 8
			m.request.RID.Set(8)
		}), want: one(problem.MergeNoMount)},
		{name: "root's pad", harm: m(func(m *merging) { m.complete.Root.Pad[0] = 1 }), want: one(problem.BtreeRootPad)},
		{name: "completion's tree cannot be read", harm: merge(func(p *patient, m *merging) {
			p.bytes(p.meta, int64(m.complete.Root.Ref.Blkno.Get())<<16, 65536, false, func(b []byte) { b[999] ^= 1 })
		}), want: one(problem.BlockCRC)},
		{name: "damage in a completion's leaf", harm: merge(func(p *patient, m *merging) {
			p.btree(p.blocks(m.complete.Root.Root(), 0)[1].Ref.Blkno, func(b *format.BtreeBlock) { b.Item(3).Flags = 4 })
		}), want: one(problem.ItemFlags)},
		{name: "completion has a block of another tree", harm: merge(func(p *patient, m *merging) {
			p.large(m.complete.MetaFreed.Ref.Blkno.Get(), func(b []byte) {
				view[format.AllocListBlock](p.tb, b).Blknos[0].Set(p.super.LogsRoot.Ref.Blkno.Get())
			})
		}), want: one(problem.MetaBlockFreeUsed)},
		{name: "completion frees what is free", harm: merge(func(p *patient, m *merging) {
			p.large(m.complete.MetaFreed.Ref.Blkno.Get(), func(b []byte) {
				view[format.AllocListBlock](p.tb, b).Blknos[0].Set(p.freeExtents(&p.super.MetaAlloc[0])[0].Start)
			})
		}), want: one(problem.MetaBlockFreeTwice)},
		{name: "being taken up", harm: merge(func(p *patient, m *merging) {
			// The request is over, the lists are the server's, fs_root is the job's.
			m.noRequest = true
			m.status.NrRequests.Set(0)
			m.status.NrComplete.Set(format.LogMergeSpliceCount)
			request, avail, freed := m.request.MetaAvail, m.complete.MetaAvail, m.complete.MetaFreed
			root := m.complete.Root
			m.complete.MetaAvail, m.complete.MetaFreed = format.AllocListHead{}, format.AllocListHead{}
			p.chain(request, avail, freed)
			p.setSuper(func(s *format.Super) { s.FSRoot = root })
		})},
	}
	for i := range cases {
		cases[i].note = []problem.Number{problem.VolumeInUse, problem.MergePending}
	}
	cases = append(cases, injury{
		name: "no status", harm: m(func(m *merging) { m.noStatus = true }),
		want: one(problem.MergeNoStatus), note: one(problem.VolumeInUse),
	})
	diagnose(t, cases)
}

// chain gives lists of one block each to the server.
func (p *patient) chain(heads ...format.AllocListHead) {
	p.tb.Helper()
	for _, head := range heads {
		p.setSuper(func(s *format.Super) {
			first := &s.ServerMetaFreed[1]
			p.large(head.Ref.Blkno.Get(), func(b []byte) { view[format.AllocListBlock](p.tb, b).Next = first.Ref })
			head.TotalNr.Set(head.TotalNr.Get() + first.TotalNr.Get())
			*first = head
		})
	}
}

// A merged log tree that is being freed owns what progress has not passed, and
// the parents of leaves that upstream never frees.
func TestTreesThatAreBeingFreedOwnTheirRest(t *testing.T) {
	t.Parallel()
	for _, all := range []bool{false, true} {
		p := newPatient(t, healthy()(t))
		lt := p.logTrees(1)
		leaves := p.blocks(lt.ItemRoot.Root(), 0)
		if lt.ItemRoot.Height != 2 || len(leaves) < 3 {
			t.Fatalf("height %d, %d leaves", lt.ItemRoot.Height, len(leaves))
		}
		var f format.LogMergeFreeing
		f.Root = lt.ItemRoot
		f.Seq.Set(5)
		gone := []uint64{lt.BloomRef.Blkno.Get()}
		if all {
			f.Key.Set(format.MaxKey())
		} else {
			f.Key.Set(leaves[1].Range.End.Next())
			leaves = leaves[:2]
		}
		for _, leaf := range leaves {
			gone = append(gone, leaf.Ref.Blkno)
		}
		ref := p.add(format.MagicAllocList, testblock.ListBlock(p.super.ServerMetaFreed[1].Ref.Ref(), 0, gone...))
		values := p.values(p.super.LogsRoot.Root())
		delete(values, format.LogTreesKey(lt.RID.Get(), lt.Nr.Get()))
		p.setTree(func(s *format.Super) *format.BtreeRoot { return &s.LogsRoot }, values)
		p.setTree(func(s *format.Super) *format.BtreeRoot { return &s.LogMerge }, map[format.Key][]byte{format.LogMergeFreeingKey(5): format.Bytes(&f)})
		p.setSuper(func(s *format.Super) {
			head := &s.ServerMetaFreed[1]
			head.TotalNr.Set(head.TotalNr.Get() + uint64(len(gone)))
			head.FirstNr.Set(uint32(len(gone)))
			head.Ref.Set(ref)
		})
		in := injury{}
		if all {
			in.note = one(problem.KnownLeak) // the parent of the leaves
		}
		compare(t, check(t, p.pair()).findings, in)
	}
}
