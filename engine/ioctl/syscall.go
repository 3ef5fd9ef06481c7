// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl

import (
	"math"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// bufferAlign is what buffers given to the kernel are multiples of: the
// header asks for 16 for directory entries, and the module for 8 elsewhere.
const bufferAlign = 16

// system calls ioctl(2) with the address of an argument structure.
type system func(fd uintptr, n Number, argument uintptr) (int, syscall.Errno)

func ioctl(fd uintptr, n Number, argument uintptr) (int, syscall.Errno) {
	r, _, errno := unix.Syscall(unix.SYS_IOCTL, fd, uintptr(n), argument)
	return int(r), errno
}

// invoke carries out a call by ioctl(2): it puts argument and output buffer
// into memory that stays where it is, fills in the pointers, and takes the
// results from there. The errno is 0 if the call succeeded.
func invoke(call system, fd uintptr, c Call) (Reply, syscall.Errno) {
	info, ok := c.Number.Info()
	if !ok || len(c.Arg) != c.Number.Size() {
		return Reply{}, syscall.EINVAL
	}
	room := c.OutSize()
	if room > math.MaxInt32 {
		return Reply{}, syscall.EINVAL
	}
	if c.Number == NumberWalkInodes {
		// The kernel module writes one entry also where none was asked for.
		room = max(room, walkEntrySize)
	}

	// The pointers below are numbers to the garbage collector. Pinned memory
	// is neither moved nor freed until Unpin.
	var pinner runtime.Pinner
	defer pinner.Unpin()
	pin := func(b []byte) uint64 {
		if len(b) == 0 {
			return 0
		}
		p := unsafe.SliceData(b)
		pinner.Pin(p)
		return uint64(uintptr(unsafe.Pointer(p)))
	}

	var arg, out []byte
	if info.out.pointer == follows {
		both := aligned(len(c.Arg) + int(room))
		arg, out = both[:len(c.Arg)], both[len(c.Arg):]
	} else {
		arg, out = aligned(len(c.Arg)), aligned(int(room))
	}
	copy(arg, c.Arg)
	if info.in.exists() {
		info.in.setAddress(arg, pin(c.In))
	}
	if info.out.exists() {
		info.out.setAddress(arg, pin(out))
	}
	ret, errno := call(fd, c.Number, uintptr(pin(arg)))
	if errno != 0 {
		return Reply{}, errno
	}
	return Reply{Return: ret, Arg: arg, Out: out}, 0
}

// aligned allocates n bytes at a multiple of bufferAlign.
func aligned(n int) []byte {
	b := make([]byte, n+bufferAlign-1)
	skip := -uintptr(unsafe.Pointer(unsafe.SliceData(b))) % bufferAlign
	return b[skip : skip+uintptr(n) : skip+uintptr(n)]
}
