// SPDX-License-Identifier: GPL-2.0-or-later

package testbulk

import (
	"scoutfs/engine/format"
)

// The numbers by which a volume is laid out.
const (
	inoBatch     = 10240 // inodes that a mount takes at a time, for directories and other files each
	subdirs      = 16    // directories in a directory, as long as there are some
	perTrans     = 400   // files that are made in one transaction
	firstSeq     = 10    // of transactions
	posSkip      = 7     // each so many directory positions one is left out
	epochDirs    = inoBatch
	hugeDir      = 3 // the directory with very many files
	minHuge      = 100_000
	updatedLater = 2 // transactions between making a file and changing it
)

// Salts tell the random numbers of a file apart.
const (
	saltOp = iota + 1
	saltKind
	saltOrphan
	saltLinks
	saltSeq
	saltXattrs
	saltData
	saltRewrite
	saltName
	saltInode
	saltDir
	saltGap
	saltBlock
	saltPlace
)

// model answers what each file is. Files count from 0, and so do directories,
// of which 0 is the root; the files of a directory follow each other. It is
// immutable.
type model struct {
	seed     uint64
	files    uint64
	trees    uint64
	share    uint64
	first    []uint64 // first file of each directory, and the number of files
	epochs   []epoch
	nextIno  uint64
	lastTran uint64 // transactions that made files, after firstSeq
}

// epoch is a batch of directory inodes and those of the files in them.
type epoch struct{ dirIno, fileIno uint64 }

