// SPDX-License-Identifier: GPL-2.0-or-later

package testbulk

import (
	"scoutfs/engine/format"
)

// An index item's key starts with a sequence number. The items of files of
// one class ascend with the files, so an index is the merge of few rows.

// indexed is an item of an index.
type indexed struct {
	index, ino, seq uint64 // index is the seq in the key, seq the item's
	flags           uint8
}

func (a indexed) before(b indexed) bool {
	return a.index < b.index || a.index == b.index && a.ino < b.ino
}

// row is a walk over files or directories that gives items in order.
type row struct {
	at, end uint64
	probe   func(i uint64) (indexed, bool)
	item    indexed
}

func (r *row) next() bool {
	for r.at < r.end {
		it, ok := r.probe(r.at)
		r.at++
		if ok {
			r.item = it
			return true
		}
	}
	return false
}

// mergeRows sends the items of all rows in order.
func mergeRows(typ uint8, rows []*row, to func(item)) {
	live := rows[:0]
	for _, r := range rows {
		if r.next() {
			live = append(live, r)
		}
	}
	for len(live) > 0 {
		least := 0
		for i := range live {
			if live[i].item.before(live[least].item) {
				least = i
			}
		}
		it := live[least].item
		to(item{key: format.InodeIndexKey(typ, it.index, it.ino), seq: it.seq, flags: it.flags})
		if !live[least].next() {
			live[least] = live[len(live)-1]
			live = live[:len(live)-1]
		}
	}
}

// fileRow is a row over files. The probe is given a file's directory, too.
func (m *model) fileRow(probe func(d, f uint64) (indexed, bool)) *row {
	d := uint64(0)
	return &row{end: m.files, probe: func(f uint64) (indexed, bool) {
		for m.first[d+1] <= f {
			d++
		}
		return probe(d, f)
	}}
}

func (m *model) dirRow(probe func(d uint64) (indexed, bool)) *row {
	return &row{end: m.dirs(), probe: probe}
}

// baseIndexes sends the items of both indexes as fs_root has them.
func (m *model) baseIndexes(to func(item)) {
	rows := []*row{m.dirRow(func(d uint64) (indexed, bool) {
		seq := m.dirSeq(d, versionBase)
		return indexed{index: seq, ino: m.dirIno(d), seq: seq}, true
	})}
	for class := range uint64(seqClasses) {
		rows = append(rows, m.fileRow(func(d, f uint64) (indexed, bool) {
			if m.seqClass(f) != class {
				return indexed{}, false
			}
			o, _ := m.change(f)
			seq := m.metaSeq(f)
			return indexed{index: seq, ino: m.fileIno(d, f), seq: seq}, o.existed()
		}))
	}
	mergeRows(format.TypeMetaSeq, rows, to)

	rows = nil
	for delay := range uint64(2) {
		rows = append(rows, m.fileRow(func(d, f uint64) (indexed, bool) {
			seq := m.dataSeq(f)
			if seq-made(f) != delay || m.kind(f) != format.ModeRegular {
				return indexed{}, false
			}
			o, _ := m.change(f)
			return indexed{index: seq, ino: m.fileIno(d, f), seq: seq}, o.existed()
		}))
	}
	mergeRows(format.TypeDataSeq, rows, to)
}

// logIndexes sends what a log tree has of both indexes.
func (m *model) logIndexes(tree int, to func(item)) {
	mergeRows(format.TypeMetaSeq, m.metaSeqRows(tree), to)
	mergeRows(format.TypeDataSeq, m.dataSeqRows(tree), to)
}

func deletion(index, ino, seq uint64) indexed {
	return indexed{index: index, ino: ino, seq: seq, flags: format.ItemFlagDeletion}
}

func (m *model) metaSeqRows(tree int) []*row {
	var rows []*row
	for class := range uint64(seqClasses) { // out of fs_root
		rows = append(rows, m.fileRow(func(d, f uint64) (indexed, bool) {
			o, twice := m.change(f)
			if o == opNone || !o.existed() || m.seqClass(f) != class {
				return indexed{}, false
			}
			if twice {
				return deletion(m.metaSeq(f), m.fileIno(d, f), m.earlierSeq(f)), m.earlierTree(d) == tree
			}
			return deletion(m.metaSeq(f), m.fileIno(d, f), m.laterSeq(f)), m.tree(d) == tree
		}))
	}
	return append(rows,
		m.fileRow(func(d, f uint64) (indexed, bool) { // into the earlier tree
			_, twice := m.change(f)
			seq := m.earlierSeq(f)
			return indexed{index: seq, ino: m.fileIno(d, f), seq: seq}, twice && m.earlierTree(d) == tree
		}),
		m.fileRow(func(d, f uint64) (indexed, bool) { // out of the earlier tree
			_, twice := m.change(f)
			return deletion(m.earlierSeq(f), m.fileIno(d, f), m.laterSeq(f)), twice && m.tree(d) == tree
		}),
		m.fileRow(func(d, f uint64) (indexed, bool) { // into the later one
			o, _ := m.change(f)
			seq := m.laterSeq(f)
			return indexed{index: seq, ino: m.fileIno(d, f), seq: seq}, o != opNone && o.exists() && m.tree(d) == tree
		}),
		m.dirRow(func(d uint64) (indexed, bool) {
			return deletion(m.dirSeq(d, versionBase), m.dirIno(d), m.dirSeq(d, versionFinal)), m.tree(d) == tree && m.dirChange(d)
		}),
		m.dirRow(func(d uint64) (indexed, bool) {
			seq := m.dirSeq(d, versionFinal)
			return indexed{index: seq, ino: m.dirIno(d), seq: seq}, m.tree(d) == tree && m.dirChange(d)
		}))
}

func (m *model) dataSeqRows(tree int) []*row {
	var rows []*row
	for delay := range uint64(2) {
		rows = append(rows, m.fileRow(func(d, f uint64) (indexed, bool) {
			o, _ := m.change(f)
			seq := m.dataSeq(f)
			if o != opRewrite && o != opUnlink || m.kind(f) != format.ModeRegular || seq-made(f) != delay {
				return indexed{}, false
			}
			return deletion(seq, m.fileIno(d, f), m.laterSeq(f)), m.tree(d) == tree
		}))
	}
	return append(rows, m.fileRow(func(d, f uint64) (indexed, bool) {
		o, _ := m.change(f)
		seq := m.laterSeq(f)
		ok := (o == opRewrite || o == opCreate) && m.kind(f) == format.ModeRegular
		return indexed{index: seq, ino: m.fileIno(d, f), seq: seq}, ok && m.tree(d) == tree
	}))
}
