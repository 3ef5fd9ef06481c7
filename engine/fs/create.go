// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"fmt"
	"syscall"

	"scoutfs/engine/format"
	"scoutfs/engine/txn"
)

// newNode says what is to be created.
type newNode struct {
	mode   uint32 // type and permissions, before any mask
	rdev   uint32 // of a device node, as inodes store it
	target string // of a symbolic link
	nlink  uint32
}

// Create makes a regular file with the permissions of mode, which the umask,
// or the directory's default ACL, reduces.
//
// Errors, in order, of this and of the other creating methods: ENOENT for an
// empty name, EEXIST for "." and "..", ENAMETOOLONG, EINVAL for a name with a
// slash or NUL; ENOENT and ENOTDIR for the directory; EACCES if it may not be
// searched; EEXIST; ENOENT if it is deleted; EACCES if it may not be written;
// EDQUOT; ENOSPC.
func (w *Writer) Create(ctx context.Context, who Caller, dir uint64, name string, mode uint32) (Inode, error) {
	return w.create(ctx, &who, dir, name, newNode{mode: format.ModeRegular | mode&0o7777, nlink: 1})
}

// Mkdir makes a directory. Of mode only permissions and the sticky bit count.
func (w *Writer) Mkdir(ctx context.Context, who Caller, dir uint64, name string, mode uint32) (Inode, error) {
	return w.create(ctx, &who, dir, name, newNode{mode: format.ModeDirectory | mode&0o1777, nlink: 2})
}

// Mknod makes a node of any type but directory and symbolic link; a mode
// without a type is a regular file. rdev is the device of a device node, see
// format.MakeRdev. Besides Create's errors it is EPERM for a directory and
// EINVAL for another type, before all else; EPERM for a device node by
// anybody but the superuser.
func (w *Writer) Mknod(ctx context.Context, who Caller, dir uint64, name string, mode, rdev uint32) (Inode, error) {
	n := newNode{mode: mode & (format.ModeTypeMask | 0o7777), nlink: 1}
	switch mode & format.ModeTypeMask {
	case 0:
		n.mode |= format.ModeRegular
	case format.ModeRegular, format.ModeFIFO, format.ModeSocket:
	case format.ModeCharDevice, format.ModeBlockDevice:
		n.rdev = rdev
	case format.ModeDirectory:
		return Inode{}, fmt.Errorf("mknod of a directory: %w", syscall.EPERM)
	default:
		return Inode{}, fmt.Errorf("mknod of type %#o: %w", mode&format.ModeTypeMask, syscall.EINVAL)
	}
	return w.create(ctx, &who, dir, name, n)
}

// Symlink makes a symbolic link. Besides Create's errors it is ENOENT for an
// empty target, ENAMETOOLONG for one that with its NUL is longer than
// format.MaxSymlinkSize, and EINVAL for one with a NUL, before all else.
func (w *Writer) Symlink(ctx context.Context, who Caller, dir uint64, name, target string) (Inode, error) {
	if err := checkTarget(target); err != nil {
		return Inode{}, err
	}
	return w.create(ctx, &who, dir, name, newNode{mode: format.ModeSymlink | 0o777, target: target, nlink: 1})
}

// Tmpfile makes a regular file without a link, which the caller has open: to
// get rid of it, or to let go of it after [Writer.Link], it is to be closed
// (open(2), O_TMPFILE).
func (w *Writer) Tmpfile(ctx context.Context, who Caller, dir uint64, mode uint32) (Inode, error) {
	var made *Inode // counted as open
	closeMade := func() {
		if made != nil {
			w.opens.close(made.Ino)
			made = nil
		}
	}
	err := w.update(ctx, txn.Allocating, func(c *change) error {
		closeMade() // of a run that was undone
		parent, err := c.directory(ctx, &who, dir)
		if err != nil {
			return err
		}
		if err := c.permission(ctx, &who, parent, mayWrite|mayExec); err != nil {
			return err
		}
		in, err := c.makeInode(ctx, &who, parent, newNode{mode: format.ModeRegular | mode&0o7777})
		if err != nil {
			return err
		}
		c.addOrphan(in.Ino)
		c.changed(in)
		c.dirty(parent)
		if err := w.opens.open(in.Ino, true); err != nil {
			return err
		}
		made = in
		return nil
	})
	if err != nil {
		closeMade()
		return Inode{}, err
	}
	return *made, nil
}

