// SPDX-License-Identifier: GPL-2.0-or-later

package structure

import (
	"errors"
	"fmt"

	"scoutfs/engine/alloc"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// maxExtra bounds the extents without an item by place that are remembered.
const maxExtra = 1 << 16

// extents walks over an allocator's tree. found is called with each free
// extent, not twice for the same blocks, and with bySize for those that have no
// item by place; lost if some cannot be told.
func (p *pass) extents(root *format.AllocRoot, o *owner, place problem.Place, first, end uint64, found func(e format.Extent, bySize bool), lost func()) {
	if unknown := root.Flags.Get() &^ format.AllocFlagLow; unknown != 0 {
		p.report(problem.AllocRootFlags, place, fmt.Sprintf("flags %#x", root.Flags.Get()), "no unknown flags")
	}
	p.rootPad(place, root.Root.Pad)
	if root.Pad != [4]byte{} {
		p.report(problem.BtreeRootPad, place, fmt.Sprintf("padding %x", root.Pad), "zero")
	}
	tree := place
	tree.InTree, tree.Tree = true, format.TreeAlloc
	x := extentWalk{p: p, place: tree, check: alloc.ExtentCheck{First: first, End: end}, found: found}
	w := treeWalk{
		p: p, root: root.Root.Root(), kind: format.TreeAlloc, owner: o, place: tree, at: place, leaves: true,
		leaf: func(l *leaf) { l.each(x.item) },
		lost: func(format.Range, int) { x.incomplete = true },
	}
	w.walk()
	if x.incomplete || x.unknown {
		lost()
	}
	if x.incomplete || p.ctx.Err() != nil {
		return // sums are not those of all items
	}
	if bad := x.check.Total(root.TotalLen.Get()); bad != nil {
		p.report(problem.AllocTotal, withField(place, place.Field+".total_len"), bad.Err.Found, bad.Err.Expected)
	}
	if !x.check.Paired() {
		x.unpaired(alloc.OpenExtents(p.r, root))
	}
}

// extentWalk is what a walk over an allocator's items finds out.
type extentWalk struct {
	p     *pass
	place problem.Place
	check alloc.ExtentCheck
	last  format.Extent // by place
	found func(e format.Extent, bySize bool)
	// incomplete says that items are missing, unknown that one of them is of
	// no extent.
	incomplete, unknown bool
}

func (x *extentWalk) item(it item) {
	x.p.noSeq(it, format.TreeAlloc)
	e, bad := x.check.Add(usedFields(it.Key))
	if bad != nil {
		x.p.report(extentProblem(bad.Rule), withKey(at(x.place, it.blkno), it.Key), bad.Err.Found, bad.Err.Expected)
	}
	if e.Len == 0 {
		x.unknown = true
		return
	}
	if it.Key.Zone != format.ZoneFreeBlkno {
		return
	}
	for _, part := range without(e, x.last) {
		if part.Len > 0 {
			x.found(part, false)
		}
	}
	x.last = e
}

// unpaired finds the items whose extents have one item only. Blocks that can
// be found by size alone are free all the same.
func (x *extentWalk) unpaired(extents *alloc.Extents) {
	for err := range extents.Unpaired(x.p.ctx) {
		bad, ok := errors.AsType[*alloc.ExtentError](err)
		if !ok {
			return // what keeps the tree from being read was reported
		}
		x.p.report(extentProblem(bad.Rule), withKey(x.place, bad.Key), bad.Err.Found, bad.Err.Expected)
		if e, ok := bad.Key.FreeExtent(); ok && bad.Rule == alloc.ExtentNoBlkno {
			x.found(e, true)
		}
	}
}

// metaExtents walks over an allocator of the metadata device.
func (p *pass) metaExtents(root *format.AllocRoot, field string) {
	o := &owner{name: field}
	end := max(p.metaBlocks, p.s.TotalMetaBlocks.Get())
	p.extents(root, o, inSuper(field), format.FirstMetaBlkno, end,
		func(e format.Extent, _ bool) { p.freeMeta(o, e) }, p.lose)
}

// dataExtents walks over an allocator of the data device, whose extents are
// the concern of those who know the files.
func (p *pass) dataExtents(root *format.AllocRoot, id TreeID, field string, o *owner, place problem.Place) {
	free := freeTree{root: *root, tree: id, field: field}
	end := max(p.dataBlocks, p.s.TotalDataBlocks.Get())
	p.extents(root, o, place, format.FirstDataBlkno, end, func(e format.Extent, bySize bool) {
		p.sizes.dataEnd = max(p.sizes.dataEnd, min(e.Start+e.Len, end))
		if bySize && len(free.extra) < maxExtra {
			free.extra = append(free.extra, e)
		}
	}, func() {
		if p.first {
			p.result.FreeDataUnknown = true
		}
	})
	if p.first && root.Root.Height > 0 {
		p.result.freeData = append(p.result.freeData, free)
	}
}

// serverSpace walks over what the server has to give away.
func (p *pass) serverSpace() {
	for i := range p.s.MetaAlloc {
		p.metaExtents(&p.s.MetaAlloc[i], fmt.Sprintf("meta_alloc[%d]", i))
		for _, l := range []struct {
			head  *format.AllocListHead
			field string
		}{
			{&p.s.ServerMetaAvail[i], fmt.Sprintf("server_meta_avail[%d]", i)},
			{&p.s.ServerMetaFreed[i], fmt.Sprintf("server_meta_freed[%d]", i)},
		} {
			p.list(*l.head, &owner{name: l.field}, inSuper(l.field))
		}
	}
	p.dataExtents(&p.s.DataAlloc, TreeID{}, "data_alloc", &owner{name: "data_alloc"}, inSuper("data_alloc"))
	for _, t := range []struct {
		root  *format.BtreeRoot
		field string
	}{
		{&p.s.FSRoot, "fs_root"},
		{&p.s.LogsRoot, "logs_root"},
		{&p.s.LogMerge, "log_merge"},
		{&p.s.MountedClients, "mounted_clients"},
		{&p.s.SrchRoot, "srch_root"},
	} {
		p.rootPad(inSuper(t.field), t.root.Pad)
	}
}
