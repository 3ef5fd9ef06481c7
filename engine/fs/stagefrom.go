// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"fmt"
	"io"

	"scoutfs/engine/format"
	"scoutfs/engine/txn"
)

// StageFrom stages a range of a file from a reader, in place of all that is
// there. Nothing of the file changes before all of it has been read and
// written to the device, and verify, unless nil, has not failed: there is no
// state in which some of the file is what a checksum has found to be wrong.
// Others can read and stage the file meanwhile.
//
// Errors are those of [Writer.Stage], whose checks are made before and after,
// those of the reader, io.ErrUnexpectedEOF if it ends early, and verify's. What
// is read beyond the range is up to the reader.
func (w *Writer) StageFrom(ctx context.Context, h Handle, version uint64, r ByteRange, from io.Reader, verify func() error) error {
	if err := checkStage(h, r); err != nil || r.Length == 0 {
		return err
	}
	return w.whileOpen(ctx, h.Ino, func() error {
		if err := w.mayStage(ctx, h, version, r); err != nil {
			return err
		}
		first, last := r.blocks()
		s := &streamed{w: w, first: first}
		defer s.giveBack()
		if err := s.receive(ctx, from, r.Length, last+1-first); err != nil {
			return fmt.Errorf("staging inode %d: %w", h.Ino, err)
		}
		if verify != nil {
			if err := verify(); err != nil {
				return fmt.Errorf("staging inode %d: %w", h.Ino, err)
			}
		}
		defer w.locks.write(h.Ino)()
		return s.replace(ctx, func(in *Inode) error { return h.checkStage(in, version, r) }, h.Ino)
	})
}

// streamed is data that has gone to reserved blocks, which are to become a
// part of a file.
type streamed struct {
	w     *Writer
	first uint64   // block of the file
	runs  []Extent // in order, without gaps, by their place in the file
}

// giveBack returns what has not become a part of the file.
func (s *streamed) giveBack() {
	for _, e := range s.runs {
		s.w.log.ReturnData(e.blocks())
	}
}

// streamBuffer is how much of a stream goes to the device at a time.
const streamBuffer = 4 << 20

// receive reads so many bytes into newly reserved blocks. The last block is
// filled up with zeros.
func (s *streamed) receive(ctx context.Context, from io.Reader, length, blocks uint64) error {
	if s.w.data == nil {
		return ErrNoDataDevice
	}
	in := newReadAhead(from, length)
	defer in.stop()
	at := s.first
	for end := s.first + blocks; at < end; {
		run, err := s.w.log.ReserveData(ctx, end-at)
		if err != nil {
			return err
		}
		e := Extent{Logical: at, Len: run.Len, Blkno: run.Start}
		s.runs = append(s.runs, e)
		if err := s.fillRun(ctx, in, e); err != nil {
			return err
		}
		at = e.End()
	}
	return nil
}

// fillRun writes what is read to a run of blocks.
func (s *streamed) fillRun(ctx context.Context, in *readAhead, e Extent) error {
	for e.Len > 0 {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		p, err := in.next(int(min(e.Len, streamBuffer/format.SmallBlockSize)) * format.SmallBlockSize)
		if err != nil {
			return err
		}
		if _, err := s.w.data.WriteAt(p, int64(e.Blkno*format.SmallBlockSize)); err != nil {
			return err
		}
		e = e.cut(e.Logical+uint64(len(p))/format.SmallBlockSize, e.End())
	}
	return nil
}

// replace puts the blocks in place of what the file has there, in several
// changes if it must.
func (s *streamed) replace(ctx context.Context, check func(*Inode) error, ino uint64) error {
	for len(s.runs) > 0 {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var rest []Extent
		err := s.w.changeData(ctx, txn.Allocating, ino, func(c *change, in *Inode) (err error) {
			if err := check(in); err != nil {
				return err
			}
			c.changed(in)
			rest, err = c.extents(in).replace(ctx, s.runs)
			return err
		})
		if err != nil {
			return err
		}
		s.runs = rest
	}
	return nil
}

// replace makes the extents, whose blocks are reserved, take the place of what
// the file has there, or some of them. It returns the rest.
func (x extentSet) replace(ctx context.Context, list []Extent) ([]Extent, error) {
	for budget := maxPieces; budget > 0 && len(list) > 0; budget-- {
		e := list[0]
		old, found, err := x.next(ctx, e.Logical)
		if err != nil {
			return nil, err
		}
		// What is put in place at once must be in one extent, or in a hole.
		end := e.End()
		if found && old.Logical <= e.Logical {
			end = min(end, old.End())
		} else if found {
			end = min(end, old.Logical)
		}
		part := e.cut(e.Logical, end)
		if err := x.set(ctx, part); err != nil {
			return nil, err
		}
		x.c.tx.UseData(part.blocks())
		if found && old.Logical <= e.Logical && old.Blkno != 0 {
			gone := old.cut(e.Logical, end)
			x.c.tx.FreeData(gone.blocks())
		}
		if end == e.End() {
			list = list[1:]
			continue
		}
		list = append([]Extent{e.cut(end, e.End())}, list[1:]...)
	}
	return list, nil
}
