// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt

import (
	"slices"

	"scoutfs/debug/surgery"
	"scoutfs/engine/format"
)

// treeBlock is a block of a tree.
type treeBlock struct {
	tree  *surgery.Tree
	path  []uint64 // from the root to the block
	level int
}

func (b treeBlock) blkno() uint64 { return b.path[len(b.path)-1] }

// parent returns the block number of the block's parent.
func (b treeBlock) parent() uint64 { return b.path[len(b.path)-2] }

// treeBlocks returns all blocks of trees, each once.
func (op *operation) treeBlocks(trees []*surgery.Tree) ([]treeBlock, error) {
	leaves, err := op.leaves(trees)
	if err != nil {
		return nil, err
	}
	var all []treeBlock
	seen := make(map[uint64]bool)
	for _, l := range leaves {
		for i := range l.path {
			if b := (treeBlock{l.tree, l.path[:i+1], len(l.path) - 1 - i}); !seen[b.blkno()] {
				seen[b.blkno()] = true
				all = append(all, b)
			}
		}
	}
	return all, nil
}

// everyTree returns all trees that have blocks.
func (op *operation) everyTree() []*surgery.Tree {
	return where(op.trees, func(t *surgery.Tree) bool { return t.Root.Height > 0 })
}

// someTreeBlock picks a block of any tree, and holds it.
func (op *operation) someTreeBlock(match func(treeBlock, *format.BtreeBlock) bool) (*format.BtreeBlock, error) {
	all, err := op.treeBlocks(op.everyTree())
	if err != nil {
		return nil, err
	}
	for _, i := range op.rng.Perm(len(all)) {
		bytes, err := op.v.Peek(surgery.MetaPlace(all[i].blkno()))
		if err != nil {
			return nil, err
		}
		b, err := format.ViewBtreeBlock(bytes)
		if err != nil {
			return nil, err
		}
		if match(all[i], b) {
			return op.v.Tree(all[i].blkno())
		}
	}
	return nil, errNone
}

func anyBlock(treeBlock, *format.BtreeBlock) bool { return true }

func withItems(n int) func(treeBlock, *format.BtreeBlock) bool {
	return func(_ treeBlock, b *format.BtreeBlock) bool { return b.NrItems() >= n }
}

// list is a list of metadata blocks.
type list struct {
	head *format.AllocListHead
	log  *format.LogTrees // that it belongs to, or nil
}

// lists returns the lists of the server, of log trees, and of compactions,
// merge requests and completed merges.
func (op *operation) lists() ([]list, error) {
	s := op.super
	var lists []list
	for _, head := range []*format.AllocListHead{
		&s.ServerMetaAvail[0], &s.ServerMetaAvail[1], &s.ServerMetaFreed[0], &s.ServerMetaFreed[1],
	} {
		lists = append(lists, list{head, nil})
	}
	for _, t := range op.trees {
		if t.Kind == format.TreeLogItems {
			lists = append(lists, list{&t.Log.MetaAvail, t.Log}, list{&t.Log.MetaFreed, t.Log})
		}
	}
	for _, t := range op.treesOf(format.TreeSrchRoot, format.TreeLogMerge) {
		for it, err := range op.v.Items(t, format.AllKeys()) {
			if err != nil {
				return nil, err
			}
			more, err := op.listsOf(it)
			if err != nil {
				return nil, err
			}
			lists = append(lists, more...)
		}
	}
	return lists, nil
}

// listsOf returns the lists in the value of an item.
func (op *operation) listsOf(it surgery.Item) ([]list, error) {
	switch kindOf(it) {
	case format.KindSrchPending, format.KindSrchBusy:
		c, err := view[format.SrchCompact](op, it)
		if err != nil {
			return nil, err
		}
		return []list{{&c.MetaAvail, nil}, {&c.MetaFreed, nil}}, nil
	case format.KindLogMergeRequest:
		r, err := view[format.LogMergeRequest](op, it)
		if err != nil {
			return nil, err
		}
		return []list{{&r.MetaAvail, nil}, {&r.MetaFreed, nil}}, nil
	}
	return nil, nil
}

