// SPDX-License-Identifier: GPL-2.0-or-later

package testbulk

import (
	"cmp"
	"slices"

	"scoutfs/engine/format"
)

// entry is a name in a directory.
type entry struct {
	hash, pos, ino, seq uint64
	from, to            int // of the name, in the list's names
	typ                 uint8
	op                  op
}

// directory is the names of one directory. It keeps its memory.
type directory struct {
	entries []entry
	names   []byte
	next    uint64 // index of the next entry
}

// entriesOf lists the names of a directory by position, those that were
// removed or made since the last merge too.
func (m *model) entriesOf(d uint64, into *directory) {
	into.entries, into.names, into.next = into.entries[:0], into.names[:0], 0
	from, to := m.subdirsOf(d)
	for sub := from; sub < to; sub++ {
		start := len(into.names)
		into.names = appendDirName(into.names, sub)
		into.add(entry{ino: m.dirIno(sub), seq: made(m.lastFile(d)), from: start, typ: format.DirentDirectory})
	}
	for f := m.first[d]; f < m.first[d+1]; f++ {
		if m.orphan(f) {
			into.next++
			continue
		}
		start := len(into.names)
		into.names = m.appendName(into.names, f)
		typ, _ := format.DirentTypeOfMode(m.kind(f))
		o, _ := m.change(f)
		into.add(entry{ino: m.fileIno(d, f), seq: made(f), from: start, typ: typ, op: o})
	}
	if d == 0 {
		return
	}
	for f := m.first[d-1]; f < m.first[d]; f++ {
		for n := range m.links(d-1, f) {
			start := len(into.names)
			into.names = appendLinkName(into.names, f, n)
			into.add(entry{ino: m.fileIno(d-1, f), seq: made(f), from: start, typ: format.DirentRegular})
		}
	}
}

func (into *directory) add(e entry) {
	e.to = len(into.names)
	e.hash = format.DirentNameHash(into.names[e.from:])
	e.pos = position(into.next)
	into.next++
	into.entries = append(into.entries, e)
}

// linkIndex is the index in directory d of the first name that is a link to
// a file of the directory before.
func (m *model) linkIndex(d uint64) uint64 {
	from, to := m.subdirsOf(d)
	return to - from + m.first[d+1] - m.first[d]
}

// dirItems lists the items of a directory as it was at the last merge, or as
// it is.
func (m *model) dirItems(l *itemList, d uint64, dir *directory, v version) {
	l.reset()
	ino := m.dirIno(d)
	last := m.lastFile(d)
	var in format.Inode
	seq := m.dirSeq(d, v)
	from, to := m.subdirsOf(d)
	in.MetaSeq.Set(seq)
	in.DataSeq.Set(made(m.first[d]))
	in.NextReaddirPos.Set(position(dir.next) + d%3)
	in.Version.Set(2 + uint64(v))
	in.Nlink.Set(uint32(2 + to - from))
	in.Mode.Set(format.ModeDirectory | filePerm | 0o111)
	m.own(&in, d)
	setTimes(&in, last, v)
	size := uint64(0)
	for i := range dir.entries {
		if dir.entries[i].in(v) {
			size += uint64(dir.entries[i].to - dir.entries[i].from)
		}
	}
	in.Size.Set(size)
	var list []xattr
	if d%31 == 7 {
		list = []xattr{{kind: xattrDefaultACL}}
	}
	in.NextXattrID.Set(uint64(len(list)))

	l.add(format.InodeKey(ino), seq, format.Bytes(&in))
	l.addXattrs(ino, d, seq, list)
	slices.SortFunc(dir.entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.pos, b.pos))
	})
	for i := range dir.entries {
		if e := &dir.entries[i]; e.in(v) {
			l.addDirent(format.DirentKey(ino, e.hash, e.pos), e.seq, e.ino, e.pos, e.typ, dir.names[e.from:e.to])
		}
	}
	slices.SortFunc(dir.entries, func(a, b entry) int { return cmp.Compare(a.pos, b.pos) })
	for i := range dir.entries {
		if e := &dir.entries[i]; e.in(v) {
			l.addDirent(format.ReaddirKey(ino, e.pos), e.seq, e.ino, e.pos, e.typ, dir.names[e.from:e.to])
		}
	}
	if d > 0 {
		m.addParent(l, d, ino)
	}
}

// addParent adds the item that leads from a directory to its name.
func (m *model) addParent(l *itemList, d, ino uint64) {
	parent := parentOf(d)
	from, _ := m.subdirsOf(parent)
	pos := position(d - from)
	l.scratch = appendDirName(l.scratch[:0], d)
	l.addDirent(format.LinkBackrefKey(ino, m.dirIno(parent), pos), made(m.lastFile(parent)), ino, pos, format.DirentDirectory, l.scratch)
}

// in reports whether the name is in a version of its directory.
func (e *entry) in(v version) bool {
	if v == versionBase {
		return e.op.existed()
	}
	return e.op.exists()
}

// dirSeq is the meta seq of a version of a directory.
func (m *model) dirSeq(d uint64, v version) uint64 {
	if v == versionFinal && m.dirChange(d) {
		return m.laterSeq(m.lastFile(d))
	}
	return made(m.lastFile(d))
}
