// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import (
	"fmt"
	"iter"

	"scoutfs/engine/format"
)

// VerifyOptions say what a block should be.
type VerifyOptions struct {
	Level int
	// Range is what keys the block may have. A parent's last key must be
	// its end (docs/format.md 5.5).
	Range format.Range
	// Root says that the block is its tree's root, which may be a leaf without
	// items or a parent with a single child.
	Root bool
	// Tree is the tree that the block is part of: a leaf's items must be of
	// kinds that it holds, with values of possible lengths, and only log
	// item trees may have deletions (docs/format.md 3.3, 5.7).
	Tree format.Tree
	// AnyItem leaves Tree out of account.
	AnyItem bool
	// Ordered says what [Block].Ordered does, so that it is not found out
	// twice.
	Ordered bool
}

// Verify yields everything about a block that the format does not allow:
// the head, every link, height and key of its AVL tree, every value's place,
// the sums in the head, and a leaf's hash table or a parent's references
// (docs/format.md 5.1 to 5.5). What only follows from something else that was
// yielded is left out: links that contradict each other leave heights and
// order without a meaning. The block's header is not looked at but for its
// number, which the errors name. It is safe on any bytes and does not allocate
// for a sound block.
//
// The untouched leaves of mkfs, whose root item has height 0, are allowed
// (docs/format.md B).
func Verify(b *format.BtreeBlock, opts VerifyOptions) iter.Seq[Violation] {
	return func(yield func(Violation) bool) {
		v := verifier{b: b, head: b.Head(), opts: opts, nr: b.NrItems(), level: b.Level(), most: format.MaxLeafItems, yield: yield}
		if v.level > 0 {
			v.most = format.MaxParentItems
		}
		if !v.sound() {
			v.verify()
		}
	}
}

// verifier is one pass of Verify.
type verifier struct {
	b     *format.BtreeBlock
	head  *format.BtreeBlockHead
	opts  VerifyOptions
	nr    int
	level int
	most  int // items that a block of this level can have
	// loaded has no meaning; see load.
	loaded byte

	yield   func(Violation) bool
	stopped bool // yield wants no more
	// How many violations concern keys, and the places or lengths of values.
	badKeys, badValues int
}

func (v *verifier) verify() {
	if !v.verifyHead() {
		return
	}
	if v.countWrong() {
		v.report(RuleItemCount, "nr_items", fmt.Sprint(v.nr), "the number of items that are linked")
		return
	}
	v.verifyTree()
	for slot := 0; slot < v.nr && !v.stopped; slot++ {
		v.verifyItem(slot)
	}
	v.verifySpace()
	if v.level == 0 {
		v.verifyHash()
	}
}

// verifyHead reports whether the rest of the block can be judged.
func (v *verifier) verifyHead() bool {
	if v.level != v.opts.Level {
		v.report(RuleLevel, "level", fmt.Sprint(v.level), fmt.Sprint(v.opts.Level))
		return false
	}
	if v.head.Pad != [7]byte{} {
		v.report(RuleHeadPad, "pad", fmt.Sprintf("%x", v.head.Pad), "zero")
	}
	found := int(v.head.NrItems.Get())
	switch {
	case found > v.most:
		v.report(RuleItemCount, "nr_items", fmt.Sprint(found), fmt.Sprintf("at most %d", v.most))
		return false
	case v.countWrong(): // reported by itself
	case found == 0 && v.level > 0:
		v.report(RuleItemCount, "nr_items", "0", "at least 1 in a parent")
		return false
	case found == 0 && !v.opts.Root:
		v.report(RuleEmptyLeaf, "nr_items", "0", "at least 1 in a leaf that is not the root")
	case found == 1 && v.level > 0 && !v.opts.Root:
		v.report(RuleFewChildren, "nr_items", "1", "at least 2 in a parent that is not the root")
	}
	return !v.stopped
}

// countWrong reports whether nr_items contradicts the rest of the block,
// which agrees on another number: that of items linked together, and of slots
// in use in a leaf's hash table or of bytes in use in a parent.
func (v *verifier) countWrong() bool {
	c := avlCheck{verifier: v, last: none, within: v.most, quiet: true}
	c.subtree(v.head.ItemRoot.Get(), 0)
	if c.broken || c.count == v.nr {
		return false
	}
	if v.level > 0 {
		return int(v.head.TotalItemBytes.Get()) == c.count*(format.BtreeItemSize+format.BlockRefSize)
	}
	return usedSlots((*[format.LeafHashBytes]byte)(v.b[format.LeafHashOffset:])) == c.count
}

