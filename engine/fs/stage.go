// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"fmt"
	"syscall"

	"scoutfs/engine/format"
)

// Stage writes archived data back, from an offset on: over offline blocks, and
// over whatever else is there. Nothing but extents, block counts and the
// inode's version changes. With an error comes how many bytes were written
// before it.
//
// No data is fine. Errors: EINVAL for an offset that is not that of a block,
// for what is no regular file, not open for writing or open with O_APPEND,
// O_DIRECT, O_DSYNC or O_SYNC, or for data that ends beyond the file, or neither with a
// block nor with it; ESTALE for another data version; ENOSPC. Neither
// retention nor quotas keep anybody from it.
func (w *Writer) Stage(ctx context.Context, h Handle, version uint64, p []byte, off uint64) (n int, err error) {
	r := ByteRange{Offset: off, Length: uint64(len(p))}
	if err := checkStage(h, r); err != nil || len(p) == 0 {
		return 0, err
	}
	err = w.lockData(ctx, h.Ino, func() error {
		if err := w.mayStage(ctx, h, version, r); err != nil {
			return err
		}
		n, err = w.writeAll(ctx, &fill{ino: h.Ino, staging: true}, p, off)
		return err
	})
	return n, err
}

func checkStage(h Handle, r ByteRange) error {
	if r.wraps() || r.Offset+r.Length < r.Offset || r.Offset%format.SmallBlockSize != 0 {
		return fmt.Errorf("inode %d: %v cannot be staged: %w", h.Ino, r, syscall.EINVAL)
	}
	return nil
}

// mayStage checks whether a range of a file can be staged.
func (w *Writer) mayStage(ctx context.Context, h Handle, version uint64, r ByteRange) error {
	return w.Read(ctx, func(view *FS) error {
		in, err := view.Inode(ctx, h.Ino)
		if err != nil {
			return err
		}
		return h.checkStage(&in, version, r)
	})
}

func (h Handle) checkStage(in *Inode, version uint64, r ByteRange) error {
	if err := h.checkArchive(in); err != nil {
		return err
	}
	end := r.Offset + r.Length
	switch {
	case h.Flags&(syscall.O_APPEND|syscall.O_DIRECT|syscall.O_DSYNC|syscall.O_SYNC) != 0:
		return fmt.Errorf("inode %d is open with flags %#x, which staging does not do: %w", in.Ino, h.Flags, syscall.EINVAL)
	case end > in.Size || end%format.SmallBlockSize != 0 && end != in.Size:
		return fmt.Errorf("inode %d of %d bytes: %v cannot be staged: %w", in.Ino, in.Size, r, syscall.EINVAL)
	}
	return checkDataVersion(in, version)
}
