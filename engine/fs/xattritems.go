// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"fmt"
	"math"
	"syscall"

	"scoutfs/engine/format"
)

// storedXattr is an xattr that an inode has.
type storedXattr struct {
	hash, id uint64
	name     []byte
	parts    int
	value    []byte // as much as the first part has
	size     int    // of the value
}

// setXattr creates, replaces or removes an xattr, whose request was checked,
// with all that its tags stand for (docs/format.md 3.4; kmod/src/xattr.c:
// scoutfs_xattr_set_locked).
func (c *change) setXattr(ctx context.Context, in *Inode, s *xattrSet) error {
	old, err := c.findXattr(ctx, in, s.name)
	if err != nil {
		return err
	}
	switch {
	case old == nil && s.flags&XattrReplace != 0:
		return fmt.Errorf("xattr %q of inode %d: %w", s.name, in.Ino, syscall.ENODATA)
	case old != nil && s.flags&XattrCreate != 0:
		return fmt.Errorf("xattr %q of inode %d: %w", s.name, in.Ino, syscall.EEXIST)
	case old == nil && s.remove:
		return nil
	case s.tags.Indx && len(s.value) != 0:
		return fmt.Errorf("xattr %q has a value of %d bytes, and may have none: %w", s.name, len(s.value), syscall.EINVAL)
	case s.tags.Indx && old != nil && !s.remove:
		return nil
	}
	x := storedXattr{hash: format.XattrNameHash(s.name), name: []byte(s.name), value: s.value, size: len(s.value)}
	if old != nil {
		x.id = old.id
	} else {
		x.id = in.NextXattrID
		in.NextXattrID++
	}
	if s.remove {
		err = c.applyTags(in.Ino, s.tags, old, nil)
	} else {
		err = c.applyTags(in.Ino, s.tags, old, &x)
	}
	if err != nil {
		return err
	}
	c.storeXattr(in.Ino, old, &x, s.remove)
	in.Ctime = c.now
	c.changed(in)
	return nil
}

// findXattr returns an xattr by its name, nil if there is none.
func (c *change) findXattr(ctx context.Context, in *Inode, name string) (*storedXattr, error) {
	if in.NextXattrID == 0 {
		return nil, nil // it never had any
	}
	within := xattrRange(in.Ino, format.XattrNameHash(name), 0)
	within.End.Second = within.Start.Second
	cur := c.tx.View().Cursor(within)
	for ok := cur.Next(ctx); ok; {
		k := cur.Item().Key
		x, err := viewStoredXattr(k, cur.Item().Value)
		if err != nil {
			return nil, err
		}
		if string(x.name) == name {
			return &x, nil
		}
		if k.Third == math.MaxUint64 {
			break
		}
		ok = cur.Seek(ctx, format.XattrKey(in.Ino, k.Second, k.Third+1, 0))
	}
	return nil, cur.Err()
}

func viewStoredXattr(k format.Key, val []byte) (storedXattr, error) {
	if k.Fourth != 0 {
		missing := k
		missing.Fourth = 0
		return storedXattr{}, corruptItem(missing, "item", "missing", fmt.Sprintf("part 0, for there is part %d", k.Fourth), "")
	}
	head, name, value, err := format.ViewXattr(val)
	if err != nil {
		return storedXattr{}, atItem(k, err)
	}
	size := int(head.ValLen.Get())
	return storedXattr{
		hash: k.Second, id: k.Third, name: name, value: value, size: size, parts: format.XattrParts(len(name), size),
	}, nil
}

