// SPDX-License-Identifier: GPL-2.0-or-later

package items

// list keeps what has to wait until everything was read. It has a bound, as
// everything that grows with damage.
type list[T any] struct {
	all     []T
	dropped uint64
}

// maxList is how many of each kind a worker keeps.
const maxList = 1 << 16

func (l *list[T]) add(v T) {
	if len(l.all) == maxList {
		l.dropped++
		return
	}
	l.all = append(l.all, v)
}

func (l *list[T]) merge(o *list[T]) {
	l.all = append(l.all, o.all...)
	l.dropped += o.dropped
}

// lists are what a worker has found that is judged later.
type lists struct {
	maxIno     uint64
	missing    uint64 // inodes without an inode item
	odd        uint64 // inodes with numbers that none can have
	lostBlocks uint64 // of extents that lead outside the device
	lostExtent bool   // there is an extent of which not even the blocks are known
	truncates  uint64 // inodes with a truncation to finish
	truncate   uint64 // the least of them
	seqs       list[wrongSeq]
	dirs       list[listedDir]
	links      list[linkCount]
	kinds      list[wrongKind]
	oddDirs    list[uint64] // inodes with entries that are no directories
	badXattrs  list[uint64] // inodes with attributes that cannot be read
}

// wrongSeq is a sequence number of an inode beyond the volume's.
type wrongSeq struct {
	ino   uint64
	field string
	seq   uint64
}

// wrongKind is a link back with another type than its inode's.
type wrongKind struct {
	entry
	kind uint8 // of the inode
}

// listedDir is a directory whose entries have to be looked at one by one.
type listedDir struct {
	ino, size, nextPos uint64
	links              uint64
	nlink              uint32
	// What the second pass finds: unsure if not all entries can be told.
	entries entriesOf
	unsure  bool
}

func (l *lists) truncating(ino uint64) {
	if l.truncates == 0 || ino < l.truncate {
		l.truncate = ino
	}
	l.truncates++
}

func (l *lists) merge(o *lists) {
	l.maxIno = max(l.maxIno, o.maxIno)
	l.missing += o.missing
	l.odd += o.odd
	l.lostBlocks += o.lostBlocks
	l.lostExtent = l.lostExtent || o.lostExtent
	if o.truncates > 0 && (l.truncates == 0 || o.truncate < l.truncate) {
		l.truncate = o.truncate
	}
	l.truncates += o.truncates
	l.seqs.merge(&o.seqs)
	l.dirs.merge(&o.dirs)
	l.links.merge(&o.links)
	l.kinds.merge(&o.kinds)
	l.oddDirs.merge(&o.oddDirs)
	l.badXattrs.merge(&o.badXattrs)
}

// dropped is how much was not kept.
func (l *lists) dropped() uint64 {
	return l.seqs.dropped + l.dirs.dropped + l.links.dropped + l.kinds.dropped + l.oddDirs.dropped + l.badXattrs.dropped
}
