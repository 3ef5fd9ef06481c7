// SPDX-License-Identifier: GPL-2.0-or-later

package copytree

import (
	"errors"
	"fmt"
	"sync"
	"syscall"

	"scoutfs/walk/tree"
)

// inode tells files of the source apart.
type inode struct{ dev, ino uint64 }

// links knows the copies of files with several names.
type links struct {
	mu  sync.Mutex
	all map[inode]*linked
}

// linked is the copy of a file with several names. Whoever holds the lock may
// make it, or a further name of it.
type linked struct {
	mu   sync.Mutex
	node tree.Node // of the copy, if there is one
	made bool
	left uint32 // names that were not seen yet
}

func newLinks() *links { return &links{all: make(map[inode]*linked)} }

// take returns the copy of a file, locked, and counts one of its names. The
// last one that is known of removes it from the table.
func (l *links) take(a *tree.Attr) *linked {
	key := inode{a.Dev, a.Ino}
	l.mu.Lock()
	one := l.all[key]
	if one == nil {
		one = &linked{left: a.Nlink}
		l.all[key] = one
	}
	if one.left--; one.left == 0 {
		delete(l.all, key)
	}
	l.mu.Unlock()
	one.mu.Lock()
	return one
}

// copyLinked copies a file with several names: the first as a file, the
// others as names of the copy.
func (c *copying) copyLinked(j *job) error {
	one := c.links.take(&j.found.attr)
	defer one.mu.Unlock()
	if one.made {
		return c.addName(j, one.node)
	}
	done, err := c.look(j)
	if err != nil {
		return err
	}
	if done {
		n, err := c.dst.Resolve(c.ctx, j.path(), false)
		if err != nil {
			return err
		}
		one.node, one.made = n, !c.opts.NoClobber || n.Type == j.node.Type
		return nil
	}
	n, err := c.copyOne(j)
	if err == nil {
		one.node, one.made = n, true
	}
	return err
}

// addName makes a further name of a copy.
func (c *copying) addName(j *job, of tree.Node) error {
	path := j.path()
	if !j.folder.fresh {
		there, err := c.dst.Resolve(c.ctx, path, false)
		switch {
		case errors.Is(err, syscall.ENOENT):
		case err != nil:
			return err
		case there.Ino == of.Ino || c.opts.NoClobber:
			c.already(j)
			return nil
		case there.IsDir():
			return fmt.Errorf("there is a directory: %w", syscall.EISDIR)
		default:
			if err := c.dst.Unlink(c.ctx, j.folder.node, j.name); err != nil {
				return err
			}
		}
	}
	if err := c.dst.Link(c.ctx, of, j.folder.node, j.name); err != nil {
		return err
	}
	c.skip(j)
	c.count(func(r *Result) { r.HardLinks++ })
	c.copied(j.node.Path, path)
	return nil
}
