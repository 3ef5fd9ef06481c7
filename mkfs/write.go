// SPDX-License-Identifier: GPL-2.0-or-later

package mkfs

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/progress"
)

const superOffset = format.SuperBlkno << format.SmallBlockShift

// WriteOptions say how a plan is written.
type WriteOptions struct {
	// Discard tells the storage that the used part of both devices after
	// the supers is no longer needed. Storage that cannot discard is left
	// alone without an error.
	Discard bool

	// Progress hears of discarding, the only part that can take long; nil
	// for nobody.
	Progress progress.Sink
}

// Write makes the volume, which destroys what the devices hold. The package
// comment tells the order of the writes and what an interruption leaves.
//
// The devices must be writable, of at least the sizes the plan was made for,
// and claimed by the caller. Write does not look for what would be lost:
// that is package signature's business. Cancelling ctx stops between two
// requests; when Write returns nil the volume is on stable storage.
func (p *Plan) Write(ctx context.Context, pair device.Pair, opts WriteOptions) error {
	if uint64(pair.Meta.Size()) < p.Meta.Used || uint64(pair.Data.Size()) < p.Data.Used {
		return refuse("the devices are smaller than the volume that was planned: %s has %d bytes of %d, %s %d of %d",
			pair.Meta.Name(), pair.Meta.Size(), p.Meta.Used, pair.Data.Name(), pair.Data.Size(), p.Data.Used)
	}
	steps := []func(context.Context, device.Pair) error{invalidate}
	if opts.Discard {
		steps = append(steps, func(ctx context.Context, pair device.Pair) error {
			return p.discard(ctx, pair, progress.OrDiscard(opts.Progress))
		})
	}
	for _, step := range append(steps, p.writeMeta, p.writeSupers) {
		if err := step(ctx, pair); err != nil {
			return err
		}
	}
	return nil
}

// invalidate makes sure that neither device has a super. Both are read before
// the first is written, so that a device that cannot be read stops it while
// nothing is lost.
func invalidate(ctx context.Context, pair device.Pair) error {
	zeros := make([]byte, format.SmallBlockSize)
	var stale []device.Device
	for _, dev := range []device.Device{pair.Meta, pair.Data} {
		block := make([]byte, format.SmallBlockSize)
		if _, err := dev.ReadAt(block, superOffset); err != nil {
			return err
		}
		if !bytes.Equal(block, zeros) {
			stale = append(stale, dev)
		}
	}
	for _, dev := range stale {
		if err := writeDurably(ctx, dev, placed{superOffset, zeros}); err != nil {
			return fmt.Errorf("remove the old super: %w", err)
		}
	}
	return nil
}

// discardPiece bounds one discard request, which cannot be interrupted.
const discardPiece = 16 << 30

// discard leaves the supers out, since what was discarded may read as
// anything, even as the super that was there before.
func (p *Plan) discard(ctx context.Context, pair device.Pair, sink progress.Sink) error {
	const (
		metaStart = format.FirstMetaBlkno << format.LargeBlockShift
		dataStart = superOffset + format.SmallBlockSize
	)
	metaEnd := int64(p.MetaBlocks) << format.LargeBlockShift
	dataEnd := int64(p.DataBlocks) << format.SmallBlockShift
	sink.Phase("discard", progress.Bytes, metaEnd-metaStart+dataEnd-dataStart)
	if err := discardRange(ctx, pair.Meta, metaStart, metaEnd, sink); err != nil {
		return err
	}
	return discardRange(ctx, pair.Data, dataStart, dataEnd, sink)
}

func discardRange(ctx context.Context, dev device.Device, off, end int64, sink progress.Sink) error {
	discarder, ok := dev.(device.Discarder)
	if !ok {
		return nil
	}
	for off < end {
		if err := ctx.Err(); err != nil {
			return err
		}
		length := min(discardPiece, end-off)
		err := discarder.Discard(off, length)
		if errors.Is(err, errors.ErrUnsupported) {
			return nil
		}
		if err != nil {
			return err
		}
		sink.Add(length)
		off += length
	}
	return nil
}

func (p *Plan) writeMeta(ctx context.Context, pair device.Pair) error {
	for block := range p.metaBlocks() {
		if err := write(ctx, pair.Meta, block); err != nil {
			return err
		}
	}
	return pair.Meta.Flush()
}

func (p *Plan) writeSupers(ctx context.Context, pair device.Pair) error {
	if err := writeDurably(ctx, pair.Data, placed{superOffset, p.super(0)}); err != nil {
		return err
	}
	return writeDurably(ctx, pair.Meta, placed{superOffset, p.super(format.SuperFlagMeta)})
}

func writeDurably(ctx context.Context, dev device.Device, block placed) error {
	if err := write(ctx, dev, block); err != nil {
		return err
	}
	return dev.Flush()
}

func write(ctx context.Context, dev device.Device, block placed) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := dev.WriteAt(block.bytes, block.offset)
	return err
}
