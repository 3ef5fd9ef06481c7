// SPDX-License-Identifier: GPL-2.0-or-later

package copytree

import (
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"

	"scoutfs/engine/format"
	"scoutfs/walk/tree"
)

// folder is a directory of the target. It gets its attributes when nobody
// uses it any more: neither the walk, nor a job, nor a folder inside it.
type folder struct {
	parent   *folder // nil for the one that the copy goes to
	node     tree.Node
	source   string // path of the directory that it is a copy of
	found    *found // what it is to have; nil if it stays as it is
	fresh    bool   // the copy made it, so nothing was in it
	inherits bool   // what is made in it gets an ACL
	users    atomic.Int64
}

func (f *folder) use() *folder {
	f.users.Add(1)
	return f
}

// existing is a directory that was there.
func (c *copying) existing(n tree.Node, parent *folder) *folder {
	f := &folder{parent: parent, node: n}
	if parent != nil {
		parent.use()
	}
	f.users.Store(1)
	for x, err := range c.dst.Xattrs(c.ctx, n, false) {
		// If they cannot be read, neither is anything inherited that could be
		// taken away again.
		if err == nil && x.Name == format.XattrACLDefault {
			f.inherits = true
		}
	}
	return f
}

// openFolder opens the copy of a directory, and makes it if there is none. An
// empty name is the folder itself.
func (c *copying) openFolder(in *folder, name string, d *tree.Found[found]) (*folder, error) {
	if name == "" {
		f := c.existing(in.node, in)
		f.source, f.found = d.Node.Path, &d.Value
		return f, nil
	}
	if !in.fresh {
		n, err := c.dst.Resolve(c.ctx, tree.Join(in.node.Path, name), true)
		switch {
		case err == nil && !n.IsDir():
			return nil, fmt.Errorf("there is something else of that name: %w", syscall.ENOTDIR)
		case err == nil:
			f := c.existing(n, in)
			f.source, f.found = d.Node.Path, &d.Value
			return f, nil
		case !errors.Is(err, syscall.ENOENT):
			return nil, err
		}
	}
	n, err := c.dst.Mkdir(c.ctx, in.node, name, 0o700)
	if err != nil {
		return nil, err
	}
	f := &folder{parent: in.use(), node: n, source: d.Node.Path, found: &d.Value, fresh: true}
	f.users.Store(1)
	if in.inherits {
		if err := c.disinherit(n); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// disinherit takes away ACLs that a new file got from its directory.
func (c *copying) disinherit(n tree.Node) error {
	names := []string{format.XattrACLAccess}
	if n.IsDir() {
		names = append(names, format.XattrACLDefault)
	}
	for _, name := range names {
		err := c.dst.RemoveXattr(c.ctx, n, name)
		if err != nil && !errors.Is(err, syscall.ENODATA) && !errors.Is(err, syscall.EOPNOTSUPP) {
			return err
		}
	}
	return nil
}

// drop ends a use of a folder.
func (c *copying) drop(f *folder) {
	for f != nil && f.users.Add(-1) == 0 {
		if f.found != nil && c.ctx.Err() == nil {
			if err := c.setAttributes(f.node, f.source, f.found); err != nil {
				c.fail(f.source, f.node.Path, err)
			}
		}
		f = f.parent
	}
}
