// SPDX-License-Identifier: GPL-2.0-or-later

package structure

import (
	"errors"
	"fmt"

	"scoutfs/engine/format"
	"scoutfs/engine/srch"
	"scoutfs/fsck/problem"
)

// searchFile says what a search file is to be checked as.
type searchFile struct {
	owner    *owner
	place    problem.Place
	sorted   bool // it is no log
	searched bool // searches visit it, so that its entries count
	nonempty bool // it must have leaves
}

// fileWalk is a walk over a search file's blocks, leaves in order.
type fileWalk struct {
	searchFile
	p     *pass
	sfl   *format.SrchFile
	total uint64 // leaves

	entries     uint64
	first, last format.SrchEntry // smallest and greatest so far, once any was seen
	any         bool
	damaged     bool // what has been seen is not all there is
	descends    bool // leaves out of order were reported
	buffer      []format.SrchEntry
	refs        []format.Ref
}

// searchFile walks over a file (docs/format.md 8.1 to 8.3).
func (p *pass) searchFile(sfl *format.SrchFile, f searchFile) {
	w := fileWalk{searchFile: f, p: p, sfl: sfl, total: sfl.Blocks.Get()}
	if sfl.Pad != [7]byte{} {
		p.report(problem.ItemPad, f.place, fmt.Sprintf("padding %x", sfl.Pad), "zero")
	}
	if !w.checkRoot() {
		w.lose(true)
		return
	}
	if sfl.Height == 0 {
		return
	}
	w.visit(sfl.Ref.Ref(), int(sfl.Height)-1, 0, f.place)
	w.finish()
}

// checkRoot reports whether the file's reference, height and length agree.
func (w *fileWalk) checkRoot() bool {
	report := func(field, found, expected string) bool {
		w.p.report(problem.SearchFileRoot, withField(w.place, join(w.place.Field, field)), found, expected)
		return false
	}
	if _, err := srch.Open(w.p.r, w.sfl); err != nil {
		corrupt, ok := errors.AsType[*format.CorruptError](err)
		if !ok {
			return report("", err.Error(), "")
		}
		return report(corrupt.Field, corrupt.Found, corrupt.Expected)
	}
	if want := searchHeight(w.total); int(w.sfl.Height) != want {
		return report("height", fmt.Sprint(w.sfl.Height), fmt.Sprintf("%d for %s", want, count(w.total, "leaf", "leaves")))
	}
	if w.nonempty && w.total == 0 {
		return report("blocks", "0", "at least 1")
	}
	return true
}

// join adds a field's name to that of what it is part of.
func join(whole, part string) string {
	if whole == "" {
		return part
	}
	return whole + "." + part
}

// searchHeight is the height of a file of so many leaves (docs/format.md 8.1).
func searchHeight(leaves uint64) int {
	if leaves == 0 {
		return 0
	}
	height := 1
	for n := uint64(1); n < leaves; n *= format.SrchParentRefs {
		height++
	}
	return height
}

// lose notes that entries are missing, and with them blocks that are not known.
func (w *fileWalk) lose(blocks bool) {
	w.damaged = true
	if blocks {
		w.p.lose()
	}
	if w.searched && w.p.first {
		w.p.result.SearchUnknown = true
	}
}

// visit goes on to a block of a level, with the index of its first leaf.
func (w *fileWalk) visit(ref format.Ref, level int, leaf uint64, from problem.Place) {
	if w.p.ctx.Err() != nil {
		return
	}
	magic := uint32(format.MagicSrchBlock)
	if level > 0 {
		magic = format.MagicSrchParent
	}
	b, ok := w.p.read(w.owner, ref, magic, from)
	if !ok {
		w.lose(level > 0)
		return
	}
	if level > 0 {
		if p, err := format.ViewSrchParent(b); err == nil {
			w.children(p, ref, level, leaf)
		}
		return
	}
	if b, err := format.ViewSrchBlock(b); err == nil {
		w.leaf(b, ref, leaf)
	}
}

