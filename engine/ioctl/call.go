// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"syscall"

	"scoutfs/engine/format"
)

// Bounds of one call. Requests that ask for more are cut to them when they
// are encoded and when they are decoded, which no caller can tell from a
// file system that has no more to say just yet. Only ALLOC_DETAIL says all or
// nothing, and fails if there is more.
const (
	// MaxBatch is how many results one call can bring.
	MaxBatch = 1 << 20
	// MaxBytes is how large a buffer of names can be.
	MaxBytes = 16 << 20
	// MaxStage is how many bytes one STAGE can bring, a multiple of 4096.
	MaxStage = 64 << 20
)

// Call is one request on its way to a file system: the caller's bytes with
// the pointers taken out.
type Call struct {
	Number Number
	Arg    []byte // the argument structure; what is in its pointer fields means nothing
	In     []byte // what the argument's input pointer points to; nil if it has none
}

// Reply is what a file system made of a Call that succeeded.
type Reply struct {
	Return int    // what ioctl(2) returns: 0, a count, or a length in bytes
	Arg    []byte // the first bytes of the argument structure as the request left them; nil if it wrote none
	Out    []byte // what to put where the argument's output pointer points to, or more if nobody can tell the length
}

// Doer takes calls to a file system and brings their replies back. A Doer is
// safe for concurrent use.
type Doer interface {
	// Do carries out one call. Whether it happened is unknown if the error
	// is the context's. The call's bytes are not used after Do returned.
	Do(ctx context.Context, c Call) (Reply, error)
}

// OutSize is the size in bytes of the buffer that the argument's output
// pointer points to: what the caller has room for, not what will be there. It
// is 0 for a request without one, and for an argument of the wrong size.
func (c Call) OutSize() uint64 {
	info, ok := c.Number.Info()
	if !ok || len(c.Arg) != c.Number.Size() {
		return 0
	}
	return info.out.size(c.Arg)
}

// buffer says where an argument structure keeps the pointer to a buffer, and
// the buffer's size. The zero buffer is none.
type buffer struct {
	pointer int // offset of the pointer, 8 bytes; or follows
	length  int // offset of the length
	width   int // bytes of the length
	unit    int // what the length counts, in bytes
	align   int // what the pointer must be a multiple of, or 0
}

// follows stands for the offset of a pointer where there is none because the
// buffer starts where the argument structure ends.
const follows = -1

func (b buffer) exists() bool { return b.unit != 0 }

// size reads the size of the buffer in bytes from an argument structure. It
// is the largest uint64 if it is larger.
func (b buffer) size(arg []byte) uint64 {
	var n uint64
	switch b.width {
	case 2:
		n = uint64(binary.LittleEndian.Uint16(arg[b.length:]))
	case 4:
		n = uint64(binary.LittleEndian.Uint32(arg[b.length:]))
	case 8:
		n = binary.LittleEndian.Uint64(arg[b.length:])
	}
	over, size := bits.Mul64(n, uint64(b.unit))
	if over != 0 {
		return math.MaxUint64
	}
	return size
}

// address reads the pointer from an argument structure that is at argument.
func (b buffer) address(arg []byte, argument uint64) uint64 {
	if b.pointer == follows {
		return argument + uint64(len(arg))
	}
	return binary.LittleEndian.Uint64(arg[b.pointer:])
}

// setAddress writes the pointer into an argument structure.
func (b buffer) setAddress(arg []byte, address uint64) {
	if b.pointer != follows {
		binary.LittleEndian.PutUint64(arg[b.pointer:], address)
	}
}

// argument lays T over the argument structure of a request.
func argument[T any](c Call, n Number) (*T, error) {
	if c.Number != n {
		return nil, &Error{Request: n, Errno: syscall.EINVAL, Detail: "the call is " + c.Number.String()}
	}
	if len(c.Arg) != n.Size() {
		return nil, invalid(n, "argument of %d bytes, expected %d", len(c.Arg), n.Size())
	}
	return format.View[T](c.Arg)
}

// written lays T over the argument structure that came back.
func written[T any](r Reply, n Number) (*T, error) {
	if len(r.Arg) < format.Size[T]() {
		return nil, garbled(n, "argument of %d bytes, expected %d", len(r.Arg), n.Size())
	}
	return format.View[T](r.Arg)
}

// pack returns the bytes of a structure.
func pack[T any](t T) []byte { return format.Bytes(&t) }

// encodeEach lays items out as an array of W; no items are nil.
func encodeEach[W, T any](items []T, set func(*W, T)) []byte {
	if len(items) == 0 {
		return nil
	}
	out := make([]byte, 0, format.Size[W]()*len(items))
	var w W
	for _, item := range items {
		set(&w, item)
		out = append(out, format.Bytes(&w)...)
	}
	return out
}

// decodeEach reads as many W as the reply counts, of the count asked for at
// most.
func decodeEach[W, T any](r Reply, n Number, asked int, get func(*W) T) ([]T, error) {
	if r.Return < 0 {
		return nil, garbled(n, "a count of %d", r.Return)
	}
	count := min(r.Return, bounded(asked, MaxBatch))
	size := format.Size[W]()
	if len(r.Out)/size < count {
		return nil, garbled(n, "%d results in %d bytes", count, len(r.Out))
	}
	if count == 0 {
		return nil, nil
	}
	items := make([]T, count)
	for i := range items {
		w, err := format.View[W](r.Out[i*size:])
		if err != nil {
			return nil, err
		}
		items[i] = get(w)
	}
	return items, nil
}

// replyEach is the reply of a request that returns a count and fills an
// array. A file system that answers more than was asked for is mistaken;
// what is too much is left for the next call.
func replyEach[W, T any](items []T, asked int, set func(*W, T)) Reply {
	items = items[:min(len(items), bounded(asked, MaxBatch))]
	return Reply{Return: len(items), Out: encodeEach(items, set)}
}

// bounded cuts a count that was read or is to be written to 0..limit.
func bounded[N int | uint16 | uint32 | uint64](n N, limit int) int {
	if n <= 0 {
		return 0
	}
	return int(min(uint64(n), uint64(limit)))
}

func u16(v uint16) (u format.U16) { u.Set(v); return u }
func u32(v uint32) (u format.U32) { u.Set(v); return u }
func u64(v uint64) (u format.U64) { u.Set(v); return u }

// invalid is the error of a call that cannot be decoded.
func invalid(n Number, text string, args ...any) error {
	return &Error{Request: n, Errno: syscall.EINVAL, Detail: fmt.Sprintf(text, args...)}
}

// garbled is the error of a reply that cannot be decoded.
func garbled(n Number, text string, args ...any) error {
	return &Error{Request: n, Errno: syscall.EPROTO, Detail: "reply has " + fmt.Sprintf(text, args...)}
}
