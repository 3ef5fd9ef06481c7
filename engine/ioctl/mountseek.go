// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl

import (
	"context"

	"golang.org/x/sys/unix"
)

// Seeker finds the data and holes of a file, as lseek(2) does with SEEK_DATA
// and SEEK_HOLE: ENXIO at or behind the end of the file, and for data if none
// follows. Files of mounts and of volumes on their devices are Seekers.
type Seeker interface {
	SeekData(ctx context.Context, off uint64) (uint64, error)
	SeekHole(ctx context.Context, off uint64) (uint64, error)
}

var _ Seeker = (*MountFile)(nil)

// SeekData is [Seeker.SeekData]. It moves the open file's position.
func (f *MountFile) SeekData(ctx context.Context, off uint64) (uint64, error) {
	return f.seek(ctx, off, unix.SEEK_DATA)
}

// SeekHole is [Seeker.SeekHole]. It moves the open file's position.
func (f *MountFile) SeekHole(ctx context.Context, off uint64) (uint64, error) {
	return f.seek(ctx, off, unix.SEEK_HOLE)
}

func (f *MountFile) seek(ctx context.Context, off uint64, whence int) (uint64, error) {
	if err := context.Cause(ctx); err != nil {
		return 0, err
	}
	// A negative offset, which off above the greatest is here, is ENXIO too.
	at, err := f.at.file.Seek(int64(off), whence)
	return uint64(at), err
}
