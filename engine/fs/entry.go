// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"scoutfs/engine/format"
)

// checkNewName checks a name that an entry is to have.
func checkNewName(name string) error {
	if name == "." || name == ".." {
		return fmt.Errorf("%q: %w", name, syscall.EEXIST)
	}
	return checkName(name)
}

// checkName checks a name as the kernel does before a filesystem sees it.
func checkName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("empty name: %w", syscall.ENOENT)
	case len(name) > format.MaxNameLen:
		return fmt.Errorf("name of %d bytes: %w", len(name), syscall.ENAMETOOLONG)
	case strings.ContainsAny(name, "/\x00"):
		return fmt.Errorf("%q: a name has no slash and no NUL: %w", name, syscall.EINVAL)
	}
	return nil
}

func checkTarget(target string) error {
	switch {
	case target == "":
		return fmt.Errorf("symbolic link without a target: %w", syscall.ENOENT)
	case len(target)+1 > format.MaxSymlinkSize:
		return fmt.Errorf("target of %d bytes: %w", len(target), syscall.ENAMETOOLONG)
	case strings.IndexByte(target, 0) >= 0:
		return fmt.Errorf("target %q has a NUL: %w", target, syscall.EINVAL)
	}
	return nil
}

// directory returns a directory that the caller may look names up in.
func (c *change) directory(ctx context.Context, who *Caller, ino uint64) (*Inode, error) {
	dir, err := c.inode(ctx, ino)
	if err != nil {
		return nil, err
	}
	if !dir.IsDir() {
		return nil, fmt.Errorf("inode %d: %w", ino, syscall.ENOTDIR)
	}
	return dir, c.permission(ctx, who, dir, mayExec)
}

// parentOfNew returns a directory in which an entry may be made.
func (c *change) parentOfNew(ctx context.Context, who *Caller, ino uint64, name string) (*Inode, error) {
	dir, err := c.directory(ctx, who, ino)
	if err != nil {
		return nil, err
	}
	_, err = c.view.Lookup(ctx, ino, []byte(name))
	if err == nil {
		return nil, fmt.Errorf("%q in directory %d: %w", name, ino, syscall.EEXIST)
	}
	if !errors.Is(err, syscall.ENOENT) {
		return nil, err
	}
	return dir, c.mayCreate(ctx, who, dir)
}

// mayCreate checks that entries may be made in a directory (Linux fs/namei.c:
// may_create).
func (c *change) mayCreate(ctx context.Context, who *Caller, dir *Inode) error {
	if dir.Nlink == 0 {
		return fmt.Errorf("directory %d is deleted: %w", dir.Ino, syscall.ENOENT)
	}
	return c.permission(ctx, who, dir, mayWrite|mayExec)
}

// mayDelete checks that an entry of a directory, which leads to victim, may
// be taken away, and that victim is, or is no directory, as wantDir says
// (Linux fs/namei.c: may_delete).
func (c *change) mayDelete(ctx context.Context, who *Caller, dir, victim *Inode, wantDir bool) error {
	if err := c.permission(ctx, who, dir, mayWrite|mayExec); err != nil {
		return err
	}
	if dir.Mode&modeSticky != 0 && !who.Admin && who.UID != victim.UID && who.UID != dir.UID {
		return fmt.Errorf("directory %d is sticky, and user %d owns neither it nor inode %d: %w",
			dir.Ino, who.UID, victim.Ino, syscall.EPERM)
	}
	switch {
	case wantDir && !victim.IsDir():
		return fmt.Errorf("inode %d: %w", victim.Ino, syscall.ENOTDIR)
	case wantDir && victim.Ino == format.RootIno:
		return fmt.Errorf("the root: %w", syscall.EBUSY)
	case !wantDir && victim.IsDir():
		return fmt.Errorf("inode %d: %w", victim.Ino, syscall.EISDIR)
	case dir.Nlink == 0:
		return fmt.Errorf("directory %d is deleted: %w", dir.Ino, syscall.ENOENT)
	}
	return nil
}

