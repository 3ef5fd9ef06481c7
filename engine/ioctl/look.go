// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Xattr is an extended attribute.
type Xattr struct {
	Name  string
	Value []byte
}

// Stat is fstatat(2) of an inode of any kind by its number: ESTALE if there
// is none with a name. It needs CAP_DAC_READ_SEARCH.
func (m *Mount) Stat(ctx context.Context, ino uint64) (st unix.Stat_t, err error) {
	err = m.lookAt(ctx, ino, func(fd uintptr) error {
		return unix.Fstat(int(fd), &st)
	})
	return st, err
}

// Xattrs returns the attributes that listxattr(2) shows of an inode of any
// kind, and those with the other names given if it has them. It fails as Stat
// does, and needs /proc.
func (m *Mount) Xattrs(ctx context.Context, ino uint64, others []string) (xattrs []Xattr, err error) {
	err = m.lookAt(ctx, ino, func(fd uintptr) error {
		// The link leads to the very inode, also to a symbolic link, and
		// opens nothing.
		xattrs, err = readXattrs(fmt.Sprintf("/proc/self/fd/%d", fd), others)
		return err
	})
	return xattrs, err
}

// lookAt lets do look at an inode that is opened for no access.
func (m *Mount) lookAt(ctx context.Context, ino uint64, do func(fd uintptr) error) error {
	name := fmt.Sprintf("inode %d of %s", ino, m.root.file.Name())
	failed := func(op string, err error) error { return &fs.PathError{Op: op, Path: name, Err: err} }
	if err := ctx.Err(); err != nil {
		return failed("open", err)
	}
	fd, err := -1, error(nil)
	if closed := m.root.control(func(dir uintptr) {
		fd, err = unix.OpenByHandleAt(int(dir), inodeHandleOf(ino), unix.O_PATH|unix.O_CLOEXEC)
	}); closed != nil {
		return closed
	}
	if err != nil {
		return failed("open", err)
	}
	defer unix.Close(fd) //nolint:errcheck // it was opened to look at only
	if err := do(uintptr(fd)); err != nil {
		return failed("look at", err)
	}
	return nil
}

// readXattrs reads the attributes that a path's inode shows, and others.
func readXattrs(path string, others []string) ([]Xattr, error) {
	list, err := grow(func(b []byte) (int, error) { return unix.Listxattr(path, b) })
	if err != nil && !errors.Is(err, syscall.EOPNOTSUPP) {
		return nil, err
	}
	names := strings.Split(strings.TrimSuffix(string(list), "\x00"), "\x00")
	var xattrs []Xattr
	for _, name := range append(names, others...) {
		if name == "" {
			continue
		}
		value, err := grow(func(b []byte) (int, error) { return unix.Getxattr(path, name, b) })
		if errors.Is(err, syscall.ENODATA) {
			continue // removed meanwhile
		}
		if err != nil {
			return nil, fmt.Errorf("attribute %q: %w", name, err)
		}
		xattrs = append(xattrs, Xattr{name, value})
	}
	return xattrs, nil
}

// grow calls read with more and more room until it suffices.
func grow(read func([]byte) (int, error)) ([]byte, error) {
	for size := 256; ; size *= 4 {
		b := make([]byte, size)
		n, err := read(b)
		if errors.Is(err, syscall.ERANGE) && size < MaxBytes {
			continue
		}
		return b[:max(n, 0)], err
	}
}
