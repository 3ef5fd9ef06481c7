// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"fmt"
	"syscall"

	"scoutfs/engine/format"
	"scoutfs/engine/txn"
)

// Link makes another entry for an inode. Besides Create's errors, but EDQUOT,
// it is EPERM for a directory, ENOENT for an inode that has lost its last
// link, or has never had one and is not open, and EMLINK beyond
// format.MaxLinks.
func (w *Writer) Link(ctx context.Context, who Caller, ino, dir uint64, name string) (Inode, error) {
	if err := checkNewName(name); err != nil {
		return Inode{}, err
	}
	var linked *Inode
	err := w.update(ctx, txn.Allocating, func(c *change) error {
		in, err := c.inode(ctx, ino)
		if err != nil {
			return err
		}
		parent, err := c.parentOfNew(ctx, &who, dir, name)
		if err != nil {
			return err
		}
		if err := c.checkLink(in); err != nil {
			return err
		}
		if in.Nlink == 0 {
			c.tx.Delete(format.OrphanKey(ino))
		}
		in.Nlink++
		c.linksChanged(in)
		linked = in
		return c.addEntry(ctx, parent, name, in)
	})
	if err != nil {
		return Inode{}, err
	}
	return *linked, nil
}

func (c *change) checkLink(in *Inode) error {
	switch {
	case in.IsDir():
		return fmt.Errorf("inode %d is a directory: %w", in.Ino, syscall.EPERM)
	case in.Nlink == 0 && !c.w.opens.linkable(in.Ino):
		return fmt.Errorf("inode %d has lost its last link: %w", in.Ino, syscall.ENOENT)
	case in.Nlink >= format.MaxLinks:
		return fmt.Errorf("inode %d has %d links: %w", in.Ino, in.Nlink, syscall.EMLINK)
	}
	return nil
}

// Unlink takes away an entry that leads to anything but a directory. The inode
// is deleted with its last link, in more changes that follow, unless it is
// open; if that fails, what is left of it goes with [Writer.DeleteOrphans].
//
// Errors in order: ENOENT for an empty name, EISDIR for "." and "..",
// ENAMETOOLONG, EINVAL for a name with a slash or NUL; ENOENT and ENOTDIR for
// the directory; EACCES if it may not be searched; ENOENT; EACCES if it may
// not be written; EPERM if it is sticky and neither it nor the inode is the
// caller's; EISDIR; EPERM for a file under retention.
func (w *Writer) Unlink(ctx context.Context, who Caller, dir uint64, name string) error {
	if name == "." || name == ".." {
		return fmt.Errorf("%q: %w", name, syscall.EISDIR)
	}
	return w.unlink(ctx, &who, dir, name, false)
}

// Rmdir takes away an empty directory. Errors are those of Unlink, but EINVAL
// for ".", ENOTEMPTY for "..", ENOTDIR for what is no directory, and
// ENOTEMPTY.
func (w *Writer) Rmdir(ctx context.Context, who Caller, dir uint64, name string) error {
	switch name {
	case ".":
		return fmt.Errorf("%q: %w", name, syscall.EINVAL)
	case "..":
		return fmt.Errorf("%q: %w", name, syscall.ENOTEMPTY)
	}
	return w.unlink(ctx, &who, dir, name, true)
}

func (w *Writer) unlink(ctx context.Context, who *Caller, dir uint64, name string, wantDir bool) error {
	if err := checkName(name); err != nil {
		return err
	}
	var gone uint64 // whose last link this was
	err := w.update(ctx, txn.Freeing, func(c *change) error {
		gone = 0
		parent, err := c.directory(ctx, who, dir)
		if err != nil {
			return err
		}
		e, in, err := c.find(ctx, parent, name)
		if err != nil {
			return err
		}
		if err := c.mayDelete(ctx, who, parent, in, wantDir); err != nil {
			return err
		}
		if in.IsDir() && in.Size != 0 {
			return fmt.Errorf("directory %d: %w", in.Ino, syscall.ENOTEMPTY)
		}
		if err := checkRetention(in); err != nil {
			return err
		}
		c.removeEntry(parent, &e)
		if in.IsDir() {
			parent.Nlink--
		}
		if c.dropLink(in) {
			gone = in.Ino
		}
		return nil
	})
	if err != nil || gone == 0 {
		return err
	}
	return w.deleteUnlinked(ctx, gone)
}
