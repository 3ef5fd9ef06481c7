// SPDX-License-Identifier: GPL-2.0-or-later

package problem

import (
	"scoutfs/engine/format"
)

// Finding is one case of a problem: where it is, what is there and what
// should be. Which of the fields of its place are meaningful follows from
// their being set. A repair works from the number and the place alone.
type Finding struct {
	Number Number
	Place  Place
	// Found and Expected are what is there and what should be, in words fit
	// for the end of a sentence; either may be empty.
	Found, Expected string
	// More, if it is not 0, makes this no case but stands for so many cases
	// of the number that were counted and are not reported one by one. The
	// rest of the finding is empty.
	More uint64
}

// Device is one of a volume's devices.
type Device uint8

// Devices.
const (
	NoDevice Device = iota
	MetaDevice
	DataDevice
)

// Place says where on a volume a problem is, as far as that applies.
type Place struct {
	Device Device
	// Blkno is the number of the block: large blocks of the metadata device
	// but for its supers and quorum blocks, which count small ones, and
	// small blocks of the data device. Blocks is how many follow from there,
	// 0 if no block is concerned.
	Blkno, Blocks uint64
	// Tree is the tree that the block or item belongs to, if InTree. RID and
	// Nr say which log tree it is, of those whose RID is not 0.
	InTree  bool
	Tree    format.Tree
	RID, Nr uint64
	// Key is that of the item, if HasKey.
	HasKey bool
	Key    format.Key
	// Ino is the inode concerned, 0 for none.
	Ino uint64
	// Name is a name in the directory Ino, or the name of one of its
	// extended attributes.
	Name string
	// Structure and Field name what is not an item of a tree: "super",
	// "data_alloc"; "total_len".
	Structure, Field string
}

// Reporter takes findings. It may be called from many goroutines at once.
type Reporter func(Finding)
