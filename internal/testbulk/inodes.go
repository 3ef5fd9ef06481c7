// SPDX-License-Identifier: GPL-2.0-or-later

package testbulk

import (
	"time"

	"scoutfs/engine/format"
)

// version is one of the states that a file has been in.
type version uint8

const (
	versionBase    version = iota // as fs_root has it
	versionEarlier                // after the first change in a log tree, of files touched twice
	versionFinal                  // as it is
)

// filePerm is the permissions of every file; ACLs say the same.
const filePerm = 0o664

// existed reports whether a file was there at the last merge.
func (o op) existed() bool { return o != opCreate }

// exists reports whether a file is there.
func (o op) exists() bool { return o != opUnlink }

// seqOf is the meta seq of a version of a file.
func (m *model) seqOf(f uint64, v version, o op) uint64 {
	switch {
	case v == versionEarlier:
		return m.earlierSeq(f)
	case v == versionFinal && o != opNone:
		return m.laterSeq(f)
	}
	return m.metaSeq(f)
}

// dataSeqOf is likewise the data seq of a regular file.
func (m *model) dataSeqOf(f uint64, v version, o op) uint64 {
	if v == versionFinal && (o == opRewrite || o == opCreate) {
		return m.laterSeq(f)
	}
	return m.dataSeq(f)
}

// link is a name of a file outside its own directory.
type link struct{ pos, n uint64 }

// place is where a file is.
type place struct {
	dir, file uint64
	links     []link // in directory dir+1
}

// fileItems lists the items of one version of a file, none if there is no
// such version. The extents are those of that version.
func (m *model) fileItems(l *itemList, p place, v version, extents []extent, size uint64) {
	l.reset()
	f := p.file
	o, _ := m.change(f)
	if v == versionBase && !o.existed() || v == versionFinal && !o.exists() {
		return
	}
	ino := m.fileIno(p.dir, f)
	kind, seq := m.kind(f), m.seqOf(f, v, o)
	var in format.Inode
	in.MetaSeq.Set(seq)
	in.DataSeq.Set(m.dataSeqOf(f, v, o))
	in.NextReaddirPos.Set(format.FirstReaddirPos)
	in.Version.Set(3 + uint64(v))
	in.Nlink.Set(uint32(1 + len(p.links)))
	m.own(&in, p.dir)
	in.Mode.Set(kind | filePerm)
	switch kind {
	case format.ModeRegular:
		in.Size.Set(size)
		in.DataVersion.Set(1 + uint64(len(extents)))
		countBlocks(&in, extents)
		if m.orphan(f) {
			in.Nlink.Set(0)
		} else if m.random(f, saltInode)%3001 == 0 {
			in.Flags.Set(format.InodeFlagRetention)
		}
	case format.ModeSymlink:
		in.Mode.Set(kind | 0o777)
		in.Size.Set(m.symlinkSize(f))
	case format.ModeCharDevice, format.ModeBlockDevice:
		rdev, _ := format.MakeRdev(uint32(f%200), uint32(f%1000))
		in.Rdev.Set(rdev)
	}
	setTimes(&in, f, v)
	var scratch [16]xattr
	list, nextID := m.xattrs(scratch[:0], f, v == versionFinal && o == opXattr)
	in.NextXattrID.Set(nextID)

	l.add(format.InodeKey(ino), seq, format.Bytes(&in))
	l.addXattrs(ino, f, seq, list)
	if !m.orphan(f) {
		m.addBackrefs(l, p, ino, kind)
	}
	if kind == format.ModeSymlink {
		l.scratch = append(m.appendTarget(l.scratch[:0], f), 0)
		for nr, rest := uint64(0), l.scratch; len(rest) > 0; nr++ {
			n := min(len(rest), format.MaxBtreeValue)
			l.add(format.SymlinkKey(ino, nr), made(f), rest[:n])
			rest = rest[n:]
		}
	}
	for i := range extents {
		var e format.DataExtent
		e.Blkno.Set(extents[i].blkno)
		e.Flags = extents[i].flags
		l.add(format.DataExtentKey(ino, extents[i].file), made(f), format.Bytes(&e))
	}
}

func (m *model) addBackrefs(l *itemList, p place, ino uint64, kind uint32) {
	typ, _ := format.DirentTypeOfMode(kind)
	from, to := m.subdirsOf(p.dir)
	pos := position(to - from + p.file - m.first[p.dir])
	l.scratch = m.appendName(l.scratch[:0], p.file)
	l.addDirent(format.LinkBackrefKey(ino, m.dirIno(p.dir), pos), made(p.file), ino, pos, typ, l.scratch)
	for _, link := range p.links {
		l.scratch = appendLinkName(l.scratch[:0], p.file, link.n)
		l.addDirent(format.LinkBackrefKey(ino, m.dirIno(p.dir+1), link.pos), made(p.file), ino, link.pos, typ, l.scratch)
	}
}

// addDirent adds one of the three items of a name.
func (l *itemList) addDirent(key format.Key, seq, ino, pos uint64, typ uint8, name []byte) {
	var d format.Dirent
	d.Ino.Set(ino)
	d.Hash.Set(format.DirentNameHash(name))
	d.Pos.Set(pos)
	d.Type = typ
	from := len(l.values)
	l.values = append(append(l.values, format.Bytes(&d)...), name...)
	l.items = append(l.items, listed{key, seq, from, len(l.values)})
}

func countBlocks(in *format.Inode, extents []extent) {
	online, offline := uint64(0), uint64(0)
	for i := range extents {
		switch extents[i].flags {
		case 0:
			online += extents[i].file.Len
		case format.ExtentUnwritten:
		default:
			offline += extents[i].file.Len
		}
	}
	in.OnlineBlocks.Set(online)
	in.OfflineBlocks.Set(offline)
}

// own sets the owner and the project, which a directory hands on.
func (m *model) own(in *format.Inode, dir uint64) {
	in.UID.Set(uint32(1000 + dir%50))
	in.GID.Set(uint32(100 + dir%5))
	if dir%13 == 5 {
		in.Proj.Set(1 + dir%7)
	}
}

// setTimes gives a version its times; files are made one after another.
func setTimes(in *format.Inode, f uint64, v version) {
	created := time.Unix(1_700_000_000+int64(f/20), int64(f%20)*50_000_000+int64(f%997))
	in.Crtime.Set(created)
	in.Mtime.Set(created.Add(time.Second))
	in.Atime.Set(created.Add(time.Hour))
	in.Ctime.Set(created.Add(time.Second + time.Duration(v)*24*time.Hour))
}