func (w *Writer) create(ctx context.Context, who *Caller, dir uint64, name string, n newNode) (Inode, error) {
	if err := checkNewName(name); err != nil {
		return Inode{}, err
	}
	var made *Inode
	err := w.update(ctx, txn.Allocating, func(c *change) error {
		parent, err := c.parentOfNew(ctx, who, dir, name)
		if err != nil {
			return err
		}
		if t := n.mode & format.ModeTypeMask; t == format.ModeCharDevice || t == format.ModeBlockDevice {
			if err := checkAdmin(who, "making a device node"); err != nil {
				return err
			}
		}
		made, err = c.makeInode(ctx, who, parent, n)
		if err != nil {
			return err
		}
		if made.IsDir() {
			parent.Nlink++
		}
		c.changed(made)
		return c.addEntry(ctx, parent, name, made)
	})
	if err != nil {
		return Inode{}, err
	}
	return *made, nil
}

// makeInode makes an inode with all that it has from its directory
// (kmod/src/dir.c: lock_hold_create). It does not count as changed yet.
func (c *change) makeInode(ctx context.Context, who *Caller, dir *Inode, n newNode) (*Inode, error) {
	gid := who.GID
	if dir.Mode&modeSetgid != 0 {
		gid = dir.GID
	}
	quota := attributes{dir.Proj, uint64(who.UID), uint64(gid)}
	if err := c.checkQuota(ctx, format.QuotaOpInode, quota); err != nil {
		return nil, err
	}
	ino, err := c.tx.AllocIno(ctx)
	if err != nil {
		return nil, err
	}
	in := c.newInode(Inode{
		Ino: ino, Nlink: n.nlink, UID: who.UID, GID: gid, Mode: modeOfNew(who, dir, n.mode), Rdev: n.rdev,
		DataSeq: c.tx.Seq(), NextReaddirPos: format.FirstReaddirPos, Proj: dir.Proj,
		Atime: c.now, Mtime: c.now, Ctime: c.now, Crtime: c.now,
	})
	c.tx.CountInodes(1)
	if in.IsSymlink() {
		c.setTarget(in, n.target)
		return in, nil
	}
	return in, c.inheritACL(ctx, who, dir, in)
}

// Bits of a mode beside the permissions.
const (
	modeSetuid = 0o4000
	modeSetgid = 0o2000
	modeSticky = 0o1000
)

// modeOfNew is the mode that a new inode gets, but for umask and ACL. In a
// directory with the setgid bit a directory has it too, and a file that the
// group may execute has it only if the caller may give it (Linux fs/inode.c:
// inode_init_owner, mode_strip_sgid).
func modeOfNew(who *Caller, dir *Inode, mode uint32) uint32 {
	if dir.Mode&modeSetgid == 0 {
		return mode
	}
	if mode&format.ModeTypeMask == format.ModeDirectory {
		return mode | modeSetgid
	}
	if mode&(modeSetgid|0o010) == modeSetgid|0o010 && !who.Admin && !who.inGroup(dir.GID) {
		mode &^= modeSetgid
	}
	return mode
}

// setTarget stores the target of a new symbolic link, with its NUL
// (docs/format.md 3.4).
func (c *change) setTarget(in *Inode, target string) {
	content := append([]byte(target), 0)
	in.Size = uint64(len(content))
	for nr := uint64(0); len(content) > 0; nr++ {
		n := min(len(content), format.MaxBtreeValue)
		c.tx.Create(format.SymlinkKey(in.Ino, nr), content[:n:n])
		content = content[n:]
	}
}
