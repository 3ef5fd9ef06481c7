// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"scoutfs/engine/format"
	"scoutfs/engine/txn"
)

// Attributes in AttrX.Mask (kmod/src/ioctl.h: SCOUTFS_IOC_IAX_*).
const (
	AttrXMetaSeq       = 1 << 0
	AttrXDataSeq       = 1 << 1
	AttrXDataVersion   = 1 << 2
	AttrXOnlineBlocks  = 1 << 3
	AttrXOfflineBlocks = 1 << 4
	AttrXCtime         = 1 << 5
	AttrXCrtime        = 1 << 6
	AttrXSize          = 1 << 7
	AttrXRetention     = 1 << 8 // format version 2
	AttrXProjectID     = 1 << 9 // format version 2

	attrsV1 = AttrXRetention - 1
	attrs   = AttrXProjectID<<1 - 1
)

// AttrXSizeOffline is the flag in AttrX.Flags with which a file is offline as
// far as its new size, the only one.
const AttrXSizeOffline = 1 << 0

// AttrX is attributes to set, those in Mask. AttrXMetaSeq, AttrXDataSeq,
// AttrXOnlineBlocks and AttrXOfflineBlocks are accepted and do nothing.
type AttrX struct {
	Mask, Flags   uint64
	DataVersion   uint64
	Ctime, Crtime time.Time
	Size          uint64 // not limited as that of a write is
	Retention     bool
	ProjectID     uint64
}

// SetAttrX sets exactly the attributes that are asked for, all or none of them:
// nothing else of the inode but MetaSeq changes, not even DataSeq.
//
// No attributes are fine. Errors, in this order: EPERM for who is not the
// superuser; EINVAL for unknown attributes or flags; EOPNOTSUPP for what
// format version 1 does not have; EINVAL for a data version of 0, a size or
// data version of what is not a regular file with a data version of 0, a size
// without a data version, AttrXSizeOffline without a size, or retention of what
// is no regular file; EPERM under retention, unless that is being cleared;
// ENOSPC; EINVAL for AttrXSizeOffline of a file with extents.
func (w *Writer) SetAttrX(ctx context.Context, who Caller, ino uint64, a AttrX) error {
	if err := checkAdmin(&who, "setting such attributes"); err != nil || a.Mask == 0 {
		return err
	}
	if a.Mask&^attrs != 0 || a.Flags&^AttrXSizeOffline != 0 {
		return fmt.Errorf("attributes %#x with flags %#x: %w", a.Mask, a.Flags, syscall.EINVAL)
	}
	return w.lockData(ctx, ino, func() error {
		return w.changeData(ctx, txn.Allocating, ino, func(c *change, in *Inode) error {
			if err := c.checkAttrX(in, &a); err != nil {
				return err
			}
			return c.setAttrX(ctx, in, &a)
		})
	})
}

// checkAttrX checks whether an inode can have the attributes (kmod/src/attr_x.c:
// valid_attr_changes).
func (c *change) checkAttrX(in *Inode, a *AttrX) error {
	has := func(mask uint64) bool { return a.Mask&mask != 0 }
	if version := c.tx.Super().FmtVers.Get(); version < 2 && has(^uint64(attrsV1)) {
		return fmt.Errorf("attributes %#x in format version %d: %w", a.Mask, version, syscall.EOPNOTSUPP)
	}
	wrong := ""
	switch {
	case has(AttrXDataVersion) && a.DataVersion == 0:
		wrong = "the data version is 0"
	case has(AttrXSize|AttrXDataVersion) && !in.IsRegular():
		wrong = "it is no regular file"
	case has(AttrXSize|AttrXDataVersion) && in.DataVersion != 0:
		wrong = "it has a data version already"
	case has(AttrXSize) && a.Size > 0 && !has(AttrXDataVersion):
		wrong = "the size comes without a data version"
	case a.Flags&AttrXSizeOffline != 0 && (!has(AttrXSize) || a.Size == 0):
		wrong = "it cannot be offline without a size"
	case has(AttrXRetention) && !in.IsRegular():
		wrong = "only regular files have retention"
	}
	if wrong != "" {
		return fmt.Errorf("attributes of inode %d: %s: %w", in.Ino, wrong, syscall.EINVAL)
	}
	if has(AttrXRetention) && !a.Retention {
		return nil
	}
	return checkRetention(in)
}

func (c *change) setAttrX(ctx context.Context, in *Inode, a *AttrX) error {
	if a.Flags&AttrXSizeOffline != 0 {
		if err := c.makeOffline(ctx, in, a.Size); err != nil {
			return err
		}
	}
	if a.Mask&AttrXDataVersion != 0 {
		in.DataVersion = a.DataVersion
	}
	if a.Mask&AttrXSize != 0 {
		in.Size = a.Size
	}
	if a.Mask&AttrXCtime != 0 {
		in.Ctime = a.Ctime
	}
	if a.Mask&AttrXCrtime != 0 {
		in.Crtime = a.Crtime
	}
	if a.Mask&AttrXRetention != 0 {
		in.Flags &^= format.InodeFlagRetention
		if a.Retention {
			in.Flags |= format.InodeFlagRetention
		}
	}
	if a.Mask&AttrXProjectID != 0 {
		in.Proj = a.ProjectID
	}
	c.dirty(in)
	return nil
}

// makeOffline makes a file without extents offline, as far as a size.
func (c *change) makeOffline(ctx context.Context, in *Inode, size uint64) error {
	if in.OnlineBlocks != 0 || in.OfflineBlocks != 0 {
		return fmt.Errorf("inode %d has %d blocks online and %d offline: %w",
			in.Ino, in.OnlineBlocks, in.OfflineBlocks, syscall.EINVAL)
	}
	return c.extents(in).insert(ctx, Extent{Len: blocksFor(size), Flags: format.ExtentOffline})
}

// SetattrMore is SetAttrX of a data version, size, ctime and crtime of a file
// that is open for writing: all of a, whose Mask is ignored, but a data
// version of 0, which is none. It always sets a size, so the file must be
// regular and have a data version of 0.
//
// Errors: EBADF for a file that is not open for writing; EINVAL for flags
// other than AttrXSizeOffline; those of SetAttrX.
func (w *Writer) SetattrMore(ctx context.Context, who Caller, h Handle, a AttrX) error {
	if err := h.forWriting(); err != nil {
		return err
	}
	if a.Flags&^AttrXSizeOffline != 0 {
		return fmt.Errorf("setattr_more with flags %#x: %w", a.Flags, syscall.EINVAL)
	}
	a.Mask = AttrXCtime | AttrXCrtime | AttrXSize
	if a.DataVersion != 0 {
		a.Mask |= AttrXDataVersion
	}
	return w.SetAttrX(ctx, who, h.Ino, a)
}
