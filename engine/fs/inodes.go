// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"iter"
	"math"

	"scoutfs/engine/forest"
	"scoutfs/engine/format"
)

// stepsToSeek is how many items of an inode are passed one by one before the
// walk of inodes looks the next inode up. A step costs a fraction of a
// lookup, and most inodes have few items.
const stepsToSeek = 12

// Inodes returns all inodes from a number on, in order of their numbers,
// those without links too. It passes over their other items and reads each
// block that holds an inode once, so it is the way to look at all inodes of
// a volume.
func (f *FS) Inodes(ctx context.Context, from uint64) iter.Seq2[Inode, error] {
	return func(yield func(Inode, error) bool) {
		end := format.InodeKey(math.MaxUint64)
		c := f.snapshot.Cursor(format.Range{Start: format.InodeKey(from), End: end})
		for ok := c.Next(ctx); ok; {
			it := c.Item()
			if it.Key.Type < format.TypeInode {
				ok = c.Next(ctx)
				continue
			}
			// Without an inode item, these are items that its deletion has
			// not come to yet.
			if it.Key.Type == format.TypeInode && !yield(f.decodeInode(it.Key, it.Value)) {
				return
			}
			ok = nextInode(ctx, c, it.Key.First)
		}
		if err := c.Err(); err != nil {
			yield(Inode{}, err)
		}
	}
}

// nextInode moves a cursor that is at an item of an inode behind all of its
// items, and reports whether there is one.
func nextInode(ctx context.Context, c *forest.Cursor, ino uint64) bool {
	if ino == math.MaxUint64 {
		return false
	}
	for range stepsToSeek {
		if !c.Next(ctx) {
			return false
		}
		if c.Item().Key.First != ino {
			return true
		}
	}
	return c.Seek(ctx, format.InodeKey(ino+1))
}

// AllocatedInos returns the numbers in [first, last] of inodes that have any
// item: also of those without links, and of those that are partly deleted.
func (f *FS) AllocatedInos(ctx context.Context, first, last uint64) iter.Seq2[uint64, error] {
	return func(yield func(uint64, error) bool) {
		within := format.Range{Start: format.InodeKey(first), End: format.ItemsOfInode(last).End}
		c := f.snapshot.Cursor(within)
		for ok := c.Next(ctx); ok; {
			ino := c.Item().Key.First
			if !yield(ino, nil) {
				return
			}
			ok = nextInode(ctx, c, ino)
		}
		if err := c.Err(); err != nil {
			yield(0, err)
		}
	}
}

// Orphans returns the numbers of inodes without links whose deletion is
// pending, from a number on.
func (f *FS) Orphans(ctx context.Context, from uint64) iter.Seq2[uint64, error] {
	return func(yield func(uint64, error) bool) {
		within := format.Range{Start: format.OrphanKey(from), End: format.OrphanKey(math.MaxUint64)}
		for it, err := range f.snapshot.Items(ctx, within) {
			if !yield(it.Key.Second, err) || err != nil {
				return
			}
		}
	}
}
