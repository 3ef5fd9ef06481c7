// SPDX-License-Identifier: GPL-2.0-or-later

package items

import (
	"scoutfs/engine/format"
	"scoutfs/fsck/runs"
	"scoutfs/fsck/structure"
)

// collector makes records of what differs, in the second pass. A record's
// first number is its class, and those after it are what records that belong
// together have in common.
type collector struct {
	c      *check
	writer *runs.Writer
	err    error
}

// from says where a record is from.
type from uint64

const (
	fromItems   from = iota // inodes, attributes
	fromIndex               // what points to them from elsewhere
	fromUnknown             // an inode that is not judged
)

func (d *collector) add(r runs.Record) {
	if d.err == nil {
		d.err = d.writer.Add(r)
	}
}

// finish must be called at the end. It returns the first error.
func (d *collector) finish() error {
	if d.err == nil {
		d.err = d.writer.Flush()
	}
	return d.err
}

// differs reports whether records of a class and a bucket are wanted.
func (d *collector) differs(c class, h uint64) bool {
	return d.c.wants[c] && d.c.sums.of[c].Differs(h)
}

// entry takes an item of a link: all of directories whose entries are listed,
// and else those of which there are sums.
func (d *collector) entry(e *entry, listed bool) {
	if !listed && (e.side == sideDirent || !d.differs(classLinks, d.c.mixer.Two(e.dir, e.pos))) {
		return
	}
	d.add(runs.Record{uint64(classLinks), e.dir, e.pos, e.pack(), e.ino, e.v, e.hash})
}

// pack and unpackEntry put the small fields of an entry into a number.
func (e *entry) pack() uint64 {
	packed := uint64(e.side)<<24 | uint64(e.kind)<<8 | uint64(e.nameLen)
	if e.bad {
		packed |= 1 << 16
	}
	return packed
}

func unpackEntry(r *runs.Record) entry {
	packed := r[3]
	return entry{
		side: side(packed >> 24), dir: r[1], pos: r[2], ino: r[4], v: r[5], hash: r[6],
		kind: uint8(packed >> 8), nameLen: uint8(packed), bad: packed>>16&1 != 0,
	}
}

// inode takes what an inode says of itself that is stored elsewhere too.
func (d *collector) inode(in *inode, unknown bool) {
	h := d.c.inoHash(in.ino)
	for _, c := range [...]class{classMetaSeq, classDataSeq, classOrphan} {
		if !d.differs(c, h) {
			continue
		}
		kind, number := fromItems, uint64(0)
		switch {
		case !in.usable || unknown:
			kind = fromUnknown
		case c == classMetaSeq:
			number = in.value.MetaSeq.Get()
		case c == classDataSeq && in.kindWrong:
			kind = fromUnknown
		case c == classDataSeq && in.kind != format.DirentRegular:
			continue
		case c == classDataSeq:
			number = in.value.DataSeq.Get()
		case c == classOrphan:
			number = uint64(in.value.Nlink.Get())
		}
		if in.seqWrong && c != classOrphan && !d.c.seqBehind {
			kind = fromUnknown
		}
		d.add(runs.Record{uint64(c), in.ino, uint64(kind), number})
	}
}

// byIno takes what an index says of an inode.
func (d *collector) byIno(c class, ino uint64, kind from, number uint64) {
	if d.differs(c, d.c.inoHash(ino)) {
		d.add(runs.Record{uint64(c), ino, uint64(kind), number})
	}
}

// total takes an attribute that adds to a total. unsure says that what it
// added is not known.
func (d *collector) total(name [3]uint64, value uint64, unsure bool) {
	kind := fromItems
	if unsure {
		kind = fromUnknown
	}
	d.addTotal(name, kind, value, 1)
}

// totalItem takes a total.
func (d *collector) totalItem(name [3]uint64, total, count uint64) {
	d.addTotal(name, fromIndex, total, count)
}

func (d *collector) addTotal(name [3]uint64, kind from, total, count uint64) {
	h := d.c.mixer.Three(name[0], name[1], name[2])
	if d.c.wants[classTotal] && (d.c.sums.of[classTotal].Differs(h) || d.c.sums.of[classCount].Differs(h)) {
		d.add(runs.Record{uint64(classTotal), name[0], name[1], name[2], uint64(kind), total, count})
	}
}

// indx takes an entry of the index of attributes, or what should be one.
func (d *collector) indx(x format.XattrIndx, kind from) {
	if d.differs(classIndx, d.c.mixer.Two(x.Ino, x.ID)) {
		d.add(runs.Record{uint64(classIndx), x.Ino, x.ID, uint64(x.Major), x.Minor, uint64(kind)})
	}
}

// search takes a search entry, or what should be one.
func (d *collector) search(e format.SrchEntry, kind from) {
	if d.differs(classSearch, d.c.mixer.Two(e.Ino, e.ID)) {
		d.add(runs.Record{uint64(classSearch), e.Ino, e.ID, e.Hash, uint64(kind)})
	}
}

// used takes blocks of the data device that belong to a file; block is the
// first one's place in it.
func (d *collector) used(blocks format.Extent, ino, block uint64) {
	if d.c.wants[classExtents] {
		d.add(runs.Record{uint64(classExtents), blocks.Start, blocks.Len, uint64(ownerFile), ino, block})
	}
}

// free takes blocks of the data device that are free.
func (d *collector) free(e *structure.FreeExtent) {
	owner := ownerAlloc
	switch e.Field {
	case "data_avail":
		owner = ownerAvail
	case "data_freed":
		owner = ownerFreed
	}
	d.add(runs.Record{uint64(classExtents), e.Start, e.Len, uint64(owner), e.Tree.RID, e.Tree.Nr})
}
