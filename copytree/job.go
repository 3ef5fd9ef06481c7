// SPDX-License-Identifier: GPL-2.0-or-later

package copytree

import (
	"errors"
	"fmt"
	"syscall"

	"scoutfs/engine/format"
	"scoutfs/walk/tree"
)

// job is a file of any kind but a directory that is to be copied.
type job struct {
	node   tree.Node
	found  found
	folder *folder // used by the job
	name   string
}

func (j *job) path() string { return tree.Join(j.folder.node.Path, j.name) }

// worker does one job after the other.
type worker struct {
	*copying
	batch batch
}

// work does jobs until there are no more.
func (c *copying) work(jobs <-chan *job) {
	w := &worker{copying: c}
	for j := range jobs {
		if c.ctx.Err() != nil {
			c.drop(j.folder)
			continue
		}
		waits, err := w.copy(j)
		if err != nil {
			c.fail(j.node.Path, j.path(), err)
		}
		if !waits {
			c.drop(j.folder)
		}
	}
	w.flush()
}

// copy does a job. It returns true for a file that is created later, with
// others.
func (w *worker) copy(j *job) (waits bool, err error) {
	if j.name == "" {
		return false, fmt.Errorf("there is a directory: %w", syscall.EISDIR)
	}
	if j.found.attr.Nlink > 1 {
		return false, w.copyLinked(j)
	}
	done, err := w.look(j)
	if err != nil || done {
		return false, err
	}
	if w.fitsBatch(j) {
		return w.add(j)
	}
	_, err = w.copyOne(j)
	return false, err
}

// look finds out whether the copy is there already, and removes what is in
// its place.
func (c *copying) look(j *job) (done bool, err error) {
	if j.folder.fresh {
		return false, nil
	}
	n, err := c.dst.Resolve(c.ctx, j.path(), false)
	if errors.Is(err, syscall.ENOENT) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	there, err := c.dst.Stat(c.ctx, n, 0)
	if err != nil {
		return false, err
	}
	want := &j.found.attr
	if there.Dev != 0 && there.Dev == want.Dev && there.Ino == want.Ino {
		return false, fmt.Errorf("it is the same file: %w", syscall.EINVAL)
	}
	same, err := c.isComplete(j, n, &there)
	switch {
	case err != nil:
		return false, err
	case same && !sameOwner(&there, want):
		err := c.setAttributes(n, j.node.Path, &j.found)
		if err == nil {
			c.already(j)
		}
		return true, err
	case same || c.opts.NoClobber:
		c.already(j)
		return true, nil
	case there.IsDir():
		return false, fmt.Errorf("there is a directory: %w", syscall.EISDIR)
	}
	return false, c.dst.Unlink(c.ctx, j.folder.node, j.name)
}

// already counts a file that is left as it is.
func (c *copying) already(j *job) {
	c.count(func(r *Result) { r.AlreadyThere++ })
	c.skip(j)
}

// skip takes a file whose data is not written into the progress.
func (c *copying) skip(j *job) {
	if j.found.attr.IsRegular() {
		c.sink.Add(int64(j.found.attr.Size))
	}
}

// isComplete reports whether what is there is a copy of the source.
func (c *copying) isComplete(j *job, n tree.Node, there *tree.Attr) (bool, error) {
	want := &j.found.attr
	if there.Type() != want.Type() || !there.Mtime.Equal(want.Mtime) {
		return false, nil
	}
	switch {
	case want.IsRegular():
		return there.Size == want.Size, nil
	case want.IsSymlink():
		source, err := c.src.Readlink(c.ctx, j.node)
		if err != nil {
			return false, err
		}
		target, err := c.dst.Readlink(c.ctx, n)
		return err == nil && source == target, err
	case want.Type() == format.ModeCharDevice || want.Type() == format.ModeBlockDevice:
		return there.RdevMajor == want.RdevMajor && there.RdevMinor == want.RdevMinor, nil
	}
	return true, nil
}

// copyOne makes a file, and returns its node.
func (c *copying) copyOne(j *job) (tree.Node, error) {
	n, err := c.make(j)
	if err != nil {
		return n, err
	}
	if j.folder.inherits && !j.found.attr.IsSymlink() {
		if err := c.disinherit(n); err != nil {
			return n, err
		}
	}
	if err := c.setAttributes(n, j.node.Path, &j.found); err != nil {
		return n, err
	}
	c.copied(j.node.Path, n.Path)
	return n, nil
}

// make makes a file with its content.
func (c *copying) make(j *job) (tree.Node, error) {
	a, dir := &j.found.attr, j.folder.node
	switch a.Type() {
	case format.ModeRegular:
		return c.makeRegular(j)
	case format.ModeSymlink:
		target, err := c.src.Readlink(c.ctx, j.node)
		if err != nil {
			return tree.Node{}, err
		}
		n, err := c.dst.Symlink(c.ctx, dir, j.name, target)
		if err == nil {
			c.count(func(r *Result) { r.Symlinks++ })
		}
		return n, err
	case format.ModeFIFO, format.ModeSocket, format.ModeCharDevice, format.ModeBlockDevice:
		n, err := c.dst.Mknod(c.ctx, dir, j.name, a.Type()|0o600, a.RdevMajor, a.RdevMinor)
		if err == nil {
			c.count(func(r *Result) { r.Specials++ })
		}
		return n, err
	}
	return tree.Node{}, fmt.Errorf("mode %o is of no known type of file: %w", a.Mode, syscall.EINVAL)
}
