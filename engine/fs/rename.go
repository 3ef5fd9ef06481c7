// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"scoutfs/engine/txn"
)

// RenameNoReplace is the flag of renameat2(2) that makes Rename fail if the
// new name is taken.
const RenameNoReplace = 1

// rename is one call of Rename.
type rename struct {
	who              *Caller
	dir, newDir      uint64
	name, newName    string
	noReplace        bool
	oldParent        *Inode
	newParent        *Inode
	moved, replaced  *Inode // replaced is nil if the new name is free
	entry, displaced Entry
}

// Rename moves an entry to another name, directory or both, at the end of its
// directory, and takes the place of an entry that is there. What that led to
// is deleted with its last link as by [Writer.Unlink]. Two links of one inode
// stay as they are.
//
// Errors in order: EINVAL for flags other than RenameNoReplace; EBUSY for "."
// and ".." (EEXIST for the new name with RenameNoReplace), otherwise of names
// as for Unlink; ENOENT, ENOTDIR and EACCES for the directories; ENOENT for
// the old name; EEXIST with RenameNoReplace; EINVAL for a directory that would
// come below itself; ENOTEMPTY for a new name that leads to the old one; then
// as Unlink for the old entry; as Create, or as Unlink or Rmdir if the new
// name is taken, for the new one; EACCES for a directory to move that may not
// be written; ENOTEMPTY; EPERM under retention.
func (w *Writer) Rename(ctx context.Context, who Caller, dir uint64, name string, newDir uint64, newName string, flags uint32) error {
	r := rename{who: &who, dir: dir, name: name, newDir: newDir, newName: newName, noReplace: flags&RenameNoReplace != 0}
	if flags&^RenameNoReplace != 0 {
		return fmt.Errorf("rename flags %#x: %w", flags, syscall.EINVAL)
	}
	if err := r.checkNames(); err != nil {
		return err
	}
	var gone uint64
	err := w.update(ctx, txn.Allocating, func(c *change) (err error) {
		gone, err = r.do(ctx, c)
		return err
	})
	if err != nil || gone == 0 {
		return err
	}
	return w.deleteUnlinked(ctx, gone)
}

func (r *rename) checkNames() error {
	if r.name == "." || r.name == ".." {
		return fmt.Errorf("%q: %w", r.name, syscall.EBUSY)
	}
	if r.newName == "." || r.newName == ".." {
		if r.noReplace {
			return fmt.Errorf("%q: %w", r.newName, syscall.EEXIST)
		}
		return fmt.Errorf("%q: %w", r.newName, syscall.EBUSY)
	}
	if err := checkName(r.name); err != nil {
		return err
	}
	return checkName(r.newName)
}

// do returns the inode whose last link is gone, 0 if there is none.
func (r *rename) do(ctx context.Context, c *change) (gone uint64, err error) {
	if err := r.find(ctx, c); err != nil {
		return 0, err
	}
	if err := r.checkLoop(ctx, c); err != nil {
		return 0, err
	}
	if r.replaced == r.moved {
		c.idle = true
		return 0, nil
	}
	if err := r.checkAccess(ctx, c); err != nil {
		return 0, err
	}
	if r.replaced != nil && r.replaced.IsDir() && r.replaced.Size != 0 {
		return 0, fmt.Errorf("directory %d: %w", r.replaced.Ino, syscall.ENOTEMPTY)
	}
	for _, in := range []*Inode{r.moved, r.replaced} {
		if in != nil {
			if err := checkRetention(in); err != nil {
				return 0, err
			}
		}
	}
	return r.move(ctx, c)
}

func (r *rename) find(ctx context.Context, c *change) (err error) {
	r.replaced = nil
	if r.oldParent, err = c.directory(ctx, r.who, r.dir); err != nil {
		return err
	}
	if r.newParent, err = c.directory(ctx, r.who, r.newDir); err != nil {
		return err
	}
	if r.entry, r.moved, err = c.find(ctx, r.oldParent, r.name); err != nil {
		return err
	}
	r.displaced, r.replaced, err = c.find(ctx, r.newParent, r.newName)
	if errors.Is(err, syscall.ENOENT) {
		r.replaced, err = nil, nil
	}
	if err == nil && r.replaced != nil && r.noReplace {
		err = fmt.Errorf("%q in directory %d: %w", r.newName, r.newDir, syscall.EEXIST)
	}
	return err
}

// checkLoop keeps directories from coming below themselves. The way up from
// each of the two directories must not lead through what is moved or replaced
// (Linux fs/namei.c: do_renameat2; kmod/src/dir.c: verify_ancestors).
func (r *rename) checkLoop(ctx context.Context, c *change) error {
	if r.dir == r.newDir {
		return nil
	}
	if r.moved.IsDir() {
		below, err := c.isBelow(ctx, r.newDir, r.moved.Ino)
		if err != nil {
			return err
		}
		if below {
			return fmt.Errorf("directory %d would come below itself: %w", r.moved.Ino, syscall.EINVAL)
		}
	}
	if r.replaced != nil && r.replaced.IsDir() {
		below, err := c.isBelow(ctx, r.dir, r.replaced.Ino)
		if err != nil {
			return err
		}
		if below {
			return fmt.Errorf("directory %d has %q below it: %w", r.replaced.Ino, r.name, syscall.ENOTEMPTY)
		}
	}
	return nil
}

// isBelow reports whether a directory is another or below it.
func (c *change) isBelow(ctx context.Context, dir, other uint64) (bool, error) {
	circle := cycle{at: dir}
	for dir != other {
		up, ok, err := c.view.firstBackref(ctx, dir)
		if err != nil || !ok {
			return false, err
		}
		if circle.closes(up.Dir) {
			return false, detached(dir, "below itself", "below the root")
		}
		dir = up.Dir
	}
	return true, nil
}

func (r *rename) checkAccess(ctx context.Context, c *change) error {
	isDir := r.moved.IsDir()
	if err := c.mayDelete(ctx, r.who, r.oldParent, r.moved, isDir); err != nil {
		return err
	}
	if r.replaced == nil {
		if err := c.mayCreate(ctx, r.who, r.newParent); err != nil {
			return err
		}
	} else if err := c.mayDelete(ctx, r.who, r.newParent, r.replaced, isDir); err != nil {
		return err
	}
	if isDir && r.dir != r.newDir { // its ".." changes
		return c.permission(ctx, r.who, r.moved, mayWrite)
	}
	return nil
}

// move changes items and inodes (kmod/src/dir.c: scoutfs_rename_common).
func (r *rename) move(ctx context.Context, c *change) (gone uint64, err error) {
	isDir := r.moved.IsDir()
	if r.replaced != nil {
		c.removeEntryItems(&r.displaced)
	} else {
		r.newParent.Size += uint64(len(r.newName))
	}
	if err := c.addEntryItems(ctx, r.newParent, r.newName, r.moved); err != nil {
		return 0, err
	}
	c.removeEntry(r.oldParent, &r.entry)
	if r.newParent != r.oldParent {
		c.entriesChanged(r.newParent)
	}
	c.linksChanged(r.moved)
	if isDir && r.newParent != r.oldParent {
		r.oldParent.Nlink--
		r.newParent.Nlink++
	}
	if r.replaced == nil {
		return 0, nil
	}
	if r.replaced.IsDir() {
		r.newParent.Nlink--
	}
	if c.dropLink(r.replaced) {
		gone = r.replaced.Ino
	}
	return gone, nil
}
