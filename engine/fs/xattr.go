// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"fmt"
	"iter"
	"math"
	"syscall"

	"scoutfs/engine/forest"
	"scoutfs/engine/format"
)

// Xattr is an extended attribute. ACLs are attributes too, named
// format.XattrACLAccess and format.XattrACLDefault; see format.ViewACL.
type Xattr struct {
	Hash  uint64 // of the name, as in the items' keys: format.XattrNameHash
	ID    uint64 // never used again in its inode
	Name  []byte // the full name with its prefix
	Value []byte // nil from XattrNames
}

// Hidden reports whether the attribute is left out of listxattr(2), and found
// by LISTXATTR_HIDDEN.
func (x *Xattr) Hidden() bool {
	tags, ok := format.ParseXattrTags(x.Name)
	return ok && tags.Hide
}

// Xattrs returns all attributes of an inode, hidden ones too, in the order of
// (Hash, ID), from a place on.
func (f *FS) Xattrs(ctx context.Context, ino, hash, id uint64) iter.Seq2[Xattr, error] {
	return f.xattrs(ctx, xattrRange(ino, hash, id), true)
}

// XattrNames is Xattrs without the values, which it does not read.
func (f *FS) XattrNames(ctx context.Context, ino, hash, id uint64) iter.Seq2[Xattr, error] {
	return f.xattrs(ctx, xattrRange(ino, hash, id), false)
}

// Xattr returns an attribute by its full name: ENODATA without one.
func (f *FS) Xattr(ctx context.Context, ino uint64, name string) (Xattr, error) {
	within := xattrRange(ino, format.XattrNameHash(name), 0)
	within.End.Second = within.Start.Second
	// A damaged attribute matters only if no other has the name.
	var damage error
	for x, err := range f.xattrs(ctx, within, true) {
		if err == nil && string(x.Name) == name {
			return x, nil
		}
		if damage == nil {
			damage = err
		}
	}
	if damage != nil {
		return Xattr{}, damage
	}
	return Xattr{}, fmt.Errorf("xattr %q of inode %d: %w", name, ino, syscall.ENODATA)
}

func xattrRange(ino, hash, id uint64) format.Range {
	return format.Range{
		Start: format.XattrKey(ino, hash, id, 0),
		End:   format.XattrKey(ino, math.MaxUint64, math.MaxUint64, math.MaxUint8),
	}
}

// xattrs puts the parts of attributes together.
func (f *FS) xattrs(ctx context.Context, within format.Range, values bool) iter.Seq2[Xattr, error] {
	return func(yield func(Xattr, error) bool) {
		c := f.snapshot.Cursor(within)
		for ok := c.Next(ctx); ok; {
			key := c.Item().Key
			x, err := readXattr(ctx, c, values)
			if c.Err() != nil {
				break
			}
			if !yield(x, err) {
				return
			}
			if sameXattr(c.Item().Key, key) {
				ok = c.Next(ctx)
			}
			// Pass parts that were not read, or that should not be there.
			if ok && sameXattr(c.Item().Key, key) {
				key.Fourth = math.MaxUint8
				ok = key != within.End && c.Seek(ctx, key.Next())
			}
		}
		if err := c.Err(); err != nil {
			yield(Xattr{}, err)
		}
	}
}

// sameXattr reports whether two keys are of parts of one attribute.
func sameXattr(a, b format.Key) bool {
	a.Fourth, b.Fourth = 0, 0
	return a == b
}

// readXattr decodes the attribute whose first part the cursor is at. It
// leaves the cursor at one of its parts. Its error comes with the
// attribute's place.
func readXattr(ctx context.Context, c *forest.Cursor, values bool) (Xattr, error) {
	key, first := c.Item().Key, c.Item().Value
	at := Xattr{Hash: key.Second, ID: key.Third}
	if key.Fourth != 0 {
		missing := key
		missing.Fourth = 0
		return at, corruptItem(missing, "item", "missing", fmt.Sprintf("part 0, for there is part %d", key.Fourth), "")
	}
	head, name, value, err := format.ViewXattr(first)
	if err != nil {
		return at, atItem(key, err)
	}
	x := Xattr{Hash: at.Hash, ID: at.ID, Name: name}
	if !values {
		return x, nil
	}
	size := int(head.ValLen.Get())
	parts := format.XattrParts(len(name), size)
	if parts == 1 {
		x.Value = value
		return x, nil
	}
	x.Value = append(make([]byte, 0, size), value...)
	for part := 1; part < parts; part++ {
		want := key
		want.Fourth = uint8(part)
		if !c.Next(ctx) || c.Item().Key != want {
			return at, corruptItem(want, "item", "missing", fmt.Sprintf("part %d of %d", part+1, parts), "")
		}
		val := c.Item().Value
		if n := format.XattrPartSize(len(name), size, part); len(val) != n {
			return at, corruptItem(want, "value length", fmt.Sprint(len(val)), fmt.Sprint(n), "")
		}
		x.Value = append(x.Value, val...)
	}
	return x, nil
}
