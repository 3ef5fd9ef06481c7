// SPDX-License-Identifier: GPL-2.0-or-later

package format

import (
	"fmt"
	"reflect"
	"unsafe"
)

// View lays the structure T over the first bytes of b without copying. T
// must be one of this package's on-disk structures: alignment 1 and no
// pointers. The result aliases b. A b shorter than T is an error that
// names the structure and both lengths; bytes after T are ignored.
func View[T any](b []byte) (*T, error) {
	if len(b) < Size[T]() {
		return nil, shortError[T](len(b))
	}
	// The length was checked and T has alignment 1, so the pointer covers
	// only bytes of b. Converting a slice to an array pointer does the same
	// for byte arrays; Go has no safe spelling of it for structs.
	return (*T)(unsafe.Pointer(unsafe.SliceData(b))), nil
}

// ViewExact is View for bytes that must have exactly the size of T, such as
// most item values and whole blocks.
func ViewExact[T any](b []byte) (*T, error) {
	t, err := View[T](b)
	if err == nil && len(b) != Size[T]() {
		return nil, shortError[T](len(b))
	}
	return t, err
}

// Bytes returns the bytes of a structure; the result aliases t.
func Bytes[T any](t *T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(t)), Size[T]())
}

// viewSlice lays n structures T over the first bytes of b, which the caller
// has checked to be long enough.
func viewSlice[T any](b []byte, n int) []T {
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), n)
}

// Size returns the on-disk size of T in bytes.
func Size[T any]() int {
	var t T
	return int(unsafe.Sizeof(t))
}

func shortError[T any](n int) error {
	return &CorruptError{
		Structure: structureName(reflect.TypeFor[T]()),
		Field:     "length",
		Found:     fmt.Sprintf("%d bytes", n),
		Expected:  fmt.Sprintf("%d bytes", Size[T]()),
	}
}
