// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Mount is the Target of a volume that is mounted on this machine, by the
// kernel module or through FUSE.
//
// Requests block in the kernel; a context that ends meanwhile is noticed when
// they return. A request that a signal interrupts is made again.
type Mount struct {
	VolumeClient
	root descriptor
}

var _ Target = (*Mount)(nil)

// OpenMount opens the volume that path is on. Any file or directory of it
// will do, but OpenPath needs the root of the mount. Nothing checks that it
// is scoutfs until a request fails with ENOTTY. The caller closes the Mount.
func OpenMount(path string) (*Mount, error) {
	file, err := openAt(unix.AT_FDCWD, path, path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	root := descriptor{file, ioctl}
	return &Mount{VolumeClient{root}, root}, nil
}

// Close closes the file that the Mount holds.
func (m *Mount) Close() error { return m.root.file.Close() }

// OpenPath is [Target.OpenPath], with paths taken from the directory that the
// Mount was opened by. Symbolic links are followed as open(2) does, out of
// the volume as well.
func (m *Mount) OpenPath(ctx context.Context, path string, flags int) (File, error) {
	name := strings.TrimLeft(path, "/")
	if name == "" {
		name = "."
	}
	return m.open(ctx, path, func(dir int) (*os.File, error) {
		return openAt(dir, name, strings.TrimRight(m.root.file.Name(), "/")+"/"+name, flags)
	})
}

// OpenIno is [Target.OpenIno]. It needs CAP_DAC_READ_SEARCH.
func (m *Mount) OpenIno(ctx context.Context, ino uint64, flags int) (File, error) {
	name := fmt.Sprintf("inode %d", ino)
	return m.open(ctx, name, func(dir int) (*os.File, error) {
		return openIno(dir, ino, name+" of "+m.root.file.Name(), flags)
	})
}

// open opens a file with a directory to start at.
func (m *Mount) open(ctx context.Context, name string, at func(dir int) (*os.File, error)) (File, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	var file *os.File
	var err error
	if failed := m.root.control(func(fd uintptr) { file, err = at(int(fd)) }); failed != nil {
		return nil, failed
	}
	if err != nil {
		return nil, err
	}
	return newMountFile(descriptor{file, m.root.call}), nil
}

// MountFile is a File of a mounted volume.
type MountFile struct {
	FileClient
	at descriptor
}

var _ File = (*MountFile)(nil)

// OpenFile opens a file or directory of any mount by its path in the system,
// with flags as for [Target.OpenPath].
func OpenFile(path string, flags int) (*MountFile, error) {
	file, err := openAt(unix.AT_FDCWD, path, path, flags)
	if err != nil {
		return nil, err
	}
	return NewMountFile(file), nil
}

// NewMountFile makes an open file a File. Closing either closes both.
func NewMountFile(file *os.File) *MountFile { return newMountFile(descriptor{file, ioctl}) }

func newMountFile(at descriptor) *MountFile { return &MountFile{FileClient{at}, at} }

// OS returns the open file, to read its data with, or to stat it.
func (f *MountFile) OS() *os.File { return f.at.file }

// Close closes the file.
func (f *MountFile) Close() error { return f.at.file.Close() }

// MoveBlocks is [File.MoveBlocks]. from must be a *MountFile; anything else
// is EXDEV.
func (f *MountFile) MoveBlocks(ctx context.Context, from File, q MoveBlocks) error {
	source, ok := from.(*MountFile)
	if !ok {
		return &Error{Request: NumberMoveBlocks, Object: f.at.file.Name(), Errno: syscall.EXDEV}
	}
	var err error
	if failed := source.at.control(func(fd uintptr) {
		q.FromFD = uint64(fd)
		err = tell(ctx, f.Doer, q)
	}); failed != nil {
		return failed
	}
	return err
}

// descriptor is the Doer of an open file.
type descriptor struct {
	file *os.File
	call system
}

// Do carries out a call by ioctl(2).
func (d descriptor) Do(ctx context.Context, c Call) (Reply, error) {
	var reply Reply
	var errno syscall.Errno
	for {
		if err := ctx.Err(); err != nil {
			return Reply{}, fmt.Errorf("%s on %s: %w", c.Number, d.file.Name(), err)
		}
		if err := d.control(func(fd uintptr) { reply, errno = invoke(d.call, fd, c) }); err != nil {
			return Reply{}, err
		}
		switch errno {
		case 0:
			return reply, nil
		case syscall.EINTR:
			// The runtime sends signals to its own threads. A request that
			// was interrupted can be made again: it did nothing, or part of
			// what it will find done.
		default:
			return Reply{}, &Error{Request: c.Number, Object: d.file.Name(), Errno: errno}
		}
	}
}

// control runs do with the file's descriptor, which stays open meanwhile. It
// fails only if the file was closed before.
func (d descriptor) control(do func(fd uintptr)) error {
	conn, err := d.file.SyscallConn()
	if err == nil {
		err = conn.Control(do)
	}
	if err != nil {
		return &fs.PathError{Op: "use", Path: d.file.Name(), Err: fs.ErrClosed}
	}
	return nil
}

// openAt opens a file or directory below the directory dir.
func openAt(dir int, path, name string, flags int) (*os.File, error) {
	return openTyped(name, flags, func(st *unix.Stat_t) error {
		return unix.Fstatat(dir, path, st, 0)
	}, func(flags int) (int, error) {
		return unix.Openat(dir, path, flags, 0)
	})
}

// The handle by which a scoutfs inode is opened (kmod/src/export.c,
// kmod/src/format.h: FILEID_SCOUTFS): the inode number, little-endian.
const inodeHandle = 0x81

func inodeHandleOf(ino uint64) unix.FileHandle {
	return unix.NewFileHandle(inodeHandle, binary.LittleEndian.AppendUint64(nil, ino))
}

// openIno opens an inode of the file system that dir is on.
func openIno(dir int, ino uint64, name string, flags int) (*os.File, error) {
	handle := inodeHandleOf(ino)
	return openTyped(name, flags, func(st *unix.Stat_t) error {
		fd, err := unix.OpenByHandleAt(dir, handle, unix.O_PATH|unix.O_CLOEXEC)
		if err != nil {
			return err
		}
		defer unix.Close(fd) //nolint:errcheck // it was opened to look at only
		return unix.Fstat(fd, st)
	}, func(flags int) (int, error) {
		return unix.OpenByHandleAt(dir, handle, flags)
	})
}

// openTyped opens what is a file or a directory, and nothing else: opening a
// pipe may block for ever, and opening a device does things to it.
func openTyped(name string, flags int, stat func(*unix.Stat_t) error, open func(flags int) (int, error)) (*os.File, error) {
	failed := func(err error) (*os.File, error) { return nil, &fs.PathError{Op: "open", Path: name, Err: err} }
	if flags&^unix.O_ACCMODE != 0 || flags == unix.O_ACCMODE {
		return failed(syscall.EINVAL)
	}
	var st unix.Stat_t
	if err := stat(&st); err != nil {
		return failed(err)
	}
	if kind := st.Mode & unix.S_IFMT; kind != unix.S_IFREG && kind != unix.S_IFDIR {
		return failed(syscall.ENOTTY)
	}
	// Not blocking is for a pipe that took the file's place since.
	fd, err := open(flags | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC)
	if err != nil {
		return failed(err)
	}
	if err := unix.SetNonblock(fd, false); err != nil {
		return failed(errors.Join(err, unix.Close(fd)))
	}
	return os.NewFile(uintptr(fd), name), nil
}
