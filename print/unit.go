// SPDX-License-Identifier: GPL-2.0-or-later

package print

import (
	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

// unitKind says what a unit shows.
type unitKind int

const (
	unitProblem unitKind = iota // only the problem it carries
	unitSuper
	unitQuorum
	unitBtree
	unitList
	unitSrchParent
	unitSrchLeaf
	unitBloom // only by its number: no print of a volume shows it
)

// magic is what the unit's block header must say.
func (k unitKind) magic() uint32 {
	switch k {
	case unitSuper:
		return format.MagicSuper
	case unitQuorum:
		return format.MagicQuorum
	case unitBtree:
		return format.MagicBtree
	case unitList:
		return format.MagicAllocList
	case unitSrchParent:
		return format.MagicSrchParent
	case unitSrchLeaf:
		return format.MagicSrchBlock
	case unitBloom:
		return format.MagicBloom
	}
	return 0
}

// small reports whether the unit's block is a 4 KiB block with a fixed place.
func (k unitKind) small() bool { return k == unitSuper || k == unitQuorum }

// treeInfo is what all blocks of one btree share.
type treeInfo struct {
	kind  format.Tree
	label string // as upstream's text has it; empty for item_root
	name  string // its own name
	rid   uint64 // the log trees item it belongs to; 0 for the super's trees
	nr    uint64
	// ranges restricts the items shown; nil is all of them. They ascend and
	// do not overlap.
	ranges []format.Range
}

// shows reports whether an item with key k is asked for.
func (t *treeInfo) shows(k format.Key) bool {
	if t.ranges == nil {
		return true
	}
	for _, r := range t.ranges {
		if r.Contains(k) {
			return true
		}
	}
	return false
}

// overlaps reports whether any wanted key lies in r.
func (t *treeInfo) overlaps(r format.Range) bool {
	if t.ranges == nil {
		return true
	}
	for _, want := range t.ranges {
		if !want.End.Less(r.Start) && !r.End.Less(want.Start) {
			return true
		}
	}
	return false
}

// unit is one block on its way through the pipeline: filled by the walker,
// encoded by a worker, written by the writer, then used again.
type unit struct {
	kind  unitKind
	tree  *treeInfo  // unitBtree
	level int        // unitBtree: expected level
	label string     // unitList: which list
	ref   format.Ref // large blocks; Blkno is in small units for small blocks
	anon  bool       // nothing refers to the block: its seq is not known

	// buf is the block's memory; loaded says that it was read, checked that
	// check was called, and usable is what it returned.
	buf             []byte
	loaded          bool
	checked, usable bool

	// slots are a btree block's items in key order, and keep which of them
	// to show.
	slots []uint16
	keep  []bool

	out         []byte
	items       int
	overwritten bool
	problems    []error
	done        chan struct{} // one token when the worker is finished
}

func newUnit() *unit {
	return &unit{
		buf:  device.AlignedBuffer(format.LargeBlockSize),
		done: make(chan struct{}, 1),
	}
}

// reset readies a used unit; it keeps the memory.
func (u *unit) reset() {
	*u = unit{
		buf:      u.buf,
		slots:    u.slots[:0],
		keep:     u.keep[:0],
		out:      u.out[:0],
		problems: u.problems[:0],
		done:     u.done,
	}
}

// block is the unit's block in its right size.
func (u *unit) block() []byte {
	if u.kind.small() {
		return u.buf[:format.SmallBlockSize]
	}
	return u.buf
}

// offset is the block's place on the device in bytes.
func (u *unit) offset() int64 {
	if u.kind.small() {
		return int64(u.ref.Blkno) * format.SmallBlockSize
	}
	return int64(u.ref.Blkno) * format.LargeBlockSize
}

func (u *unit) problem(err error) { u.problems = append(u.problems, err) }
