// SPDX-License-Identifier: GPL-2.0-or-later

package tree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"scoutfs/engine/format"
	"scoutfs/engine/ioctl"
)

// readDirBatch is how many entries of a directory are read at a time.
const readDirBatch = 256

// Mount is the Tree of whatever is mounted: scoutfs through its kernel module
// or FUSE, with its own attributes, or any other file system. Paths are those
// of the system, of any length.
type Mount struct {
	// request makes an open file one that takes the requests of scoutfs.
	request func(*os.File) ioctl.File

	// others are the devices (st_dev) of file systems that are not scoutfs,
	// which need not be asked again.
	others sync.Map
}

var _ Tree = (*Mount)(nil)

// OnMount returns the tree of the system's files.
func OnMount() *Mount {
	return &Mount{request: func(f *os.File) ioctl.File { return ioctl.NewMountFile(f) }}
}

// Resolve is [Tree.Resolve], with paths of the system. "" is the working
// directory.
func (m *Mount) Resolve(_ context.Context, path string, follow bool) (Node, error) {
	if path == "" {
		path = "."
	}
	n := Node{Path: path}
	st, err := m.stat(Node{Path: path, follow: follow})
	if err != nil {
		return n, err
	}
	n.Ino, n.Type = st.Ino, uint32(st.Mode)&format.ModeTypeMask
	if follow {
		// What has to be followed is known only from the name itself.
		if direct, err := m.stat(n); err == nil {
			n.follow = uint32(direct.Mode)&format.ModeTypeMask == format.ModeSymlink
		}
	}
	return n, nil
}

func (m *Mount) stat(n Node) (st unix.Statx_t, err error) {
	flags := unix.AT_SYMLINK_NOFOLLOW
	if n.follow {
		flags = 0
	}
	err = Reach(n.Path, func(dir int, path string) error {
		return again(func() error {
			return unix.Statx(dir, path, flags|unix.AT_NO_AUTOMOUNT, unix.STATX_BASIC_STATS|unix.STATX_BTIME, &st)
		})
	})
	if err != nil {
		return st, &fs.PathError{Op: "stat", Path: n.Path, Err: err}
	}
	return st, nil
}

// Stat is [Tree.Stat]. What scoutfs adds stays unknown where the file system
// is another, and for files that the caller may not read.
func (m *Mount) Stat(ctx context.Context, n Node, want Want) (Attr, error) {
	st, err := m.stat(n)
	if err != nil {
		return Attr{}, err
	}
	a := attrOfStatx(&st)
	if want == 0 || !a.IsDir() && !a.IsRegular() {
		return a, nil
	}
	if _, other := m.others.Load(a.Dev); other {
		return a, nil
	}
	file, err := m.open(n, 0)
	if errors.Is(err, fs.ErrPermission) {
		a.Archive.Denied = mayBeScoutfs(n.Path)
		return a, nil
	}
	if err != nil {
		return a, err
	}
	defer file.Close()
	return a, m.archive(ctx, file, want, &a)
}

// mayBeScoutfs reports whether a path is on scoutfs, or on a file system in
// userspace that could be it.
func mayBeScoutfs(path string) bool {
	var st unix.Statfs_t
	err := Reach(path, func(dir int, path string) error {
		return again(func() error { return unix.Statfs(entryPath(dir, path), &st) })
	})
	return err == nil && (st.Type == format.FilesystemMagic || st.Type == unix.FUSE_SUPER_MAGIC)
}

// archive asks for what stat(2) does not say.
func (m *Mount) archive(ctx context.Context, file *os.File, want Want, a *Attr) error {
	f := m.request(file)
	more, err := f.StatMore(ctx)
	if errors.Is(err, syscall.ENOTTY) || errors.Is(err, syscall.EOPNOTSUPP) || errors.Is(err, syscall.ENOSYS) {
		m.others.Store(a.Dev, nil)
		return nil
	}
	if err != nil {
		return err
	}
	a.Crtime = more.Crtime.Time()
	a.Archive = Archive{
		Known:         true,
		MetaSeq:       more.MetaSeq,
		DataSeq:       more.DataSeq,
		DataVersion:   more.DataVersion,
		OnlineBlocks:  more.OnlineBlocks,
		OfflineBlocks: more.OfflineBlocks,
	}
	if want&WantProject == 0 {
		return nil
	}
	x, err := f.GetAttrX(ctx, ioctl.GetAttrX{Mask: ioctl.AttrProjectID | ioctl.AttrRetention})
	switch {
	case errors.Is(err, syscall.EOPNOTSUPP), errors.Is(err, syscall.ENOTTY):
		// Format version 1 has neither.
		a.Archive.ProjectKnown = true
		return nil
	case err != nil:
		return err
	}
	a.Archive.ProjectKnown, a.Archive.Project, a.Archive.Retention = true, x.ProjectID, x.Retention
	return nil
}

