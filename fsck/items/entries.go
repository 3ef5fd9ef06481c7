// SPDX-License-Identifier: GPL-2.0-or-later

package items

import (
	"bytes"
	"fmt"

	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// side says which of the three items of a link a record is of.
type side uint8

const (
	sideDirent side = iota
	sideReaddir
	sideBackref
	sides
)

// entry is one of the three items of a link, which have the same value.
type entry struct {
	side
	dir, pos uint64 // by its key
	ino      uint64 // by its value, in a link back by its key
	hash     uint64 // by its key, of a dirent
	kind     uint8
	nameLen  uint8
	v        uint64 // hash of directory and value
	// bad: it is wrong in itself, which was reported.
	bad bool
}

// directory is what a worker knows of the entries of the current inode.
type directory struct {
	// The sums of both lists of entries.
	dirents, readdirs uint64
	names             sameNames
	count             uint64
	size              uint64 // of all names, in bytes
	subdirs           uint64
	lastPos           uint64
	// bad: an entry is wrong in itself.
	bad bool
	// listed: all entries are records of the second pass.
	listed bool
}

// decodeEntry checks what an entry's item says on its own, but for its hash.
func (w *worker) decodeEntry(it *forest.Item, e *entry) (d *format.Dirent, name []byte) {
	number, source := problem.DirentNameLength, format.SourceDirentNameLen
	switch e.side {
	case sideReaddir:
		number, source = problem.ReaddirNameLength, format.SourceDirentReaddirNameLen
	case sideBackref:
		number, source = problem.BackrefNameLength, format.SourceDirentBackrefNameLen
	}
	d, name, err := format.ViewDirent(it.Value, source)
	if err != nil {
		e.bad = true
		w.find(number, it.Key, "", fmt.Sprintf("%d bytes", len(it.Value)-format.Size[format.Dirent]()), fmt.Sprintf("1 to %d", format.MaxNameLen))
		return nil, nil
	}
	e.ino, e.kind, e.nameLen = d.Ino.Get(), d.Type, uint8(len(name))
	e.v = w.mixer.Bytes(e.dir, it.Value)
	pos := d.Pos.Get()
	switch {
	case pos != e.pos:
		e.bad = true
		w.find(problem.DirentPosition, it.Key, string(name), fmt.Sprintf("position %d", pos), fmt.Sprintf("%d, as in its key", e.pos))
	case pos < format.FirstReaddirPos || pos > format.LastReaddirPos:
		e.bad = true
		w.find(problem.DirentPosition, it.Key, string(name), fmt.Sprintf("position %d", pos),
			fmt.Sprintf("%d to %d", format.FirstReaddirPos, uint64(format.LastReaddirPos)))
	case d.Pad != [7]byte{}:
		e.bad = true // the check of the leaf reports it
	}
	return d, name
}

// dirent takes an entry by the hash of its name.
func (w *worker) dirent(it *forest.Item) {
	in, k := &w.in, it.Key
	in.belongs(k, format.DirentDirectory)
	e := entry{side: sideDirent, dir: k.First, pos: k.Third, hash: k.Second}
	if d, name := w.decodeEntry(it, &e); d != nil {
		hash := format.DirentNameHash(name)
		if k.Second != hash || d.Hash.Get() != hash {
			e.bad = true
			found := k.Second
			if found == hash {
				found = d.Hash.Get()
			}
			w.find(problem.DirentHash, k, string(name), fmt.Sprintf("%016x", found), fmt.Sprintf("%016x", hash))
		}
		if bytes.IndexByte(name, '/') >= 0 || bytes.IndexByte(name, 0) >= 0 || string(name) == "." || string(name) == ".." {
			w.find(problem.DirentName, k, string(name), fmt.Sprintf("%q", name), `a name without "/" and NUL, and not "." or ".."`)
		}
		if in.dir.names.add(&w.mixer, k.Second, name) {
			w.find(problem.DirentDuplicate, k, string(name), "a second entry of this name", "one")
		}
		in.dir.dirents += e.v
	}
	in.dir.bad = in.dir.bad || e.bad
	if w.detail != nil {
		w.detail.entry(&e, in.dir.listed)
	}
}

// readdir takes an entry by its position.
func (w *worker) readdir(it *forest.Item) {
	in, k := &w.in, it.Key
	in.belongs(k, format.DirentDirectory)
	e := entry{side: sideReaddir, dir: k.First, pos: k.Second}
	if d, name := w.decodeEntry(it, &e); d != nil {
		w.facts.Names++
		in.dir.readdirs += e.v
		in.dir.size += uint64(len(name))
		if d.Type == format.DirentDirectory {
			in.dir.subdirs++
		}
	}
	in.dir.count++
	in.dir.lastPos = max(in.dir.lastPos, e.pos)
	in.dir.bad = in.dir.bad || e.bad
	if w.detail != nil {
		w.detail.entry(&e, in.dir.listed)
		return
	}
	w.sums.of[classLinks].Add(w.mixer.Two(e.dir, e.pos), e.v)
}

// judgeDirectory compares a directory's own numbers with its entries.
func (w *worker) judgeDirectory() {
	in := &w.in
	if !in.is(format.DirentDirectory) {
		if in.isNot(format.DirentDirectory) && in.value.NextReaddirPos.Get() < format.FirstReaddirPos {
			w.findIn(problem.NextReaddirPos, "next_readdir_pos", fmt.Sprint(in.value.NextReaddirPos.Get()), fmt.Sprintf("at least %d", format.FirstReaddirPos))
		}
		return
	}
	d := listedDir{
		ino: in.ino, size: in.value.Size.Get(), nextPos: in.value.NextReaddirPos.Get(),
		nlink: in.value.Nlink.Get(), links: in.links.count,
	}
	if in.dir.bad || in.dir.dirents != in.dir.readdirs {
		// Entries have to be looked at one by one first.
		w.lists.dirs.add(d)
		return
	}
	w.judgeEntries(&d, &entriesOf{in.dir.count, in.dir.size, in.dir.subdirs, in.dir.lastPos})
}

// entriesOf are the numbers of a directory's entries.
type entriesOf struct {
	count, size, subdirs, lastPos uint64
}

// judgeEntries compares a directory's numbers with those of its entries.
func (c *check) judgeEntries(d *listedDir, e *entriesOf) {
	if d.size != e.size {
		c.limiter.find(problem.Finding{
			Number: problem.DirectorySize, Place: inodePlace(d.ino, "size"),
			Found: fmt.Sprint(d.size), Expected: fmt.Sprintf("%d bytes, the sum of %d names", e.size, e.count),
		})
	}
	if least := max(e.lastPos+1, format.FirstReaddirPos); d.nextPos < least {
		c.limiter.find(problem.Finding{
			Number: problem.NextReaddirPos, Place: inodePlace(d.ino, "next_readdir_pos"),
			Found: fmt.Sprint(d.nextPos), Expected: fmt.Sprintf("at least %d", least),
		})
	}
}
