// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import (
	"math"

	"scoutfs/engine/format"
)

// kindRules are what a tree allows its leaves' items to be, by kind. They
// say what format.Kind says in a form that takes no time to apply.
type kindRules struct {
	any       bool // of any kind
	deletions bool
	kinds     [format.ItemKinds]kindRule
}

type kindRule struct {
	held        bool
	least, most int
	odd         int // bits that the value's length does not have
	// unused has ones for what must be zero in the key's first, second,
	// third and fourth field.
	first, second, third uint64
	fourth               uint8
}

// set makes the rules those of a tree.
func (r *kindRules) set(opts *VerifyOptions) {
	r.any, r.deletions = opts.AnyItem, opts.AnyItem || opts.Tree == format.TreeLogItems
	if r.any {
		return
	}
	for kind := range format.ItemKinds {
		if opts.Tree.Holds(kind) {
			r.kinds[kind] = ruleOf(kind)
		}
	}
}

func ruleOf(kind format.ItemKind) kindRule {
	d := kind.Describe()
	unused := func(f format.KeyField) uint64 {
		if f.Name == "" {
			return math.MaxUint64
		}
		return 0
	}
	return kindRule{
		held: true, least: d.MinValue, most: d.MaxValue, odd: oddLength(kind),
		first: unused(d.First), second: unused(d.Second), third: unused(d.Third), fourth: uint8(unused(d.Fourth)),
	}
}

// oddLength has the bits that no length of the kind's values has: inodes are
// 160 or 168 bytes long and nothing in between.
func oddLength(kind format.ItemKind) int {
	if kind == format.KindInode {
		return format.Size[format.Inode]() - format.Size[format.InodeV1]() - 1
	}
	return 0
}

// allow reports whether an item has a kind, a key, flags and a value's length
// that the rules allow.
func (r *kindRules) allow(it *itemBytes, small uint64, n int, flags uint8) bool {
	if flags != 0 && (flags != format.ItemFlagDeletion || !r.deletions) {
		return false
	}
	if r.any {
		return true
	}
	k := &r.kinds[format.KindOf(format.Key{Zone: uint8(small >> 8), Type: uint8(small >> 16)})]
	if !k.held || word(it, itemFirst)&k.first|word(it, itemSecond)&k.second|word(it, itemThird)&k.third != 0 ||
		uint8(small)&k.fourth != 0 {
		return false
	}
	if flags != 0 {
		return n == 0
	}
	return n >= k.least && n <= k.most && n&k.odd == 0
}
