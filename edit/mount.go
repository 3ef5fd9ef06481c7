// SPDX-License-Identifier: GPL-2.0-or-later

package edit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"scoutfs/engine/format"
	"scoutfs/walk/tree"
)

// Mount is the Files of whatever is mounted on this machine, named by the
// paths of the system.
type Mount struct{ *tree.Mount }

var _ Files = (*Mount)(nil)

// OnMount returns the system's files.
func OnMount() *Mount { return &Mount{tree.OnMount()} }

// change makes a call with a path that may be longer than calls take.
func change(op, path string, call func(dir int, path string) error) error {
	err := tree.Reach(path, func(dir int, path string) error {
		for {
			if err := call(dir, path); !errors.Is(err, syscall.EINTR) {
				return err
			}
		}
	})
	if err != nil {
		return &fs.PathError{Op: op, Path: path, Err: err}
	}
	return nil
}

// made looks at what a call made.
func (m *Mount) made(ctx context.Context, op string, dir tree.Node, name string, call func(dir int, path string) error) (tree.Node, error) {
	path := tree.Join(dir.Path, name)
	if err := change(op, path, call); err != nil {
		return tree.Node{Path: path}, err
	}
	return m.Resolve(ctx, path, false)
}

// Create is [Files.Create].
func (m *Mount) Create(ctx context.Context, dir tree.Node, name string, mode uint32) (tree.Node, error) {
	return m.made(ctx, "create", dir, name, func(dir int, path string) error {
		fd, err := unix.Openat(dir, path, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, mode)
		if err != nil {
			return err
		}
		return unix.Close(fd)
	})
}

// Mkdir is [Files.Mkdir].
func (m *Mount) Mkdir(ctx context.Context, dir tree.Node, name string, mode uint32) (tree.Node, error) {
	return m.made(ctx, "mkdir", dir, name, func(dir int, path string) error { return unix.Mkdirat(dir, path, mode) })
}

// Mknod is [Files.Mknod].
func (m *Mount) Mknod(ctx context.Context, dir tree.Node, name string, mode, major, minor uint32) (tree.Node, error) {
	return m.made(ctx, "mknod", dir, name, func(dir int, path string) error {
		return unix.Mknodat(dir, path, mode, int(unix.Mkdev(major, minor)))
	})
}

// Symlink is [Files.Symlink].
func (m *Mount) Symlink(ctx context.Context, dir tree.Node, name, target string) (tree.Node, error) {
	return m.made(ctx, "symlink", dir, name, func(dir int, path string) error { return unix.Symlinkat(target, dir, path) })
}

// Link is [Files.Link].
func (m *Mount) Link(_ context.Context, n, dir tree.Node, name string) error {
	flags := 0
	if n.Follows() {
		flags = unix.AT_SYMLINK_FOLLOW
	}
	path := tree.Join(dir.Path, name)
	return change("link", path, func(newDir int, newPath string) error {
		return tree.Reach(n.Path, func(oldDir int, oldPath string) error {
			return unix.Linkat(oldDir, oldPath, newDir, newPath, flags)
		})
	})
}

// Unlink is [Files.Unlink].
func (m *Mount) Unlink(_ context.Context, dir tree.Node, name string) error {
	return change("remove", tree.Join(dir.Path, name), func(dir int, path string) error { return unix.Unlinkat(dir, path, 0) })
}

// Rmdir is [Files.Rmdir].
func (m *Mount) Rmdir(_ context.Context, dir tree.Node, name string) error {
	return change("rmdir", tree.Join(dir.Path, name), func(dir int, path string) error {
		return unix.Unlinkat(dir, path, unix.AT_REMOVEDIR)
	})
}

// Rename is [Files.Rename].
func (m *Mount) Rename(_ context.Context, dir tree.Node, name string, newDir tree.Node, newName string, noReplace bool) error {
	flags := uint(0)
	if noReplace {
		flags = unix.RENAME_NOREPLACE
	}
	return change("rename", tree.Join(newDir.Path, newName), func(toDir int, to string) error {
		return tree.Reach(tree.Join(dir.Path, name), func(fromDir int, from string) error {
			return unix.Renameat2(fromDir, from, toDir, to, flags)
		})
	})
}

// nofollow are the flags of a call on a node.
func nofollow(n tree.Node) int {
	if n.Follows() {
		return 0
	}
	return unix.AT_SYMLINK_NOFOLLOW
}

// SetAttr is [Files.SetAttr]. Owners come first, since changing them can take
// bits from the mode.
func (m *Mount) SetAttr(_ context.Context, n tree.Node, c Attr) error {
	if c.UID != nil || c.GID != nil {
		err := change("chown", n.Path, func(dir int, path string) error {
			return unix.Fchownat(dir, path, idOr(c.UID), idOr(c.GID), nofollow(n))
		})
		if err != nil {
			return err
		}
	}
	if c.Mode != nil {
		if n.Type == format.ModeSymlink && !n.Follows() {
			return &fs.PathError{Op: "chmod", Path: n.Path, Err: syscall.EOPNOTSUPP}
		}
		err := change("chmod", n.Path, func(dir int, path string) error { return unix.Fchmodat(dir, path, *c.Mode, 0) })
		if err != nil {
			return err
		}
	}
	if c.Atime == nil && c.Mtime == nil {
		return nil
	}
	times := []unix.Timespec{timespec(c.Atime), timespec(c.Mtime)}
	return change("set times", n.Path, func(dir int, path string) error {
		return unix.UtimesNanoAt(dir, path, times, nofollow(n))
	})
}

