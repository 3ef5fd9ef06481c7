// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"math"
	"syscall"

	"scoutfs/engine/format"
)

// Entry is a directory entry, one link to an inode.
type Entry struct {
	Dir  uint64
	Pos  uint64 // place in the directory, which never changes
	Ino  uint64
	Hash uint64 // format.DirentNameHash of the name
	Type uint8  // format.DirentRegular and so on
	Name []byte
}

// Lookup finds an entry by name: ENOENT if the directory has none,
// ENAMETOOLONG for a name of more than 255 bytes. "." and ".." are not
// stored.
func (f *FS) Lookup(ctx context.Context, dir uint64, name []byte) (Entry, error) {
	if len(name) > format.MaxNameLen {
		return Entry{}, fmt.Errorf("name of %d bytes: %w", len(name), syscall.ENAMETOOLONG)
	}
	hash := format.DirentNameHash(name)
	within := format.Range{
		Start: format.DirentKey(dir, hash, 0),
		End:   format.DirentKey(dir, hash, math.MaxUint64),
	}
	// A damaged entry matters only if no other has the name.
	var damage error
	for e, err := range f.entries(ctx, within) {
		if err == nil && bytes.Equal(e.Name, name) {
			return e, nil
		}
		if damage == nil {
			damage = err
		}
	}
	if damage != nil {
		return Entry{}, damage
	}
	return Entry{}, fmt.Errorf("%q in directory %d: %w", name, dir, syscall.ENOENT)
}

// Readdir returns a directory's entries in the order of their positions, from
// a position on. "." and ".." are not stored and not returned; positions
// start at 2.
func (f *FS) Readdir(ctx context.Context, dir, pos uint64) iter.Seq2[Entry, error] {
	return f.entries(ctx, format.Range{
		Start: format.ReaddirKey(dir, pos),
		End:   format.ReaddirKey(dir, format.LastReaddirPos),
	})
}

// Backrefs returns the entries that lead to an inode, ordered by directory
// and position, from a place on.
func (f *FS) Backrefs(ctx context.Context, ino, dir, pos uint64) iter.Seq2[Entry, error] {
	return f.entries(ctx, format.Range{
		Start: format.LinkBackrefKey(ino, dir, pos),
		End:   format.LinkBackrefKey(ino, math.MaxUint64, math.MaxUint64),
	})
}

// entries returns the entries in a range of one of their three kinds of
// items.
func (f *FS) entries(ctx context.Context, within format.Range) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		c := f.snapshot.Cursor(within)
		for c.Next(ctx) {
			it := c.Item()
			if !yield(decodeEntry(it.Key, it.Value)) {
				return
			}
		}
		if err := c.Err(); err != nil {
			yield(Entry{}, err)
		}
	}
}

// decodeEntry decodes an item of any of the three kinds. Its error comes with
// the entry's place.
func decodeEntry(k format.Key, val []byte) (Entry, error) {
	var at Entry // what the key says
	var source string
	switch k.Type {
	case format.TypeDirent:
		at = Entry{Dir: k.First, Pos: k.Third, Hash: k.Second}
		source = format.SourceDirentNameLen
	case format.TypeReaddir:
		at = Entry{Dir: k.First, Pos: k.Second}
		source = format.SourceDirentReaddirNameLen
	case format.TypeLinkBackref:
		at = Entry{Dir: k.Second, Pos: k.Third, Ino: k.First}
		source = format.SourceDirentBackrefNameLen
	}
	d, name, err := format.ViewDirent(val, source)
	if err != nil {
		return at, atItem(k, err)
	}
	e := Entry{Dir: at.Dir, Pos: d.Pos.Get(), Ino: d.Ino.Get(), Hash: d.Hash.Get(), Type: d.Type, Name: name}
	switch {
	case e.Pos != at.Pos:
		return at, corruptItem(k, "pos", fmt.Sprint(e.Pos), fmt.Sprint(at.Pos), "")
	case k.Type == format.TypeDirent && e.Hash != at.Hash:
		return at, corruptItem(k, "hash", fmt.Sprintf("%016x", e.Hash), fmt.Sprintf("%016x", at.Hash), "")
	case k.Type == format.TypeLinkBackref && e.Ino != at.Ino:
		return at, corruptItem(k, "ino", fmt.Sprint(e.Ino), fmt.Sprint(at.Ino), "")
	case e.Type >= format.DirentTypes:
		return at, corruptItem(k, "type", fmt.Sprint(e.Type), fmt.Sprintf("less than %d", format.DirentTypes), "")
	case bytes.IndexByte(name, 0) >= 0 || bytes.IndexByte(name, '/') >= 0:
		return at, corruptItem(k, "name", fmt.Sprintf("%q", name), "no NUL and no slash", "")
	}
	return e, nil
}
