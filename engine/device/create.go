// SPDX-License-Identifier: GPL-2.0-or-later

package device

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// CreateSparse makes a regular file of size bytes, all zero and taking no space,
// to be opened as a device. The file and its name are durable when it returns.
//
// An existing empty file is used as it is, with the permissions it has. Anything
// else that exists is left alone: an existing file with contents fails with an
// error for which errors.Is(err, fs.ErrExist), a path that is no regular file with
// EINVAL, a file that is in use with a [*BusyError]. A file that was made is
// removed again if it cannot be given its size.
func CreateSparse(path string, size int64, perm fs.FileMode) (err error) {
	if size <= 0 {
		return &fs.PathError{Op: "create", Path: path, Err: fmt.Errorf("size of %d bytes: %w", size, unix.EINVAL)}
	}
	file, created, err := createOrOpen(path, perm)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil && created {
			err = errors.Join(err, os.Remove(path))
		}
		err = errors.Join(err, file.Close())
	}()
	err = lock(path, int(file.Fd()), true)
	if errors.Is(err, unix.EBUSY) {
		return &BusyError{Path: path, Holder: holderOf(path)}
	}
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if info.Size() != 0 {
		return &fs.PathError{Op: "create", Path: path, Err: fmt.Errorf("%w and holds %d bytes", fs.ErrExist, info.Size())}
	}
	if err := file.Truncate(size); err != nil {
		return fmt.Errorf("size of %d bytes: %w", size, err)
	}
	if err := file.Sync(); err != nil {
		return err
	}
	return syncDirectory(filepath.Dir(path))
}

// createOrOpen opens a regular file, which it makes if there is none.
func createOrOpen(path string, perm fs.FileMode) (file *os.File, created bool, err error) {
	file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, perm)
	if err == nil || !errors.Is(err, fs.ErrExist) {
		return file, err == nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, false, err
	}
	if !info.Mode().IsRegular() {
		return nil, false, &fs.PathError{Op: "create", Path: path, Err: fmt.Errorf("exists and is no regular file: %w", unix.EINVAL)}
	}
	file, err = os.OpenFile(path, os.O_RDWR, 0)
	return file, false, err
}

func syncDirectory(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