func attrOfStatx(st *unix.Statx_t) Attr {
	a := Attr{
		Dev:       unix.Mkdev(st.Dev_major, st.Dev_minor),
		Ino:       st.Ino,
		Size:      st.Size,
		Blocks:    st.Blocks,
		Mode:      uint32(st.Mode),
		Nlink:     st.Nlink,
		UID:       st.Uid,
		GID:       st.Gid,
		RdevMajor: st.Rdev_major,
		RdevMinor: st.Rdev_minor,
		Atime:     timeOf(st.Atime),
		Mtime:     timeOf(st.Mtime),
		Ctime:     timeOf(st.Ctime),
	}
	if st.Mask&unix.STATX_BTIME != 0 {
		a.Crtime = timeOf(st.Btime)
	}
	return a
}

// open opens a file or directory for reading without doing anything to it.
func (m *Mount) open(n Node, flags int) (*os.File, error) {
	flags |= unix.O_RDONLY | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC
	if !n.follow {
		flags |= unix.O_NOFOLLOW
	}
	fd := -1
	err := Reach(n.Path, func(dir int, path string) error {
		return again(func() (err error) {
			fd, err = unix.Openat(dir, path, flags, 0)
			return err
		})
	})
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: n.Path, Err: err}
	}
	if err := unix.SetNonblock(fd, false); err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), n.Path), nil
}

// ReadDir is [Tree.ReadDir].
func (m *Mount) ReadDir(ctx context.Context, n Node) iter.Seq2[Node, error] {
	return func(yield func(Node, error) bool) {
		dir, err := m.open(n, unix.O_DIRECTORY)
		if err != nil {
			yield(n, err)
			return
		}
		defer dir.Close()
		for {
			if err := context.Cause(ctx); err != nil {
				yield(n, err)
				return
			}
			entries, err := dir.ReadDir(readDirBatch)
			for _, e := range entries {
				if !yield(Node{Path: Join(n.Path, e.Name()), Type: posixType(e.Type())}, nil) {
					return
				}
			}
			if err != nil || len(entries) == 0 {
				if err != nil && !errors.Is(err, io.EOF) {
					yield(n, err)
				}
				return
			}
		}
	}
}

// posixType turns Go's type of a file into that of its mode.
func posixType(t fs.FileMode) uint32 {
	switch {
	case t.IsRegular():
		return format.ModeRegular
	case t&fs.ModeDir != 0:
		return format.ModeDirectory
	case t&fs.ModeSymlink != 0:
		return format.ModeSymlink
	case t&fs.ModeNamedPipe != 0:
		return format.ModeFIFO
	case t&fs.ModeSocket != 0:
		return format.ModeSocket
	case t&fs.ModeCharDevice != 0:
		return format.ModeCharDevice
	case t&fs.ModeDevice != 0:
		return format.ModeBlockDevice
	}
	return 0
}

// Readlink is [Tree.Readlink].
func (m *Mount) Readlink(_ context.Context, n Node) (string, error) {
	// Linux limits targets to a page.
	target := make([]byte, os.Getpagesize())
	size := 0
	err := Reach(n.Path, func(dir int, path string) error {
		return again(func() (err error) {
			size, err = unix.Readlinkat(dir, path, target)
			return err
		})
	})
	if err != nil {
		return "", &fs.PathError{Op: "readlink", Path: n.Path, Err: err}
	}
	return string(target[:size]), nil
}

// Reach calls do with a directory and a path from there that is short enough
// for a system call. The directory is unix.AT_FDCWD if all of the path is.
func Reach(path string, do func(dir int, path string) error) error {
	dir, rest := unix.AT_FDCWD, path
	for len(rest) >= unix.PathMax {
		split := strings.LastIndexByte(rest[:unix.PathMax-1], '/')
		if split <= 0 {
			err := error(syscall.ENAMETOOLONG)
			if dir != unix.AT_FDCWD {
				err = errors.Join(err, unix.Close(dir))
			}
			return err
		}
		next, err := unix.Openat(dir, rest[:split+1], unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if dir != unix.AT_FDCWD {
			err = errors.Join(err, unix.Close(dir))
		}
		if err != nil {
			return err
		}
		dir, rest = next, strings.TrimLeft(rest[split:], "/")
	}
	err := do(dir, rest)
	if dir != unix.AT_FDCWD {
		err = errors.Join(err, unix.Close(dir))
	}
	return err
}

// again repeats a call that a signal interrupted.
func again(call func() error) error {
	for {
		if err := call(); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// entryPath is a path for calls that take no directory.
func entryPath(dir int, path string) string {
	if dir == unix.AT_FDCWD {
		return path
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", dir, path)
}
