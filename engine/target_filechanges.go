// SPDX-License-Identifier: GPL-2.0-or-later

package engine

import (
	"context"
	"io"
	"syscall"

	"scoutfs/engine/fs"
	"scoutfs/engine/ioctl"
)

// change carries a request out that changes the file.
func (f *file) change(n ioctl.Number, do func(*fs.Writer, fs.Handle) error) error {
	w := f.target.v.Writer()
	if w == nil {
		return f.fail(n, syscall.EROFS, readOnlyDetail)
	}
	return changed(n, f.name, do(w, fs.Handle{Ino: f.ino, Flags: f.flags}))
}

// SetAttrX is [ioctl.File.SetAttrX].
func (f *file) SetAttrX(ctx context.Context, q ioctl.SetAttrX) error {
	return f.change(ioctl.NumberSetAttrX, func(w *fs.Writer, h fs.Handle) error {
		return w.SetAttrX(ctx, fs.Root(), h.Ino, attrX(q))
	})
}

func attrX(q ioctl.SetAttrX) fs.AttrX {
	return fs.AttrX{
		Mask:        uint64(q.Mask),
		Flags:       uint64(q.Flags),
		DataVersion: q.DataVersion,
		Ctime:       q.Ctime.Time(),
		Crtime:      q.Crtime.Time(),
		Size:        q.Size,
		Retention:   q.Retention,
		ProjectID:   q.ProjectID,
	}
}

// SetattrMore is [ioctl.File.SetattrMore].
func (f *file) SetattrMore(ctx context.Context, q ioctl.SetattrMore) error {
	return f.change(ioctl.NumberSetattrMore, func(w *fs.Writer, h fs.Handle) error {
		a := attrX(q.AttrX())
		a.Flags = uint64(q.Flags)
		return w.SetattrMore(ctx, fs.Root(), h, a)
	})
}

// Release is [ioctl.File.Release].
func (f *file) Release(ctx context.Context, q ioctl.Release) error {
	return f.change(ioctl.NumberRelease, func(w *fs.Writer, h fs.Handle) error {
		return w.Release(ctx, h, fs.ByteRange{Offset: q.Offset, Length: q.Length}, q.DataVersion)
	})
}

// Stage is [ioctl.File.Stage].
func (f *file) Stage(ctx context.Context, q ioctl.Stage) (n int, err error) {
	err = f.change(ioctl.NumberStage, func(w *fs.Writer, h fs.Handle) (err error) {
		n, err = w.Stage(ctx, h, q.DataVersion, q.Data, q.Offset)
		return err
	})
	if n > 0 {
		err = nil // what follows the part that was staged says so
	}
	return n, err
}

// StageChecked stages a range from a reader: all of it if verify does not fail
// once it was read, or else nothing.
func (f *file) StageChecked(ctx context.Context, version, offset, length uint64, from io.Reader, verify func() error) error {
	return f.change(ioctl.NumberStage, func(w *fs.Writer, h fs.Handle) error {
		return w.StageFrom(ctx, h, version, fs.ByteRange{Offset: offset, Length: length}, from, verify)
	})
}

// MoveBlocks is [ioctl.File.MoveBlocks].
func (f *file) MoveBlocks(ctx context.Context, from ioctl.File, q ioctl.MoveBlocks) error {
	source, ok := from.(*file)
	if f.target.v.writing != nil && (!ok || source.target.v != f.target.v) {
		return f.fail(ioctl.NumberMoveBlocks, syscall.EXDEV, "the source is of another volume")
	}
	return f.change(ioctl.NumberMoveBlocks, func(w *fs.Writer, h fs.Handle) error {
		return w.MoveBlocks(ctx, fs.Root(), source.ino, h.Ino, fs.Move{
			FromOffset:  q.FromOffset,
			Length:      q.Length,
			ToOffset:    q.ToOffset,
			DataVersion: q.DataVersion,
			Flags:       uint64(q.Flags),
		})
	})
}

// PunchOffline is [ioctl.File.PunchOffline].
func (f *file) PunchOffline(ctx context.Context, q ioctl.PunchOffline) error {
	return f.change(ioctl.NumberPunchOffline, func(w *fs.Writer, h fs.Handle) error {
		return w.PunchOffline(ctx, fs.Root(), h, fs.ByteRange{Offset: q.Offset, Length: q.Length}, q.DataVersion, q.Flags)
	})
}
