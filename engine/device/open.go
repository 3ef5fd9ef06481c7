// SPDX-License-Identifier: GPL-2.0-or-later

package device

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Options say how [Open] opens and claims a device. The zero value is a
// claimed reader through the page cache.
type Options struct {
	// Write opens for reading and writing. Without it WriteAt and Discard
	// fail with ErrReadOnly, and Flush has nothing to do.
	Write bool

	// Direct bypasses the page cache (O_DIRECT): what is read is what the
	// storage holds now, which matters when another machine writes to it,
	// and bulk reads cost no copy. Buffers of any address, offset and length
	// are accepted; see Aligner for those that are fastest. Where the file
	// system refuses O_DIRECT the device falls back to the page cache, and
	// its Alignment is 1.
	Direct bool

	// Shared opens a reader without any claim, for looking at a volume that
	// may be mounted or written by someone else meanwhile. It cannot be
	// combined with Write.
	Shared bool

	// DropCache discards the pages of the device that this machine has
	// cached before the first read, so that a reader through the page cache
	// sees what another machine has written. It is a best effort: pages in
	// use stay.
	DropCache bool
}

// Open opens the block device or regular file at path and claims it as opts
// say.
//
// # Claims
//
// A writer excludes every other writer and claimed reader; claimed readers share.
// This holds between processes and between two opens in one process. An open that
// is refused fails with a [*BusyError].
//
// The claim is an open file description lock (F_OFD_SETLK) over the whole file.
// It was preferred to flock(2) because QEMU guards the disk images of running
// machines with such locks, and the two kinds do not see each other. Unlike POSIX
// record locks, they belong to the open file, so that two opens in one process
// conflict and closing some other descriptor of the file loses nothing.
//
// On a block device a writer also holds it exclusively (O_EXCL), which the kernel
// refuses while the device is mounted, part of another device, or held so by
// another tool, and which makes the kernel refuse to mount it. A claimed reader
// tests for such a holder when it opens, and does not keep one out later, for an
// exclusive open cannot be shared. A writer of a regular file is refused while the
// file is behind a loop device.
//
// Paths that are neither a regular file nor a block device are refused with
// EINVAL, and are not opened.
func Open(path string, opts Options) (Device, error) {
	if opts.Write && opts.Shared {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fmt.Errorf("a writer cannot be shared: %w", unix.EINVAL)}
	}
	// A fifo would block the open, and opening a character device can have
	// effects of its own, so look before opening.
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !isDeviceMode(info.Mode()) {
		return nil, &typeError{path}
	}
	fd, err := openClaimed(path, info, opts)
	if err != nil {
		return nil, err
	}
	f := &file{name: path, fd: fd, directFD: -1, align: 1, writable: opts.Write, claimed: !opts.Shared}
	if err := f.prepare(opts); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// prepare finds out what the open descriptor is and how it can be read.
func (f *file) prepare(opts Options) error {
	var stat unix.Stat_t
	if err := unix.Fstat(f.fd, &stat); err != nil {
		return &fs.PathError{Op: "stat", Path: f.name, Err: err}
	}
	switch stat.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		f.size = stat.Size
	case unix.S_IFBLK:
		f.block = true
		size, err := blockSize(f.fd)
		if err != nil {
			return &fs.PathError{Op: "get size of", Path: f.name, Err: err}
		}
		if size > math.MaxInt64 {
			return &fs.PathError{Op: "get size of", Path: f.name, Err: unix.EFBIG}
		}
		f.size = int64(size)
	default:
		return &typeError{f.name}
	}
	if opts.DropCache {
		if err := dropCache(f.fd, f.block); err != nil {
			return &fs.PathError{Op: "drop cached pages of", Path: f.name, Err: err}
		}
	}
	if opts.Direct {
		return f.openDirect(&stat)
	}
	return nil
}

// dropCache forgets the clean cached pages of a device. BLKFLSBUF also writes
// and drops dirty ones but needs CAP_SYS_ADMIN; the advice needs nothing.
func dropCache(fd int, block bool) error {
	if block {
		err := unix.IoctlSetInt(fd, unix.BLKFLSBUF, 0)
		if !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	return unix.Fadvise(fd, 0, 0, unix.FADV_DONTNEED)
}

func isDeviceMode(mode fs.FileMode) bool {
	return mode.IsRegular() || isBlockMode(mode)
}

func isBlockMode(mode fs.FileMode) bool {
	return mode&fs.ModeDevice != 0 && mode&fs.ModeCharDevice == 0
}

// blockNumber returns the device number of a block device's node.
func blockNumber(info fs.FileInfo) (uint64, bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !isBlockMode(info.Mode()) {
		return 0, false
	}
	return stat.Rdev, true
}
