// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"iter"

	"scoutfs/engine/format"
)

// ReadAt is [FS.ReadAt] of a file as all changes so far have made it, durable
// or not. The file does not change meanwhile, and nothing waits for the read but
// changes of its data. If there is a DataWaiter, the read waits for what is
// offline.
func (w *Writer) ReadAt(ctx context.Context, ino uint64, p []byte, off uint64) (n int, err error) {
	err = w.whileOpen(ctx, ino, func() error {
		return w.retryOffline(ctx, func() error {
			defer w.locks.read(ino)()
			n, err = w.readLocked(ctx, ino, p, off)
			return err
		})
	})
	return n, err
}

// readLocked reads from a file whose data is locked.
func (w *Writer) readLocked(ctx context.Context, ino uint64, p []byte, off uint64) (int, error) {
	var in Inode
	var extents []Extent
	err := w.Read(ctx, func(view *FS) (err error) {
		if in, err = view.Inode(ctx, ino); err != nil {
			return err
		}
		if err := checkRegular(in); err != nil || off >= in.Size || len(p) == 0 {
			return err
		}
		end := off + min(uint64(len(p)), in.Size-off)
		if w.opts.Waiter != nil {
			if err := w.checkOnline(ctx, view, &in, off, end, WaitRead); err != nil {
				return err
			}
		}
		extents, err = view.extentsIn(ctx, ino, off/format.SmallBlockSize, (end-1)/format.SmallBlockSize)
		return err
	})
	if err != nil {
		return 0, err
	}
	return readFile(ctx, w.data, in, p, off, listed(extents))
}

// extentsIn returns the extents with blocks from first to last.
func (f *FS) extentsIn(ctx context.Context, ino, first, last uint64) ([]Extent, error) {
	var list []Extent
	for e, err := range f.Extents(ctx, ino, first) {
		if err != nil {
			return nil, err
		}
		if e.Logical > last {
			break
		}
		list = append(list, e)
	}
	return list, nil
}

func listed(extents []Extent) iter.Seq2[Extent, error] {
	return func(yield func(Extent, error) bool) {
		for _, e := range extents {
			if !yield(e, nil) {
				return
			}
		}
	}
}
