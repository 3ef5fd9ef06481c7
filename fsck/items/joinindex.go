// SPDX-License-Identifier: GPL-2.0-or-later

package items

import (
	"fmt"
	"slices"

	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// byIno is a group of an inode and what an index says of it.
type byIno struct {
	ino     uint64
	found   bool   // there is such an inode, and number is what it says
	number  uint64 //
	unsure  bool
	entries []uint64 // the numbers in the index
}

func (j *join) byIno() byIno {
	g := byIno{ino: j.group[0][1]}
	for i := range j.group {
		switch r := &j.group[i]; from(r[2]) {
		case fromItems:
			g.found, g.number = true, r[3]
		case fromIndex:
			g.entries = append(g.entries, r[3])
		case fromUnknown:
			g.unsure = true
		}
	}
	return g
}

// seqs compares a sequence number of an inode with its entries in an index.
func (j *join) seqs() {
	g := j.byIno()
	if g.unsure {
		return
	}
	typ, absent, stale := uint8(format.TypeMetaSeq), problem.MetaSeqIndexMissing, problem.MetaSeqIndexStale
	if j.class == classDataSeq {
		typ, absent, stale = format.TypeDataSeq, problem.DataSeqIndexMissing, problem.DataSeqIndexStale
	}
	others := g.entries
	switch i := slices.Index(g.entries, g.number); {
	case !g.found && (j.c.unknownInode(g.ino) || j.isLost(&g)):
		return
	case !g.found:
	case i >= 0:
		others = slices.Delete(slices.Clone(g.entries), i, i+1)
	case j.c.unknownKey(format.InodeIndexKey(typ, g.number, g.ino)):
	default:
		text := "none"
		if len(others) > 0 {
			// It stands in a wrong place.
			text = fmt.Sprintf("one with %d", others[0])
			others = others[1:]
		}
		j.c.limiter.find(problem.Finding{
			Number: absent, Place: itemPlace(format.InodeIndexKey(typ, g.number, g.ino), ""),
			Found: text, Expected: fmt.Sprintf("an entry with %d, as the inode says", g.number),
		})
	}
	for _, seq := range others {
		expected := fmt.Sprintf("%d, as the inode says", g.number)
		if !g.found {
			expected = "none"
		}
		j.c.limiter.find(problem.Finding{
			Number: stale, Place: itemPlace(format.InodeIndexKey(typ, seq, g.ino), ""),
			Found: fmt.Sprintf("an entry with %d", seq), Expected: expected,
		})
	}
}

// isLost reports whether an inode does not exist that other places agree
// about, so that it is not they that are wrong.
func (j *join) isLost(g *byIno) bool {
	if j.class != classMetaSeq {
		_, lost := slices.BinarySearch(j.lost.all, g.ino)
		return lost
	}
	_, dangling := slices.BinarySearch(j.dangling.all, g.ino)
	if !dangling {
		if j.exists(format.OrphanKey(g.ino)) != exists {
			return false
		}
		j.c.limiter.find(problem.Finding{
			Number: problem.InodeMissing, Place: itemPlace(format.InodeKey(g.ino), ""),
			Found: "entries in the index of changes and in the queue for deletion", Expected: "its inode item",
		})
	}
	j.lost.add(g.ino)
	j.c.lists.missing++
	return true
}

// orphan compares an inode's link count with the queue of those without any.
func (j *join) orphan() {
	g := j.byIno()
	if g.unsure || j.c.wrongLinks(g.ino) {
		return
	}
	k := format.OrphanKey(g.ino)
	queued := len(g.entries) > 0
	switch {
	case g.found && g.number == 0 && !queued && !j.c.unknownKey(k):
		j.c.limiter.find(problem.Finding{Number: problem.OrphanMissing, Place: itemPlace(k, ""), Found: "none", Expected: "an item, as the inode has no links"})
	case g.found && g.number > 0 && queued:
		j.c.limiter.find(problem.Finding{Number: problem.OrphanLinked, Place: itemPlace(k, ""), Found: fmt.Sprintf("an item of an inode with %d links", g.number), Expected: "none"})
	case !g.found && queued && !j.c.unknownInode(g.ino) && !j.isLost(&g):
		j.c.limiter.find(problem.Finding{Number: problem.OrphanStale, Place: itemPlace(k, ""), Found: "an item", Expected: "none without the inode"})
	}
}

// indx compares an attribute with the index of attributes.
func (j *join) indx() {
	ino, id := j.group[0][1], j.group[0][2]
	var attributes, entries []format.XattrIndx
	for i := range j.group {
		r := &j.group[i]
		x := format.XattrIndx{Major: uint8(r[3]), Minor: r[4], Ino: ino, ID: id}
		if from(r[5]) == fromItems {
			attributes = append(attributes, x)
		} else {
			entries = append(entries, x)
		}
	}
	for _, x := range attributes {
		i := slices.Index(entries, x)
		if i >= 0 {
			entries = slices.Delete(entries, i, i+1)
			continue
		}
		k := format.IndxKey(x)
		if j.c.unknownKey(k) || j.c.badXattrs(ino) {
			continue
		}
		text := "none"
		if len(entries) > 0 {
			text = fmt.Sprintf("one with %d.%d", entries[0].Major, entries[0].Minor)
			entries = entries[1:]
		}
		j.c.limiter.find(problem.Finding{
			Number: problem.IndexEntryMissing, Place: itemPlace(k, ""),
			Found: text, Expected: fmt.Sprintf("an entry with %d.%d for attribute %d", x.Major, x.Minor, id),
		})
	}
	if j.c.badXattrs(ino) || j.c.unknownInode(ino) {
		return
	}
	for _, x := range entries {
		j.c.limiter.find(problem.Finding{
			Number: problem.IndexEntryStale, Place: itemPlace(format.IndxKey(x), ""),
			Found: fmt.Sprintf("an entry with %d.%d", x.Major, x.Minor), Expected: fmt.Sprintf("none, without an attribute %d that has it", id),
		})
	}
}

// search compares an attribute with the search files.
func (j *join) search() {
	r := &j.group[0]
	e := format.SrchEntry{Ino: r[1], ID: r[2], Hash: r[3]}
	attribute, entries := false, 0
	for i := range j.group {
		if from(j.group[i][4]) == fromItems {
			attribute = true
		} else {
			entries++
		}
	}
	found := entries%2 == 1
	if found == attribute || j.c.opts.Volume.SearchUnknown || j.c.searchLost || j.c.badXattrs(e.Ino) {
		return
	}
	p := inodePlace(e.Ino, "")
	p.HasKey, p.Key = false, format.Key{}
	text := fmt.Sprintf("an entry %016x for attribute %d", e.Hash, e.ID)
	switch {
	case attribute:
		j.c.limiter.find(problem.Finding{Number: problem.SearchEntryMissing, Place: p, Found: "none", Expected: text})
	case !j.c.unknownInode(e.Ino):
		j.c.limiter.find(problem.Finding{Number: problem.SearchEntryStale, Place: p, Found: text, Expected: "none without such an attribute"})
	}
}

// badXattrs reports whether an inode has attributes that cannot be told.
func (c *check) badXattrs(ino uint64) bool {
	_, bad := slices.BinarySearch(c.lists.badXattrs.all, ino)
	return bad
}
