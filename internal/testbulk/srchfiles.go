// SPDX-License-Identifier: GPL-2.0-or-later

package testbulk

import (
	"cmp"
	"fmt"
	"slices"

	"scoutfs/engine/format"
)

// Where the entries of the files are that were made before the last merge:
// in two sorted files and a log, by the thousandths of the files up to which
// each reaches.
const (
	sortedFirst  = 700
	sortedSecond = 950
	logBlocks    = 15 // at which a log is closed
)

// srchFiles writes the search files and the tree that lists them.
func (v *volume) srchFiles() error {
	type named struct {
		key  format.Key
		file format.SrchFile
	}
	var files []named
	keep := func(file format.SrchFile, sorted bool) {
		if file.Blocks.Get() == 0 {
			return
		}
		key := format.SrchLogKey(file.Ref.Blkno.Get())
		if sorted {
			key = format.SrchBlocksKey(file.Blocks.Get(), file.Ref.Blkno.Get())
		}
		files = append(files, named{key, file})
	}
	hashes := srchHashes()
	from := uint64(0)
	for _, until := range []uint64{sortedFirst, sortedSecond} {
		end := v.files / 1000 * until
		keep(v.sortedFile(from, end, &hashes), true)
		from = end
	}
	log := &srchFile{v: v, full: func(file format.SrchFile) { keep(file, false) }}
	v.logEntries(log, from, &hashes)
	keep(log.finish(), false)

	slices.SortFunc(files, func(a, b named) int { return a.key.Compare(b.key) })
	b := v.newTree()
	for i := range files {
		b.add(item{key: files[i].key, value: format.Bytes(&files[i].file)})
	}
	v.super.SrchRoot.Set(b.finish())
	return v.blocks.failed()
}

// sortedFile writes the entries of a range of files, as of the last merge.
func (v *volume) sortedFile(from, end uint64, hashes *[srchNames + bothNames]uint64) format.SrchFile {
	names := make([]int, len(hashes))
	for i := range names {
		names[i] = i
	}
	slices.SortFunc(names, func(a, b int) int { return cmp.Compare(hashes[a], hashes[b]) })
	file := &srchFile{v: v}
	var scratch [16]xattr
	for _, name := range names {
		for d, f := range v.filesIn(from, end) {
			if o, _ := v.change(f); !o.existed() {
				continue
			}
			list, _ := v.xattrs(scratch[:0], f, false)
			for i := range list {
				if n, ok := list[i].srchName(); ok && n == name {
					file.add(format.SrchEntry{Hash: hashes[name], Ino: v.fileIno(d, f), ID: list[i].id})
				}
			}
		}
	}
	return file.finish()
}

// logEntries writes the entries of the files from a number on, and of what
// the log trees changed, in the order of the files. Attributes that are gone
// have two entries.
func (v *volume) logEntries(log *srchFile, from uint64, hashes *[srchNames + bothNames]uint64) {
	var scratch [16]xattr
	for d, f := range v.filesIn(0, v.files) {
		o, _ := v.change(f)
		before := 0
		if list, _ := v.xattrs(scratch[:0], f, false); o.existed() {
			before = len(list)
			for i := range list {
				n, ok := list[i].srchName()
				if !ok {
					continue
				}
				e := format.SrchEntry{Hash: hashes[n], Ino: v.fileIno(d, f), ID: list[i].id}
				if f >= from {
					log.add(e)
				}
				if o == opUnlink {
					log.add(e)
				}
				if f%97 == 0 && i == 0 && e.ID == 1 { // the one before it is gone
					e.ID = 0
					log.add(e)
					log.add(e)
				}
			}
		}
		if o != opXattr && o != opCreate {
			continue
		}
		list, _ := v.xattrs(scratch[:0], f, o == opXattr)
		for i := before; i < len(list); i++ {
			if n, ok := list[i].srchName(); ok {
				log.add(format.SrchEntry{Hash: hashes[n], Ino: v.fileIno(d, f), ID: list[i].id})
			}
		}
	}
}

// filesIn yields the directory and number of each file in a range.
func (m *model) filesIn(from, end uint64) func(func(d, f uint64) bool) {
	return func(yield func(d, f uint64) bool) {
		for d := range m.dirs() {
			for f := max(m.first[d], from); f < min(m.first[d+1], end); f++ {
				if !yield(d, f) {
					return
				}
			}
		}
	}
}

// srchFile is a search file that is being written.
type srchFile struct {
	v    *volume
	full func(format.SrchFile) // takes a log that is long enough; nil for a sorted file

	refs  []format.Ref
	data  []byte
	leaf  format.SrchBlockHead
	file  format.SrchFile
	total uint64
}

func (s *srchFile) add(e format.SrchEntry) {
	if len(s.data) > format.SrchBlockSafeBytes {
		s.closeLeaf()
		if s.full != nil && len(s.refs) == logBlocks {
			s.full(s.finish())
		}
	}
	span(&s.leaf.First, &s.leaf.Last, e, s.leaf.EntryNr.Get() == 0)
	span(&s.file.First, &s.file.Last, e, s.total == 0)
	var prev format.SrchEntry
	if s.leaf.EntryNr.Get() > 0 {
		prev = s.leaf.Tail.Entry()
	}
	s.data = format.AppendSrchEntry(s.data, prev, e)
	s.leaf.Tail.Set(e)
	s.leaf.EntryNr.Set(s.leaf.EntryNr.Get() + 1)
	s.total++
}

// span widens a range of entries.
func span(first, last *format.DiskSrchEntry, e format.SrchEntry, alone bool) {
	if alone || e.Compare(first.Entry()) < 0 {
		first.Set(e)
	}
	if alone || e.Compare(last.Entry()) > 0 {
		last.Set(e)
	}
}

func (s *srchFile) closeLeaf() {
	s.leaf.EntryBytes.Set(uint32(len(s.data)))
	s.refs = append(s.refs, s.v.blocks.write(format.MagicSrchBlock, func(block []byte) {
		n := copy(block, format.Bytes(&s.leaf))
		copy(block[n:], s.data)
	}))
	s.data, s.leaf = s.data[:0], format.SrchBlockHead{}
}

// finish writes what is left and returns the file, ready for another.
func (s *srchFile) finish() format.SrchFile {
	if len(s.data) > 0 {
		s.closeLeaf()
	}
	file := s.file
	file.Blocks.Set(uint64(len(s.refs)))
	file.Entries.Set(s.total)
	switch n := len(s.refs); {
	case n == 1:
		file.Height = 1
		file.Ref.Set(s.refs[0])
	case n > format.SrchParentRefs:
		panic(fmt.Sprintf("testbulk: a search file of %d leaves takes more parents than one", n))
	case n > 1:
		file.Height = 2
		file.Ref.Set(s.v.blocks.write(format.MagicSrchParent, func(block []byte) {
			parent, err := format.ViewSrchParent(block)
			if err != nil {
				panic(err) // the block is a whole one
			}
			for i, ref := range s.refs {
				parent.Refs[i].Set(ref)
			}
		}))
	}
	s.refs, s.file, s.total = s.refs[:0], format.SrchFile{}, 0
	return file
}
