// SPDX-License-Identifier: GPL-2.0-or-later

package structure

import (
	"slices"

	"scoutfs/engine/btree"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// verdict is what can be done with a block.
type verdict struct {
	// unusable says that its items cannot be read.
	unusable bool
	// bad are the slots of items that cannot be used.
	bad []int
}

// reporter takes a finding's parts.
type reporter func(n problem.Number, at problem.Place, found, expected string)

// judge reports what is wrong with a tree block. It does not allocate for a
// sound block.
func judge(b *format.BtreeBlock, opts btree.VerifyOptions, place problem.Place, report reporter) (v verdict) {
	for broken := range btree.Verify(b, opts) {
		if broken.Rule == btree.RuleChildRef {
			continue // whoever follows the reference reports it
		}
		place := withField(place, broken.Err.Field)
		number := btreeProblem(broken.Rule)
		if broken.Slot != btree.NoSlot {
			it := b.Item(broken.Slot)
			place = withKey(place, it.Key.Key())
			number = itemProblem(broken.Rule, it)
		}
		report(number, place, broken.Err.Found, broken.Err.Expected)
		switch {
		case broken.Rule == btree.RuleKeyRange:
			// The item is missing where its key belongs.
			v.unusable, v.bad = true, append(v.bad, broken.Slot)
		case broken.Rule.Unusable():
			v.unusable = true
		case spoils(broken.Rule):
			v.bad = append(v.bad, broken.Slot)
		}
	}
	return v
}

// itemProblem is the problem of an item that breaks a rule: names have their
// own for their lengths.
func itemProblem(rule btree.Rule, it *format.BtreeItem) problem.Number {
	if rule == btree.RuleValueLength && !it.Deleted() {
		switch format.KindOf(it.Key.Key()) {
		case format.KindDirent:
			return problem.DirentNameLength
		case format.KindReaddir:
			return problem.ReaddirNameLength
		case format.KindLinkBackref:
			return problem.BackrefNameLength
		}
	}
	return btreeProblem(rule)
}

// spoils reports whether an item that breaks a rule cannot be used.
func spoils(rule btree.Rule) bool {
	switch rule {
	case btree.RuleDeletion, btree.RuleKind, btree.RuleKeyFields, btree.RuleValueLength:
		return true
	}
	return false
}

// keys returns the ranges of keys that the bad items of a block leave unknown:
// their own, and if it has numbers in fields that its kind does not use that
// which it may be meant to have.
func (v *verdict) keys(b *format.BtreeBlock) []format.Range {
	var keys []format.Range
	for _, slot := range v.bad {
		key := b.Item(slot).Key.Key()
		keys = append(keys, format.Range{Start: key, End: key})
		if used := usedFields(key); used != key {
			keys = append(keys, format.Range{Start: used, End: used})
		}
	}
	return keys
}

// usedFields clears the fields of a key that its kind does not use.
func usedFields(k format.Key) format.Key {
	kind := format.KindOf(k)
	if kind == format.KindUnknown {
		return k
	}
	d := kind.Describe()
	if d.First.Name == "" {
		k.First = 0
	}
	if d.Second.Name == "" {
		k.Second = 0
	}
	if d.Third.Name == "" {
		k.Third = 0
	}
	if d.Fourth.Name == "" {
		k.Fourth = 0
	}
	return k
}

// leaf is a usable leaf that a walk has come to.
type leaf struct {
	btree.Block
	verdict
}

// item is an item of a leaf. Its value is a view.
type item struct {
	btree.Item
	blkno uint64 // of its leaf
}

// each calls f with the items that can be used, in key order.
func (l *leaf) each(f func(item)) {
	order, err := btree.AppendOrder(nil, l.Block.Block)
	if err != nil {
		return // a block like this is not usable
	}
	for _, slot := range order {
		if slices.Contains(l.bad, int(slot)) {
			continue
		}
		it := l.Block.Block.Item(int(slot))
		val, ok := l.Block.Block.Value(it)
		if !ok {
			continue
		}
		f(item{btree.Item{Key: it.Key.Key(), Seq: it.Seq.Get(), Flags: it.Flags, Value: val}, l.Ref.Blkno})
	}
}
