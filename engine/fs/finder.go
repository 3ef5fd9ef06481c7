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

// Finder looks inodes and their links up with one cursor. In ascending order
// of inode numbers most of it happens within a leaf, where [FS.Inode] and
// [FS.Backrefs] search from the roots each time. A Finder belongs to one
// goroutine.
type Finder struct {
	fs     *FS
	cursor *forest.Cursor
}

// Finder returns a Finder of the snapshot's inodes. It reads nothing yet.
func (f *FS) Finder() *Finder {
	all := format.Range{Start: format.ItemsOfInode(0).Start, End: format.ItemsOfInode(math.MaxUint64).End}
	return &Finder{fs: f, cursor: f.snapshot.Cursor(all)}
}

// Inode is [FS.Inode].
func (r *Finder) Inode(ctx context.Context, ino uint64) (Inode, error) {
	k := format.InodeKey(ino)
	found := r.cursor.Seek(ctx, k)
	if err := r.cursor.Err(); err != nil {
		return Inode{Ino: ino}, err
	}
	if !found || r.cursor.Item().Key != k {
		return Inode{Ino: ino}, fmt.Errorf("inode %d: %w", ino, syscall.ENOENT)
	}
	it := r.cursor.Item()
	return r.fs.decodeInode(it.Key, it.Value)
}

// Links is [FS.Backrefs] from the first link on. Nothing else may be asked of
// the Finder while the sequence is being ranged over.
func (r *Finder) Links(ctx context.Context, ino uint64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		last := format.LinkBackrefKey(ino, math.MaxUint64, math.MaxUint64)
		for ok := r.cursor.Seek(ctx, format.LinkBackrefKey(ino, 0, 0)); ok; ok = r.cursor.Next(ctx) {
			it := r.cursor.Item()
			if last.Less(it.Key) {
				return
			}
			if !yield(decodeEntry(it.Key, it.Value)) {
				return
			}
		}
		if err := r.cursor.Err(); err != nil {
			yield(Entry{}, err)
		}
	}
}
