// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"fmt"
	"strings"
	"syscall"

	"scoutfs/engine/format"
)

// maxSymlinks is how many symbolic links a path may lead through, as in
// Linux (include/linux/namei.h: MAXSYMLINKS).
const maxSymlinks = 40

// Resolve finds the inode at a path inside the volume, from its root; "" is
// the root. "." and ".." are understood, and symbolic links followed,
// absolute ones from the volume's root; one at the end of the path only with
// follow or a slash behind it. Permissions are not checked. The errors are
// those of path_resolution(7): ENOENT, ENOTDIR, ENAMETOOLONG for a name of
// more than 255 bytes, ELOOP for more than 40 symbolic links.
func (f *FS) Resolve(ctx context.Context, path string, follow bool) (Inode, error) {
	root, err := f.Inode(ctx, format.RootIno)
	if err != nil {
		return Inode{}, err
	}
	r := resolver{fs: f, dirs: []Inode{root}, at: root, rest: path, follow: follow}
	for r.more() {
		if err := r.step(ctx); err != nil {
			return Inode{}, fmt.Errorf("%s: %w", path, err)
		}
	}
	return r.at, nil
}

// resolver is on its way down a path.
type resolver struct {
	fs     *FS
	dirs   []Inode // that lead to at, root first; at is the last of them if it is a directory
	at     Inode
	rest   string // of the path
	follow bool   // a symbolic link at its end
	links  int    // symbolic links followed
}

// more reports whether there is a rest of the path. A slash behind what is
// no directory is one.
func (r *resolver) more() bool {
	if r.at.IsDir() {
		r.rest = strings.TrimLeft(r.rest, "/")
	}
	return r.rest != ""
}

// step takes the first name off the rest of the path.
func (r *resolver) step(ctx context.Context) error {
	if !r.at.IsDir() {
		return syscall.ENOTDIR
	}
	name, rest := r.rest, ""
	if i := strings.IndexByte(r.rest, '/'); i >= 0 {
		name, rest = r.rest[:i], r.rest[i:]
	}
	r.rest = rest
	switch name {
	case ".":
		return nil
	case "..":
		r.dirs = r.dirs[:max(len(r.dirs)-1, 1)]
		r.at = r.dirs[len(r.dirs)-1]
		return nil
	}
	e, err := r.fs.Lookup(ctx, r.at.Ino, []byte(name))
	if err != nil {
		return err
	}
	in, err := r.fs.Inode(ctx, e.Ino)
	if err != nil {
		return err
	}
	if in.IsSymlink() && (r.rest != "" || r.follow) {
		return r.link(ctx, in)
	}
	r.at = in
	if in.IsDir() {
		r.dirs = append(r.dirs, in)
	}
	return nil
}

// link puts a symbolic link's target in front of the rest of the path.
func (r *resolver) link(ctx context.Context, in Inode) error {
	if r.links++; r.links > maxSymlinks {
		return syscall.ELOOP
	}
	target, err := r.fs.Readlink(ctx, in)
	if err != nil {
		return err
	}
	if len(target) == 0 {
		return syscall.ENOENT
	}
	if target[0] == '/' {
		r.dirs = r.dirs[:1]
		r.at = r.dirs[0]
	}
	r.rest = string(target) + r.rest
	return nil
}
