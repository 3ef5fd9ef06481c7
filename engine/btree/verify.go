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
	// Tree is the tree that the block is part of: a leaf's items must be of
	// kinds that it holds, with values of possible lengths, and only log
	// item trees may have deletions (docs/format.md 3.3, 5.7).
	Tree format.Tree
	// AnyItem leaves Tree out of account.
	AnyItem bool
}

// Verify yields everything about a block that the format does not allow:
// the head, every link, height and key of its AVL tree, every value's place,
// the sums in the head, and a leaf's hash table or a parent's references
// (docs/format.md 5.1 to 5.5). The block's header is not looked at but for
// its number, which the errors name. It is safe on any bytes and does not
// allocate for a sound block.
//
// The untouched leaves of mkfs, whose root item has height 0, are allowed
// (docs/format.md B).
func Verify(b *format.BtreeBlock, opts VerifyOptions) iter.Seq[*format.CorruptError] {
	return func(yield func(*format.CorruptError) bool) {
		v := verifier{b: b, head: b.Head(), opts: opts, nr: b.NrItems(), yield: yield}
		v.verify()
	}
}

// verifier is one pass of Verify.
type verifier struct {
	b       *format.BtreeBlock
	head    *format.BtreeBlockHead
	opts    VerifyOptions
	nr      int
	yield   func(*format.CorruptError) bool
	stopped bool // yield wants no more
}

func (v *verifier) verify() {
	v.verifyHead()
	v.verifyTree()
	v.verifySpace()
	for slot := 0; slot < v.nr && !v.stopped; slot++ {
		v.verifyItem(slot)
	}
	if v.b.Level() == 0 {
		v.verifyHash()
	}
}

func (v *verifier) verifyHead() {
	if found := v.b.Level(); found != v.opts.Level {
		v.report("level", fmt.Sprint(found), fmt.Sprint(v.opts.Level))
	}
	if v.head.Pad != [7]byte{} {
		v.report("pad", fmt.Sprintf("%x", v.head.Pad), "zero")
	}
	most := format.MaxLeafItems
	if v.b.Level() > 0 {
		most = format.MaxParentItems
		if v.nr == 0 {
			v.report("nr_items", "0", "at least 1 in a parent")
		}
	}
	if found := int(v.head.NrItems.Get()); found > most {
		v.report("nr_items", fmt.Sprint(found), fmt.Sprintf("at most %d", most))
	}
}

// verifyItem checks what an item says on its own.
func (v *verifier) verifyItem(slot int) {
	it := v.b.Item(slot)
	switch {
	case it.Key.Pad != [5]byte{}:
		v.reportItem(slot, "key pad", fmt.Sprintf("%x", it.Key.Pad), "zero")
	case it.Node.Pad != 0:
		v.reportItem(slot, "avl pad", fmt.Sprintf("%x", it.Node.Pad), "zero")
	case it.Pad != [3]byte{}:
		v.reportItem(slot, "pad", fmt.Sprintf("%x", it.Pad), "zero")
	}
	if v.b.Level() > 0 {
		v.verifyRef(slot, it)
		return
	}
	if unknown := it.Flags &^ format.ItemFlagDeletion; unknown != 0 {
		v.reportItem(slot, "flags", fmt.Sprintf("%#x", it.Flags), "no unknown flags")
	}
	if !v.opts.AnyItem {
		v.verifyKind(slot, it)
	}
}

// verifyRef checks a parent's item.
func (v *verifier) verifyRef(slot int, it *format.BtreeItem) {
	if it.Seq.Get() != 0 {
		v.reportItem(slot, "seq", fmt.Sprint(it.Seq.Get()), "0 in a parent")
	}
	if it.Flags != 0 {
		v.reportItem(slot, "flags", fmt.Sprintf("%#x", it.Flags), "0 in a parent")
	}
	if n := it.ValLen.Get(); n != format.BlockRefSize {
		v.reportItem(slot, "val_len", fmt.Sprint(n), fmt.Sprintf("%d in a parent", format.BlockRefSize))
		return
	}
	val, _ := v.b.Value(it)
	if ref, err := format.ViewExact[format.BlockRef](val); err == nil && ref.Blkno.Get() < format.FirstMetaBlkno {
		v.reportItem(slot, "child blkno", fmt.Sprint(ref.Blkno.Get()), fmt.Sprintf("at least %d", format.FirstMetaBlkno))
	}
}

// verifyKind checks that the tree may hold a leaf's item.
func (v *verifier) verifyKind(slot int, it *format.BtreeItem) {
	tree, kind := v.opts.Tree, format.KindOf(it.Key.Key())
	if !tree.Holds(kind) {
		v.reportItem(slot, "key", kind.String()+" item", "an item of "+tree.String())
		return
	}
	least, most := kind.Describe().MinValue, kind.Describe().MaxValue
	if it.Flags&format.ItemFlagDeletion != 0 {
		if tree != format.TreeLogItems {
			v.reportItem(slot, "flags", "deletion", "none in "+tree.String())
		}
		least, most = 0, 0
	}
	if n := int(it.ValLen.Get()); n < least || n > most {
		v.reportItem(slot, "val_len", fmt.Sprint(n), fmt.Sprintf("%d to %d for %s", least, most, kind))
	}
}

// report yields something wrong with the block.
func (v *verifier) report(field, found, expected string) {
	v.reportAt(fmt.Sprintf("meta blkno %d", v.head.Hdr.Blkno.Get()), field, found, expected)
}

// reportItem yields something wrong with an item.
func (v *verifier) reportItem(slot int, field, found, expected string) {
	v.reportAt(fmt.Sprintf("meta blkno %d, slot %d, key %v", v.head.Hdr.Blkno.Get(), slot, v.b.Item(slot).Key.Key()),
		field, found, expected)
}

func (v *verifier) reportAt(place, field, found, expected string) {
	if v.stopped {
		return
	}
	e := &format.CorruptError{Structure: "btree block", Place: place, Field: field, Found: found, Expected: expected}
	if field == "level" {
		e.Source = format.SourceBtreeBlockLevel
	}
	v.stopped = !v.yield(e)
}
