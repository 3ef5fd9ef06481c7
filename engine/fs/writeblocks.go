// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"fmt"

	"scoutfs/engine/format"
)

// writeBlocks writes p, from a byte of the file on, to the blocks that the
// pieces have or will have; they are those that p touches. The rest of a
// block at either end is what it was, or zeros.
func (w *Writer) writeBlocks(ctx context.Context, in *Inode, list []piece, p []byte, off uint64) error {
	if w.data == nil {
		return ErrNoDataDevice
	}
	var runs []Extent
	for i := range list {
		from := len(runs)
		runs = list[i].mapped(runs)
		for j := from; j < len(runs); j++ {
			run := &runs[j]
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := w.writeRun(in, run, list[i].written(), p, off); err != nil {
				return fmt.Errorf("inode %d, blocks %v: %w", in.Ino, run.run(), err)
			}
		}
	}
	return nil
}

// writeRun writes the part of p that goes to one run of blocks.
func (w *Writer) writeRun(in *Inode, run *Extent, written bool, p []byte, off uint64) error {
	end := off + uint64(len(p))
	for block := run.Logical; block < run.End(); {
		at := block * format.SmallBlockSize
		whole := end / format.SmallBlockSize // the block before which whole blocks end
		place := int64((run.Blkno + block - run.Logical) * format.SmallBlockSize)
		if at >= off && block < whole {
			n := min(whole, run.End()) - block
			if _, err := w.data.WriteAt(p[at-off:][:n*format.SmallBlockSize], place); err != nil {
				return err
			}
			block += n
			continue
		}
		if err := w.writePartial(in, at, written, p, off, place); err != nil {
			return err
		}
		block++
	}
	return nil
}

// writePartial writes the part of p that goes to one block, of which it is
// not all. Behind the end of the file a block holds zeros.
func (w *Writer) writePartial(in *Inode, at uint64, written bool, p []byte, off uint64, place int64) error {
	var block [format.SmallBlockSize]byte
	if written && at < in.Size {
		if _, err := w.data.ReadAt(block[:], place); err != nil {
			return err
		}
		if in.Size-at < uint64(len(block)) {
			clear(block[in.Size-at:])
		}
	}
	if at >= off {
		copy(block[:], p[at-off:])
	} else {
		copy(block[off-at:], p)
	}
	_, err := w.data.WriteAt(block[:], place)
	return err
}
