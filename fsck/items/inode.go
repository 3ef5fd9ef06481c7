// SPDX-License-Identifier: GPL-2.0-or-later

package items

import (
	"fmt"

	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// inode is what a worker knows of the inode whose items pass.
type inode struct {
	ino  uint64
	open bool // there is one
	// found is whether it has an inode item, usable whether that says what
	// it should. value is the item's, nil unless usable.
	found, usable bool
	value         *format.InodeV1
	stored        format.InodeV1 // what value points to
	items         uint64
	kind          uint8 // of its mode, as directory entries have it
	// kindWrong: the names of the inode say that it is of another type, or
	// its mode has none, so that nothing about its type is judged.
	kindWrong bool
	// misplaced is the first of its items that its type cannot have, of
	// which misplacedOf would have been.
	misplaced   format.Key
	misplacedOf uint8
	// numberWrong: no inode can have its number, so that nothing else is
	// judged.
	numberWrong bool
	// seqWrong: one of its seqs is beyond the volume's.
	seqWrong bool

	xattrs  xattrs
	dir     directory
	links   links
	target  target
	extents extents
}

func (in *inode) begin(c *check, ino uint64) {
	x, d := &in.xattrs, &in.dir
	*in = inode{
		ino: ino, open: true,
		// Buffers are used again.
		xattrs: xattrs{name: x.name[:0], value: x.value[:0], names: x.names.reset()},
		dir:    directory{names: d.names.reset(), listed: c.listedDir(ino)},
	}
}

// is reports whether the inode is certain to be of a type.
func (in *inode) is(kind uint8) bool { return in.usable && !in.kindWrong && in.kind == kind }

// isNot reports whether it is certain to be of another type.
func (in *inode) isNot(kind uint8) bool { return in.usable && !in.kindWrong && in.kind != kind }

// deleting reports whether a mount may have been deleting the inode's items,
// which takes many transactions.
func (in *inode) deleting() bool { return in.usable && in.value.Nlink.Get() == 0 }

// inode takes the inode's own item.
func (w *worker) inode(it *forest.Item) {
	in := &w.in
	in.found = true
	w.facts.Inodes++
	w.lists.maxIno = max(w.lists.maxIno, in.ino)
	if in.ino != format.RootIno && in.ino < format.FirstFreeIno {
		in.numberWrong = true
		w.lists.odd++
		w.find(problem.InodeNumber, it.Key, "", fmt.Sprint(in.ino), fmt.Sprintf("1 or at least %d", format.FirstFreeIno))
		return
	}
	size := len(it.Value)
	value, _, err := format.ViewInode(it.Value)
	if err != nil || w.version < 2 && size != format.InodeSize(1) {
		expected := "160 or 168 bytes"
		if w.version < 2 {
			expected = "160 bytes"
		}
		w.find(problem.InodeValue, it.Key, "", fmt.Sprintf("%d bytes", size), expected)
		return
	}
	in.usable, in.stored = true, *value
	in.value = &in.stored
	w.inodeFields()
	w.countInode()

	w.addInode()
}

// addInode adds what the inode says of itself to the sketches.
func (w *worker) addInode() {
	if w.detail != nil {
		return // see endInode
	}
	in := &w.in
	h := w.inoHash(in.ino)
	w.sums.of[classMetaSeq].Add(h, w.mixer.Then(h, in.value.MetaSeq.Get()))
	if in.is(format.DirentRegular) {
		w.sums.of[classDataSeq].Add(h, w.mixer.Then(h, in.value.DataSeq.Get()))
	}
	if in.value.Nlink.Get() == 0 {
		w.sums.of[classOrphan].Add(h, w.mixer.Then(h, 0))
	}
}

// countInode counts the inode among its type.
func (w *worker) countInode() {
	in := &w.in
	switch {
	case in.kindWrong:
	case in.kind == format.DirentDirectory:
		w.facts.Directories++
	case in.kind == format.DirentRegular:
		w.facts.Files++
	case in.kind == format.DirentSymlink:
		w.facts.Symlinks++
	default:
		w.facts.Specials++
	}
	if in.value.Nlink.Get() == 0 {
		w.facts.Orphans++
	}
}

// endInode judges the inode by all of its items.
func (w *worker) endInode() {
	in := &w.in
	w.endXattrs()
	unknown := w.unknown.Any() && w.unknown.Overlaps(format.ItemsOfInode(in.ino))
	if w.detail != nil {
		w.detail.inode(in, unknown)
		return
	}
	switch {
	case unknown:
		w.facts.Unjudged++
	case !in.found && in.ino == format.RootIno:
		// Said once, whether or not it has items.
	case in.numberWrong:
	case !in.found:
		w.lists.missing++
		w.find(problem.InodeMissing, format.InodeKey(in.ino), "", fmt.Sprintf("%d other items of inode %d", in.items, in.ino), "its inode item")
	case in.usable:
		w.judge()
	}
}

// judge compares what a whole inode says with its items.
func (w *worker) judge() {
	in := &w.in
	if in.value.Flags.Get()&format.InodeFlagTruncate != 0 {
		w.lists.truncating(in.ino)
	}
	w.judgeItems()
	w.judgeXattrs()
	w.judgeExtents()
	w.judgeTarget()
	w.judgeDirectory()
	w.judgeLinks()
}

// belongs notes an item that only inodes of one type can have.
func (in *inode) belongs(k format.Key, kind uint8) {
	if in.isNot(kind) && in.misplaced == (format.Key{}) {
		in.misplaced, in.misplacedOf = k, kind
	}
}

// judgeItems reports once that an inode has items that its type has not.
func (w *worker) judgeItems() {
	in := &w.in
	if in.misplaced != (format.Key{}) && !in.kindWrong {
		if in.misplacedOf == format.DirentDirectory {
			w.lists.oddDirs.add(in.ino)
		}
		w.find(problem.InodeItems, in.misplaced, "",
			fmt.Sprintf("a %s item of %s", format.KindOf(in.misplaced), kindName(in.kind)), "such items of "+kindName(in.misplacedOf)+" only")
	}
}

// kindName names a type of inode with an article.
func kindName(kind uint8) string {
	switch kind {
	case format.DirentFIFO:
		return "a FIFO"
	case format.DirentCharDevice:
		return "a character device"
	case format.DirentDirectory:
		return "a directory"
	case format.DirentBlockDevice:
		return "a block device"
	case format.DirentRegular:
		return "a regular file"
	case format.DirentSymlink:
		return "a symbolic link"
	case format.DirentSocket:
		return "a socket"
	}
	return fmt.Sprintf("type %d", kind)
}