// mix is a random number that x and salt make (the finalizer of splitmix64).
func mix(x, salt uint64) uint64 {
	x += salt * 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// random is a random number of a file or directory.
func (m *model) random(x, salt uint64) uint64 { return mix(x+m.seed, salt) }

func newModel(o Options) *model {
	m := &model{
		seed: mix(o.Seed, 0), files: o.Files, trees: uint64(o.LogTrees), share: uint64(o.LogShare),
		lastTran: o.Files / perTrans,
	}
	huge := o.HugeDirectory
	if huge == 0 {
		huge = min(minHuge, o.Files/8)
	}
	for at := uint64(0); at < o.Files || len(m.first) == 0; {
		m.first = append(m.first, at)
		n := m.dirFiles(uint64(len(m.first)) - 1)
		if len(m.first)-1 == hugeDir {
			n = huge
		}
		at += n
	}
	m.first = append(m.first, o.Files)
	ino := uint64(format.FirstFreeIno)
	for d := uint64(0); d < m.dirs(); d += epochDirs {
		e := epoch{dirIno: ino}
		ino += epochDirs
		e.fileIno = ino
		ino += batches(m.first[min(d+epochDirs, m.dirs())] - m.first[d])
		m.epochs = append(m.epochs, e)
	}
	m.nextIno = ino
	return m
}

func batches(n uint64) uint64 { return (n + inoBatch - 1) / inoBatch * inoBatch }

// dirFiles is how many files a directory has: mostly some, often few,
// sometimes many.
func (m *model) dirFiles(d uint64) uint64 {
	x := m.random(d, saltDir)
	y := x >> 8
	switch n := x % 100; {
	case n < 10:
		return y % 4
	case n < 60:
		return 10 + y%30
	case n < 95:
		return 50 + y%100
	}
	return 500 + y%600
}

func (m *model) dirs() uint64 { return uint64(len(m.first)) - 1 }

// dirIno is the inode number of a directory; it grows with the directory.
func (m *model) dirIno(d uint64) uint64 {
	if d == 0 {
		return format.RootIno
	}
	return m.epochs[d/epochDirs].dirIno + d%epochDirs
}

// fileIno is the inode number of a file in directory d.
func (m *model) fileIno(d, f uint64) uint64 {
	e := d / epochDirs
	return m.epochs[e].fileIno + f - m.first[e*epochDirs]
}

// subdirsOf returns the range of directories in a directory.
func (m *model) subdirsOf(d uint64) (from, to uint64) {
	return min(d*subdirs+1, m.dirs()), min(d*subdirs+1+subdirs, m.dirs())
}

func parentOf(d uint64) uint64 { return (d - 1) / subdirs }

// position is that of the entry with an index in its directory; some
// positions are not in use any more.
func position(index uint64) uint64 { return format.FirstReaddirPos + index + index/posSkip }

// op is what happened to a file after the last merge into fs_root.
type op uint8

const (
	opNone    op = iota
	opTouch      // its inode changed
	opXattr      // it got extended attributes
	opRewrite    // its data was written again
	opUnlink     // it was removed
	opCreate     // it was made
)

// change returns what happened to a file since the last merge. Two log trees
// have a file that was touched twice.
func (m *model) change(f uint64) (o op, twice bool) {
	x := m.random(f, saltOp)
	if x%1024 >= m.share {
		return opNone, false
	}
	x >>= 10
	switch n := x % 10; {
	case n < 2:
		o = opXattr
	case n < 4:
		o = opRewrite
	case n < 5:
		o = opUnlink
	case n < 6:
		o = opCreate
	default:
		return opTouch, m.trees > 1 && x>>8&1 == 0
	}
	if o == opRewrite && m.kind(f) != format.ModeRegular {
		o = opTouch
	}
	return o, false
}

// tree is the log tree that has the last changes in a directory and to its
// files; earlier ones are in the next one.
func (m *model) tree(d uint64) int {
	if m.trees == 0 {
		return 0
	}
	return int(d % m.trees)
}

func (m *model) earlierTree(d uint64) int { return m.tree(d + 1) }

// kind is a file's type, a format.Mode.
func (m *model) kind(f uint64) uint32 {
	switch n := m.random(f, saltKind) % 1000; {
	case n < 30:
		return format.ModeSymlink
	case n < 34:
		return format.ModeFIFO
	case n < 37:
		return format.ModeCharDevice
	case n < 39:
		return format.ModeBlockDevice
	case n < 42:
		return format.ModeSocket
	}
	return format.ModeRegular
}

// orphan reports whether a file has lost its name and is still open
// somewhere.
func (m *model) orphan(f uint64) bool {
	if m.random(f, saltOrphan)%4999 != 0 || m.kind(f) != format.ModeRegular {
		return false
	}
	o, _ := m.change(f)
	return o == opNone
}

// links is how many names a file of directory d has in directory d+1.
func (m *model) links(d, f uint64) uint64 {
	x := m.random(f, saltLinks)
	if x%50 != 0 || d+1 >= m.dirs() || m.kind(f) != format.ModeRegular || m.orphan(f) {
		return 0
	}
	if o, _ := m.change(f); o != opNone && o != opTouch {
		return 0
	}
	if x%200 == 0 {
		return 2
	}
	return 1
}

// Sequence numbers. Files are made in transactions that follow each other;
// some are changed a little later, some long after that, all before the last
// merge. What is in log trees was done in the same order, in two rounds.

// made is the transaction that made a file.
func made(f uint64) uint64 { return firstSeq + f/perTrans }

// seqClasses is how many kinds of time there are between making and changing.
const seqClasses = 3

func (m *model) seqClass(f uint64) uint64 {
	switch n := m.random(f, saltSeq) % 10; {
	case n < 7:
		return 0
	case n < 9:
		return 1
	}
	return 2
}

func (m *model) classDelay(class uint64) uint64 {
	return [seqClasses]uint64{0, updatedLater, m.lastTran + 5}[class]
}

// mergedSeq is more than any sequence number in fs_root.
func (m *model) mergedSeq() uint64 { return firstSeq + 2*m.lastTran + 10 }

// earlierSeq and laterSeq are the transactions that changed file f in the
// first and in the second round.
func (m *model) earlierSeq(f uint64) uint64 { return m.mergedSeq() + f/perTrans }
func (m *model) laterSeq(f uint64) uint64   { return m.mergedSeq() + m.lastTran + 1 + f/perTrans }

// endSeq is more than any sequence number of an item.
func (m *model) endSeq() uint64 { return m.laterSeq(m.files) + 1 }

func (m *model) metaSeq(f uint64) uint64 { return made(f) + m.classDelay(m.seqClass(f)) }

// dataSeq is the transaction that last wrote a file before the last merge:
// the one that made it or the next.
func (m *model) dataSeq(f uint64) uint64 { return made(f) + m.random(f, saltSeq)>>32&1 }

// lastFile is the file whose making changed a directory last.
func (m *model) lastFile(d uint64) uint64 { return max(m.first[d+1], 1) - 1 }

// dirChange reports whether files of a directory were made or removed since
// the last merge.
func (m *model) dirChange(d uint64) bool {
	if m.share == 0 {
		return false
	}
	for f := m.first[d]; f < m.first[d+1]; f++ {
		if o, _ := m.change(f); o == opCreate || o == opUnlink {
			return true
		}
	}
	return false
}
