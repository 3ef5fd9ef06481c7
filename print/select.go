// SPDX-License-Identifier: GPL-2.0-or-later

package print

import (
	"fmt"
	"slices"
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

// TreeNames lists the names that Selection.Trees accepts.
func TreeNames() []string {
	return []string{
		"mounted_clients", "log_merge", "meta_alloc[0]", "meta_alloc[1]", "data_alloc",
		"srch_root", "logs_root", "fs_root", "data_avail", "data_freed", "item_root",
	}
}

// Validate checks the names of trees.
func (s Selection) Validate() error {
	for _, name := range s.Trees {
		base, which, _ := strings.Cut(name, ":")
		if !slices.Contains(TreeNames(), base) {
			return fmt.Errorf("unknown tree %q, expected one of %s: %w", name, strings.Join(TreeNames(), ", "), errInvalid)
		}
		if which == "" && !strings.Contains(name, ":") {
			continue
		}
		var rid, nr uint64
		if n, _ := fmt.Sscanf(which, "%x.%d", &rid, &nr); n == 0 {
			return fmt.Errorf("tree %q: %q is no RID or RID.NR: %w", name, which, errInvalid)
		}
	}
	return nil
}

// tree reports whether a tree is selected.
func (s Selection) tree(info *treeInfo) bool {
	if s.Ino != 0 && info.kind != format.TreeFSRoot && info.kind != format.TreeLogItems {
		return false
	}
	if len(s.Trees) == 0 {
		return true
	}
	return slices.ContainsFunc(s.Trees, func(want string) bool {
		if want == info.name {
			return true
		}
		name := fmt.Sprintf("%s:%016x", info.name, info.rid)
		return info.rid != 0 && (want == name || want == fmt.Sprintf("%s.%d", name, info.nr))
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
