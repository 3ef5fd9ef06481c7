// SPDX-License-Identifier: GPL-2.0-or-later

// Package edit changes files wherever they are: those of a volume straight on
// its devices, or those of whatever is mounted. [Files] is what both have in
// common, as package tree is for reading, and what commands that make, copy,
// move and remove files are written over.
//
// Files are named by a directory and a name in it, or by the node that finding
// them returned, never by a path that is looked up again while others change
// it. [Parent] finds the directory of a path.
//
// Each method is one change: it happened, or it did not. On devices, changes
// are seen by all that follows, and are durable once the volume is closed or
// its commit timer ran; on a mount they are what the system calls make of them.
// Errors carry the errno of the kernel.
package edit

import (
	"context"
	"io"
	"strings"
	"syscall"
	"time"

	"scoutfs/engine/format"
	"scoutfs/walk/tree"
)

// Files are files that can be changed. It is safe for concurrent use.
type Files interface {
	// The tree shows what was changed.
	tree.Tree

	// Create makes an empty regular file. mode is permissions, of which the
	// umask takes some, unless the directory's default ACL says otherwise;
	// the same holds for Mkdir and Mknod. EEXIST: the name is taken.
	Create(ctx context.Context, dir tree.Node, name string, mode uint32) (tree.Node, error)
	Mkdir(ctx context.Context, dir tree.Node, name string, mode uint32) (tree.Node, error)

	// Mknod makes a device, pipe or socket, as the type in mode says.
	Mknod(ctx context.Context, dir tree.Node, name string, mode, major, minor uint32) (tree.Node, error)

	Symlink(ctx context.Context, dir tree.Node, name, target string) (tree.Node, error)

	// Link gives a file that is no directory a further name.
	Link(ctx context.Context, n, dir tree.Node, name string) error

	// Unlink removes a name of what is no directory, Rmdir that of an empty
	// directory (ENOTEMPTY).
	Unlink(ctx context.Context, dir tree.Node, name string) error
	Rmdir(ctx context.Context, dir tree.Node, name string) error

	// Rename gives a name another place. What has the new name is replaced,
	// or with noReplace is EEXIST.
	Rename(ctx context.Context, dir tree.Node, name string, newDir tree.Node, newName string, noReplace bool) error

	// SetAttr changes what c has.
	SetAttr(ctx context.Context, n tree.Node, c Attr) error

	// SetXattr sets an extended attribute by its full name. With create it
	// must not be there (EEXIST), with replace it must (ENODATA).
	SetXattr(ctx context.Context, n tree.Node, name string, value []byte, flags XattrFlags) error
	RemoveXattr(ctx context.Context, n tree.Node, name string) error

	// Truncate sets the size of a regular file.
	Truncate(ctx context.Context, n tree.Node, size uint64) error

	// Fallocate allocates the blocks of a range that has none. With keepSize a
	// range behind the end of the file does not make the file longer.
	Fallocate(ctx context.Context, n tree.Node, off, length uint64, keepSize bool) error

	// Write opens a regular file to write to. Several goroutines may write to
	// different places.
	Write(ctx context.Context, n tree.Node) (Writer, error)
}

// Writer is a regular file that is open for writing.
type Writer interface {
	WriteAt(ctx context.Context, p []byte, off uint64) error

	// WriteFrom writes so many bytes of a reader from an offset on.
	// io.ErrUnexpectedEOF: the reader has fewer.
	WriteFrom(ctx context.Context, off, length uint64, from io.Reader) error

	io.Closer
}

// Bulk is Files that take many new files faster together than one by one.
type Bulk interface {
	// CreateFiles makes regular files, in order, each whole or not at all. It
	// returns how many there are; an error is about the next one, or about one
	// that would have come together with it.
	CreateFiles(ctx context.Context, files []NewFile) (int, error)
}

// NewFile is a regular file with all that it is to have.
type NewFile struct {
	Dir   tree.Node
	Name  string
	Data  []byte
	Mode  uint32 // permissions, exactly; without setuid and setgid
	UID   uint32
	GID   uint32
	Atime time.Time
	Mtime time.Time
}

// XattrFlags are unix.XATTR_CREATE, XATTR_REPLACE, or none.
type XattrFlags int

// Attr is attributes to change: those that are not nil.
type Attr struct {
	Mode  *uint32 // permissions with setuid, setgid and sticky bit
	UID   *uint32
	GID   *uint32
	Atime *time.Time
	Mtime *time.Time
}

// Parent finds the directory that a path's last name is in. Slashes behind
// that name are left out; what is "", "/", or ends in "." or ".." has no name
// that could be changed, which is errno.
func Parent(ctx context.Context, t tree.Tree, path string, errno syscall.Errno) (dir tree.Node, name string, err error) {
	up, name := Split(path)
	if name == "" || name == "." || name == ".." {
		return tree.Node{Path: path}, "", errno
	}
	if len(name) > format.MaxNameLen {
		return tree.Node{Path: path}, "", syscall.ENAMETOOLONG
	}
	dir, err = t.Resolve(ctx, up, true)
	if err == nil && !dir.IsDir() {
		err = syscall.ENOTDIR
	}
	return dir, name, err
}

// Split splits a path into that of a directory and a name in it.
func Split(path string) (dir, name string) {
	trimmed := strings.TrimRight(path, "/")
	i := strings.LastIndexByte(trimmed, '/')
	dir, name = trimmed[:i+1], trimmed[i+1:]
	if rest := strings.TrimRight(dir, "/"); rest != "" {
		dir = rest
	}
	return dir, name
}
