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

// AttrMask says which fields of Attr count.
type AttrMask uint16

// The attributes that SetAttr changes. AttrAtimeNow and AttrMtimeNow stand
// for a time that the caller does not choose; Attr has no field for them.
const (
	AttrMode AttrMask = 1 << iota
	AttrUID
	AttrGID
	AttrSize
	AttrAtime
	AttrMtime
	AttrAtimeNow
	AttrMtimeNow
)

const (
	attrChosenTimes = AttrAtime | AttrMtime
	attrTimesNow    = AttrAtimeNow | AttrMtimeNow
)

// Attr are attributes to set.
type Attr struct {
	Mask     AttrMask
	Mode     uint32 // permissions; a type is ignored
	UID, GID uint32
	Size     uint64
	Atime    time.Time
	Mtime    time.Time
}

// SetAttr is chmod(2), chown(2), truncate(2) and utimensat(2), or several of
// them at once. The ctime is set. A size is set first, by [Writer.Truncate], in
// changes of its own.
//
// Errors in order: ENOENT; EPERM for an owner or group that the caller may not
// give away, for a mode and for times of the caller's choice by who does not
// own the inode; EACCES for both times now by who neither owns nor may write
// it; EPERM for a file under retention; what Truncate says; EOPNOTSUPP for the
// mode of a symbolic link.
func (w *Writer) SetAttr(ctx context.Context, who Caller, ino uint64, a Attr) (Inode, error) {
	if a.Mask&AttrSize != 0 {
		in, err := w.setSize(ctx, &who, ino, &a)
		if err != nil || a.Mask == AttrSize && !losesPrivileges(&who, &in) {
			return in, err
		}
	}
	var set *Inode
	err := w.update(ctx, txn.Freeing, func(c *change) (err error) {
		set, err = c.setAttr(ctx, &who, ino, a)
		return err
	})
	if err != nil {
		return Inode{}, err
	}
	return *set, nil
}

// setSize sets the size, unless other attributes are not the caller's to set.
func (w *Writer) setSize(ctx context.Context, who *Caller, ino uint64, a *Attr) (in Inode, err error) {
	if a.Mask != AttrSize {
		err := w.update(ctx, txn.Freeing, func(c *change) error {
			in, err := c.inode(ctx, ino)
			if err != nil {
				return err
			}
			return c.checkAttr(ctx, who, in, a)
		})
		if err != nil {
			return Inode{}, err
		}
	}
	if err := w.Truncate(ctx, *who, ino, a.Size); err != nil {
		return Inode{}, err
	}
	err = w.Read(ctx, func(f *FS) error {
		in, err = f.Inode(ctx, ino)
		return err
	})
	return in, err
}

// losesPrivileges reports whether another size takes the setuid or setgid bit
// from a file (Linux fs/inode.c: dentry_needs_remove_privs).
func losesPrivileges(who *Caller, in *Inode) bool {
	return !who.Admin && in.Mode&(modeSetuid|modeSetgid) != 0
}

func (c *change) setAttr(ctx context.Context, who *Caller, ino uint64, a Attr) (*Inode, error) {
	in, err := c.inode(ctx, ino)
	if err != nil {
		return nil, err
	}
	if err := c.checkAttr(ctx, who, in, &a); err != nil {
		return nil, err
	}
	a.dropPrivileges(who, in)
	if a.Mask&AttrMode != 0 {
		if in.IsSymlink() {
			return nil, fmt.Errorf("mode of symbolic link %d: %w", ino, syscall.EOPNOTSUPP)
		}
		if err := c.chmodACL(ctx, who, in, a.Mode); err != nil {
			return nil, err
		}
	}
	a.copyTo(who, in, c.now)
	c.changed(in)
	return in, nil
}

// checkAttr checks who may set what (Linux fs/attr.c: may_setattr,
// setattr_prepare; kmod/src/inode.c: scoutfs_setattr).
func (c *change) checkAttr(ctx context.Context, who *Caller, in *Inode, a *Attr) error {
	owner := who.UID == in.UID
	touch := a.Mask&attrTimesNow == attrTimesNow && a.Mask&attrChosenTimes == 0
	if touch && !owner {
		if err := c.permission(ctx, who, in, mayWrite); err != nil {
			return err
		}
	}
	switch {
	case a.Mask&AttrUID != 0 && !who.Admin && !(owner && a.UID == in.UID):
		return fmt.Errorf("owner of inode %d to %d by user %d: %w", in.Ino, a.UID, who.UID, syscall.EPERM)
	case a.Mask&AttrGID != 0 && !who.Admin && !(owner && (a.GID == in.GID || who.inGroup(a.GID))):
		return fmt.Errorf("group of inode %d to %d by user %d: %w", in.Ino, a.GID, who.UID, syscall.EPERM)
	case a.Mask&AttrMode != 0, a.Mask&(attrChosenTimes|attrTimesNow) != 0 && !touch:
		if err := checkOwner(who, in); err != nil {
			return err
		}
	}
	return checkRetention(in)
}

// dropPrivileges makes a change of owner, group or size take the setuid and
// setgid bits from what is no directory (Linux fs/open.c: chown_common,
// fs/attr.c: notify_change, setattr_should_drop_sgid).
func (a *Attr) dropPrivileges(who *Caller, in *Inode) {
	given := a.Mask&(AttrUID|AttrGID) != 0 && !in.IsDir()
	if !given && (a.Mask&AttrSize == 0 || !losesPrivileges(who, in)) {
		return
	}
	mode := in.Mode
	if a.Mask&AttrMode != 0 {
		mode = a.Mode
	}
	kept := mode &^ modeSetuid
	if mode&0o010 != 0 || !who.Admin && !who.inGroup(in.GID) {
		kept &^= modeSetgid
	}
	if kept != mode {
		a.Mask |= AttrMode
		a.Mode = kept
	}
}

// copyTo sets the attributes. A mode loses the setgid bit if the group, the new
// one if there is one, is not the caller's (Linux fs/attr.c: setattr_copy).
func (a *Attr) copyTo(who *Caller, in *Inode, now time.Time) {
	if a.Mask&AttrUID != 0 {
		in.UID = a.UID
	}
	if a.Mask&AttrGID != 0 {
		in.GID = a.GID
	}
	switch {
	case a.Mask&AttrAtimeNow != 0:
		in.Atime = now
	case a.Mask&AttrAtime != 0:
		in.Atime = a.Atime
	}
	switch {
	case a.Mask&AttrMtimeNow != 0:
		in.Mtime = now
	case a.Mask&AttrMtime != 0:
		in.Mtime = a.Mtime
	}
	if a.Mask&AttrMode != 0 {
		mode := a.Mode & 0o7777
		if !who.Admin && !who.inGroup(in.GID) {
			mode &^= modeSetgid
		}
		in.Mode = in.Mode&format.ModeTypeMask | mode
	}
	in.Ctime = now
}
