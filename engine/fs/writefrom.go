// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/txn"
)

// WriteFrom writes so many bytes from a reader to a regular file, from an
// offset on. It is made for copying large files: where the file has nothing yet,
// from the start of a block on, it allocates as large extents as there are
// and nothing beyond, and all of the data becomes a part of the file at once,
// in the end. Elsewhere it writes as [Writer.Write] does. Nobody else gets at the file's data meanwhile.
//
// It returns how much was written. Errors are those of Write and of the reader;
// io.ErrUnexpectedEOF if it ends early.
func (w *Writer) WriteFrom(ctx context.Context, h Handle, off, length uint64, from io.Reader) (n uint64, err error) {
	if err := h.forWriting(); err != nil {
		return 0, err
	}
	if h.Flags&syscall.O_APPEND != 0 {
		return 0, fmt.Errorf("inode %d is open to append, and the offset is given: %w", h.Ino, syscall.EINVAL)
	}
	if off > maxFileSize || length > maxFileSize-off {
		return 0, fmt.Errorf("inode %d cannot have %d bytes from byte %d on: %w", h.Ino, length, off, syscall.EFBIG)
	}
	err = w.lockData(ctx, h.Ino, func() error {
		if _, err := w.prepareWrite(ctx, h.Ino); err != nil || length == 0 {
			return err
		}
		fresh, err := w.nothingFrom(ctx, h.Ino, off)
		if err != nil {
			return err
		}
		if fresh {
			n, err = w.writeFresh(ctx, h.Ino, off, length, from)
		} else {
			n, err = w.writeThrough(ctx, h.Ino, off, length, from)
		}
		return err
	})
	if err == nil && h.Flags&(syscall.O_SYNC|syscall.O_DSYNC) != 0 {
		err = w.Sync(ctx)
	}
	return n, err
}

// nothingFrom reports whether a file has no extent from an offset on, which is
// that of a block.
func (w *Writer) nothingFrom(ctx context.Context, ino, off uint64) (bool, error) {
	if off%format.SmallBlockSize != 0 {
		return false, nil
	}
	nothing := false
	err := w.Read(ctx, func(view *FS) error {
		_, found, err := view.nextExtent(ctx, ino, off/format.SmallBlockSize)
		nothing = !found
		return err
	})
	return nothing, err
}

// extentsPerChange is how many extents of new data one change adds at most.
const extentsPerChange = 1024

// writeFresh writes to where a file has no extents.
func (w *Writer) writeFresh(ctx context.Context, ino, off, length uint64, from io.Reader) (uint64, error) {
	first := off / format.SmallBlockSize
	s := &streamed{w: w, first: first}
	defer s.giveBack()
	if err := s.receive(ctx, from, length, blocksFor(length)); err != nil {
		return 0, fmt.Errorf("writing inode %d: %w", ino, err)
	}
	written := uint64(0)
	for len(s.runs) > 0 {
		part := s.runs[:min(len(s.runs), extentsPerChange)]
		end := min(off+length, part[len(part)-1].End()*format.SmallBlockSize)
		err := w.changeData(ctx, txn.Allocating, ino, func(c *change, in *Inode) error {
			x := c.extents(in)
			for _, e := range part {
				if err := x.insert(ctx, e); err != nil {
					return err
				}
				c.tx.UseData(e.blocks())
			}
			in.Size = max(in.Size, end)
			c.dataChanged(in)
			c.changed(in)
			return nil
		})
		if err != nil {
			return written, err
		}
		s.runs, written = s.runs[len(part):], end-off
	}
	return written, nil
}

// writeThrough writes a buffer at a time.
func (w *Writer) writeThrough(ctx context.Context, ino, off, length uint64, from io.Reader) (n uint64, err error) {
	buf := device.AlignedBuffer(int(min(length, streamBuffer)))
	for n < length {
		p := buf[:min(length-n, uint64(len(buf)))]
		if _, err := io.ReadFull(from, p); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return n, fmt.Errorf("writing inode %d: %w", ino, err)
		}
		m, err := w.writeAll(ctx, &fill{ino: ino}, p, off+n)
		if n += uint64(m); err != nil {
			return n, err
		}
	}
	return n, nil
}
