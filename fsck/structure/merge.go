// SPDX-License-Identifier: GPL-2.0-or-later

package structure

import (
	"fmt"
	"slices"

	"scoutfs/engine/btree"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// maxMergeItems bounds the records of a merge that are kept.
const maxMergeItems = 1 << 18

// mergeItems are the records of a log merge, each with its key and place.
type mergeItems struct {
	status    *format.LogMergeStatus
	ranges    []mergeItem[format.LogMergeRange]
	requests  []mergeItem[format.LogMergeRequest]
	completes []mergeItem[format.LogMergeComplete]
	freeing   []mergeItem[format.LogMergeFreeing]
}

type mergeItem[T any] struct {
	key   format.Key
	place problem.Place
	value T
}

// spliced reports whether fs_root has taken up a part of the merge
// (docs/format.md 6.6, 11).
func spliced(m *format.LogMergeComplete) bool {
	return m.MetaAvail.Ref.Ref().IsZero() && m.MetaFreed.Ref.Ref().IsZero()
}

// logMerge reads the records of a merge.
func (p *pass) logMerge() {
	lost := func() {
		p.mergeLost = true
		if p.first {
			// Without the status nobody knows what totals are.
			p.result.Unknown.Add(format.Range{
				Start: format.Key{Zone: format.ZoneXattrTotl}, End: format.Key{Zone: format.ZoneXattrTotl + 1}.Prev(),
			})
		}
	}
	n := 0
	p.items(p.s.LogMerge.Root(), format.TreeLogMerge, "log_merge", func(it item) {
		p.noSeq(it, format.TreeLogMerge)
		if n++; n > maxMergeItems {
			p.lose()
			lost()
			return
		}
		place := withKey(at(problem.Place{InTree: true, Tree: format.TreeLogMerge}, it.blkno), it.Key)
		m := &p.merge
		switch format.KindOf(it.Key) {
		case format.KindLogMergeStatus:
			if status, err := format.ViewExact[format.LogMergeStatus](it.Value); err == nil {
				own := *status
				m.status = &own
			}
		case format.KindLogMergeRange:
			m.ranges = addMerge(m.ranges, it, place)
		case format.KindLogMergeRequest:
			m.requests = addMerge(m.requests, it, place)
		case format.KindLogMergeComplete:
			m.completes = addMerge(m.completes, it, place)
		case format.KindLogMergeFreeing:
			m.freeing = addMerge(m.freeing, it, place)
		}
	}, lost)
	for i := range p.merge.completes {
		if !spliced(&p.merge.completes[i].value) {
			p.claims.expectMerging()
		}
	}
}

func addMerge[T any](to []mergeItem[T], it item, place problem.Place) []mergeItem[T] {
	v, err := format.ViewExact[T](it.Value)
	if err != nil {
		return to // its length was reported
	}
	return append(to, mergeItem[T]{it.Key, place, *v})
}

// mergeSpace walks over what records of a merge own.
func (p *pass) mergeSpace() {
	for i := range p.merge.requests {
		r := &p.merge.requests[i]
		name := fmt.Sprintf("merge request %v", r.key)
		p.list(r.value.MetaAvail, &owner{name: "meta_avail of " + name}, withField(r.place, "meta_avail"))
		p.list(r.value.MetaFreed, &owner{name: "meta_freed of " + name}, withField(r.place, "meta_freed"))
		p.rootPad(r.place, r.value.LogsRoot.Pad, r.value.Root.Pad)
	}
	for i := range p.merge.completes {
		c := &p.merge.completes[i]
		p.rootPad(c.place, c.value.Root.Pad)
		if !spliced(&c.value) {
			p.complete(c)
		}
	}
	for i := range p.merge.freeing {
		f := &p.merge.freeing[i]
		p.rootPad(f.place, f.value.Root.Pad)
		p.freeing(f)
	}
}

// complete walks over a finished part of a merge: its lists, and its tree as
// far as fs_root does not have it.
func (p *pass) complete(c *mergeItem[format.LogMergeComplete]) {
	name := fmt.Sprintf("merge completion %v", c.key)
	p.list(c.value.MetaAvail, &owner{name: "meta_avail of " + name}, withField(c.place, "meta_avail"))
	p.list(c.value.MetaFreed, &owner{name: "meta_freed of " + name, merging: true}, withField(c.place, "meta_freed"))
	w := treeWalk{
		p: p, root: c.value.Root.Root(), kind: format.TreeFSRoot, owner: &owner{name: "root of " + name, merging: true},
		place: c.place, at: withField(c.place, "root"), subtree: true, leaves: true,
		lost: func(_ format.Range, level int) {
			if level > 0 {
				p.lose()
			}
		},
	}
	w.walk()
}

// freeing claims what is left of a merged log tree that is being freed.
func (p *pass) freeing(f *mergeItem[format.LogMergeFreeing]) {
	progress := f.value.Key.Key()
	if progress.IsMax() {
		return
	}
	w := treeWalk{
		p: p, root: f.value.Root.Root(), kind: format.TreeLogItems, owner: &owner{name: fmt.Sprintf("merged log tree %v", f.key)},
		place: f.place, at: withField(f.place, "root"),
		lost: func(_ format.Range, level int) {
			if level > 0 {
				p.lose()
			}
		},
	}
	w.passed = func(b btree.Block) bool {
		gone := b.Range.End.Less(progress)
		if gone && b.Level == 1 && p.r.CheckRef(b.Ref, format.MagicBtree) == nil {
			// Upstream never frees these, and its leaves are gone.
			p.claims.use(w.owner, b.Ref, format.MagicBtree)
		}
		return gone
	}
	w.walk()
}

// mergeRules checks what records of a merge say (docs/format.md 7.5).
func (p *pass) mergeRules() {
	m := &p.merge
	inSeq := func(seq uint64, place problem.Place, field string) {
		p.seqs.check(seq, problem.MergeSeq, withField(place, field))
	}
	status := withKey(problem.Place{InTree: true, Tree: format.TreeLogMerge}, format.LogMergeStatusKey())
	for i := range m.ranges {
		r := &m.ranges[i]
		p.mergeKey(r.key, format.LogMergeRangeKey(r.value.Start.Key()), r.place)
	}
	for i := range m.requests {
		r := &m.requests[i]
		rid := r.value.RID.Get()
		p.mergeKey(r.key, format.LogMergeRequestKey(rid, r.value.Seq.Get()), r.place)
		p.mergeFlags(r.value.Flags.Get(), format.LogMergeRequestSubtree, r.place)
		inSeq(r.value.Seq.Get(), r.place, "seq")
		inSeq(r.value.InputSeq.Get(), r.place, "input_seq")
		if r.key.First == rid && !p.mounts[rid] && !p.mountsLost {
			p.report(problem.MergeNoMount, r.place, fmt.Sprintf("mount %016x", rid), "a mount that is in mounted_clients")
		}
	}
	for i := range m.completes {
		c := &m.completes[i]
		p.mergeKey(c.key, format.LogMergeCompleteKey(c.value.Seq.Get()), c.place)
		p.mergeFlags(c.value.Flags.Get(), format.LogMergeCompleteRemain, c.place)
		inSeq(c.value.Seq.Get(), c.place, "seq")
	}
	for i := range m.freeing {
		f := &m.freeing[i]
		p.mergeKey(f.key, format.LogMergeFreeingKey(f.value.Seq.Get()), f.place)
		inSeq(f.value.Seq.Get(), f.place, "seq")
	}
	if p.mergeLost {
		return
	}
	p.mergeRanges()
	if m.status == nil {
		if n := len(m.ranges) + len(m.requests) + len(m.completes); n > 0 {
			p.report(problem.MergeNoStatus, inSuper("log_merge"), count(uint64(n), "record", "records"), "none without a status")
		}
		return
	}
	inSeq(m.status.Seq.Get(), status, "seq")
	p.mergeCounts(status)
	p.report(problem.MergePending, inSuper("log_merge"), mergeState(m), "")
}

func mergeState(m *mergeItems) string {
	return fmt.Sprintf("%s to go, %s at work, %s done", count(uint64(len(m.ranges)), "range", "ranges"),
		count(uint64(len(m.requests)), "job", "jobs"), count(uint64(len(m.completes)), "job", "jobs"))
}

func (p *pass) mergeKey(found, want format.Key, place problem.Place) {
	if found != want {
		p.report(problem.MergeKey, place, found.String(), want.String())
	}
}

func (p *pass) mergeFlags(flags, known uint64, place problem.Place) {
	if flags&^known != 0 {
		p.report(problem.MergeFlags, withField(place, "flags"), fmt.Sprintf("%#x", flags), fmt.Sprintf("none but %#x", known))
	}
}

// mergeCounts checks the status' counts. While parts are taken up the count of
// completions is kept at 8 or more (docs/format.md 7.5).
func (p *pass) mergeCounts(place problem.Place) {
	m := &p.merge
	requests, completes := m.status.NrRequests.Get(), m.status.NrComplete.Get()
	if want := uint64(len(m.requests)); requests != want {
		p.report(problem.MergeRequestCount, withField(place, "nr_requests"), fmt.Sprint(requests), fmt.Sprint(want))
	}
	want := uint64(len(m.completes))
	splicing := len(m.requests) == 0 && completes >= max(want, format.LogMergeSpliceCount)
	if completes != want && !splicing {
		p.report(problem.MergeCompleteCount, withField(place, "nr_complete"), fmt.Sprint(completes), fmt.Sprint(want))
	}
}

// mergeRanges checks that what is to be merged, at work and done does not
// overlap. Parts that were taken up may have given back a rest.
func (p *pass) mergeRanges() {
	type span struct {
		start, end format.Key
		place      problem.Place
	}
	var spans []span
	add := func(start, end format.Key, place problem.Place) {
		if end.Less(start) {
			p.report(problem.MergeRange, place, fmt.Sprintf("%v to %v", start, end), "a start that is not behind the end")
			return
		}
		spans = append(spans, span{start, end, place})
	}
	m := &p.merge
	for i := range m.ranges {
		r := &m.ranges[i]
		if start := r.value.Start.Key(); r.key == format.LogMergeRangeKey(start) {
			add(start, r.value.End.Key(), r.place)
		}
	}
	for i := range m.requests {
		add(m.requests[i].value.Start.Key(), m.requests[i].value.End.Key(), m.requests[i].place)
	}
	for i := range m.completes {
		c := &m.completes[i].value
		if !spliced(c) {
			add(c.Start.Key(), c.End.Key(), m.completes[i].place)
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return a.start.Compare(b.start) })
	for i := 1; i < len(spans); i++ {
		a, b := &spans[i-1], &spans[i]
		if !a.end.Less(b.start) {
			p.report(problem.MergeRange, b.place, fmt.Sprintf("%v to %v", b.start, b.end), fmt.Sprintf("no overlap with %v to %v", a.start, a.end))
		}
	}
}
