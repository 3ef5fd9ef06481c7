// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt

import (
	"slices"

	"scoutfs/debug/surgery"
	"scoutfs/engine/format"
)

// searchFile is a search file that searches look into.
type searchFile struct {
	file   *format.SrchFile // held
	item   surgery.Item     // of srch_root, unless inLog
	inLog  *format.LogTrees
	sorted bool
}

// searchFiles returns the search files that have blocks.
func (op *operation) searchFiles() ([]searchFile, error) {
	var files []searchFile
	for _, t := range op.treesOf(format.TreeSrchRoot) {
		for it, err := range op.v.Items(t, format.AllKeys()) {
			if err != nil {
				return nil, err
			}
			kind := kindOf(it)
			if kind != format.KindSrchLog && kind != format.KindSrchBlocks {
				continue
			}
			f, err := view[format.SrchFile](op, it)
			if err != nil {
				return nil, err
			}
			files = append(files, searchFile{file: f, item: it, sorted: kind == format.KindSrchBlocks})
		}
	}
	for _, t := range op.trees {
		if t.Kind == format.TreeLogItems {
			files = append(files, searchFile{file: &t.Log.SrchFile, inLog: t.Log})
		}
	}
	return where(files, func(f searchFile) bool { return f.file.Height > 0 }), nil
}

// someSearchFile picks a search file that matches.
func (op *operation) someSearchFile(match func(searchFile) bool) (searchFile, error) {
	files, err := op.searchFiles()
	if err != nil {
		return searchFile{}, err
	}
	return choose(op, where(files, match))
}

func anyFile(searchFile) bool    { return true }
func isSorted(f searchFile) bool { return f.sorted }
func isLog(f searchFile) bool    { return !f.sorted }
func isTall(f searchFile) bool   { return f.file.Height > 1 }

// someSearchLeaf holds a leaf of a search file and decodes it.
func (op *operation) someSearchLeaf(match func(searchFile) bool) (*format.SrchBlock, []format.SrchEntry, error) {
	f, err := op.someSearchFile(match)
	if err != nil {
		return nil, nil, err
	}
	levels, err := op.v.SrchBlocks(f.file)
	if err != nil {
		return nil, nil, err
	}
	blkno, err := choose(op, levels[0])
	if err != nil {
		return nil, nil, err
	}
	b, err := op.v.SrchLeaf(blkno)
	if err != nil {
		return nil, nil, err
	}
	entries, err := surgery.SrchEntries(b)
	if err == nil && len(entries) == 0 {
		err = errNone
	}
	return b, entries, err
}

// someLogTail holds the last leaf of a search log, where entries are added.
func (op *operation) someLogTail() (searchFile, *format.SrchBlock, []format.SrchEntry, error) {
	f, err := op.someSearchFile(isLog)
	if err != nil {
		return f, nil, nil, err
	}
	levels, err := op.v.SrchBlocks(f.file)
	if err != nil {
		return f, nil, nil, err
	}
	b, err := op.v.SrchLeaf(levels[0][len(levels[0])-1])
	if err != nil {
		return f, nil, nil, err
	}
	entries, err := surgery.SrchEntries(b)
	return f, b, entries, err
}

// describeFile sets what a file says of its entries after their number
// changed.
func (op *operation) describeFile(f searchFile, by int) error {
	levels, err := op.v.SrchBlocks(f.file)
	if err != nil {
		return err
	}
	var first, last format.SrchEntry
	for i, blkno := range levels[0] {
		bytes, err := op.v.Peek(surgery.MetaPlace(blkno))
		if err != nil {
			return err
		}
		b, err := format.ViewSrchBlock(bytes)
		if err != nil {
			return err
		}
		if e := b.First.Entry(); i == 0 || e.Compare(first) < 0 {
			first = e
		}
		if e := b.Last.Entry(); i == 0 || e.Compare(last) > 0 {
			last = e
		}
	}
	f.file.First.Set(first)
	f.file.Last.Set(last)
	f.file.Entries.Set(uint64(int64(f.file.Entries.Get()) + int64(by)))
	return nil
}

// someSearchParent holds a parent block of a search file.
func (op *operation) someSearchParent() (*format.SrchParent, error) {
	f, err := op.someSearchFile(isTall)
	if err != nil {
		return nil, err
	}
	levels, err := op.v.SrchBlocks(f.file)
	if err != nil {
		return nil, err
	}
	blkno, err := choose(op, slices.Concat(levels[1:]...))
	if err != nil {
		return nil, err
	}
	return op.v.SrchParent(blkno)
}
