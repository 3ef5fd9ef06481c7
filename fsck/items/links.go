// SPDX-License-Identifier: GPL-2.0-or-later

package items

import (
	"fmt"

	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// links is what a worker knows of the names of the current inode.
type links struct {
	count  uint64
	parent uint64 // the directory of one of them
}

// backref takes a link back to a directory.
func (w *worker) backref(it *forest.Item) {
	in, k := &w.in, it.Key
	e := entry{side: sideBackref, dir: k.Second, pos: k.Third}
	if d, name := w.decodeEntry(it, &e); d != nil {
		if e.ino != k.First {
			e.bad = true
			w.find(problem.DirentDiffers, k, string(name), fmt.Sprintf("a link of inode %d", e.ino), fmt.Sprintf("one of inode %d, as in its key", k.First))
		}
		e.ino = k.First
		w.backrefKind(&e)
	}
	e.ino = k.First
	in.links.count++
	in.links.parent = e.dir
	if w.detail != nil {
		w.detail.entry(&e, w.detail.c.listedDir(e.dir))
		return
	}
	w.sums.of[classLinks].Sub(w.mixer.Two(e.dir, e.pos), e.v)
}

// backrefKind compares the type in a name with the inode's. What is found
// waits for what the second pass says about the copies of the name.
func (w *worker) backrefKind(e *entry) {
	in := &w.in
	if !in.isNot(e.kind) {
		return
	}
	in.kindWrong = true
	w.lists.kinds.add(wrongKind{entry: *e, kind: in.kind})
}

// judgeLinks compares the link count with what it counts. What does not
// agree waits for what the second pass says about links.
func (w *worker) judgeLinks() {
	in := &w.in
	nlink := in.value.Nlink.Get()
	if in.ino == format.RootIno && in.links.count > 0 {
		w.findIn(problem.RootHasName, "", fmt.Sprintf("a name in directory %d", in.links.parent), "none")
	}
	if in.is(format.DirentDirectory) && in.links.count > 0 && in.ino != format.RootIno {
		w.dirs = append(w.dirs, parentOf{in.ino, in.links.parent})
	}
	p := linkCount{ino: in.ino, nlink: nlink, links: in.links.count}
	switch {
	case in.kindWrong:
		return
	case in.kind == format.DirentDirectory:
		p.dir = true
		p.entries, p.subdirs = in.dir.count, in.dir.subdirs
		if in.dir.bad || in.dir.dirents != in.dir.readdirs {
			return // judged with its entries
		}
	}
	if !p.agrees() {
		w.lists.links.add(p)
	}
}

// linkCount is an inode whose link count does not agree with its links.
type linkCount struct {
	ino   uint64
	nlink uint32
	links uint64 // link backref items
	dir   bool
	// The entries of a directory.
	entries, subdirs uint64
}

// agrees reports whether the link count is what it should be: the number of
// names of a file; of a directory two and the number of its subdirectories
// if it has a name, or is the root. Without links there are no entries.
func (p *linkCount) agrees() bool {
	switch {
	case !p.dir:
		return uint64(p.nlink) == p.links && p.nlink <= format.MaxLinks
	case p.ino == format.RootIno:
		return uint64(p.nlink) == 2+p.subdirs
	case p.nlink == 0:
		return p.links == 0 && p.entries == 0
	}
	return p.links == 1 && uint64(p.nlink) == 2+p.subdirs
}
