// SPDX-License-Identifier: GPL-2.0-or-later

package device

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/unix"
)

// blockSize returns the size of a block device in bytes.
func blockSize(fd int) (uint64, error) {
	var size uint64
	return size, ioctl(fd, unix.BLKGETSIZE64, unsafe.Pointer(&size))
}

// blockDiscard discards length bytes at off of a block device. Both must be
// multiples of its logical sector size.
func blockDiscard(fd int, off, length int64) error {
	span := [2]uint64{uint64(off), uint64(length)}
	return ioctl(fd, unix.BLKDISCARD, unsafe.Pointer(&span))
}

// ioctl is for requests whose argument is wider than the int that x/sys/unix
// offers.
func ioctl(fd int, request uintptr, arg unsafe.Pointer) error {
	return retryInterrupted(func() error {
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(arg)); errno != 0 {
			return errno
		}
		return nil
	})
}

// retryInterrupted repeats a system call that a signal interrupted. The Go
// runtime sends signals to its own threads, and some file systems return
// EINTR in spite of SA_RESTART.
func retryInterrupted(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
