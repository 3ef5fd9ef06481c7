// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"fmt"
	"syscall"

	"scoutfs/engine/format"
)

// SeekData returns the first byte of a regular file at or after off that is
// written or offline, as lseek(2) does with SEEK_DATA: ENXIO if there is none
// before the end of the file. Blocks that are allocated and not written are
// a hole.
func (f *FS) SeekData(ctx context.Context, in Inode, off uint64) (uint64, error) {
	if err := checkSeek(in, off); err != nil {
		return 0, err
	}
	for e, err := range f.Extents(ctx, in.Ino, off/format.SmallBlockSize) {
		if err != nil {
			return 0, err
		}
		at := max(off, e.Logical*format.SmallBlockSize)
		if at >= in.Size {
			break
		}
		if e.hasData() {
			return at, nil
		}
	}
	return 0, fmt.Errorf("inode %d has no data from byte %d on: %w", in.Ino, off, syscall.ENXIO)
}

// SeekHole returns the first byte of a regular file at or after off that is
// neither written nor offline, as lseek(2) does with SEEK_HOLE: the file's
// size if there is none before. It is ENXIO for an off at or behind the end
// of the file.
func (f *FS) SeekHole(ctx context.Context, in Inode, off uint64) (uint64, error) {
	if err := checkSeek(in, off); err != nil {
		return 0, err
	}
	at := off
	for e, err := range f.Extents(ctx, in.Ino, off/format.SmallBlockSize) {
		if err != nil {
			return 0, err
		}
		if e.Logical*format.SmallBlockSize > at || !e.hasData() {
			break
		}
		at = e.End() * format.SmallBlockSize
	}
	return min(at, in.Size), nil
}

// hasData reports whether seeking finds the extent rather than a hole.
func (e *Extent) hasData() bool { return e.Offline() || !e.Unwritten() }

func checkSeek(in Inode, off uint64) error {
	if err := checkRegular(in); err != nil {
		return err
	}
	if off >= in.Size {
		return fmt.Errorf("inode %d ends at byte %d: %w", in.Ino, in.Size, syscall.ENXIO)
	}
	return nil
}
