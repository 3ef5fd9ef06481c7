// SPDX-License-Identifier: GPL-2.0-or-later

package print

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"scoutfs/engine/format"
)

const errInvalid = syscall.EINVAL

// Selection restricts a print to a part of the volume. Its conditions are
// combined: a block or item is shown if it meets all of them.
type Selection struct {
	// Trees names btrees: those of [TreeNames]. The names of a log trees
	// item's own trees (data_avail, data_freed, item_root) stand for those
	// of all log trees, or with ":RID" or ":RID.NR" (RID in hexadecimal) for
	// one mount's or one item's. Empty is all trees.
	Trees []string
	// Keys shows only items in a range and the heads of the leaf blocks that
	// hold them. Nil is all keys.
	Keys *format.Range
	// Ino shows only the items of one inode, in fs_root and all log trees:
	// everything in the fs zone, its orphan item and its index items as the
	// inode items of the same tree give them. 0 is no restriction.
	Ino uint64
}

func (s Selection) isZero() bool { return len(s.Trees) == 0 && s.Keys == nil && s.Ino == 0 }

// TreeNames lists the names that Selection.Trees accepts; the last three are
// those of a log trees item's trees.
func TreeNames() []string {
	return []string{
		"mounted_clients", "log_merge", "meta_alloc[0]", "meta_alloc[1]", "data_alloc",
		"srch_root", "logs_root", "fs_root", "data_avail", "data_freed", "item_root",
	}
}

// logTreesNames is the index of the first name of a log trees item's tree.
const logTreesNames = 8

// Validate checks the names of trees.
func (s Selection) Validate() error {
	for _, name := range s.Trees {
		if _, err := parseTree(name); err != nil {
			return err
		}
	}
	return nil
}

// treeChoice is what one of Selection.Trees asks for.
type treeChoice struct {
	name          string
	rid, nr       uint64
	oneRID, oneNr bool // only the trees of this mount, or of this item
}

func parseTree(text string) (treeChoice, error) {
	name, which, restricted := strings.Cut(text, ":")
	at := slices.Index(TreeNames(), name)
	if at < 0 {
		return treeChoice{}, fmt.Errorf("unknown tree %q, expected one of %s", text, strings.Join(TreeNames(), ", "))
	}
	c := treeChoice{name: name, oneRID: restricted}
	if !restricted {
		return c, nil
	}
	if at < logTreesNames {
		return treeChoice{}, fmt.Errorf("tree %q: there is only one %s", text, name)
	}
	rid, nr, oneNr := strings.Cut(which, ".")
	var ridErr, nrErr error
	c.rid, ridErr = strconv.ParseUint(rid, 16, 64)
	if c.oneNr = oneNr; oneNr {
		c.nr, nrErr = strconv.ParseUint(nr, 10, 64)
	}
	if ridErr != nil || nrErr != nil {
		return treeChoice{}, fmt.Errorf("tree %q: %q is no RID or RID.NR, with RID in hexadecimal", text, which)
	}
	return c, nil
}

func (c treeChoice) is(info *treeInfo) bool {
	return c.name == info.name && (!c.oneRID || c.rid == info.rid) && (!c.oneNr || c.nr == info.nr)
}

// tree reports whether a tree is selected.
func (s Selection) tree(info *treeInfo) bool {
	if s.Ino != 0 && info.kind != format.TreeFSRoot && info.kind != format.TreeLogItems {
		return false
	}
	return len(s.Trees) == 0 || slices.ContainsFunc(s.Trees, func(name string) bool {
		c, err := parseTree(name)
		return err == nil && c.is(info)
	})
}

// walkSelection emits the selected trees.
func (p *printer) walkSelection(w *walker) error {
	if !p.super.IsMeta() {
		return w.superBlock()
	}
	trees := superTrees(p.super)
	logsRoot, fsRoot := &trees[len(trees)-2], &trees[len(trees)-1]
	logs := valueWalk{walker: w, fn: func(k format.Key, val []byte) error {
		lt, err := format.View[format.LogTrees](val)
		if err != nil {
			return w.report(fmt.Errorf("log trees item %v: %w", k, err))
		}
		own := logTreesTrees(lt)
		for i := range own {
			if err := w.selected(&own[i]); err != nil {
				return err
			}
		}
		return nil
	}}
	if s := p.opts.Select; s.Keys != nil || !s.tree(&logsRoot.info) {
		logs.unshown = &logsRoot.info
	}
	for i := range trees[:len(trees)-1] {
		if err := w.selected(&trees[i]); err != nil {
			return err
		}
	}
	if err := logs.root(&p.super.LogsRoot); err != nil {
		return err
	}
	return w.selected(fsRoot)
}

// selected emits a tree's selected part, if it is selected at all.
func (w *walker) selected(t *superTree) error {
	if !w.opts.Select.tree(&t.info) {
		return nil
	}
	info := t.info
	if w.opts.Select.Ino != 0 {
		info.ranges = w.inodeRanges(t)
	}
	if keys := w.opts.Select.Keys; keys != nil {
		info.ranges = intersect(info.ranges, *keys)
	}
	return w.tree(&info, t.root)
}

// intersect cuts ranges to those inside keys; nil ranges are all keys.
func intersect(ranges []format.Range, keys format.Range) []format.Range {
	if ranges == nil {
		return []format.Range{keys}
	}
	out := []format.Range{}
	for _, r := range ranges {
		if r.Start.Less(keys.Start) {
			r.Start = keys.Start
		}
		if keys.End.Less(r.End) {
			r.End = keys.End
		}
		if !r.End.Less(r.Start) {
			out = append(out, r)
		}
	}
	return out
}

// inodeRanges lists the keys of an inode's items in one tree. Index items
// are found by the seqs that the tree's own inode item has.
func (w *walker) inodeRanges(t *superTree) []format.Range {
	ino := w.opts.Select.Ino
	single := func(k format.Key) format.Range { return format.Range{Start: k, End: k} }
	ranges := []format.Range{single(format.OrphanKey(ino)), format.ItemsOfInode(ino)}
	key := format.InodeKey(ino)
	// The range restricts the search to one path from the root.
	find := valueWalk{walker: w, want: &key, fn: func(k format.Key, val []byte) error {
		if in, _, err := format.ViewInode(val); k == key && err == nil {
			ranges = append(ranges,
				single(format.InodeIndexKey(format.TypeMetaSeq, in.MetaSeq.Get(), ino)),
				single(format.InodeIndexKey(format.TypeDataSeq, in.DataSeq.Get(), ino)))
		}
		return nil
	}}
	if err := find.root(t.root); err != nil {
		return ranges
	}
	slices.SortFunc(ranges, func(a, b format.Range) int { return a.Start.Compare(b.Start) })
	return ranges
}