// children goes on to the blocks below a parent, and checks that references
// behind the last are zero.
func (w *fileWalk) children(p *format.SrchParent, parent format.Ref, level int, leaf uint64) {
	below := uint64(1)
	for range level - 1 {
		below *= format.SrchParentRefs
	}
	place := at(w.place, parent.Blkno)
	for i := range uint64(format.SrchParentRefs) {
		ref, field := p.Refs[i].Ref(), fmt.Sprintf("refs[%d]", i)
		first := leaf + i*below
		switch {
		case first >= w.total && ref != (format.Ref{}):
			w.p.report(problem.SearchParent, withField(place, field), ref.String(), fmt.Sprintf("zero in a file of %s", count(w.total, "leaf", "leaves")))
			return // there may be thousands
		case first >= w.total:
			continue
		case ref.IsZero():
			w.p.report(problem.SearchParent, withField(place, field), "zero", fmt.Sprintf("a block for leaf %d of %d", first, w.total))
			w.lose(true)
			continue
		}
		if i%aheadBlocks == 0 {
			w.readAhead(p, i, level)
		}
		w.visit(ref, level-1, first, withField(place, field))
	}
}

func (w *fileWalk) readAhead(p *format.SrchParent, i uint64, level int) {
	w.refs = w.refs[:0]
	for _, ref := range p.Refs[i:min(i+aheadBlocks, format.SrchParentRefs)] {
		if r := ref.Ref(); !r.IsZero() {
			w.refs = append(w.refs, r)
		}
	}
	magic := uint32(format.MagicSrchBlock)
	if level > 1 {
		magic = format.MagicSrchParent
	}
	w.p.r.Prefetch(w.p.ctx, magic, w.refs)
}

// leaf checks a leaf's entries and passes them on.
func (w *fileWalk) leaf(b *format.SrchBlock, ref format.Ref, index uint64) {
	if !w.p.first {
		return
	}
	place := at(w.place, ref.Blkno)
	w.buffer = w.buffer[:0]
	for broken := range srch.VerifyLeaf(b, w.sorted, func(e format.SrchEntry) { w.buffer = append(w.buffer, e) }) {
		w.p.report(searchProblem(broken.Rule), withField(place, broken.Err.Field), broken.Err.Found, broken.Err.Expected)
		if broken.Rule == srch.RuleEncoding {
			w.lose(false)
			return
		}
	}
	if len(w.buffer) == 0 {
		w.empty(place, index)
		return
	}
	w.entries += uint64(len(w.buffer))
	first, last := w.buffer[0], w.buffer[0]
	for _, e := range w.buffer[1:] {
		if e.Compare(first) < 0 {
			first = e
		}
		if e.Compare(last) > 0 {
			last = e
		}
	}
	if w.sorted && w.any && first.Compare(w.last) < 0 && !w.descends {
		w.descends = true
		w.p.report(problem.SearchOrder, withField(place, "first"), fmt.Sprint(first), fmt.Sprintf("at least %v, the last of the leaf before", w.last))
	}
	if !w.any || first.Compare(w.first) < 0 {
		w.first = first
	}
	if !w.any || last.Compare(w.last) > 0 {
		w.last = last
	}
	w.any = true
	if w.searched && w.p.opts.SearchEntries != nil {
		w.p.opts.SearchEntries(w.buffer)
	}
}

// empty looks at a leaf without entries: merging can leave one at the end of a
// sorted file (docs/format.md B, 9).
func (w *fileWalk) empty(place problem.Place, index uint64) {
	if w.sorted && index == w.total-1 {
		return
	}
	w.p.report(problem.SearchLeafBounds, withField(place, "entry_nr"), "0", "at least 1")
}

// finish compares what the file says with what there is.
func (w *fileWalk) finish() {
	if w.damaged || !w.p.first || w.p.ctx.Err() != nil {
		return
	}
	field := func(name string) problem.Place { return withField(w.place, join(w.place.Field, name)) }
	if found := w.sfl.Entries.Get(); found != w.entries {
		w.p.report(problem.SearchFileCount, field("entries"), fmt.Sprint(found), fmt.Sprint(w.entries))
	}
	if !w.any {
		return
	}
	if found := w.sfl.First.Entry(); found != w.first {
		w.p.report(problem.SearchFileBounds, field("first"), fmt.Sprint(found), fmt.Sprint(w.first))
	}
	// The last can be zero if the last leaf has lost its entries.
	if found := w.sfl.Last.Entry(); found != w.last && found != (format.SrchEntry{}) {
		w.p.report(problem.SearchFileBounds, field("last"), fmt.Sprint(found), fmt.Sprint(w.last))
	}
}
