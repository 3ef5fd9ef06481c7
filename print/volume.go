// SPDX-License-Identifier: GPL-2.0-or-later

package print

import (
	"fmt"

	"scoutfs/engine/format"
)

// superTree is one of the btrees that the super refers to.
type superTree struct {
	info treeInfo
	root *format.BtreeRoot
}

// superTrees lists the trees in the order of the output.
func superTrees(s *format.Super) []superTree {
	tree := func(kind format.Tree, name string, root *format.BtreeRoot) superTree {
		return superTree{treeInfo{kind: kind, label: name, name: name}, root}
	}
	return []superTree{
		tree(format.TreeMountedClients, "mounted_clients", &s.MountedClients),
		tree(format.TreeLogMerge, "log_merge", &s.LogMerge),
		tree(format.TreeAlloc, "meta_alloc[0]", &s.MetaAlloc[0].Root),
		tree(format.TreeAlloc, "meta_alloc[1]", &s.MetaAlloc[1].Root),
		tree(format.TreeAlloc, "data_alloc", &s.DataAlloc.Root),
		tree(format.TreeSrchRoot, "srch_root", &s.SrchRoot),
		tree(format.TreeLogsRoot, "logs_root", &s.LogsRoot),
		tree(format.TreeFSRoot, "fs_root", &s.FSRoot),
	}
}

// walkVolume emits the whole volume in the order of upstream's print.
func (p *printer) walkVolume(w *walker) error {
	if err := w.superBlock(); err != nil || !p.super.IsMeta() {
		return err
	}
	if err := w.quorumBlocks(); err != nil {
		return err
	}
	trees := superTrees(p.super)
	for i := range trees {
		t := &trees[i]
		switch t.info.kind {
		case format.TreeFSRoot:
			continue
		case format.TreeAlloc:
			if p.opts.SkipLikelyHuge {
				continue
			}
		}
		if err := w.tree(&t.info, t.root); err != nil {
			return err
		}
		if t.info.kind == format.TreeLogMerge {
			if err := w.serverLists(); err != nil {
				return err
			}
		}
	}
	if !p.opts.SkipLikelyHuge {
		if err := w.srchFiles(); err != nil {
			return err
		}
	}
	if err := w.logTrees(); err != nil {
		return err
	}
	if p.opts.SkipLikelyHuge {
		return nil
	}
	fsRoot := &trees[len(trees)-1]
	return w.tree(&fsRoot.info, fsRoot.root)
}

func (w *walker) serverLists() error {
	for i := range w.super.ServerMetaAvail {
		if err := w.list(fmt.Sprintf("server_meta_avail[%d]", i), &w.super.ServerMetaAvail[i]); err != nil {
			return err
		}
	}
	for i := range w.super.ServerMetaFreed {
		if err := w.list(fmt.Sprintf("server_meta_freed[%d]", i), &w.super.ServerMetaFreed[i]); err != nil {
			return err
		}
	}
	return nil
}

// srchFiles emits the files of srch_root's items; an input of a compaction
// comes again although it has an item of its own, as in upstream's text.
func (w *walker) srchFiles() error {
	return w.values(&w.super.SrchRoot, func(k format.Key, val []byte) error {
		if k.Type != format.TypeSrchPending && k.Type != format.TypeSrchBusy {
			f, err := format.View[format.SrchFile](val)
			if err != nil {
				return nil //nolint:nilerr // the item's own unit reports its length
			}
			return w.srchFile(f)
		}
		c, err := format.View[format.SrchCompact](val)
		if err != nil {
			return nil //nolint:nilerr // likewise
		}
		for i := range c.Inputs() {
			if err := w.srchFile(&c.In[i].File); err != nil {
				return err
			}
		}
		return nil
	})
}

// logTrees emits what each item of logs_root refers to.
func (w *walker) logTrees() error {
	return w.values(&w.super.LogsRoot, func(_ format.Key, val []byte) error {
		lt, err := format.View[format.LogTrees](val)
		if err != nil {
			return nil //nolint:nilerr // the item's own unit reports its length
		}
		if err := w.list("lt_meta_avail", &lt.MetaAvail); err != nil {
			return err
		}
		if err := w.list("lt_meta_freed", &lt.MetaFreed); err != nil {
			return err
		}
		trees := logTreesTrees(lt)
		for i := range trees {
			t := &trees[i]
			if t.info.kind == format.TreeLogItems {
				if err := w.srchFile(&lt.SrchFile); err != nil {
					return err
				}
			}
			if err := w.tree(&t.info, t.root); err != nil {
				return err
			}
		}
		return nil
	})
}

// logTreesTrees lists the btrees of a log trees item in the order of the
// output. Upstream has no name for item_root in its text.
func logTreesTrees(lt *format.LogTrees) []superTree {
	tree := func(kind format.Tree, label, name string, root *format.BtreeRoot) superTree {
		return superTree{treeInfo{kind: kind, label: label, name: name, rid: lt.RID.Get(), nr: lt.Nr.Get()}, root}
	}
	return []superTree{
		tree(format.TreeAlloc, "data_avail", "data_avail", &lt.DataAvail.Root),
		tree(format.TreeAlloc, "data_freed", "data_freed", &lt.DataFreed.Root),
		tree(format.TreeLogItems, "", "item_root", &lt.ItemRoot),
	}
}
