// SPDX-License-Identifier: GPL-2.0-or-later

package device

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// A claimed reader of a block device holds it exclusively for a moment, to see
// whether it could. Another open that meets this moment must not mistake it for
// a holder, so an exclusive open is tried for this long.
const (
	exclusiveTries = 20
	exclusivePause = 5 * time.Millisecond
)

// openClaimed opens path through the page cache and claims it. The claim lives
// as long as the descriptor.
func openClaimed(path string, info fs.FileInfo, opts Options) (int, error) {
	block := isBlockMode(info.Mode())
	if opts.Write && !block {
		if loop, ok := loopDeviceOf(info); ok {
			return -1, &BusyError{Path: path, Holder: "loop device " + loop}
		}
	}
	fd, err := claim(path, block, opts)
	if errors.Is(err, unix.EBUSY) {
		return -1, &BusyError{Path: path, Holder: holderOf(path)}
	}
	return fd, err
}

// claim opens path and claims it. It fails with EBUSY, and holds nothing, if
// something else has the claim.
func claim(path string, block bool, opts Options) (int, error) {
	flags := unix.O_RDONLY
	if opts.Write {
		flags = unix.O_RDWR
	}
	fd, err := openAs(path, flags, block && opts.Write)
	if err != nil || opts.Shared {
		return fd, err
	}
	err = lock(path, fd, opts.Write)
	// Test for an exclusive holder only under the lock: a writer that opens
	// at the same moment then fails on one of the two at worst, and never runs
	// beside a reader.
	if err == nil && block && !opts.Write {
		var probe int
		if probe, err = openAs(path, flags, true); err == nil {
			err = unix.Close(probe)
		}
	}
	if err != nil {
		return -1, errors.Join(err, unix.Close(fd))
	}
	return fd, nil
}

// openAs opens path, exclusively if that is asked for, which is only for block
// devices.
func openAs(path string, flags int, exclusive bool) (int, error) {
	tries := 1
	if exclusive {
		flags |= unix.O_EXCL
		tries = exclusiveTries
	}
	for try := 1; ; try++ {
		fd, err := openDescriptor(path, flags)
		if try == tries || !errors.Is(err, unix.EBUSY) {
			return fd, err
		}
		time.Sleep(exclusivePause)
	}
}

func openDescriptor(path string, flags int) (fd int, err error) {
	err = retryInterrupted(func() error {
		fd, err = unix.Open(path, flags|unix.O_CLOEXEC|unix.O_LARGEFILE, 0)
		return err
	})
	if err != nil {
		return -1, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return fd, nil
}

// lock takes the open file description lock that is the claim, without waiting.
// It fails with EBUSY if something else has a conflicting one.
func lock(path string, fd int, write bool) error {
	kind := int16(unix.F_RDLCK)
	if write {
		kind = unix.F_WRLCK
	}
	err := setLock(fd, kind)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES):
		return &fs.PathError{Op: "lock", Path: path, Err: unix.EBUSY}
	}
	return &fs.PathError{Op: "lock", Path: path, Err: fmt.Errorf("the file system does not give locks: %w", err)}
}

// unlock gives the claim up at once. Closing the descriptor is not enough: a
// child that another goroutine is just starting holds a copy until it executes
// its program.
func unlock(fd int) error { return setLock(fd, unix.F_UNLCK) }

func setLock(fd int, kind int16) error {
	return retryInterrupted(func() error {
		return unix.FcntlFlock(uintptr(fd), unix.F_OFD_SETLK, &unix.Flock_t{Type: kind, Whence: io.SeekStart})
	})
}

// loopDeviceOf returns the name of a loop device that the file is behind. Where
// sysfs is absent or names another mount namespace's paths, none is found.
func loopDeviceOf(info fs.FileInfo) (string, bool) {
	paths, err := filepath.Glob("/sys/block/loop*/loop/backing_file")
	if err != nil {
		return "", false
	}
	for _, path := range paths {
		backing, err := os.ReadFile(path)
		if err != nil || len(backing) == 0 {
			continue
		}
		other, err := os.Stat(string(backing[:len(backing)-1]))
		if err == nil && os.SameFile(info, other) {
			return "/dev/" + filepath.Base(filepath.Dir(filepath.Dir(path))), true
		}
	}
	return "", false
}
