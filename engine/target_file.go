// SPDX-License-Identifier: GPL-2.0-or-later

package engine

import (
	"context"
	"syscall"

	"scoutfs/engine/fs"
	"scoutfs/engine/ioctl"
)

// file is an open file or directory of a Target. It holds nothing: each
// request looks the inode up.
type file struct {
	target *Target
	name   string
	ino    uint64
}

var _ ioctl.File = (*file)(nil)

// Close does nothing.
func (f *file) Close() error { return nil }

func (f *file) fail(n ioctl.Number, errno syscall.Errno, detail string) error {
	return &ioctl.Error{Request: n, Object: f.name, Errno: errno, Detail: detail}
}

// inode calls ask with the file's inode.
func (f *file) inode(ctx context.Context, ask func(*fs.FS, fs.Inode) error) error {
	return f.target.v.Read(ctx, func(view *fs.FS) error {
		in, err := view.Inode(ctx, f.ino)
		if err != nil {
			return err
		}
		return ask(view, in)
	})
}

// StatMore is [ioctl.File.StatMore].
func (f *file) StatMore(ctx context.Context) (r ioctl.StatMoreResult, err error) {
	err = f.inode(ctx, func(_ *fs.FS, in fs.Inode) error {
		r = ioctl.StatMoreResult{
			MetaSeq:       in.MetaSeq,
			DataSeq:       in.DataSeq,
			DataVersion:   in.DataVersion,
			OnlineBlocks:  in.OnlineBlocks,
			OfflineBlocks: in.OfflineBlocks,
			Crtime:        ioctl.TimespecOf(in.Crtime),
		}
		return nil
	})
	return r, err
}

// GetAttrX is [ioctl.File.GetAttrX].
func (f *file) GetAttrX(ctx context.Context, q ioctl.GetAttrX) (a ioctl.AttrX, err error) {
	if q.Mask == 0 {
		return ioctl.AttrX{}, nil
	}
	if q.Mask&^ioctl.AttrAll != 0 || q.Flags&^ioctl.AttrSizeOffline != 0 {
		return ioctl.AttrX{}, f.fail(ioctl.NumberGetAttrX, syscall.EINVAL, "unknown attributes or flags")
	}
	err = f.inode(ctx, func(view *fs.FS, in fs.Inode) error {
		if q.Mask&^ioctl.AttrV1 != 0 && view.Super().FmtVers.Get() < 2 {
			return f.fail(ioctl.NumberGetAttrX, syscall.EOPNOTSUPP, "")
		}
		a = ioctl.AttrX{
			Mask:          q.Mask,
			Flags:         q.Flags,
			MetaSeq:       in.MetaSeq,
			DataSeq:       in.DataSeq,
			DataVersion:   in.DataVersion,
			OnlineBlocks:  in.OnlineBlocks,
			OfflineBlocks: in.OfflineBlocks,
			Ctime:         ioctl.TimespecOf(in.Ctime),
			Crtime:        ioctl.TimespecOf(in.Crtime),
			Size:          in.Size,
			Retention:     in.Retention(),
			ProjectID:     in.Proj,
		}
		return nil
	})
	return a, err
}

// ListxattrHidden is [ioctl.File.ListxattrHidden].
func (f *file) ListxattrHidden(ctx context.Context, q ioctl.ListxattrHidden) (r ioctl.ListxattrHiddenResult, err error) {
	err = f.inode(ctx, func(view *fs.FS, in fs.Inode) error {
		r = ioctl.ListxattrHiddenResult{Next: q.From}
		room := min(q.Bytes, ioctl.MaxBytes)
		for x, err := range view.XattrNames(ctx, in.Ino, uint64(q.From.Hash), q.From.ID) {
			if err != nil {
				return err
			}
			if !x.Hidden() {
				continue
			}
			if room -= len(x.Name) + 1; room < 0 {
				return nil
			}
			r.Names = append(r.Names, string(x.Name))
			r.Next = ioctl.XattrPosition{Hash: uint32(x.Hash), ID: x.ID + 1}
		}
		return nil
	})
	return r, err
}

// Fiemap is [ioctl.File.Fiemap].
func (f *file) Fiemap(ctx context.Context, q ioctl.Fiemap) (r ioctl.FiemapResult, err error) {
	if q.Length == 0 {
		return r, f.fail(ioctl.NumberFiemap, syscall.EINVAL, "the range is empty")
	}
	if q.Flags&^ioctl.FiemapSync != 0 {
		return r, f.fail(ioctl.NumberFiemap, syscall.EBADR, "unknown flags")
	}
	err = f.inode(ctx, func(view *fs.FS, in fs.Inode) error {
		r = ioctl.FiemapResult{}
		if !in.IsRegular() {
			return f.fail(ioctl.NumberFiemap, syscall.EOPNOTSUPP, "")
		}
		for e, err := range view.Fiemap(ctx, in.Ino, q.Start) {
			if err != nil {
				return err
			}
			if e.Logical >= q.Start && e.Logical-q.Start >= q.Length {
				return nil
			}
			if q.Count > 0 && len(r.Extents) == min(q.Count, ioctl.MaxBatch) {
				return nil
			}
			r.Mapped++
			if q.Count > 0 {
				r.Extents = append(r.Extents, ioctl.FiemapExtent{
					Logical: e.Logical, Physical: e.Physical, Length: e.Length, Flags: ioctl.ExtentFlags(e.Flags),
				})
			}
		}
		return nil
	})
	return r, err
}

func (f *file) readOnly(n ioctl.Number) error {
	return f.fail(n, syscall.EOPNOTSUPP, "a volume on its devices is read only")
}

// SetAttrX fails: the volume is read only.
func (f *file) SetAttrX(context.Context, ioctl.SetAttrX) error {
	return f.readOnly(ioctl.NumberSetAttrX)
}

// SetattrMore fails: the volume is read only.
func (f *file) SetattrMore(context.Context, ioctl.SetattrMore) error {
	return f.readOnly(ioctl.NumberSetattrMore)
}

// Release fails: the volume is read only.
func (f *file) Release(context.Context, ioctl.Release) error {
	return f.readOnly(ioctl.NumberRelease)
}

// Stage fails: the volume is read only.
func (f *file) Stage(context.Context, ioctl.Stage) (int, error) {
	return 0, f.readOnly(ioctl.NumberStage)
}

// MoveBlocks fails: the volume is read only.
func (f *file) MoveBlocks(context.Context, ioctl.File, ioctl.MoveBlocks) error {
	return f.readOnly(ioctl.NumberMoveBlocks)
}

// PunchOffline fails: the volume is read only.
func (f *file) PunchOffline(context.Context, ioctl.PunchOffline) error {
	return f.readOnly(ioctl.NumberPunchOffline)
}
