// SPDX-License-Identifier: GPL-2.0-or-later

package device

import "golang.org/x/sys/unix"

// Discard is BLKDISCARD on a block device, of the whole sectors within the range,
// and punches a hole in a regular file. It cannot be interrupted, and a large
// range of a slow device takes long: a caller that must stay responsive discards
// in pieces.
func (f *file) Discard(off, length int64) error {
	f.life.RLock()
	defer f.life.RUnlock()
	err := f.checkChange(off, length)
	if err == nil && length > 0 {
		err = f.discard(off, length)
	}
	if err != nil {
		return &Error{Op: OpDiscard, Device: f.name, Off: off, Len: length, Err: err}
	}
	return nil
}

func (f *file) discard(off, length int64) error {
	if !f.block {
		return retryInterrupted(func() error {
			return unix.Fallocate(f.fd, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, off, length)
		})
	}
	mask := int64(sectorSize(f.fd) - 1)
	end := (off + length) &^ mask
	off = (off + mask) &^ mask
	if off >= end {
		return nil
	}
	return blockDiscard(f.fd, off, end-off)
}
