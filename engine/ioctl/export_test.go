// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl

import (
	"os"
	"syscall"
)

// NewMountOver is OpenMount with the given stand-in for ioctl(2).
func NewMountOver(root *os.File, call func(fd uintptr, n Number, argument uintptr) (int, syscall.Errno)) *Mount {
	at := descriptor{root, call}
	return &Mount{VolumeClient{at}, at}
}

// ReadXattrs is readXattrs.
func ReadXattrs(path string, others []string) ([]Xattr, error) { return readXattrs(path, others) }
