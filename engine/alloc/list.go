// SPDX-License-Identifier: GPL-2.0-or-later

// Package alloc reads free space (docs/format.md 6): block lists, which
// hold single metadata blocks in chained list blocks, and extent trees,
// which hold runs of either device's blocks.
//
// Nothing here trusts what it reads: chains that loop, counts that do not
// add up, and extents that overlap or lack their twin are errors, and no
// walk takes longer than the device has blocks.
package alloc

import (
	"context"
	"fmt"
	"iter"

	"scoutfs/engine/block"
	"scoutfs/engine/format"
)

// ListBlock is one block of a list.
type ListBlock struct {
	Ref   format.Ref
	Block *format.AllocListBlock // nil if it could not be read
	// Entries are the block numbers in stored order. They are a view of a
	// shared block.
	Entries []format.U64
}

// ListRule is one of the rules that a list has to keep (docs/format.md 2.3, 6.2).
type ListRule uint8

// The rules of lists.
const (
	ListHead   ListRule = iota // a head without a block counts nothing
	ListBounds                 // a block's entries lie in it
	ListFirst                  // first_nr is how many entries the first block has
	ListTotal                  // total_nr is how many entries all blocks have
	ListLoop                   // a list ends
	ListEntry                  // entries are numbers of metadata blocks
	ListNext                   // a reference without a block is zero
)

// ListError says which rule a list breaks. It wraps the
// [*format.CorruptError] that tells the rest.
type ListError struct {
	Rule ListRule
	Err  *format.CorruptError
}

// Error is that of the wrapped error.
func (e *ListError) Error() string { return e.Err.Error() }

// Unwrap returns the wrapped error.
func (e *ListError) Unwrap() error { return e.Err }

// ListChain reads the chain of list blocks that head leads to and yields
// each once.
//
// Errors are yielded with the block they concern: what is wrong with the list
// is a [*ListError], and what keeps a block from being read the Reader's. The
// walk goes on after those that leave it a way. It ends with a block that
// cannot be read, with ctx, and when it notices that the chain loops; blocks
// of the loop may have been yielded twice by then.
func ListChain(ctx context.Context, r *block.Reader, head format.AllocListHead) iter.Seq2[ListBlock, error] {
	return func(yield func(ListBlock, error) bool) {
		c := chain{ctx: ctx, r: r, head: head, yield: yield}
		c.walk()
	}
}

// ListEntries yields the block numbers of a list. It ends with the first
// error of [ListChain].
func ListEntries(ctx context.Context, r *block.Reader, head format.AllocListHead) iter.Seq2[uint64, error] {
	return func(yield func(uint64, error) bool) {
		for b, err := range ListChain(ctx, r, head) {
			if err != nil {
				yield(0, err)
				return
			}
			for i := range b.Entries {
				if !yield(b.Entries[i].Get(), nil) {
					return
				}
			}
		}
	}
}

// chain is a walk of a list.
type chain struct {
	ctx   context.Context
	r     *block.Reader
	head  format.AllocListHead
	yield func(ListBlock, error) bool
	total uint64 // entries so far
	lost  bool   // a block's entries are not known, so nobody knows the sum

	// Brent's algorithm: mark is a block of the chain, which is moved up to
	// the current one after a number of steps that doubles each time. A
	// chain that loops comes back to it.
	mark         format.Ref
	steps, limit int
}

func (c *chain) walk() {
	ref := c.head.Ref.Ref()
	if ref.IsZero() {
		c.checkEmpty()
		return
	}
	for first := true; !ref.IsZero(); first = false {
		if c.looped(ref) {
			c.fail(ListLoop, ref, "next", "a block of the same list", "a list that ends")
			return
		}
		b, ok := c.read(ref)
		if !ok || !c.block(ref, b, first) {
			return
		}
		ref = b.Next.Ref()
	}
	if ref.Seq != 0 && !c.fail(ListNext, ref, "next seq", fmt.Sprint(ref.Seq), "0 without a block") {
		return
	}
	c.checkTotal()
}

// checkTotal compares the entries that there are with those that the head
// counts.
func (c *chain) checkTotal() {
	if claimed := c.head.TotalNr.Get(); c.total != claimed && !c.lost {
		c.fail(ListTotal, c.head.Ref.Ref(), "total_nr", fmt.Sprint(claimed), fmt.Sprintf("the %d entries there are", c.total))
	}
}

// checkEmpty refuses a head that counts entries without having a block.
func (c *chain) checkEmpty() {
	for _, f := range []struct {
		name  string
		value uint64
	}{
		{"seq", c.head.Ref.Seq.Get()},
		{"first_nr", uint64(c.head.FirstNr.Get())},
		{"total_nr", c.head.TotalNr.Get()},
	} {
		if f.value != 0 {
			c.fail(ListHead, format.Ref{}, f.name, fmt.Sprint(f.value), "0 without a block")
			return
		}
	}
}

func (c *chain) looped(ref format.Ref) bool {
	if c.steps > 0 && ref.Blkno == c.mark.Blkno {
		return true
	}
	if c.steps == c.limit {
		c.mark, c.steps, c.limit = ref, 0, max(1, 2*c.limit)
	}
	c.steps++
	return false
}

func (c *chain) read(ref format.Ref) (*format.AllocListBlock, bool) {
	bytes, err := c.r.Read(c.ctx, ref, format.MagicAllocList)
	if err != nil {
		c.yield(ListBlock{Ref: ref}, err)
		return nil, false
	}
	b, err := format.ViewAllocListBlock(bytes)
	if err != nil {
		c.yield(ListBlock{Ref: ref}, err)
		return nil, false
	}
	return b, true
}

// block yields a block and what is wrong with it.
func (c *chain) block(ref format.Ref, b *format.AllocListBlock, first bool) bool {
	entries, ok := b.Entries()
	c.total += uint64(len(entries))
	c.lost = c.lost || !ok
	if !c.yield(ListBlock{ref, b, entries}, nil) {
		return false
	}
	if !ok {
		// The head's first_nr says nothing more about such a number.
		return c.fail(ListBounds, ref, "start and nr", fmt.Sprintf("%d and %d", b.Start.Get(), b.Nr.Get()),
			fmt.Sprintf("a sum of at most %d", format.AllocListEntries))
	}
	if nr := b.Nr.Get(); first && nr != c.head.FirstNr.Get() &&
		!c.fail(ListFirst, ref, "nr", fmt.Sprint(nr), fmt.Sprintf("the head's first_nr %d", c.head.FirstNr.Get())) {
		return false
	}
	for i := range entries {
		blkno := entries[i].Get()
		if blkno >= format.FirstMetaBlkno && blkno < c.r.TotalBlocks() {
			continue
		}
		// One such entry is news enough.
		return c.fail(ListEntry, ref, "entry", fmt.Sprintf("%d at %d", blkno, uint64(b.Start.Get())+uint64(i)),
			fmt.Sprintf("at least %d and less than %d", format.FirstMetaBlkno, c.r.TotalBlocks()))
	}
	return true
}

func (c *chain) fail(rule ListRule, ref format.Ref, field, found, expected string) bool {
	return c.yield(ListBlock{Ref: ref}, &ListError{rule, &format.CorruptError{
		Structure: "alloc list",
		Place:     fmt.Sprintf("meta blkno %d", ref.Blkno),
		Field:     field,
		Found:     found,
		Expected:  expected,
	}})
}
