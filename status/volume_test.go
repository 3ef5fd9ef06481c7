// SPDX-License-Identifier: GPL-2.0-or-later

package status_test

import (
	"net/netip"
	"slices"
	"testing"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
	"scoutfs/internal/testvolume"
	"scoutfs/status"
)

// builder is a volume in the making with one quorum slot, and nobody in it.
type builder struct {
	*testvolume.Builder
	tb      testing.TB
	quorums [format.QuorumSlots]format.QuorumBlock
}

func newBuilder(tb testing.TB) *builder {
	tb.Helper()
	b := &builder{Builder: testvolume.New(tb), tb: tb}
	b.Super.Hdr.FSID.Set(testblock.FSID)
	b.Super.MetaAlloc[0].TotalLen.Set(60_000)
	b.Super.DataAlloc.TotalLen.Set(1000)
	b.slot(0, "10.0.0.1:1000")
	return b
}

func (b *builder) slot(slot int, addr string) {
	b.Super.Qconf.Slots[slot].SetIPv4(netip.MustParseAddrPort(addr))
}

// event writes down an event of a slot's mount.
func (b *builder) event(slot, event int, rid, term uint64) {
	q := &b.quorums[slot]
	q.WriteNr.Set(q.WriteNr.Get() + 1)
	e := &q.Events[event]
	e.WriteNr = q.WriteNr
	e.RID.Set(rid)
	e.Term.Set(term)
	e.TS.Sec.Set(7)
	e.TS.Nsec.Set(8)
}

func (b *builder) mount(rid uint64, quorum bool) {
	var c format.MountedClient
	c.Addr.SetIPv4(netip.MustParseAddrPort("10.0.0.9:40000"))
	if quorum {
		c.Flags = format.MountedClientQuorum
	}
	b.Mounts[format.MountedClientKey(rid)] = slices.Clone(format.Bytes(&c))
}

func (b *builder) logTrees(rid, nr uint64, more func(*format.LogTrees)) {
	var l format.LogTrees
	l.RID.Set(rid)
	l.Nr.Set(nr)
	if more != nil {
		more(&l)
	}
	b.LogTrees[format.LogTreesKey(rid, nr)] = slices.Clone(format.Bytes(&l))
}

func (b *builder) finalized(rid, nr, seq uint64) {
	b.logTrees(rid, nr, func(l *format.LogTrees) {
		l.Flags.Set(format.LogTreesFinalized)
		l.FinalizeSeq.Set(seq)
	})
}

func (b *builder) mergeStatus(seq, complete uint64) {
	var s format.LogMergeStatus
	s.Seq.Set(seq)
	s.NrComplete.Set(complete)
	b.Merge[format.LogMergeStatusKey()] = slices.Clone(format.Bytes(&s))
}

func (b *builder) mergeRange(start format.Key) {
	var r format.LogMergeRange
	r.Start.Set(start)
	r.End.Set(format.MaxKey())
	b.Merge[format.LogMergeRangeKey(start)] = slices.Clone(format.Bytes(&r))
}

func (b *builder) mergeRequest(rid, seq uint64) {
	var r format.LogMergeRequest
	r.RID.Set(rid)
	r.Seq.Set(seq)
	r.MetaAvail.TotalNr.Set(100)
	b.Merge[format.LogMergeRequestKey(rid, seq)] = slices.Clone(format.Bytes(&r))
}

func (b *builder) mergeComplete(rid, seq uint64) {
	var c format.LogMergeComplete
	c.RID.Set(rid)
	c.Seq.Set(seq)
	c.MetaFreed.TotalNr.Set(10)
	c.Flags.Set(format.LogMergeCompleteRemain)
	b.Merge[format.LogMergeCompleteKey(seq)] = slices.Clone(format.Bytes(&c))
}

func (b *builder) compaction(key format.Key, id uint64, flags uint8) {
	var c format.SrchCompact
	c.ID.Set(id)
	c.Nr = 2
	c.Flags = flags
	c.MetaAvail.TotalNr.Set(1000)
	c.In[0].File.Blocks.Set(3)
	c.In[1].File.Blocks.Set(4)
	b.Srch[key] = slices.Clone(format.Bytes(&c))
}

// pair writes the volume. Its metadata device is as large as its super says.
func (b *builder) pair() device.Pair {
	b.tb.Helper()
	pair := b.Devices(b.tb)
	for slot := range b.quorums {
		block := make([]byte, format.SmallBlockSize)
		copy(block, format.Bytes(&b.quorums[slot]))
		blkno := uint64(format.QuorumBlkno + slot)
		testblock.Seal(block, format.Ref{Blkno: blkno, Seq: 1}, format.MagicQuorum)
		if _, err := pair.Meta.WriteAt(block, int64(blkno)<<format.SmallBlockShift); err != nil {
			b.tb.Fatal(err)
		}
	}
	return pair
}

// read describes a volume.
func read(tb testing.TB, pair device.Pair) *status.Status {
	tb.Helper()
	s, err := status.Read(tb.Context(), pair, status.ReadOptions{Orphans: true})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// hintIDs returns the ids of hints without repetitions.
func hintIDs(hints []status.Hint) []string {
	ids := []string{}
	for _, h := range hints {
		if !slices.Contains(ids, h.ID) {
			ids = append(ids, h.ID)
		}
	}
	return ids
}
