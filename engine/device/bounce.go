// SPDX-License-Identifier: GPL-2.0-or-later

package device

import "unsafe"

// BufferAlignment is the alignment in bytes of the address of buffers from
// [AlignedBuffer], enough for any device with sectors of up to 4 KiB.
const BufferAlignment = 4096

// A device that is used directly holds at most bounceCount bounce buffers of
// bounceSize bytes, the size of the largest merged read. The kernel limits the
// requests of most devices to about that.
const (
	bounceSize  = 1 << 20
	bounceCount = 16
)

// AlignedBuffer returns n zero bytes whose address is a multiple of
// [BufferAlignment], so that a direct transfer of them needs no copy.
func AlignedBuffer(n int) []byte { return alignedBuffer(n, BufferAlignment) }

func alignedBuffer(n, align int) []byte {
	buf := make([]byte, n+align-1)
	skip := 0
	if rest := int(address(buf) & uintptr(align-1)); rest != 0 {
		skip = align - rest
	}
	return buf[skip : skip+n : skip+n]
}

// alignedPrefix returns the length of the longest prefix of p that can be
// transferred directly at off.
func alignedPrefix(p []byte, off int64, align int) int {
	if !isMultiple(off, align) || address(p)&uintptr(align-1) != 0 {
		return 0
	}
	return len(p) &^ (align - 1)
}

func isMultiple(n int64, align int) bool { return n&int64(align-1) == 0 }

func address(p []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(p))) }

// bouncePool lends aligned buffers of bounceSize bytes. At most bounceCount
// exist; who wants another waits. A borrower must not borrow a second one.
type bouncePool struct {
	align int
	free  chan []byte
	made  chan struct{} // one element for each buffer that exists
}

func newBouncePool(align int) *bouncePool {
	return &bouncePool{
		align: max(align, BufferAlignment),
		free:  make(chan []byte, bounceCount),
		made:  make(chan struct{}, bounceCount),
	}
}

func (b *bouncePool) get() []byte {
	select {
	case buf := <-b.free:
		return buf
	default:
	}
	select {
	case buf := <-b.free:
		return buf
	case b.made <- struct{}{}:
		return alignedBuffer(bounceSize, b.align)
	}
}

func (b *bouncePool) put(buf []byte) { b.free <- buf }
