// SPDX-License-Identifier: GPL-2.0-or-later

package items

import (
	"context"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
	"scoutfs/fsck/structure"
)

// worker reads parts and is the state of one goroutine.
type worker struct {
	*check
	sums  *sums
	facts Facts
	lists lists
	in    inode
	dirs  []parentOf       // of the part
	rule  format.QuotaRule // the quota rule before, of the same hash
	hash  uint64           // its hash
	ruled bool             // there is one
	batch *block.Batch
	// detail collects records in the second pass, in which nothing is
	// reported or summed again.
	detail *collector
}

// batch returns memory for the leaves that a worker reads at once.
func (c *check) batch() *block.Batch { return c.opts.Volume.Reader.NewBatch(batchLeaves) }

// batchLeaves is how many leaves a worker reads at once, 1 MiB.
const batchLeaves = 16

// read checks all items of a part, which has a number.
func (w *worker) read(ctx context.Context, nr int, part format.Range) error {
	c := w.opts.Volume.Snapshot.CursorWith(part, forest.CursorOptions{
		Batch:   w.batch,
		Whole:   true,
		Leaf:    w.leaf,
		Damaged: w.damaged,
	})
	w.in, w.ruled = inode{}, false
	for c.Next(ctx) {
		it := c.Item()
		if w.unknown.Any() && w.unknown.Contains(it.Key) {
			continue
		}
		w.facts.Items++
		w.item(&it)
	}
	if w.in.open {
		w.endInode()
	}
	if w.detail == nil {
		w.parents.set(nr, w.dirs)
		w.dirs = w.dirs[:0]
	}
	return c.Err()
}

func (w *worker) leaf(t forest.Tree, leaf btree.Block, err error) error {
	if w.detail != nil || w.opts.Leaf == nil {
		w.progress.Add(format.LargeBlockSize)
		return err
	}
	if !w.opts.Leaf(structure.TreeID{RID: t.RID, Nr: t.Nr}, leaf, err) && err == nil {
		return errUnusable
	}
	return err
}

func (w *worker) damaged(_ forest.Tree, unknown format.Range, _ error) error {
	w.unknown.Add(unknown)
	return nil
}

func (w *worker) item(it *forest.Item) {
	switch it.Key.Zone {
	case format.ZoneFS:
		w.inodeItem(it)
	case format.ZoneInodeIndex:
		w.seqIndex(it.Key)
	case format.ZoneOrphan:
		w.orphan(it.Key)
	case format.ZoneQuota:
		w.quota(it)
	case format.ZoneXattrTotl:
		w.total(it)
	case format.ZoneXattrIndx:
		w.indx(it.Key)
	}
}

// inodeItem takes an item of an inode.
func (w *worker) inodeItem(it *forest.Item) {
	if !w.in.open || w.in.ino != it.Key.First {
		if w.in.open {
			w.endInode()
		}
		w.in.begin(w.check, it.Key.First)
	}
	w.in.items++
	switch it.Key.Type {
	case format.TypeInode:
		w.inode(it)
	case format.TypeXattr:
		w.xattr(it)
	case format.TypeDirent:
		w.dirent(it)
	case format.TypeReaddir:
		w.readdir(it)
	case format.TypeLinkBackref:
		w.backref(it)
	case format.TypeSymlink:
		w.symlink(it)
	case format.TypeDataExtent:
		w.extent(it)
	}
}

// find reports something about an item.
func (w *worker) find(n problem.Number, k format.Key, name, found, expected string) {
	if w.detail != nil {
		return
	}
	w.limiter.find(problem.Finding{Number: n, Place: itemPlace(k, name), Found: found, Expected: expected})
}

// findIn reports something about the current inode's own item.
func (w *worker) findIn(n problem.Number, field, found, expected string) {
	if w.detail != nil {
		return
	}
	w.limiter.find(problem.Finding{Number: n, Place: inodePlace(w.in.ino, field), Found: found, Expected: expected})
}

// itemPlace is the place of an item of the merged view.
func itemPlace(k format.Key, name string) problem.Place {
	p := problem.Place{Device: problem.MetaDevice, HasKey: true, Key: k, Name: name}
	switch k.Zone {
	case format.ZoneFS:
		p.Ino = k.First
		if k.Type == format.TypeLinkBackref && name != "" {
			p.Ino = k.Second // names are those of directories
		}
	case format.ZoneOrphan:
		p.Ino = k.Second
	case format.ZoneInodeIndex:
		p.Ino = k.Third
	case format.ZoneXattrIndx:
		p.Ino = k.Indx().Ino
	}
	return p
}

// inodePlace is the place of a field of an inode.
func inodePlace(ino uint64, field string) problem.Place {
	p := itemPlace(format.InodeKey(ino), "")
	p.Field = field
	return p
}