// verifyItem checks what an item says on its own.
func (v *verifier) verifyItem(slot int) {
	it := v.b.Item(slot)
	switch {
	case it.Key.Pad != [5]byte{}:
		v.badKeys++
		v.reportItem(RulePad, slot, "key pad", fmt.Sprintf("%x", it.Key.Pad), "zero")
	case it.Node.Pad != 0:
		v.reportItem(RulePad, slot, "avl pad", fmt.Sprintf("%x", it.Node.Pad), "zero")
	case it.Pad != [3]byte{}:
		v.reportItem(RulePad, slot, "pad", fmt.Sprintf("%x", it.Pad), "zero")
	}
	if v.level > 0 {
		v.verifyRef(slot, it)
		return
	}
	if unknown := it.Flags &^ format.ItemFlagDeletion; unknown != 0 {
		v.reportItem(RuleFlags, slot, "flags", fmt.Sprintf("%#x", it.Flags), "no unknown flags")
	}
	if !v.opts.AnyItem {
		v.verifyKind(slot, it)
	}
}

// verifyRef checks a parent's item.
func (v *verifier) verifyRef(slot int, it *format.BtreeItem) {
	if it.Seq.Get() != 0 {
		v.reportItem(RuleParentItem, slot, "seq", fmt.Sprint(it.Seq.Get()), "0 in a parent")
	}
	if it.Flags != 0 {
		v.reportItem(RuleParentItem, slot, "flags", fmt.Sprintf("%#x", it.Flags), "0 in a parent")
	}
	if n := it.ValLen.Get(); n != format.BlockRefSize {
		v.badValues++
		v.reportItem(RuleChildRef, slot, "val_len", fmt.Sprint(n), fmt.Sprintf("%d in a parent", format.BlockRefSize))
		return
	}
	val, _ := v.b.Value(it)
	ref, err := format.ViewExact[format.BlockRef](val)
	if err != nil {
		return // the value's place is wrong
	}
	if blkno := ref.Blkno.Get(); blkno < format.FirstMetaBlkno || blkno > format.MaxLargeBlkno {
		v.reportItem(RuleChildRef, slot, "child blkno", fmt.Sprint(blkno),
			fmt.Sprintf("at least %d and at most %d", format.FirstMetaBlkno, format.MaxLargeBlkno))
	}
}

// verifyKind checks that the tree may hold a leaf's item.
func (v *verifier) verifyKind(slot int, it *format.BtreeItem) {
	key, tree := it.Key.Key(), v.opts.Tree
	kind := format.KindOf(key)
	if !tree.Holds(kind) {
		v.badKeys++
		v.reportItem(RuleKind, slot, "key", kind.String()+" item", "an item of "+tree.String())
		return
	}
	rule := ruleOf(kind)
	if key.First&rule.first|key.Second&rule.second|key.Third&rule.third != 0 || key.Fourth&rule.fourth != 0 {
		v.badKeys++
		v.reportItem(RuleKeyFields, slot, "key", key.String(), "zero in fields that "+kind.String()+" items do not use")
	}
	n := int(it.ValLen.Get())
	if it.Flags&format.ItemFlagDeletion != 0 {
		switch {
		case tree != format.TreeLogItems:
			v.reportItem(RuleDeletion, slot, "flags", "deletion", "none in "+tree.String())
		case n != 0:
			v.badValues++
			v.reportItem(RuleValueLength, slot, "val_len", fmt.Sprint(n), "0 in an item that deletes")
		}
		return
	}
	if n < rule.least || n > rule.most || n&rule.odd != 0 {
		v.badValues++
		v.reportItem(RuleValueLength, slot, "val_len", fmt.Sprint(n), lengths(kind, rule))
	}
}

// lengths says which lengths a kind's values have.
func lengths(kind format.ItemKind, rule kindRule) string {
	switch {
	case rule.least == rule.most:
		return fmt.Sprintf("%d for %s", rule.least, kind)
	case rule.odd != 0:
		return fmt.Sprintf("%d or %d for %s", rule.least, rule.most, kind)
	}
	return fmt.Sprintf("%d to %d for %s", rule.least, rule.most, kind)
}

// report yields something wrong with the block.
func (v *verifier) report(rule Rule, field, found, expected string) {
	v.reportAt(rule, NoSlot, fmt.Sprintf("meta blkno %d", v.head.Hdr.Blkno.Get()), field, found, expected)
}

// reportItem yields something wrong with an item.
func (v *verifier) reportItem(rule Rule, slot int, field, found, expected string) {
	v.reportAt(rule, slot, fmt.Sprintf("meta blkno %d, slot %d, key %v", v.head.Hdr.Blkno.Get(), slot, v.b.Item(slot).Key.Key()),
		field, found, expected)
}

func (v *verifier) reportAt(rule Rule, slot int, place, field, found, expected string) {
	if v.stopped {
		return
	}
	e := &format.CorruptError{Structure: "btree block", Place: place, Field: field, Found: found, Expected: expected}
	if rule == RuleLevel {
		e.Source = format.SourceBtreeBlockLevel
	}
	v.stopped = !v.yield(Violation{rule, slot, e})
}
