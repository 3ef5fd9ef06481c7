// SPDX-License-Identifier: GPL-2.0-or-later

package items

import (
	"bytes"
	"fmt"

	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// target is what a worker knows of the target of the current inode, a
// symbolic link.
type target struct {
	parts uint64
	size  uint64 // of the parts that are there
	nul   int64  // where the first NUL is, or -1
	// gap and odd are the first part that is missing, and the first that
	// has a wrong length for the inode's size, if any.
	gap, odd    int64
	oddLen      int
	oddExpected int
}

// symlink takes a part of a symbolic link's target.
func (w *worker) symlink(it *forest.Item) {
	in, t := &w.in, &w.in.target
	in.belongs(it.Key, format.DirentSymlink)
	if t.parts == 0 {
		*t = target{nul: -1, gap: -1, odd: -1}
	}
	nr := it.Key.Second
	if nr != t.parts && t.gap < 0 {
		t.gap = int64(min(t.parts, 1<<32))
	}
	if i := bytes.IndexByte(it.Value, 0); i >= 0 && t.nul < 0 {
		t.nul = int64(t.size) + int64(i)
	}
	t.size += uint64(len(it.Value))
	t.parts++
	if in.usable && t.odd < 0 && nr < format.MaxSymlinkSize {
		if want := format.SymlinkPartSize(in.value.Size.Get(), int(nr)); want != 0 && want != len(it.Value) {
			t.odd, t.oddLen, t.oddExpected = int64(nr), len(it.Value), want
		}
	}
}

// judgeTarget compares a symbolic link's size with its target.
func (w *worker) judgeTarget() {
	in, t := &w.in, &w.in.target
	if !in.is(format.DirentSymlink) {
		return
	}
	size := in.value.Size.Get()
	parts := uint64(format.SymlinkParts(size))
	switch {
	case parts == 0:
		w.findIn(problem.SymlinkSize, "size", fmt.Sprint(size), fmt.Sprintf("1 to %d", format.MaxSymlinkSize))
	case t.gap < 0 && t.odd < 0 && t.parts == parts && uint64(t.nul)+1 == size:
	case t.parts == 0:
		w.targetPart(problem.SymlinkPartMissing, 0, "none", fmt.Sprintf("%d", parts))
	case t.gap >= 0 && uint64(t.gap) < parts:
		w.targetPart(problem.SymlinkPartMissing, uint64(t.gap), fmt.Sprintf("%d parts", t.parts), fmt.Sprint(parts))
	case t.odd >= 0:
		w.targetPart(problem.SymlinkPartSize, uint64(t.odd), fmt.Sprintf("%d bytes", t.oddLen), fmt.Sprint(t.oddExpected))
	case t.parts < parts:
		w.targetPart(problem.SymlinkPartMissing, t.parts, fmt.Sprintf("%d parts", t.parts), fmt.Sprint(parts))
	case t.parts > parts:
		w.targetPart(problem.SymlinkPartExtra, parts, fmt.Sprintf("%d parts", t.parts), fmt.Sprint(parts))
	case t.nul < 0:
		w.targetPart(problem.SymlinkEnd, parts-1, "no NUL", fmt.Sprintf("one as byte %d", size-1))
	default:
		w.targetPart(problem.SymlinkEnd, uint64(t.nul)/format.MaxBtreeValue, fmt.Sprintf("a NUL as byte %d", t.nul), fmt.Sprintf("one as byte %d", size-1))
	}
}

func (w *worker) targetPart(n problem.Number, nr uint64, found, expected string) {
	w.find(n, format.SymlinkKey(w.in.ino, nr), "", found, expected)
}
