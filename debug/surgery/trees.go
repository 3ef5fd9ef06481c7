// SPDX-License-Identifier: GPL-2.0-or-later

package surgery

import (
	"fmt"
	"strings"

	"scoutfs/engine/format"
)

// Tree is a btree of a volume. What its pointers lead to is held, so that a
// change of a root is a change of the volume.
type Tree struct {
	Kind format.Tree
	// Name is unique in the volume: "fs_root", "meta_alloc[1]",
	// "item_root:0123456789abcdef.2".
	Name string
	Root *format.BtreeRoot
	// Alloc is the allocator whose tree it is, else nil.
	Alloc *format.AllocRoot
	// Log is the log trees that it belongs to, else nil; LogItem is their
	// item in logs_root.
	Log     *format.LogTrees
	LogItem Item
	// Data says that an allocator's extents are those of the data device.
	Data bool
}

// Trees returns the trees that the super and the log trees refer to. Those in
// the items of a log merge are not among them.
func (v *Volume) Trees() ([]*Tree, error) {
	super, err := v.Super()
	if err != nil {
		return nil, err
	}
	logs := &Tree{Kind: format.TreeLogsRoot, Name: "logs_root", Root: &super.LogsRoot}
	trees := []*Tree{
		{Kind: format.TreeFSRoot, Name: "fs_root", Root: &super.FSRoot},
		logs,
		{Kind: format.TreeLogMerge, Name: "log_merge", Root: &super.LogMerge},
		{Kind: format.TreeMountedClients, Name: "mounted_clients", Root: &super.MountedClients},
		{Kind: format.TreeSrchRoot, Name: "srch_root", Root: &super.SrchRoot},
		allocTree("meta_alloc[0]", &super.MetaAlloc[0], false),
		allocTree("meta_alloc[1]", &super.MetaAlloc[1], false),
		allocTree("data_alloc", &super.DataAlloc, true),
	}
	for it, err := range v.Items(logs, format.AllKeys()) {
		if err != nil {
			return nil, fmt.Errorf("reading logs_root: %w", err)
		}
		more, err := v.logTrees(it)
		if err != nil {
			return nil, err
		}
		trees = append(trees, more...)
	}
	return trees, nil
}

func (v *Volume) logTrees(it Item) ([]*Tree, error) {
	value, err := v.Value(it)
	if err != nil {
		return nil, err
	}
	log, err := format.ViewExact[format.LogTrees](value)
	if err != nil {
		return nil, fmt.Errorf("item %s of logs_root: %w", it.Key, err)
	}
	name := fmt.Sprintf(":%016x.%d", it.Key.First, it.Key.Second)
	trees := []*Tree{
		{Kind: format.TreeLogItems, Name: "item_root" + name, Root: &log.ItemRoot},
		allocTree("data_avail"+name, &log.DataAvail, true),
		allocTree("data_freed"+name, &log.DataFreed, true),
	}
	for _, t := range trees {
		t.Log, t.LogItem = log, it
	}
	return trees, nil
}

func allocTree(name string, root *format.AllocRoot, data bool) *Tree {
	return &Tree{Kind: format.TreeAlloc, Name: name, Root: &root.Root, Alloc: root, Data: data}
}

// FindTree returns the tree of a name. The part behind the colon of a log
// tree's name may be left off if there is only one such tree.
func (v *Volume) FindTree(name string) (*Tree, error) {
	trees, err := v.Trees()
	if err != nil {
		return nil, err
	}
	var found []*Tree
	var names []string
	for _, t := range trees {
		if t.Name == name {
			return t, nil
		}
		if short, _, _ := strings.Cut(t.Name, ":"); short == name {
			found = append(found, t)
		}
		names = append(names, t.Name)
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, fmt.Errorf("there is no tree %q, only %s", name, strings.Join(names, ", "))
	}
	return nil, fmt.Errorf("there are %d trees %q, add which: %s", len(found), name, found[0].Name)
}