// find returns an entry that must be there, and the inode that it leads to.
func (c *change) find(ctx context.Context, dir *Inode, name string) (Entry, *Inode, error) {
	e, err := c.view.Lookup(ctx, dir.Ino, []byte(name))
	if err != nil {
		return Entry{}, nil, err
	}
	in, err := c.inode(ctx, e.Ino)
	return e, in, err
}

// addEntry makes a directory's entry: three items with one value, at a place
// that the directory never had (docs/format.md 3.4).
func (c *change) addEntry(ctx context.Context, dir *Inode, name string, in *Inode) error {
	if err := c.addEntryItems(ctx, dir, name, in); err != nil {
		return err
	}
	dir.Size += uint64(len(name))
	c.entriesChanged(dir)
	return nil
}

func (c *change) addEntryItems(ctx context.Context, dir *Inode, name string, in *Inode) error {
	pos := dir.NextReaddirPos
	if err := c.checkPos(ctx, dir.Ino, pos); err != nil {
		return err
	}
	typ, ok := format.DirentTypeOfMode(in.Mode)
	if !ok {
		return corruptItem(format.InodeKey(in.Ino), "mode", fmt.Sprintf("%#o", in.Mode), "a known type", "")
	}
	hash := format.DirentNameHash(name)
	var d format.Dirent
	d.Ino.Set(in.Ino)
	d.Hash.Set(hash)
	d.Pos.Set(pos)
	d.Type = typ
	value := make([]byte, 0, format.Size[format.Dirent]()+len(name))
	value = append(append(value, format.Bytes(&d)...), name...)
	c.tx.Create(format.DirentKey(dir.Ino, hash, pos), value)
	c.tx.Create(format.ReaddirKey(dir.Ino, pos), value)
	c.tx.Create(format.LinkBackrefKey(in.Ino, dir.Ino, pos), value)
	dir.NextReaddirPos = pos + 1
	return nil
}

// checkPos makes sure that an entry does not go to the place of another, where
// a damaged inode may lead.
func (c *change) checkPos(ctx context.Context, dir, pos uint64) error {
	if pos > format.LastReaddirPos {
		return fmt.Errorf("directory %d has had %d entries, all there can be: %w", dir, pos, syscall.ENOSPC)
	}
	if _, err := c.tx.View().Lookup(ctx, format.ReaddirKey(dir, pos)); err == nil {
		return corruptItem(format.InodeKey(dir), "next_readdir_pos", fmt.Sprint(pos), "no entry's position", "")
	} else if !errors.Is(err, syscall.ENOENT) {
		return err
	}
	return nil
}

// removeEntry takes an entry out of its directory.
func (c *change) removeEntry(dir *Inode, e *Entry) {
	c.removeEntryItems(e)
	dir.Size -= min(dir.Size, uint64(len(e.Name)))
	c.entriesChanged(dir)
}

func (c *change) removeEntryItems(e *Entry) {
	c.tx.Delete(format.DirentKey(e.Dir, e.Hash, e.Pos))
	c.tx.Delete(format.ReaddirKey(e.Dir, e.Pos))
	c.tx.Delete(format.LinkBackrefKey(e.Ino, e.Dir, e.Pos))
}

// entriesChanged marks a directory whose entries are others now.
func (c *change) entriesChanged(dir *Inode) {
	dir.Mtime, dir.Ctime = c.now, c.now
	c.changed(dir)
}

// linksChanged marks an inode whose links are others now.
func (c *change) linksChanged(in *Inode) {
	in.Ctime = c.now
	c.changed(in)
}

// dropLink takes away a link of an inode; a directory has two with its own
// ".", which go together. It reports whether that was the last, and leaves an
// orphan item then.
func (c *change) dropLink(in *Inode) (last bool) {
	if in.IsDir() {
		in.Nlink = 0
	} else if in.Nlink > 0 {
		in.Nlink--
	}
	c.linksChanged(in)
	if in.Nlink == 0 {
		c.addOrphan(in.Ino)
	}
	return in.Nlink == 0
}

func (c *change) addOrphan(ino uint64) { c.tx.Set(format.OrphanKey(ino), nil) }