// chain returns the blocks of a list.
func (op *operation) chain(l list) ([]uint64, error) {
	var blknos []uint64
	for ref := l.head.Ref.Ref(); !ref.IsZero() && !slices.Contains(blknos, ref.Blkno); {
		blknos = append(blknos, ref.Blkno)
		bytes, err := op.v.Peek(surgery.MetaPlace(ref.Blkno))
		if err != nil {
			return nil, err
		}
		b, err := format.ViewAllocListBlock(bytes)
		if err != nil {
			return nil, err
		}
		ref = b.Next.Ref()
	}
	return blknos, nil
}

// usedLists returns the lists that have blocks.
func (op *operation) usedLists() ([]list, error) {
	lists, err := op.lists()
	return where(lists, func(l list) bool { return !l.head.Ref.Ref().IsZero() }), err
}

// someList picks a list that has blocks.
func (op *operation) someList() (list, error) {
	lists, err := op.usedLists()
	if err != nil {
		return list{}, err
	}
	return choose(op, lists)
}

// firstBlock holds the first block of a list.
func (op *operation) firstBlock(l list) (*format.AllocListBlock, error) {
	return op.v.List(l.head.Ref.Blkno.Get())
}

// lastBlock holds the last block of a list.
func (op *operation) lastBlock(l list) (*format.AllocListBlock, error) {
	blknos, err := op.chain(l)
	if err != nil {
		return nil, err
	}
	return op.v.List(blknos[len(blknos)-1])
}

// blockClass is a class of blocks, for damage to headers.
type blockClass uint8

const (
	fsLeaf blockClass = iota
	fsParent
	logLeaf
	spaceLeaf
	serverLeaf
	listBlock
	bloomBlock
	searchLeaf
	searchParent
	blockClasses
)

// blocksOf returns the block numbers of a class.
func (op *operation) blocksOf(c blockClass) ([]uint64, error) {
	switch c {
	case fsLeaf, logLeaf, spaceLeaf, serverLeaf, fsParent:
		kinds := map[blockClass][]format.Tree{
			fsLeaf:     {format.TreeFSRoot},
			logLeaf:    {format.TreeLogItems},
			spaceLeaf:  {format.TreeAlloc},
			serverLeaf: {format.TreeLogsRoot, format.TreeMountedClients, format.TreeSrchRoot, format.TreeLogMerge},
			fsParent:   {format.TreeFSRoot, format.TreeLogItems},
		}
		all, err := op.treeBlocks(op.treesOf(kinds[c]...))
		if err != nil {
			return nil, err
		}
		all = where(all, func(b treeBlock) bool { return b.level == 0 == (c != fsParent) })
		return numbers(all), nil
	case listBlock:
		return op.listBlocks()
	case bloomBlock:
		var blknos []uint64
		for _, t := range op.trees {
			if t.Kind == format.TreeLogItems && !t.Log.BloomRef.Ref().IsZero() {
				blknos = append(blknos, t.Log.BloomRef.Blkno.Get())
			}
		}
		return blknos, nil
	}
	return op.searchBlocks(c == searchLeaf)
}

func numbers(blocks []treeBlock) []uint64 {
	blknos := make([]uint64, len(blocks))
	for i, b := range blocks {
		blknos[i] = b.blkno()
	}
	return blknos
}

func (op *operation) listBlocks() ([]uint64, error) {
	lists, err := op.usedLists()
	if err != nil {
		return nil, err
	}
	var blknos []uint64
	for _, l := range lists {
		chain, err := op.chain(l)
		if err != nil {
			return nil, err
		}
		blknos = append(blknos, chain...)
	}
	return blknos, nil
}

func (op *operation) searchBlocks(leaves bool) ([]uint64, error) {
	files, err := op.searchFiles()
	if err != nil {
		return nil, err
	}
	var blknos []uint64
	for _, f := range files {
		levels, err := op.v.SrchBlocks(f.file)
		if err != nil {
			return nil, err
		}
		for level, of := range levels {
			if leaves == (level == 0) {
				blknos = append(blknos, of...)
			}
		}
	}
	return blknos, nil
}
