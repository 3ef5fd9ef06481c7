// SPDX-License-Identifier: GPL-2.0-or-later

package structure

import (
	"fmt"
	"math"
	"math/bits"
	"slices"

	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// maxLogs bounds the log trees that are kept; a volume has a few for each of
// its mounts.
const maxLogs = 1 << 16

// logsRoot reads the records of all log trees.
func (p *pass) logsRoot() {
	lost := func() {
		p.loseLogs()
		p.logsLost = true
		if p.first {
			p.result.FreeDataUnknown, p.result.SearchUnknown = true, true
		}
	}
	p.items(p.s.LogsRoot.Root(), format.TreeLogsRoot, "logs_root", func(it item) {
		p.noSeq(it, format.TreeLogsRoot)
		lt, err := format.ViewExact[format.LogTrees](it.Value)
		if err != nil {
			return // its length was reported
		}
		if len(p.logs) == maxLogs {
			p.lose()
			lost()
			return
		}
		own := *lt
		if key := format.LogTreesKey(lt.RID.Get(), lt.Nr.Get()); key != it.Key || lt.Nr.Get() == 0 || badRID(lt.RID.Get()) {
			p.report(problem.LogTreesKey, withKey(at(logsPlace(&own), it.blkno), it.Key), fmt.Sprintf("rid %016x, nr %d", lt.RID.Get(), lt.Nr.Get()),
				fmt.Sprintf("rid %016x, nr %d", it.Key.First, it.Key.Second))
			own.RID.Set(it.Key.First)
			own.Nr.Set(it.Key.Second)
		}
		p.logs = append(p.logs, &own)
	}, lost)
}

// loseLogs notes that items of log trees are not known.
func (p *pass) loseLogs() {
	if p.first {
		p.result.LogsUnknown = true
		p.result.Unknown.Add(format.AllKeys())
	}
}

// badRID reports whether no mount can have a rid (docs/format.md 9).
func badRID(rid uint64) bool { return rid == 0 || rid == math.MaxUint64 }

// logsPlace is the place of a log tree's record.
func logsPlace(lt *format.LogTrees) problem.Place {
	return problem.Place{InTree: true, Tree: format.TreeLogsRoot, RID: lt.RID.Get(), Nr: lt.Nr.Get(), Structure: "log trees"}
}

// noSeq checks that an item of a tree that has no use for sequence numbers has
// none.
func (p *pass) noSeq(it item, kind format.Tree) {
	// mkfs gives the items of free extents a 1 (docs/format.md 5.7).
	if it.Seq != 0 && (kind != format.TreeAlloc || it.Seq != 1) {
		p.report(problem.ItemSeq, withKey(at(problem.Place{InTree: true, Tree: kind}, it.blkno), it.Key), fmt.Sprint(it.Seq), "0")
	}
}

// logTrees walks over what a log tree's record leads to.
func (p *pass) logTrees(lt *format.LogTrees) {
	id := TreeID{lt.RID.Get(), lt.Nr.Get()}
	place := logsPlace(lt)
	p.list(lt.MetaAvail, &owner{name: treeName("meta_avail", lt)}, withField(place, "meta_avail"))
	p.list(lt.MetaFreed, &owner{name: treeName("meta_freed", lt)}, withField(place, "meta_freed"))

	items := problem.Place{InTree: true, Tree: format.TreeLogItems, RID: id.RID, Nr: id.Nr}
	p.rootPad(withField(place, "item_root"), lt.ItemRoot.Pad)
	w := treeWalk{
		p: p, root: lt.ItemRoot.Root(), kind: format.TreeLogItems, owner: &owner{name: treeName("item_root", lt)},
		place: items, at: withField(place, "item_root"), lost: p.loseKeys,
	}
	w.walk()
	p.bloom(lt, place)
	for _, x := range []struct {
		root  *format.AllocRoot
		field string
	}{{&lt.DataAvail, "data_avail"}, {&lt.DataFreed, "data_freed"}} {
		p.dataExtents(x.root, id, x.field, &owner{name: treeName(x.field, lt)}, withField(place, x.field))
	}
	p.searchFile(&lt.SrchFile, searchFile{owner: &owner{name: treeName("srch_file", lt)}, place: withField(place, "srch_file"), searched: true})
}

// rootPad checks the padding of a root.
func (p *pass) rootPad(place problem.Place, pads ...[7]byte) {
	for _, pad := range pads {
		if pad != ([7]byte{}) {
			p.report(problem.BtreeRootPad, place, fmt.Sprintf("padding %x", pad), "zero")
		}
	}
}

// bloom checks a log tree's filter: that it is there if it is needed, and that
// it counts its bits. Leaf looks for the bits of items.
func (p *pass) bloom(lt *format.LogTrees, place problem.Place) {
	place = withField(place, "bloom_ref")
	ref := lt.BloomRef.Ref()
	if ref.IsZero() {
		switch {
		case ref.Seq != 0:
			p.report(problem.BlockReference, place, fmt.Sprintf("seq %d without a block", ref.Seq), "0")
		case lt.ItemRoot.Height != 0:
			p.report(problem.LogTreesNoBloom, place, "no bloom block", "one, as there are items")
			// Readers take the tree for empty, which changes what any key is.
			p.loseLogs()
		}
		return
	}
	b, ok := p.read(&owner{name: treeName("bloom block", lt)}, ref, format.MagicBloom, place)
	if !ok {
		return
	}
	bloom, err := format.ViewBloomBlock(b)
	if err != nil {
		return // a block of another size cannot be read
	}
	set := uint64(0)
	for _, b := range bloom.Bits {
		set += uint64(bits.OnesCount8(b))
	}
	if found := bloom.TotalSet.Get(); found != set {
		p.report(problem.BloomTotal, at(withField(place, "total_set"), ref.Blkno), fmt.Sprint(found), fmt.Sprint(set))
	}
}

// read reads and claims a block that is no tree's, and reports whether it can
// be used. place is that of the reference.
func (p *pass) read(o *owner, ref format.Ref, magic uint32, place problem.Place) ([]byte, bool) {
	err := p.r.CheckRef(ref, magic)
	if err == nil {
		place = at(place, ref.Blkno)
		var b []byte
		if b, err = p.r.Read(p.ctx, ref, magic); err == nil {
			if p.first {
				p.opts.Progress.Add(format.LargeBlockSize)
			}
			return b, p.use(o, ref, magic) == claimNew
		}
	}
	if number, found, expected, ok := readProblem(err); ok && p.ctx.Err() == nil {
		p.report(number, place, found, expected)
		if misdirected(number) {
			p.lose()
		} else {
			p.use(o, ref, magic)
		}
	}
	return nil, false
}

// logRules checks what records of log trees say (docs/format.md 7.1).
func (p *pass) logRules() {
	newest := make(map[uint64]uint64) // nr by rid
	for _, lt := range p.logs {
		newest[lt.RID.Get()] = max(newest[lt.RID.Get()], lt.Nr.Get())
	}
	for _, lt := range p.logs {
		place := logsPlace(lt)
		field := func(name string) problem.Place { return withField(place, name) }
		if unknown := lt.Flags.Get() &^ format.LogTreesFinalized; unknown != 0 {
			p.report(problem.LogTreesFlags, field("flags"), fmt.Sprintf("%#x", lt.Flags.Get()), "no unknown flags")
		}
		for _, s := range []struct {
			name string
			seq  uint64
		}{
			{"get_trans_seq", lt.GetTransSeq.Get()},
			{"commit_trans_seq", lt.CommitTransSeq.Get()},
			{"max_item_seq", lt.MaxItemSeq.Get()},
			{"finalize_seq", lt.FinalizeSeq.Get()},
		} {
			p.seqs.check(s.seq, problem.LogTreesSeq, field(s.name))
		}
		if get, commit := lt.GetTransSeq.Get(), lt.CommitTransSeq.Get(); get < commit && commit <= p.seqs.limit {
			p.report(problem.LogTreesTransSeq, field("get_trans_seq"), fmt.Sprint(get), fmt.Sprintf("at least commit_trans_seq, %d", commit))
		}
		if lt.Finalized() != (lt.FinalizeSeq.Get() != 0) {
			expected := "0 as the tree is not finalized"
			if lt.Finalized() {
				expected = "more than 0 as the tree is finalized"
			}
			p.report(problem.LogTreesFinalizeSeq, field("finalize_seq"), fmt.Sprint(lt.FinalizeSeq.Get()), expected)
		}
		if lt.Finalized() {
			p.finalizedRules(lt, field)
			continue
		}
		switch rid := lt.RID.Get(); {
		case lt.Nr.Get() < newest[rid]:
			p.report(problem.LogTreesOpenOrder, place, "open", fmt.Sprintf("finalized, as there is nr %d", newest[rid]))
		case !p.mounts[rid] && !p.mountsLost:
			p.report(problem.LogTreesNoMount, place, "open", "finalized, as the mount is not in mounted_clients")
		}
	}
}

// finalizedRules checks that nothing is left in a tree that nobody writes to.
func (p *pass) finalizedRules(lt *format.LogTrees, field func(string) problem.Place) {
	for _, l := range []struct {
		name string
		head *format.AllocListHead
	}{{"meta_avail", &lt.MetaAvail}, {"meta_freed", &lt.MetaFreed}} {
		if !l.head.Ref.Ref().IsZero() {
			p.report(problem.LogTreesFinalizedSpace, field(l.name), count(l.head.TotalNr.Get(), "block", "blocks"), "none")
		}
	}
	for _, x := range []struct {
		name string
		root *format.AllocRoot
	}{{"data_avail", &lt.DataAvail}, {"data_freed", &lt.DataFreed}} {
		if x.root.Root.Height != 0 {
			p.report(problem.LogTreesFinalizedSpace, field(x.name), count(x.root.TotalLen.Get(), "block", "blocks"), "none")
		}
	}
	if lt.SrchFile.Height != 0 {
		p.report(problem.LogTreesFinalizedSpace, field("srch_file"), count(lt.SrchFile.Entries.Get(), "entry", "entries"), "none")
	}
}

// sortedLogs are the log trees by rid and nr, as the merged view wants them.
func (p *pass) sortedLogs() []*format.LogTrees {
	return slices.SortedFunc(slices.Values(p.logs), func(a, b *format.LogTrees) int {
		return format.LogTreesKey(a.RID.Get(), a.Nr.Get()).Compare(format.LogTreesKey(b.RID.Get(), b.Nr.Get()))
	})
}
