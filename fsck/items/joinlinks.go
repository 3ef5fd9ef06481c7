// SPDX-License-Identifier: GPL-2.0-or-later

package items

import (
	"cmp"
	"fmt"
	"slices"

	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// correction is what an inode's number of links must be read with.
type correction struct {
	ino            uint64
	missing, extra uint64
}

// link judges the items of one link, which one directory has at one
// position.
func (j *join) link() {
	var by [sides]*entry
	all := make([]entry, len(j.group))
	for i := range j.group {
		e := unpackEntry(&j.group[i])
		all[i] = e
		if have := by[e.side]; have == nil || have.bad && !e.bad {
			by[e.side] = &all[i]
		}
	}
	dir, pos := all[0].dir, all[0].pos
	if _, odd := slices.BinarySearch(j.c.lists.oddDirs.all, dir); odd {
		return // it was reported that it has entries at all
	}
	listed, isListed := j.c.findListed(dir)
	isListed = isListed && j.c.wants[classDirs]
	if isListed {
		j.count(listed, &by)
	}
	readdir, backref := by[sideReaddir], by[sideBackref]
	ref := reference(&by)
	if readdir == nil && by[sideDirent] == nil {
		j.strayBackref(backref)
		return
	}
	if isListed && by[sideDirent] == nil && !j.c.unknownDirents(dir) {
		j.findName(problem.DirentMissing, ref, sideDirent, "none", "an item for its name")
	}
	if readdir == nil && !j.c.unknownKey(format.ReaddirKey(dir, pos)) {
		j.findName(problem.ReaddirMissing, ref, sideReaddir, "none", "an item for its position")
	}
	if backref == nil && ref.ino != 0 {
		j.noBackref(ref)
	}
	for i := range all {
		if e := &all[i]; !e.bad && !ref.bad && e.v != ref.v {
			j.differing.add(*ref)
			j.findName(problem.DirentDiffers, ref, e.side, "a "+e.side.String()+" with another inode, type or name than the "+ref.side.String(), "equal copies")
			if e.ino != ref.ino && e.side == sideBackref {
				j.corrections.add(correction{ino: ref.ino, missing: 1})
				j.corrections.add(correction{ino: e.ino, extra: 1})
			}
			break
		}
	}
}

// reference returns the item that the others are compared with.
func reference(by *[sides]*entry) *entry {
	var best *entry
	for _, s := range [...]side{sideReaddir, sideDirent, sideBackref} {
		if e := by[s]; e != nil && (best == nil || best.bad && !e.bad) {
			best = e
		}
	}
	return best
}

// count adds an entry to the numbers of a directory.
func (j *join) count(d *listedDir, by *[sides]*entry) {
	dirent, readdir := by[sideDirent], by[sideReaddir]
	if dirent == nil && readdir == nil {
		return
	}
	e := readdir
	if e == nil || e.bad && dirent != nil {
		e = dirent
	}
	if e.nameLen == 0 || dirent != nil && readdir != nil && !dirent.bad && !readdir.bad && dirent.v != readdir.v {
		d.unsure = true
	}
	d.entries.count++
	d.entries.size += uint64(e.nameLen)
	d.entries.lastPos = max(d.entries.lastPos, e.pos)
	if e.kind == format.DirentDirectory {
		d.entries.subdirs++
	}
}

// strayBackref judges a link back to a directory that does not know it.
func (j *join) strayBackref(e *entry) {
	if j.c.unknownKey(format.ReaddirKey(e.dir, e.pos)) || j.c.unknownDirents(e.dir) {
		return
	}
	switch j.exists(format.InodeKey(e.dir)) {
	case exists:
		j.findName(problem.ReaddirMissing, e, sideReaddir, "none", "an item for its position")
		j.findName(problem.DirentMissing, e, sideDirent, "none", "an item for its name")
	case missing:
		if !j.c.limiter.full(problem.InodeUnreachable) {
			j.c.limiter.find(problem.Finding{
				Number: problem.InodeUnreachable, Place: inodePlace(e.ino, ""),
				Found: fmt.Sprintf("a name in directory %d, which does not exist", e.dir), Expected: "a name in one that does",
			})
		}
	case unsure:
	}
	j.corrections.add(correction{ino: e.ino, extra: 1})
}

// noBackref judges an entry of an inode that does not know it.
func (j *join) noBackref(e *entry) {
	if j.c.unknownKey(format.LinkBackrefKey(e.ino, e.dir, e.pos)) {
		return
	}
	switch j.exists(format.InodeKey(e.ino)) {
	case exists:
		j.corrections.add(correction{ino: e.ino, missing: 1})
		j.findName(problem.BackrefMissing, e, sideBackref, "none", fmt.Sprintf("an item of inode %d", e.ino))
	case missing:
		if j.hasItems(e.ino) {
			return // which was reported
		}
		j.dangling.add(e.ino)
		j.findName(problem.DirentDangling, e, sideReaddir, fmt.Sprintf("inode %d, which does not exist", e.ino), "one that does")
	case unsure:
	}
}

// hasItems reports whether there is any item of an inode, or may be.
func (j *join) hasItems(ino uint64) bool {
	if j.c.unknownInode(ino) {
		return true
	}
	c := j.c.opts.Volume.Snapshot.Cursor(format.ItemsOfInode(ino))
	return c.Next(j.ctx) || c.Err() != nil
}

// unknownDirents reports whether an entry by name may be one that is not
// known.
func (c *check) unknownDirents(dir uint64) bool {
	return c.unknown.Any() && c.unknown.Overlaps(format.Range{
		Start: format.DirentKey(dir, 0, 0),
		End:   format.DirentKey(dir, 1<<64-1, 1<<64-1),
	})
}

// findName reports something about one of the items of a link, of which e is
// another.
func (j *join) findName(n problem.Number, e *entry, of side, found, expected string) {
	if j.c.limiter.full(n) {
		j.c.limiter.find(problem.Finding{Number: n})
		return
	}
	name := j.nameOf(e)
	k := format.ReaddirKey(e.dir, e.pos)
	switch of {
	case sideDirent:
		k = format.DirentKey(e.dir, format.DirentNameHash(name), e.pos)
	case sideBackref:
		k = format.LinkBackrefKey(e.ino, e.dir, e.pos)
	}
	p := itemPlace(k, name)
	p.Ino = e.dir
	j.c.limiter.find(problem.Finding{Number: n, Place: p, Found: found, Expected: expected})
}

// nameOf returns the name in an item of a link.
func (j *join) nameOf(e *entry) string {
	k := format.ReaddirKey(e.dir, e.pos)
	switch e.side {
	case sideDirent:
		k = format.DirentKey(e.dir, e.hash, e.pos)
	case sideBackref:
		k = format.LinkBackrefKey(e.ino, e.dir, e.pos)
	}
	it, found := j.lookup(k)
	if found != exists {
		return ""
	}
	_, name, err := format.ViewDirent(it.Value, "")
	if err != nil {
		return ""
	}
	return string(name)
}

// String names the item.
func (s side) String() string {
	return [...]string{"dirent", "readdir item", "link backref"}[min(s, sideBackref)]
}

// finishLinks judges directories whose entries were listed, and all link
// counts that did not agree.
func (j *join) finishLinks() {
	j.finishKinds()
	slices.Sort(j.dangling.all)
	slices.SortFunc(j.corrections.all, func(a, b correction) int { return cmp.Compare(a.ino, b.ino) })
	for i := range j.c.lists.dirs.all {
		d := &j.c.lists.dirs.all[i]
		if d.unsure || j.c.unknownInode(d.ino) {
			continue
		}
		j.c.judgeEntries(d, &d.entries)
		p := linkCount{ino: d.ino, nlink: d.nlink, links: d.links, dir: true, entries: d.entries.count, subdirs: d.entries.subdirs}
		if !p.agrees() {
			j.linkCount(&p)
		}
	}
	for i := range j.c.lists.links.all {
		if p := &j.c.lists.links.all[i]; !j.c.unknownInode(p.ino) {
			j.linkCount(p)
		}
	}
}

// compareLinks orders links by directory and position.
func compareLinks(a, b *entry) int {
	return cmp.Or(cmp.Compare(a.dir, b.dir), cmp.Compare(a.pos, b.pos))
}

// finishKinds reports names with another type than their inode's, but for
// those whose copies are not the same.
func (j *join) finishKinds() {
	for i := range j.c.lists.kinds.all {
		k := &j.c.lists.kinds.all[i]
		_, differs := slices.BinarySearchFunc(j.differing.all, k.entry, func(a, b entry) int { return compareLinks(&a, &b) })
		if !differs {
			j.findName(problem.DirentType, &k.entry, sideBackref, kindName(k.entry.kind), kindName(k.kind)+", as the inode's mode says")
		}
	}
}

// wrongKindIn reports whether a directory has a name of a wrong type, so that
// it is not certain how many directories are in it.
func (c *check) wrongKindIn(dir uint64) bool {
	_, found := slices.BinarySearchFunc(c.lists.kinds.all, dir, func(k wrongKind, dir uint64) int { return cmp.Compare(k.dir, dir) })
	return found
}

// corrected adds up the corrections of an inode.
func (j *join) corrected(ino uint64) (sum correction) {
	all := j.corrections.all
	i, _ := slices.BinarySearchFunc(all, ino, func(c correction, ino uint64) int { return cmp.Compare(c.ino, ino) })
	for ; i < len(all) && all[i].ino == ino; i++ {
		sum.missing += all[i].missing
		sum.extra += all[i].extra
	}
	return sum
}

// linkCount reports a link count that does not agree with the links, unless
// links that are missing or too many explain it.
func (j *join) linkCount(p *linkCount) {
	c := j.corrected(p.ino)
	least, most := p.links-min(c.extra, p.links), p.links+c.missing
	nlink := uint64(p.nlink)
	expected := fmt.Sprintf("%d, the number of its names", p.links)
	if !p.dir {
		if least <= nlink && nlink <= most && least < most {
			return
		}
	} else {
		expected = fmt.Sprintf("%d, 2 and the number of its subdirectories", 2+p.subdirs)
		right := nlink == 2+p.subdirs || nlink >= 2 && j.c.wrongKindIn(p.ino)
		switch {
		case p.ino == format.RootIno && right:
			return // names of a wrong type explain it
		case p.ino == format.RootIno:
		case nlink > 0 && right && least <= 1 && most >= 1:
			return
		case nlink > 0 && right && least > 1:
			j.c.limiter.find(problem.Finding{
				Number: problem.DirectoryLinks, Place: inodePlace(p.ino, ""),
				Found: fmt.Sprintf("%d names", p.links), Expected: "one",
			})
			return
		case nlink == 0 && least == 0 && p.entries == 0:
			return
		case nlink == 0 && most == 0:
			expected = fmt.Sprintf("no entries without links; it has %d", p.entries)
		}
	}
	number := problem.InodeLinkCount
	if most == 0 && nlink > 0 && (!p.dir || p.ino != format.RootIno) {
		if j.exists(format.OrphanKey(p.ino)) == exists {
			expected = "0, as it waits for its deletion"
		} else {
			number, expected = problem.InodeUnreachable, "at least one name"
		}
	}
	found := fmt.Sprint(nlink)
	field := "nlink"
	if number == problem.InodeUnreachable {
		found, field = fmt.Sprintf("%d links and no name", nlink), ""
	}
	j.c.limiter.find(problem.Finding{Number: number, Place: inodePlace(p.ino, field), Found: found, Expected: expected})
}

// wrongLinks reports whether an inode's link count does not agree, so that it
// does not say whether the inode is one without links.
func (c *check) wrongLinks(ino uint64) bool {
	_, wrong := slices.BinarySearchFunc(c.lists.links.all, ino, func(p linkCount, ino uint64) int { return cmp.Compare(p.ino, ino) })
	return wrong || c.listedDir(ino)
}