// idOr returns a user or group, or -1 for none.
func idOr(id *uint32) int {
	if id == nil {
		return -1
	}
	return int(*id)
}

func timespec(t *time.Time) unix.Timespec {
	if t == nil {
		return unix.Timespec{Nsec: unix.UTIME_OMIT}
	}
	return unix.Timespec{Sec: t.Unix(), Nsec: int64(t.Nanosecond())}
}

// SetXattr is [Files.SetXattr].
func (m *Mount) SetXattr(_ context.Context, n tree.Node, name string, value []byte, flags XattrFlags) error {
	return xattrChange("set "+name+" of", n, func(path string) error {
		if n.Follows() {
			return unix.Setxattr(path, name, value, int(flags))
		}
		return unix.Lsetxattr(path, name, value, int(flags))
	})
}

// RemoveXattr is [Files.RemoveXattr].
func (m *Mount) RemoveXattr(_ context.Context, n tree.Node, name string) error {
	return xattrChange("remove "+name+" of", n, func(path string) error {
		if n.Follows() {
			return unix.Removexattr(path, name)
		}
		return unix.Lremovexattr(path, name)
	})
}

func xattrChange(op string, n tree.Node, call func(path string) error) error {
	return change(op, n.Path, func(dir int, path string) error {
		if dir != unix.AT_FDCWD {
			path = fmt.Sprintf("/proc/self/fd/%d/%s", dir, path)
		}
		return call(path)
	})
}

// open opens a regular file for writing.
func (m *Mount) open(n tree.Node) (*os.File, error) {
	flags := unix.O_WRONLY | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC
	if !n.Follows() {
		flags |= unix.O_NOFOLLOW
	}
	fd := -1
	err := change("open", n.Path, func(dir int, path string) (err error) {
		fd, err = unix.Openat(dir, path, flags, 0)
		return err
	})
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(fd), n.Path)
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "write to", Path: n.Path, Err: syscall.EINVAL}
	}
	if err == nil {
		err = unix.SetNonblock(fd, false)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// Truncate is [Files.Truncate].
func (m *Mount) Truncate(_ context.Context, n tree.Node, size uint64) error {
	if size > math.MaxInt64 {
		return &fs.PathError{Op: "truncate", Path: n.Path, Err: syscall.EFBIG}
	}
	return m.withOpen(n, "truncate", func(fd int) error { return unix.Ftruncate(fd, int64(size)) })
}

// Fallocate is [Files.Fallocate].
func (m *Mount) Fallocate(_ context.Context, n tree.Node, off, length uint64, keepSize bool) error {
	if off > math.MaxInt64 || length > math.MaxInt64-off {
		return &fs.PathError{Op: "fallocate", Path: n.Path, Err: syscall.EFBIG}
	}
	mode := uint32(0)
	if keepSize {
		mode = unix.FALLOC_FL_KEEP_SIZE
	}
	return m.withOpen(n, "fallocate", func(fd int) error { return unix.Fallocate(fd, mode, int64(off), int64(length)) })
}

func (m *Mount) withOpen(n tree.Node, op string, call func(fd int) error) (err error) {
	file, err := m.open(n)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	for {
		switch err := call(int(file.Fd())); {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return &fs.PathError{Op: op, Path: n.Path, Err: err}
		default:
			return nil
		}
	}
}

// Write is [Files.Write].
func (m *Mount) Write(_ context.Context, n tree.Node) (Writer, error) {
	file, err := m.open(n)
	if err != nil {
		return nil, err
	}
	return mountWriter{file}, nil
}

type mountWriter struct{ *os.File }

// copyBuffer is how much is written to a mount at a time.
const copyBuffer = 1 << 20

// WriteFrom is [Writer.WriteFrom].
func (w mountWriter) WriteFrom(ctx context.Context, off, length uint64, from io.Reader) error {
	buf := make([]byte, min(length, copyBuffer))
	for done := uint64(0); done < length; {
		p := buf[:min(length-done, copyBuffer)]
		if _, err := io.ReadFull(from, p); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		if err := w.WriteAt(ctx, p, off+done); err != nil {
			return err
		}
		done += uint64(len(p))
	}
	return nil
}

func (w mountWriter) WriteAt(ctx context.Context, p []byte, off uint64) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if off > math.MaxInt64-uint64(len(p)) {
		return &fs.PathError{Op: "write", Path: w.Name(), Err: syscall.EFBIG}
	}
	_, err := w.File.WriteAt(p, int64(off))
	return err
}
