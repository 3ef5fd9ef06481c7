// SPDX-License-Identifier: GPL-2.0-or-later

package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"syscall"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/engine/ioctl"
)

// file is an open file or directory of a Target. Each request looks the inode
// up; while the volume is written, it does not go away meanwhile.
type file struct {
	target *Target
	name   string
	ino    uint64
	flags  int // it was opened with
}

var _ ioctl.File = (*file)(nil)

// Close gives the file up.
func (f *file) Close() error {
	if w := f.target.v.Writer(); w != nil {
		return w.Close(context.Background(), f.ino)
	}
	return nil
}

func (f *file) fail(n ioctl.Number, errno syscall.Errno, detail string) error {
	return &ioctl.Error{Request: n, Object: f.name, Errno: errno, Detail: detail}
}

// inode calls ask with the file's inode. Of a live volume it may have been
// deleted since the file was opened.
func (f *file) inode(ctx context.Context, ask func(*fs.FS, fs.Inode) error) error {
	return f.target.v.Read(ctx, func(view *fs.FS) error {
		in, err := view.Inode(ctx, f.ino)
		if errors.Is(err, syscall.ENOENT) {
			return &os.PathError{Op: "use", Path: f.name, Err: syscall.ESTALE}
		}
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
		return ioctl.AttrX{Flags: q.Flags}, nil
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
			if err == nil && x.Hash > math.MaxUint32 {
				err = &format.CorruptError{
					Structure: format.KindXattr.String() + " item",
					Place:     format.XattrKey(in.Ino, x.Hash, x.ID, 0).String(),
					Field:     "name hash", Found: fmt.Sprintf("%#x", x.Hash), Expected: "32 bits",
				}
			}
			if err != nil {
				return unless(len(r.Names) > 0, err)
			}
			if !x.Hidden() {
				continue
			}
			if room -= len(x.Name) + 1; room < 0 {
				return nil
			}
			r.Names = append(r.Names, string(x.Name))
			r.Next = afterXattr(&x)
		}
		return nil
	})
	return r, err
}

// afterXattr is the place behind an attribute; behind the last that can be
// there is none, and its own is as good as any.
func afterXattr(x *fs.Xattr) ioctl.XattrPosition {
	hash := uint32(x.Hash)
	switch {
	case x.ID < math.MaxUint64:
		return ioctl.XattrPosition{Hash: hash, ID: x.ID + 1}
	case hash < math.MaxUint32:
		return ioctl.XattrPosition{Hash: hash + 1}
	}
	return ioctl.XattrPosition{Hash: hash, ID: x.ID}
}

// unless returns err, or nil if there is something to answer before it.
func unless(some bool, err error) error {
	if some {
		return nil
	}
	return err
}

// Fiemap is [ioctl.File.Fiemap]. The checks are in Linux' order (fs/ioctl.c:
// ioctl_fiemap, fiemap_prep).
func (f *file) Fiemap(ctx context.Context, q ioctl.Fiemap) (r ioctl.FiemapResult, err error) {
	err = f.inode(ctx, func(view *fs.FS, in fs.Inode) error {
		r = ioctl.FiemapResult{}
		switch {
		case !in.IsRegular():
			return f.fail(ioctl.NumberFiemap, syscall.EOPNOTSUPP, "only regular files have extents")
		case q.Length == 0:
			return f.fail(ioctl.NumberFiemap, syscall.EINVAL, "the range is empty")
		case q.Start >= math.MaxInt64:
			return f.fail(ioctl.NumberFiemap, syscall.EFBIG, "")
		case q.Flags&^ioctl.FiemapSync != 0:
			return f.fail(ioctl.NumberFiemap, syscall.EBADR, "unknown flags")
		}
		for e, err := range view.Fiemap(ctx, in.Ino, q.Start) {
			if err != nil {
				return unless(len(r.Extents) > 0, err)
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
