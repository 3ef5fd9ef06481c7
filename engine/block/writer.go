// SPDX-License-Identifier: GPL-2.0-or-later

package block

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

// Allocator hands out and takes back single large blocks of the metadata
// device.
type Allocator interface {
	// Alloc returns the number of a block that nothing on the device refers
	// to. The error matches syscall.ENOSPC if there is none.
	Alloc(ctx context.Context) (blkno uint64, err error)
	// Free takes back a block that the last written super may still refer
	// to. It must not be handed out again before the next super is written.
	Free(ctx context.Context, blkno uint64) error
}

// Writer holds the blocks that a commit changes, in memory until Write. A
// block that the device has is never changed in place: what changes is a copy
// of it with another number, a dirty block (docs/format.md 5, 6.3).
//
// Memory in use is 64 KiB for each dirty block, whose number the caller
// bounds, and some bytes for each that was given up. A Writer is for one
// goroutine at a time. A method that fails has changed nothing, but that a
// block which the allocator did not take back may be written in vain.
type Writer struct {
	reader *Reader
	dev    device.Device
	fsid   uint64
	alloc  Allocator
	random func() uint64

	dirty map[uint64]*dirtyBlock // by number
	// given has the blocks given up since the last Write or Discard. One
	// that two references lead to would be freed twice.
	given map[uint64]struct{}
}

// dirtyBlock is a block that is not on the device yet.
type dirtyBlock struct {
	ref   format.Ref
	magic uint32
	bytes []byte
}

// NewWriter returns a Writer without dirty blocks. Blocks that are not dirty
// come from r; dev is r's device, open for writing. The sequence numbers of
// new blocks come from random (docs/format.md 2.1).
func NewWriter(r *Reader, dev device.Device, fsid uint64, a Allocator, random func() uint64) *Writer {
	return &Writer{
		reader: r, dev: dev, fsid: fsid, alloc: a, random: random,
		dirty: make(map[uint64]*dirtyBlock), given: make(map[uint64]struct{}),
	}
}

// Reader returns the Reader of the blocks that are not dirty.
func (w *Writer) Reader() *Reader { return w.reader }

// Dirty returns the number of dirty blocks.
func (w *Writer) Dirty() int { return len(w.dirty) }

// IsDirty reports whether ref refers to a dirty block.
func (w *Writer) IsDirty(ref format.Ref) bool {
	d := w.dirty[ref.Blkno]
	return d != nil && d.ref == ref
}

// Read returns the block that ref refers to, a dirty one or as
// [Reader.Read] does. The bytes must not be changed; those of a dirty block
// change when its owner changes it.
func (w *Writer) Read(ctx context.Context, ref format.Ref, magic uint32) ([]byte, error) {
	d := w.dirty[ref.Blkno]
	if d == nil {
		return w.reader.Read(ctx, ref, magic)
	}
	if err := d.check(ref, magic); err != nil {
		return nil, err
	}
	return d.bytes, nil
}

// New returns a new dirty block, zeroed but for its header, and the reference
// to it. The caller fills it in, and may go on changing it until Write. The
// error is the allocator's, or a [*format.CorruptError] if that hands out what
// cannot be free.
func (w *Writer) New(ctx context.Context, magic uint32) (block []byte, ref format.Ref, err error) {
	d, err := w.add(ctx, magic)
	if err != nil {
		return nil, format.Ref{}, err
	}
	d.bytes = make([]byte, format.LargeBlockSize)
	return d.bytes, d.ref, w.fillHeader(d)
}

// Change returns a block to be changed, and the reference that leads to it
// now, which the caller stores where ref was. A dirty block is returned
// itself. Of another one it is a copy, and the block is given up. Nothing but
// the header is verified.
func (w *Writer) Change(ctx context.Context, ref format.Ref, magic uint32) (block []byte, now format.Ref, err error) {
	old, err := w.Read(ctx, ref, magic)
	if err != nil {
		return nil, format.Ref{}, err
	}
	if w.IsDirty(ref) {
		return old, ref, nil
	}
	if err := w.checkGiven(ref, magic); err != nil {
		return nil, format.Ref{}, err
	}
	d, err := w.add(ctx, magic)
	if err != nil {
		return nil, format.Ref{}, err
	}
	d.bytes = slices.Clone(old) // which clears nothing first
	if err := errors.Join(w.fillHeader(d), w.give(ctx, ref)); err != nil {
		return nil, format.Ref{}, errors.Join(err, w.drop(ctx, d.ref))
	}
	return d.bytes, d.ref, nil
}

