// SPDX-License-Identifier: GPL-2.0-or-later

package device_test

import (
	"os"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mincore returns how many pages of a mapping are in memory.
func mincore(tb testing.TB, mapped []byte) int {
	tb.Helper()
	pages := make([]byte, (len(mapped)+os.Getpagesize()-1)/os.Getpagesize())
	_, _, errno := unix.Syscall(unix.SYS_MINCORE, uintptr(unsafe.Pointer(&mapped[0])), uintptr(len(mapped)), uintptr(unsafe.Pointer(&pages[0])))
	if errno != 0 {
		tb.Fatal(errno)
	}
	present := 0
	for _, page := range pages {
		present += int(page & 1)
	}
	return present
}
