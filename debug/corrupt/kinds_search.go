// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt

import (
	"errors"
	"slices"

	"scoutfs/debug/surgery"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

func onFile(match func(searchFile) bool, change func(*operation, *format.SrchFile)) func(*operation) error {
	return func(op *operation) error {
		f, err := op.someSearchFile(match)
		if err == nil {
			change(op, f.file)
		}
		return err
	}
}

func onSearchLeaf(match func(searchFile) bool, change func(*operation, *format.SrchBlock)) func(*operation) error {
	return func(op *operation) error {
		b, _, err := op.someSearchLeaf(match)
		if err == nil {
			change(op, b)
		}
		return err
	}
}

func inTree(f searchFile) bool { return f.inLog == nil }

func searchKinds() []Kind {
	const (
		file   = "search file"
		sorted = "sorted search file"
		parent = "parent block of a search file"
	)
	return []Kind{
		{
			Name: "search-height-none", Problem: problem.SearchFileRoot, Needs: file,
			Does:  "Sets the height of a search file that has blocks to 0.",
			apply: onFile(anyFile, func(_ *operation, f *format.SrchFile) { f.Height = 0 }),
		},
		{
			Name: "search-height-more", Problem: problem.SearchFileRoot, Needs: file,
			Does:  "Makes a search file higher than its number of blocks asks for.",
			apply: onFile(anyFile, func(op *operation, f *format.SrchFile) { f.Height += byte(1 + op.pick(200)) }),
		},
		{
			Name: "search-blocks-none", Problem: problem.SearchFileRoot, Needs: "search log",
			Does:  "Sets the number of blocks of a search file to 0.",
			apply: onFile(isLog, func(_ *operation, f *format.SrchFile) { f.Blocks.Set(0) }),
		},
		{
			Name: "search-key-blkno", Problem: problem.SearchFileKey, Needs: "search file in srch_root",
			Does: "Files a search file under another block number.",
			apply: func(op *operation) error {
				f, err := op.someSearchFile(inTree)
				if err != nil {
					return err
				}
				k := f.item.Key
				if f.sorted {
					k.Third += op.some()
				} else {
					k.Second += op.some()
				}
				return insertable(op.v.Rekey(f.item, k))
			},
		},
		{
			Name: "search-key-blocks", Problem: problem.SearchFileKey, Needs: sorted,
			Does: "Files a search file under another number of blocks.",
			apply: func(op *operation) error {
				f, err := op.someSearchFile(isSorted)
				if err != nil {
					return err
				}
				k := f.item.Key
				k.Second += op.some()
				return insertable(op.v.Rekey(f.item, k))
			},
		},
		{
			Name: "search-parent-extra", Problem: problem.SearchParent, Needs: parent,
			Does: "Adds a reference to a parent block of a search file behind its last leaf.",
			apply: func(op *operation) error {
				p, err := op.someSearchParent()
				if err == nil {
					p.Refs[format.SrchParentRefs-1] = p.Refs[0]
				}
				return err
			},
		},
		{
			Name: "search-parent-seq", Problem: problem.SearchParent, Needs: parent,
			Does: "Sets the sequence number of a reference that a parent block of a search file does not use.",
			apply: func(op *operation) error {
				p, err := op.someSearchParent()
				if err == nil {
					p.Refs[format.SrchParentRefs-1-op.pick(100)].Seq.Set(op.some())
				}
				return err
			},
		},
		{
			Name: "search-entry-nr", Problem: problem.SearchEncoding, Needs: file,
			Does: "Gives a leaf of a search file more entries than it holds.",
			apply: onSearchLeaf(anyFile, func(op *operation, b *format.SrchBlock) {
				b.EntryNr.Set(b.EntryNr.Get() + uint32(op.some()))
			}),
		},
		{
			Name: "search-entry-bytes", Problem: problem.SearchEncoding, Needs: file,
			Does: "Cuts the last entry of a search file's leaf.",
			apply: onSearchLeaf(anyFile, func(_ *operation, b *format.SrchBlock) {
				b.EntryBytes.Set(b.EntryBytes.Get() - 1)
			}),
		},
		{
			Name: "search-leaf-first", Problem: problem.SearchLeafBounds, Needs: file,
			Does:  "Lowers the first entry that a leaf of a search file says to hold.",
			apply: onSearchLeaf(anyFile, func(op *operation, b *format.SrchBlock) { b.First.Hash.Set(op.some()) }),
		},
		{
			Name: "search-leaf-last", Problem: problem.SearchLeafBounds, Needs: file,
			Does:  "Raises the last entry that a leaf of a search file says to hold.",
			apply: onSearchLeaf(anyFile, func(op *operation, b *format.SrchBlock) { b.Last.Hash.Set(-op.some()) }),
		},
		{
			Name: "search-leaf-tail", Problem: problem.SearchLeafBounds, Needs: file,
			Does:  "Changes the tail of a search file's leaf.",
			apply: onSearchLeaf(anyFile, func(op *operation, b *format.SrchBlock) { b.Tail.Ino.Set(b.Tail.Ino.Get() + op.some()) }),
		},
		{
			Name: "search-order", Problem: problem.SearchOrder, Needs: sorted,
			Does:  "Swaps two entries of a sorted search file.",
			apply: swappedEntries,
		},
		{
			Name: "search-entries", Problem: problem.SearchFileCount, Needs: file,
			Does:  "Changes the number of entries that a search file says to have.",
			apply: onFile(anyFile, func(op *operation, f *format.SrchFile) { f.Entries.Set(f.Entries.Get() + op.some()) }),
		},
		{
			Name: "search-file-first", Problem: problem.SearchFileBounds, Needs: file,
			Does:  "Lowers the first entry that a search file says to have.",
			apply: onFile(anyFile, func(op *operation, f *format.SrchFile) { f.First.Hash.Set(op.some()) }),
		},
		{
			Name: "search-file-last", Problem: problem.SearchFileBounds, Needs: file,
			Does:  "Raises the last entry that a search file says to have.",
			apply: onFile(anyFile, func(op *operation, f *format.SrchFile) { f.Last.Hash.Set(-op.some()) }),
		},
	}
}

func swappedEntries(op *operation) error {
	b, entries, err := op.someSearchLeaf(isSorted)
	if err != nil {
		return err
	}
	// The first and last stay, since the leaf and the file tell them too.
	if len(entries) < 4 {
		return errNone
	}
	i := 1 + op.pick(len(entries)-3)
	if entries[i] == entries[i+1] {
		return errNone
	}
	entries[i], entries[i+1] = entries[i+1], entries[i]
	return surgery.SetSrchEntries(b, entries)
}

func searchEntryKinds() []Kind {
	return []Kind{
		{
			Name: "search-missing", Problem: problem.SearchEntryMissing, Needs: "attribute with the search tag in a search file",
			Does:  "Removes the entry of an attribute from a search file.",
			apply: removedEntry,
		},
		{
			Name: "search-cancelled", Problem: problem.SearchEntryMissing, Needs: "search log and search tag",
			Does: "Adds the entry of an attribute to a search log for a second time.",
			apply: func(op *operation) error {
				e, err := op.searchable()
				if err != nil {
					return err
				}
				return op.appendEntry(e)
			},
		},
		{
			Name: "search-stale", Problem: problem.SearchEntryStale, Needs: "search log",
			Does: "Adds an entry to a search log that belongs to no attribute.",
			apply: func(op *operation) error {
				return op.appendEntry(format.SrchEntry{Hash: op.rng.Uint64(), Ino: format.RootIno, ID: op.some()})
			},
		},
	}
}

// removedEntry removes an entry that stands for an attribute.
func removedEntry(op *operation) error {
	const tries = 20
	for range tries {
		e, err := op.searchable()
		if err != nil {
			return err
		}
		files, err := op.searchFiles()
		if err != nil {
			return err
		}
		for _, f := range files {
			if err := op.removeEntry(f, e); !errors.Is(err, errNone) {
				return err
			}
		}
	}
	return errNone
}

// removeEntry removes an entry from a file, or returns errNone.
func (op *operation) removeEntry(f searchFile, e format.SrchEntry) error {
	levels, err := op.v.SrchBlocks(f.file)
	if err != nil {
		return err
	}
	for _, blkno := range levels[0] {
		bytes, err := op.v.Peek(surgery.MetaPlace(blkno))
		if err != nil {
			return err
		}
		b, err := format.ViewSrchBlock(bytes)
		if err != nil {
			return err
		}
		if e.Compare(b.First.Entry()) < 0 || e.Compare(b.Last.Entry()) > 0 {
			continue
		}
		entries, err := surgery.SrchEntries(b)
		if err != nil {
			return err
		}
		at := slices.Index(entries, e)
		if at < 0 || len(entries) == 1 {
			continue
		}
		if b, err = op.v.SrchLeaf(blkno); err != nil {
			return err
		}
		return op.rewriteEntries(f, b, slices.Delete(entries, at, at+1), -1)
	}
	return errNone
}

// appendEntry adds an entry to a search log.
func (op *operation) appendEntry(e format.SrchEntry) error {
	f, b, entries, err := op.someLogTail()
	if err != nil {
		return err
	}
	return op.rewriteEntries(f, b, append(entries, e), 1)
}

// rewriteEntries sets the entries of a leaf, and what the file says of all.
func (op *operation) rewriteEntries(f searchFile, b *format.SrchBlock, entries []format.SrchEntry, by int) error {
	if err := surgery.SetSrchEntries(b, entries); err != nil {
		return err
	}
	return op.describeFile(f, by)
}

// searchable picks an attribute with the search tag and returns its entry.
func (op *operation) searchable() (format.SrchEntry, error) {
	it, err := op.fsItem(format.KindXattr, func(it surgery.Item) bool {
		_, name, _, err := format.ViewXattr(it.Value)
		tags, ok := format.ParseXattrTags(name)
		return it.Key.Fourth == 0 && err == nil && ok && tags.Srch
	})
	if err != nil {
		return format.SrchEntry{}, err
	}
	_, name, _, err := format.ViewXattr(it.Value)
	return format.SrchEntry{Hash: format.SrchHash(name), Ino: it.Key.First, ID: it.Key.Third}, err
}
