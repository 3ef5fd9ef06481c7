// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"syscall"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

// ErrNoDataDevice says that file data was asked for and the volume was opened
// without its data device.
var ErrNoDataDevice = errors.New("file data needs the data device, and the volume was opened without it")

// OfflineError says that a part of a file is in the archive only. It matches
// syscall.ENODATA.
type OfflineError struct {
	Ino    uint64
	Offset uint64 // first offline byte of what was asked for
	Length uint64 // bytes to the end of the offline extent, cut at the file's size
}

// Error names the file and the range.
func (e *OfflineError) Error() string {
	return fmt.Sprintf("inode %d: bytes %d to %d are offline", e.Ino, e.Offset, e.Offset+e.Length-1)
}

// Unwrap returns ENODATA.
func (e *OfflineError) Unwrap() error { return syscall.ENODATA }

// ReadAt fills p with a regular file's bytes from off on, as io.ReaderAt
// does: io.EOF with fewer bytes at the end of the file. Holes and unwritten
// blocks read as zeros. An offline block ends the read with an
// [*OfflineError] and the bytes before it. It is EISDIR for a directory and
// EINVAL for what is neither.
//
// File data has no checksums, and is overwritten in place: on a volume that
// is being written the bytes may be newer than the snapshot, or those of
// another file that got the blocks since.
func (f *FS) ReadAt(ctx context.Context, in Inode, p []byte, off uint64) (int, error) {
	return readFile(ctx, f.data, in, p, off, f.Extents(ctx, in.Ino, off/format.SmallBlockSize))
}

// readFile is ReadAt of a file whose extents, from the one of the first byte
// on, are known.
func readFile(ctx context.Context, data device.Device, in Inode, p []byte, off uint64, extents iter.Seq2[Extent, error]) (int, error) {
	if err := checkRegular(in); err != nil {
		return 0, err
	}
	if off >= in.Size {
		return 0, io.EOF
	}
	atEnd := uint64(len(p)) >= in.Size-off
	if atEnd {
		p = p[:in.Size-off]
	}
	n, err := readBlocks(ctx, data, in, p, off, extents)
	if err == nil && atEnd {
		err = io.EOF
	}
	return n, err
}

func checkRegular(in Inode) error {
	switch {
	case in.IsRegular():
		return nil
	case in.IsDir():
		return fmt.Errorf("inode %d is a directory: %w", in.Ino, syscall.EISDIR)
	}
	return fmt.Errorf("inode %d is no regular file: %w", in.Ino, syscall.EINVAL)
}

// readBlocks fills p, which ends inside the file.
func readBlocks(ctx context.Context, data device.Device, in Inode, p []byte, off uint64, extents iter.Seq2[Extent, error]) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	done := uint64(0)
	for e, err := range extents {
		if err != nil {
			return int(done), err
		}
		start := max(e.Logical*format.SmallBlockSize, off+done)
		if start-off >= uint64(len(p)) {
			break
		}
		clear(p[done : start-off])
		done = start - off
		part := p[done:min(uint64(len(p)), e.End()*format.SmallBlockSize-off)]
		switch {
		case e.Offline():
			return int(done), &OfflineError{Ino: in.Ino, Offset: start, Length: e.endBytes(in.Size) - start}
		case e.Unwritten():
			clear(part)
		default:
			if n, err := readExtent(ctx, data, &e, part, start); err != nil {
				return int(done) + n, fmt.Errorf("inode %d at byte %d: %w", in.Ino, start, err)
			}
		}
		if done += uint64(len(part)); done == uint64(len(p)) {
			return len(p), nil
		}
	}
	clear(p[done:])
	return len(p), nil
}

// readExtent fills p with the bytes from start on, which are in the extent.
func readExtent(ctx context.Context, data device.Device, e *Extent, p []byte, start uint64) (int, error) {
	if data == nil {
		return 0, ErrNoDataDevice
	}
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	from := e.Blkno*format.SmallBlockSize + start - e.Logical*format.SmallBlockSize
	return data.ReadAt(p, int64(from))
}
