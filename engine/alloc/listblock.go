// SPDX-License-Identifier: GPL-2.0-or-later

package alloc

import (
	"context"
	"fmt"
	"slices"

	"scoutfs/engine/block"
	"scoutfs/engine/format"
)

// List is the first block of a block list in memory, and what is known of
// the rest of the chain (docs/format.md 6.2). Entries may be changed. It is for
// one goroutine at a time.
type List struct {
	// Ref is where the block is on the device; zero if the list has none.
	Ref     format.Ref
	Entries []uint64   // of the first block, at most format.AllocListEntries
	Next    format.Ref // the block after it, zero at the end
	Rest    uint64     // how many entries the blocks after it have
	Changed bool       // set by whoever changes Entries
	flags   uint32
}

// ReadList reads the first block of a list. What is wrong with it is a
// [*ListError]; the rest of the chain is not looked at.
func ReadList(ctx context.Context, r *block.Reader, head format.AllocListHead) (*List, error) {
	l := &List{flags: head.Flags.Get()}
	if err := l.read(ctx, r, head); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *List) read(ctx context.Context, r *block.Reader, head format.AllocListHead) error {
	l.Ref, l.Next, l.Entries, l.Rest, l.Changed = head.Ref.Ref(), format.Ref{}, nil, 0, false
	var failed error
	c := chain{ctx: ctx, r: r, head: head}
	c.yield = func(_ ListBlock, err error) bool {
		if failed == nil {
			failed = err
		}
		return failed == nil
	}
	if l.Ref.IsZero() {
		c.checkEmpty()
		return failed
	}
	b, ok := c.read(l.Ref)
	if !ok || !c.block(l.Ref, b, true) || failed != nil {
		return failed
	}
	entries, _ := b.Entries()
	if total := head.TotalNr.Get(); total < uint64(len(entries)) {
		c.total = uint64(len(entries))
		c.checkTotal()
		return failed
	}
	l.Next, l.Rest = b.Next.Ref(), head.TotalNr.Get()-uint64(len(entries))
	if l.Next.IsZero() && l.Rest > 0 {
		c.total = uint64(len(entries))
		c.checkTotal()
		return failed
	}
	l.Entries = make([]uint64, len(entries))
	for i := range entries {
		l.Entries[i] = entries[i].Get()
	}
	return nil
}

// Total returns how many entries the list has.
func (l *List) Total() uint64 { return l.Rest + uint64(len(l.Entries)) }

// Advance makes the next block of the chain the first one, and returns the
// reference of the one that it replaces. The entries of that are dropped.
func (l *List) Advance(ctx context.Context, r *block.Reader) (old format.Ref, err error) {
	old = l.Ref
	if l.Next.IsZero() {
		l.Ref, l.Entries, l.Rest, l.Changed = format.Ref{}, nil, 0, false
		return old, nil
	}
	var head format.AllocListHead
	head.Ref.Set(l.Next)
	head.TotalNr.Set(l.Rest)
	nr, err := entriesOf(ctx, r, l.Next)
	if err != nil {
		return format.Ref{}, err
	}
	head.FirstNr.Set(nr)
	return old, l.read(ctx, r, head)
}

// entriesOf returns how many entries a block says to have.
func entriesOf(ctx context.Context, r *block.Reader, ref format.Ref) (uint32, error) {
	bytes, err := r.Read(ctx, ref, format.MagicAllocList)
	if err != nil {
		return 0, err
	}
	b, err := format.ViewAllocListBlock(bytes)
	if err != nil {
		return 0, err
	}
	return b.Nr.Get(), nil
}

// Fill writes the entries and the rest of the chain into a new block of the
// list, which is zeroed but for its header.
func (l *List) Fill(block []byte) error {
	b, err := format.ViewAllocListBlock(block)
	if err != nil {
		return err
	}
	if len(l.Entries) > format.AllocListEntries {
		return fmt.Errorf("%d entries do not fit a list block of %d", len(l.Entries), format.AllocListEntries)
	}
	b.Next.Set(l.Next)
	b.Start.Set(0)
	b.Nr.Set(uint32(len(l.Entries)))
	for i, blkno := range l.Entries {
		b.Blknos[i].Set(blkno)
	}
	return nil
}

// Head returns the list's head as the super has it.
func (l *List) Head() format.AllocListHead {
	var head format.AllocListHead
	head.Ref.Set(l.Ref)
	head.TotalNr.Set(l.Total())
	head.FirstNr.Set(uint32(len(l.Entries)))
	head.Flags.Set(l.flags)
	return head
}

// Runs returns block numbers as extents, in order. A number that is there twice
// makes extents that overlap. It sorts the numbers.
func Runs(blknos []uint64) []format.Extent {
	slices.Sort(blknos)
	var runs []format.Extent
	for _, blkno := range blknos {
		if n := len(runs); n > 0 && runs[n-1].End()+1 == blkno {
			runs[n-1].Len++
			continue
		}
		runs = append(runs, format.Extent{Start: blkno, Len: 1})
	}
	return runs
}