// Free gives up a block, dirty or not, which need not be readable. The error
// is the allocator's, or a [*format.CorruptError] if the block was given up
// before.
func (w *Writer) Free(ctx context.Context, ref format.Ref) error {
	if w.IsDirty(ref) {
		return w.drop(ctx, ref)
	}
	if d := w.dirty[ref.Blkno]; d != nil {
		return d.check(ref, d.magic)
	}
	if err := w.reader.CheckRef(ref, 0); err != nil {
		return err
	}
	if err := w.checkGiven(ref, 0); err != nil {
		return err
	}
	return w.give(ctx, ref)
}

// Discard drops all dirty blocks. What the allocator handed out for them and
// was given is its owner's to put right.
func (w *Writer) Discard() {
	clear(w.dirty)
	clear(w.given)
}

// add allocates a dirty block, for the caller to give bytes.
func (w *Writer) add(ctx context.Context, magic uint32) (*dirtyBlock, error) {
	blkno, err := w.alloc.Alloc(ctx)
	if err != nil {
		return nil, fmt.Errorf("allocating a %s: %w", format.MagicName(magic), err)
	}
	ref := format.Ref{Blkno: blkno}
	if err := w.reader.CheckRef(ref, magic); err != nil {
		return nil, err
	}
	_, given := w.given[blkno]
	if given || w.dirty[blkno] != nil {
		return nil, &format.CorruptError{
			Structure: "free metadata blocks",
			Field:     "blkno",
			Found:     fmt.Sprintf("%d, which is in use", blkno),
			Expected:  "free blocks only, each once",
		}
	}
	for ref.Seq == 0 {
		ref.Seq = w.random()
	}
	d := &dirtyBlock{ref: ref, magic: magic}
	w.dirty[blkno] = d
	return d, nil
}

// fillHeader fills in a block's header but for the crc.
func (w *Writer) fillHeader(d *dirtyBlock) error {
	hdr, err := format.View[format.BlockHeader](d.bytes)
	if err != nil {
		return err
	}
	hdr.Magic.Set(d.magic)
	hdr.FSID.Set(w.fsid)
	hdr.Seq.Set(d.ref.Seq)
	hdr.Blkno.Set(d.ref.Blkno)
	return nil
}

// drop gives up a dirty block. It stays dirty if the allocator fails.
func (w *Writer) drop(ctx context.Context, ref format.Ref) error {
	if err := w.give(ctx, ref); err != nil {
		return err
	}
	delete(w.dirty, ref.Blkno)
	return nil
}

func (w *Writer) give(ctx context.Context, ref format.Ref) error {
	if err := w.alloc.Free(ctx, ref.Blkno); err != nil {
		return fmt.Errorf("freeing %v: %w", ref, err)
	}
	w.given[ref.Blkno] = struct{}{}
	return nil
}

// checkGiven refuses a block that was given up before.
func (w *Writer) checkGiven(ref format.Ref, magic uint32) error {
	if _, ok := w.given[ref.Blkno]; !ok {
		return nil
	}
	return &format.CorruptError{
		Structure: structure(magic),
		Place:     fmt.Sprintf("meta blkno %d", ref.Blkno),
		Field:     "references",
		Found:     "more than one",
		Expected:  "one",
	}
}

// check compares a dirty block with a reference.
func (d *dirtyBlock) check(ref format.Ref, magic uint32) error {
	switch {
	case d.magic != magic:
		return d.mismatch("magic", format.MagicName(d.magic), format.MagicName(magic))
	case d.ref.Seq != ref.Seq:
		return d.mismatch("seq", fmt.Sprint(d.ref.Seq), fmt.Sprint(ref.Seq))
	}
	return nil
}

func (d *dirtyBlock) mismatch(field, found, expected string) error {
	return &format.CorruptError{
		Structure: structure(d.magic),
		Place:     fmt.Sprintf("meta blkno %d", d.ref.Blkno),
		Field:     field,
		Found:     found,
		Expected:  expected,
	}
}
