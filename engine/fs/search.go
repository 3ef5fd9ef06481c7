// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"syscall"

	"scoutfs/engine/format"
	"scoutfs/engine/srch"
)

// Search asks for inodes with an xattr that has the srch tag.
type Search struct {
	Name        string // full name of the xattr
	First, Last uint64 // inode numbers, both included
	// Verify looks each inode up, and leaves out those that do not have the
	// xattr. The kernel does not: what it finds are candidates, since two
	// names can have one hash, and the files that are searched tell of xattrs
	// of inodes that are being deleted.
	Verify bool
	// Limit is how many xattrs one pass over the search files remembers, in
	// up to 32 bytes each; 0 is srch.DefaultLimit. A search that finds more
	// takes another pass for the rest.
	Limit int
}

// SearchXattrs returns the inodes that a search finds, ascending. It reads all
// search files that may hold the name's hash. A name that is too long, or has
// no srch tag, or no valid tags, is EINVAL. Damage of a search file ends the
// search: what other files say may be the second half of what it said.
func (f *FS) SearchXattrs(ctx context.Context, q Search) iter.Seq2[uint64, error] {
	return func(yield func(uint64, error) bool) {
		if err := q.check(); err != nil {
			yield(0, err)
			return
		}
		for from, more := (srch.Found{Ino: q.First}), q.First <= q.Last; more; {
			set, err := f.searchFiles(ctx, &q, from)
			if err != nil {
				yield(0, err)
				return
			}
			for ino := range set.Inodes() {
				ok, err := f.verify(ctx, &q, ino)
				if err != nil || ok {
					if !yield(ino, err) {
						return
					}
				}
			}
			from, more = set.Rest()
		}
	}
}

func (q *Search) check() error {
	if n := len(q.Name); n > format.MaxNameLen {
		return fmt.Errorf("xattr name of %d bytes: %w", n, syscall.EINVAL)
	}
	if tags, ok := format.ParseXattrTags(q.Name); !ok || !tags.Srch {
		return fmt.Errorf("xattr name %q has no valid tags with srch: %w", q.Name, syscall.EINVAL)
	}
	return nil
}

// searchFiles makes one pass over all search files.
func (f *FS) searchFiles(ctx context.Context, q *Search, from srch.Found) (*srch.Set, error) {
	limit := q.Limit
	if limit == 0 {
		limit = srch.DefaultLimit
	}
	set := srch.NewSet(limit, from)
	hash := format.SrchHash(q.Name)
	for source, err := range srch.Files(ctx, f.snapshot.Blocks(), f.snapshot.Super) {
		if err != nil {
			return nil, err
		}
		for e, err := range srch.Search(ctx, source.File, source.Sorted, hash, from.Ino, q.Last) {
			if err != nil {
				return nil, fmt.Errorf("search file of item %v: %w", source.Key, err)
			}
			set.Toggle(srch.Found{Ino: e.Ino, ID: e.ID})
		}
	}
	return set, nil
}

// verify reports whether an inode that was found is wanted.
func (f *FS) verify(ctx context.Context, q *Search, ino uint64) (bool, error) {
	if !q.Verify {
		return true, nil
	}
	_, err := f.Xattr(ctx, ino, q.Name)
	if errors.Is(err, syscall.ENODATA) {
		return false, nil
	}
	return err == nil, err
}