// storeXattr writes the parts of an xattr and deletes those of the one before
// it that it has not.
func (c *change) storeXattr(ino uint64, old, x *storedXattr, remove bool) {
	oldParts := 0
	if old != nil {
		oldParts = old.parts
	}
	parts := 0
	if !remove {
		var head format.XattrHead
		head.ValLen.Set(uint16(x.size))
		head.NameLen = uint8(len(x.name))
		content := make([]byte, 0, format.Size[format.XattrHead]()+len(x.name)+x.size)
		content = append(append(append(content, format.Bytes(&head)...), x.name...), x.value...)
		for ; len(content) > 0; parts++ {
			n := min(len(content), format.MaxBtreeValue)
			k := format.XattrKey(ino, x.hash, x.id, uint8(parts))
			if parts < oldParts {
				c.tx.Set(k, content[:n:n])
			} else {
				c.tx.Create(k, content[:n:n])
			}
			content = content[n:]
		}
	}
	for ; parts < oldParts; parts++ {
		c.tx.Delete(format.XattrKey(ino, x.hash, x.id, uint8(parts)))
	}
}

// applyTags does what tags stand for when an xattr becomes another, one of
// which may be nil: search entries when it comes and goes, of which the second
// undoes the first; the difference of the numbers in a total; the item in the
// index (docs/format.md 3.4).
func (c *change) applyTags(ino uint64, tags format.XattrTags, old, x *storedXattr) error {
	if !tags.Any() {
		return nil
	}
	either := x
	if x == nil {
		either = old
	}
	if tags.Totl {
		if err := c.applyTotl(ino, old, x, either); err != nil {
			return err
		}
	}
	if tags.Indx {
		major, minor, ok := format.ParseIndx(either.name)
		if !ok {
			return corruptXattr(ino, either, "name", fmt.Sprintf("%q", either.name), "two numbers at its end")
		}
		k := format.IndxKey(format.XattrIndx{Major: major, Minor: minor, Ino: ino, ID: either.id})
		if x != nil {
			c.tx.Set(k, nil)
		} else {
			c.tx.Delete(k)
		}
	}
	if tags.Srch && (old == nil || x == nil) {
		c.tx.AddSrch(format.SrchEntry{Hash: format.SrchHash(either.name), Ino: ino, ID: either.id})
	}
	return nil
}

func (c *change) applyTotl(ino uint64, old, x, either *storedXattr) error {
	name0, name1, name2, ok := format.ParseTotl(either.name)
	if !ok {
		return corruptXattr(ino, either, "name", fmt.Sprintf("%q", either.name), "three numbers at its end")
	}
	var sum, count uint64
	if old != nil {
		v, ok := uint64(0), old.size == len(old.value)
		if ok {
			v, ok = format.ParseTotlValue(old.value)
		}
		if !ok {
			return corruptXattr(ino, old, "value", fmt.Sprintf("%q", old.value), "a number")
		}
		sum -= v
		count--
	}
	if x != nil {
		v, ok := format.ParseTotlValue(x.value)
		if !ok {
			return fmt.Errorf("xattr %q has a value that is no number: %w", x.name, syscall.EINVAL)
		}
		sum += v
		count++
	}
	if sum != 0 || count != 0 {
		c.tx.AddTotal(format.TotlKey(name0, name1, name2), sum, count)
	}
	return nil
}

func corruptXattr(ino uint64, x *storedXattr, field, found, expected string) error {
	return corruptItem(format.XattrKey(ino, x.hash, x.id, 0), field, found, expected, "")
}

// removeXattrs deletes some of the xattrs of an inode that is being deleted,
// and reports whether there may be more.
func (c *change) removeXattrs(ctx context.Context, in *Inode) (more bool, err error) {
	cur := c.tx.View().Cursor(xattrRange(in.Ino, 0, 0))
	for range xattrsPerChange {
		if !cur.Next(ctx) {
			return false, cur.Err()
		}
		k := cur.Item().Key
		x, err := viewStoredXattr(k, cur.Item().Value)
		if err != nil {
			return false, err
		}
		// Names without valid tags were never given any meaning.
		if tags, ok := format.ParseXattrTags(x.name); ok {
			if err := c.applyTags(in.Ino, tags, &x, nil); err != nil {
				return false, err
			}
		}
		c.storeXattr(in.Ino, &x, &x, true)
	}
	return true, nil
}
