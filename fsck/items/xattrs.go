// SPDX-License-Identifier: GPL-2.0-or-later

package items

import (
	"fmt"

	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// xattrs is what a worker knows of the extended attributes of the current
// inode, and of the one whose parts pass.
type xattrs struct {
	begun    bool
	hash, id uint64
	// headed: its first part was there and says what follows.
	headed bool
	// bad: something about its parts was reported.
	bad         bool
	parts, next int
	nameLen     int
	valLen      int
	name        []byte
	// value is the part of the value that is there so far, if it is needed.
	value      []byte
	wantsValue bool

	names  sameNames
	count  uint64
	nextID uint64 // after the greatest id
	anyBad bool   // of all
}

// xattr takes a part of an extended attribute.
func (w *worker) xattr(it *forest.Item) {
	x, k := &w.in.xattrs, it.Key
	if !x.begun || x.hash != k.Second || x.id != k.Third {
		w.endXattr()
		x.begun, x.hash, x.id = true, k.Second, k.Third
		x.headed, x.bad, x.parts, x.next = false, false, 0, 0
		x.count++
		if x.id+1 > x.nextID {
			x.nextID = x.id + 1
		}
	}
	part := int(k.Fourth)
	switch {
	case x.bad:
	case part == 0:
		w.xattrHead(it)
	case !x.headed && x.count == 1 && w.in.deleting():
		// Parts are deleted one by one, the first one first
		// (kmod/src/xattr.c: scoutfs_xattr_drop).
		x.bad = true
	case !x.headed:
		w.badXattr(problem.XattrPartMissing, k, fmt.Sprintf("part %d", part), "part 0 before it")
	case part >= x.parts:
		w.badXattr(problem.XattrPartExtra, k, fmt.Sprintf("part %d", part), fmt.Sprintf("%d parts", x.parts))
	case part != x.next:
		w.badXattr(problem.XattrPartMissing, k, fmt.Sprintf("part %d after %d", part, x.next-1), fmt.Sprintf("part %d", x.next))
	default:
		if size := format.XattrPartSize(x.nameLen, x.valLen, part); len(it.Value) != size {
			w.badXattr(problem.XattrPartSize, k, fmt.Sprintf("part %d with %d bytes", part, len(it.Value)), fmt.Sprintf("%d bytes", size))
			return
		}
		x.next++
		if x.wantsValue {
			x.value = append(x.value, it.Value...)
		}
	}
}

// badXattr reports the first thing that is wrong with an attribute's parts.
func (w *worker) badXattr(n problem.Number, k format.Key, found, expected string) {
	x := &w.in.xattrs
	name := ""
	if x.headed {
		name = string(x.name)
	}
	x.bad, x.anyBad = true, true
	if w.unknown.Any() && w.unknown.Overlaps(format.Range{Start: w.xattrKey(0), End: w.xattrKey(255)}) {
		return // parts may be there that cannot be told
	}
	w.find(n, k, name, found, expected)
}

// xattrKey is the key of a part of the attribute.
func (w *worker) xattrKey(part uint8) format.Key {
	return format.XattrKey(w.in.ino, w.in.xattrs.hash, w.in.xattrs.id, part)
}

// xattrHead takes the first part.
func (w *worker) xattrHead(it *forest.Item) {
	x, k := &w.in.xattrs, it.Key
	head, err := format.View[format.XattrHead](it.Value)
	if err != nil {
		w.badXattr(problem.XattrHead, k, fmt.Sprintf("%d bytes", len(it.Value)), fmt.Sprintf("at least %d", format.Size[format.XattrHead]()+1))
		return
	}
	x.nameLen, x.valLen = int(head.NameLen), int(head.ValLen.Get())
	rest := it.Value[format.Size[format.XattrHead]():]
	if x.nameLen < 1 || x.nameLen > len(rest) {
		w.badXattr(problem.XattrHead, k, fmt.Sprintf("a name of %d bytes", x.nameLen), fmt.Sprintf("1 to %d", len(rest)))
		return
	}
	x.headed, x.name = true, append(x.name[:0], rest[:x.nameLen]...)
	x.parts, x.next = format.XattrParts(x.nameLen, x.valLen), 1
	if size := format.XattrPartSize(x.nameLen, x.valLen, 0); len(it.Value) != size {
		w.badXattr(problem.XattrHead, k, fmt.Sprintf("lengths of %d and %d in a part of %d bytes", x.nameLen, x.valLen, len(it.Value)), fmt.Sprintf("a part of %d bytes", size))
		return
	}
	if hash := format.XattrNameHash(x.name); hash != k.Second {
		// It is as whole as before, only in a wrong place.
		w.oddXattr(problem.XattrHash, k, string(x.name), fmt.Sprintf("%08x", k.Second), fmt.Sprintf("%08x", hash))
	}
	if x.names.add(&w.mixer, k.Second, x.name) {
		w.find(problem.XattrDuplicate, k, string(x.name), "a second attribute of this name", "one")
	}
	x.wantsValue = wantsValue(x.name, x.valLen)
	if x.wantsValue {
		x.value = append(x.value[:0], rest[x.nameLen:]...)
	}
}

// endXattr judges the attribute whose parts have passed, if there is one.
func (w *worker) endXattr() {
	x := &w.in.xattrs
	if !x.begun {
		return
	}
	if !x.bad && x.next < x.parts {
		w.badXattr(problem.XattrPartMissing, w.xattrKey(uint8(x.next)),
			fmt.Sprintf("%d parts", x.next), fmt.Sprintf("%d", x.parts))
	}
	if !x.bad {
		w.facts.Xattrs++
		w.xattrName()
	}
	x.begun = false
}

// endXattrs judges the last attribute.
func (w *worker) endXattrs() {
	w.endXattr()
	if x := &w.in.xattrs; x.anyBad && w.detail == nil {
		w.lists.badXattrs.add(w.in.ino)
	}
}

// judgeXattrs compares the inode's next id with those in use.
func (w *worker) judgeXattrs() {
	in := &w.in
	if next := in.value.NextXattrID.Get(); in.xattrs.count > 0 && next < in.xattrs.nextID {
		w.findIn(problem.NextXattrID, "next_xattr_id", fmt.Sprint(next), fmt.Sprintf("at least %d", in.xattrs.nextID))
	}
}
