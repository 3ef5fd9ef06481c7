// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"syscall"

	"scoutfs/engine/format"
)

// Path is one of the paths of an inode.
type Path struct {
	Entry Entry  // its last component
	Name  []byte // components joined with "/", without one in front
}

// Paths returns the paths of an inode, one for each of its links, ordered by
// the last component's directory and position, from a place on. Above that
// component each directory has one path. The root has no path.
//
// A directory on the way up that has no link, or that is its own ancestor,
// makes a path an error that is both a *format.CorruptError and ELOOP, as the
// kernel answers.
func (f *FS) Paths(ctx context.Context, ino, dir, pos uint64) iter.Seq2[Path, error] {
	return func(yield func(Path, error) bool) {
		for e, err := range f.Backrefs(ctx, ino, dir, pos) {
			p := Path{Entry: e}
			if err == nil {
				p.Name, err = f.pathTo(ctx, e)
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

// PathOf returns the first path of an inode, with a slash in front; "/" for
// the root. An inode without links gives ENOENT.
func (f *FS) PathOf(ctx context.Context, ino uint64) (string, error) {
	if ino == format.RootIno {
		return "/", nil
	}
	for p, err := range f.Paths(ctx, ino, 0, 0) {
		return "/" + string(p.Name), err
	}
	return "", fmt.Errorf("inode %d has no links: %w", ino, syscall.ENOENT)
}

// pathTo returns the path that ends in an entry.
func (f *FS) pathTo(ctx context.Context, last Entry) ([]byte, error) {
	names := [][]byte{last.Name}
	size := len(last.Name)
	ancestors := cycle{at: last.Dir}
	for dir := last.Dir; dir != format.RootIno; {
		up, ok, err := f.firstBackref(ctx, dir)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, detached(dir, "no link", "one, for it has the entry "+fmt.Sprintf("%q", names[len(names)-1]))
		}
		if ancestors.closes(up.Dir) {
			return nil, detached(dir, "below itself", "below the root")
		}
		names = append(names, up.Name)
		size += 1 + len(up.Name)
		dir = up.Dir
	}
	path := make([]byte, 0, size)
	for i, name := range slices.Backward(names) {
		path = append(path, name...)
		if i > 0 {
			path = append(path, '/')
		}
	}
	return path, nil
}

func (f *FS) firstBackref(ctx context.Context, ino uint64) (e Entry, ok bool, err error) {
	for e, err := range f.Backrefs(ctx, ino, 0, 0) {
		return e, err == nil, err
	}
	return Entry{}, false, nil
}

func detached(dir uint64, found, expected string) error {
	return fmt.Errorf("%w: %w", syscall.ELOOP, &format.CorruptError{
		Structure: "directory tree",
		Place:     fmt.Sprintf("directory %d", dir),
		Field:     "link_backref items",
		Found:     found,
		Expected:  expected,
	})
}

// cycle finds out whether a walk from directory to directory goes in circles,
// without remembering all of them (R. P. Brent, "An improved Monte Carlo
// factorization algorithm", BIT 20, 1980, section 3).
type cycle struct {
	at         uint64 // one directory that was passed
	steps, max uint64 // since it was passed, and until the next one is noted
}

// closes takes the next directory. It returns true in at most three times as
// many steps as there are different directories if they are a circle, and
// never otherwise.
func (c *cycle) closes(dir uint64) bool {
	if dir == c.at {
		return true
	}
	if c.steps++; c.steps > c.max {
		c.at, c.steps, c.max = dir, 0, 2*c.max+1
	}
	return false
}
