// SPDX-License-Identifier: GPL-2.0-or-later

// Package tree reads the files of a volume wherever it is: straight on its
// devices, or through a mount. [Tree] is what both have in common, and what
// listing, searching, adding up and extracting are written over.
//
// A [Devices] answers with all that the volume says about an inode. A
// [Mount] answers with what stat(2) says, and with what scoutfs adds where
// the file system is scoutfs and the file can be opened; on any other file
// system those fields are unknown.
//
// # Sequences
//
// Sequences are iter.Seq2 of a value and an error. An error does not end
// one: it belongs to the value beside it, and what follows is read on, until
// the sequence ends by itself. Errors carry the errno of the kernel.
//
// # Bounds
//
// [Walk] holds a bounded number of directory entries, however large the tree
// is, plus a compressed bitmap of the directories it has been in: about two
// bytes for each where numbers are dense.
package tree

import (
	"context"
	"iter"
	"strings"

	"scoutfs/engine/format"
)

// Tree is the files of a volume. It is safe for concurrent use.
type Tree interface {
	// Resolve finds what a path leads to. A symbolic link at its end is
	// followed only with follow.
	Resolve(ctx context.Context, path string, follow bool) (Node, error)

	// Stat returns the attributes of a file of any kind. What is not in want
	// may be unknown.
	Stat(ctx context.Context, n Node, want Want) (Attr, error)

	// ReadDir returns the entries of a directory in its own order, without
	// "." and "..". An entry that is damaged comes as the directory's node
	// with an error.
	ReadDir(ctx context.Context, n Node) iter.Seq2[Node, error]

	// Readlink returns the target of a symbolic link.
	Readlink(ctx context.Context, n Node) (string, error)

	// Xattrs returns the extended attributes, hidden ones too if the file
	// can be opened, with their values or only their names. Names and values
	// must not be changed.
	Xattrs(ctx context.Context, n Node, values bool) iter.Seq2[Xattr, error]

	// Open opens a regular file for reading.
	Open(ctx context.Context, n Node) (File, error)
}

// Node is a file of any kind as it was found in a tree.
type Node struct {
	// Path is the path that was resolved, joined with the names below it.
	Path string
	Ino  uint64 // 0 if finding it would cost a call
	Type uint32 // format.ModeRegular and so on; 0 if unknown

	follow bool // Path ends in a symbolic link that is meant to be followed
}

// IsDir reports whether the node is known to be a directory.
func (n *Node) IsDir() bool { return n.Type == format.ModeDirectory }

// Follows reports whether the path ends in a symbolic link that stands for
// what it leads to.
func (n *Node) Follows() bool { return n.follow }

// Name returns the last component of the path.
func (n *Node) Name() string {
	trimmed := strings.TrimRight(n.Path, "/")
	if trimmed == "" {
		return n.Path
	}
	return trimmed[strings.LastIndexByte(trimmed, '/')+1:]
}

// Join returns the path of an entry of a directory.
func Join(dir, name string) string {
	if strings.HasSuffix(dir, "/") {
		return dir + name
	}
	return dir + "/" + name
}

// Xattr is an extended attribute by its full name.
type Xattr struct {
	Name  string
	Value []byte // nil if values were not asked for
}

// File is a regular file that is open for reading. It is safe for concurrent
// use.
type File interface {
	// Extents returns what is in the file from a byte on, in order and cut at
	// the end of the file. What is between extents is a hole.
	Extents(ctx context.Context, from uint64) iter.Seq2[Extent, error]

	// ReadAt fills p with the bytes from off on, as io.ReaderAt does. On
	// devices an offline block ends it with a *fs.OfflineError; on a mount it
	// waits until the block is staged.
	ReadAt(ctx context.Context, p []byte, off uint64) (int, error)

	// Attr returns the attributes that the file had when it was opened.
	Attr() *Attr

	// Close closes the file.
	Close() error
}

// Extent is a run of bytes of a file that is no hole.
type Extent struct {
	Offset  uint64
	Length  uint64
	Offline bool // the content is in the archive only
}

// End is the byte after the extent's last.
func (e *Extent) End() uint64 { return e.Offset + e.Length }
