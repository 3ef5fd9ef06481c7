// SPDX-License-Identifier: GPL-2.0-or-later

package engine

import (
	"context"

	"scoutfs/engine/fs"
	"scoutfs/engine/ioctl"
)

var _ ioctl.Seeker = (*file)(nil)

// SeekData is [ioctl.Seeker.SeekData].
func (f *file) SeekData(ctx context.Context, off uint64) (at uint64, err error) {
	err = f.inode(ctx, func(view *fs.FS, in fs.Inode) (err error) {
		at, err = view.SeekData(ctx, in, off)
		return err
	})
	return at, err
}

// SeekHole is [ioctl.Seeker.SeekHole].
func (f *file) SeekHole(ctx context.Context, off uint64) (at uint64, err error) {
	err = f.inode(ctx, func(view *fs.FS, in fs.Inode) (err error) {
		at, err = view.SeekHole(ctx, in, off)
		return err
	})
	return at, err
}
