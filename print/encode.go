// SPDX-License-Identifier: GPL-2.0-or-later

package print

import (
	"errors"
	"fmt"

	"scoutfs/engine/btree"
	"scoutfs/engine/format"
)

// encode reads and verifies a unit's block if the walker has not, and fills
// in its output and problems.
func (p *printer) encode(u *unit) {
	if u.kind == unitProblem || !p.check(u) {
		u.out = p.appendProblems(u.out, u.problems)
		return
	}
	switch block := u.block(); u.kind {
	case unitSuper:
		super, _ := format.View[format.Super](block)
		u.out = p.encoder.super(u.out, super, format.BlockCRC(block))
	case unitQuorum:
		q, _ := format.View[format.QuorumBlock](block)
		u.out = p.encoder.quorum(u.out, int(u.ref.Blkno-format.QuorumBlkno), q, format.BlockCRC(block))
	case unitBtree:
		b, _ := format.ViewBtreeBlock(block)
		u.checkBtree(b)
		if u.items > 0 || u.tree.ranges == nil {
			u.out = p.encoder.btreeBlock(u.out, u, b)
		}
	case unitList:
		b, _ := format.ViewAllocListBlock(block)
		if _, ok := b.Entries(); !ok {
			u.problem(u.corrupt("start and nr",
				fmt.Sprintf("%d and %d", b.Start.Get(), b.Nr.Get()),
				fmt.Sprintf("at most %d together", format.AllocListEntries)))
		}
		u.out = p.encoder.listBlock(u.out, u, b, format.BlockCRC(block))
	case unitSrchParent:
		b, _ := format.ViewSrchParent(block)
		u.out = p.encoder.srchParent(u.out, u, b, format.BlockCRC(block))
	case unitSrchLeaf:
		b, _ := format.ViewSrchBlock(block)
		u.checkSrch(b)
		u.out = p.encoder.srchBlock(u.out, u, b, format.BlockCRC(block))
	case unitBloom:
		b, _ := format.ViewBloomBlock(block)
		u.out = p.encoder.bloomBlock(u.out, u, b, format.BlockCRC(block))
	}
	u.out = p.appendProblems(u.out, u.problems)
}

func (p *printer) appendProblems(dst []byte, problems []error) []byte {
	for _, err := range problems {
		dst = p.encoder.problem(dst, err)
	}
	return dst
}

// place names the unit's block in errors.
func (u *unit) place() string {
	switch u.kind {
	case unitSuper, unitQuorum:
		return fmt.Sprintf("blkno %d", u.ref.Blkno)
	case unitBtree:
		if u.tree.rid != 0 {
			return fmt.Sprintf("meta blkno %d in %s of log trees %016x.%d", u.ref.Blkno, u.tree.name, u.tree.rid, u.tree.nr)
		}
		return fmt.Sprintf("meta blkno %d in %s", u.ref.Blkno, u.tree.name)
	case unitList:
		if u.label != "" {
			return fmt.Sprintf("meta blkno %d in %s", u.ref.Blkno, u.label)
		}
	}
	return fmt.Sprintf("meta blkno %d", u.ref.Blkno)
}

// locate puts the unit's place into a decoder's error.
func (u *unit) locate(err error) error {
	if corrupt, ok := errors.AsType[*format.CorruptError](err); ok {
		return corrupt.At("%s", u.place())
	}
	return fmt.Errorf("%s: %w", u.place(), err)
}

func (u *unit) corrupt(field, found, expected string) error {
	return &format.CorruptError{
		Structure: format.MagicName(u.kind.magic()),
		Place:     u.place(),
		Field:     field,
		Found:     found,
		Expected:  expected,
	}
}

// checkBtree finds the items to show and looks for damage that would make
// the output misleading; it is no full check of the block.
func (u *unit) checkBtree(b *format.BtreeBlock) {
	if level := b.Level(); !u.anon && level != u.level {
		u.problem(&format.CorruptError{
			Structure: "btree block", Place: u.place(), Field: "level",
			Found: fmt.Sprint(level), Expected: fmt.Sprint(u.level),
			Source: format.SourceBtreeBlockLevel,
		})
	}
	var err error
	if u.slots, err = btree.AppendOrder(u.slots[:0], b); err != nil {
		u.problem(u.locate(err))
	}
	u.keep = u.keep[:0]
	var last format.Key
	for i, slot := range u.slots {
		it := b.Item(int(slot))
		k := it.Key.Key()
		keep := u.tree.shows(k) || b.Level() > 0
		u.keep = append(u.keep, keep)
		if keep {
			u.items++
		}
		if i > 0 && !last.Less(k) {
			u.problem(u.corrupt("key of item "+fmt.Sprint(i), k.String(), "more than "+last.String()))
		}
		last = k
		if val, ok := b.Value(it); !ok {
			u.problem(u.corrupt("value of item "+k.String(),
				fmt.Sprintf("at %d with %d bytes", it.ValOff.Get(), it.ValLen.Get()),
				fmt.Sprintf("inside bytes %d to %d", format.BtreeItemsOffset, b.ValueEnd())))
		} else {
			u.checkValue(b, it, k, len(val))
		}
	}
}

func (u *unit) checkValue(b *format.BtreeBlock, it *format.BtreeItem, k format.Key, n int) {
	if b.Level() > 0 {
		if n != format.BlockRefSize {
			u.problem(u.corrupt("value length of item "+k.String(), fmt.Sprint(n), fmt.Sprint(format.BlockRefSize)))
		}
		return
	}
	kind := format.KindOf(k)
	if !u.tree.kind.Holds(kind) {
		u.problem(u.corrupt("key of an item", fmt.Sprintf("%s (%s)", k, kind), "a key of "+u.tree.kind.String()))
		return
	}
	low, high := kind.Describe().MinValue, kind.Describe().MaxValue
	if it.Flags&format.ItemFlagDeletion != 0 {
		low, high = 0, 0
	}
	if n < low || n > high {
		u.problem(u.corrupt("value length of item "+k.String(), fmt.Sprint(n), fmt.Sprintf("%d to %d", low, high)))
	}
}

// checkSrch compares a search block's entries with its counts.
func (u *unit) checkSrch(b *format.SrchBlock) {
	nr, size := 0, 0
	for _, e := range entriesOf(b) {
		nr++
		size += e.size
	}
	if want := int(b.EntryNr.Get()); nr != want {
		u.problem(u.corrupt("entries", fmt.Sprintf("%d decodable", nr), fmt.Sprint(want)))
	} else if want := int(b.EntryBytes.Get()); size != want {
		u.problem(u.corrupt("entry_bytes", fmt.Sprint(want), fmt.Sprint(size)))
	}
}
