// SPDX-License-Identifier: GPL-2.0-or-later

// Package device gives access to the bytes of one device, or of the two
// devices that make up a volume. It opens, claims, sizes, reads, writes,
// flushes and discards, and knows nothing of what the bytes mean.
//
// A [Device] is one of
//
//   - a block device or regular file on this machine, from [Open];
//   - [Memory], sparse and copy-on-write, for tests;
//   - [Recorder], which passes everything on to another device and remembers
//     every write and flush, so that a test can build each state that a crash
//     could have left behind;
//   - [Faulty], which passes everything on to another device except the
//     operations it was told to fail.
//
// # Ordering and durability
//
// A write that has returned is seen by every later read of the same device. It
// is on stable storage only after a later [Device.Flush] has returned nil. Any
// subset of the writes since the last such flush, each one in part or whole,
// may survive a power failure; [Crash] describes such states for tests.
//
// # Bounds
//
// A device never grows: its size is read once when it is opened. A request that
// leaves [0, Size) fails with an [*Error] and, if it is a write, changes nothing.
//
// The package works on Linux only.
package device

// Device is an array of bytes of fixed size. All offsets and lengths are in
// bytes. Every method may be called from several goroutines at once, and calls
// on different ranges proceed in parallel; the outcome of concurrent calls on
// overlapping ranges, at least one of which writes, is either order of them, or
// a mixture.
//
// Errors of the first three methods are [*Error], which carry the device's
// name, the range, and the cause. After Close they all fail with an error for
// which errors.Is(err, fs.ErrClosed), except on [Memory].
type Device interface {
	// ReadAt fills p from offset off and returns len(p), nil. A read that
	// runs past the end of the device returns the bytes there are, with an
	// error that wraps io.ErrUnexpectedEOF, or io.EOF if there were none.
	ReadAt(p []byte, off int64) (int, error)

	// WriteAt stores p at offset off and returns len(p), nil. A range that
	// is not wholly within the device is refused with ENOSPC before
	// anything is written. A device that was opened read-only refuses with
	// [ErrReadOnly].
	WriteAt(p []byte, off int64) (int, error)

	// Size is the number of bytes in the device. It never changes.
	Size() int64

	// Flush makes every write that had returned before the call durable. It
	// returns nil only when they are.
	Flush() error

	// Name is the path as the user gave it, for messages.
	Name() string

	// Close gives up the claim and frees the device. It does not flush.
	// It waits for calls in progress.
	Close() error
}

// Discarder is a [Device] that can tell the storage below that a range is no
// longer needed.
type Discarder interface {
	// Discard gives up the contents of [off, off+length). What the range
	// holds afterwards is undefined until it is written again: the old bytes,
	// zeros, or anything else. An empty range is no error. If the storage
	// cannot discard, the error satisfies errors.Is(err, errors.ErrUnsupported)
	// and the contents are untouched.
	Discard(off, length int64) error
}

// VectorReader is a [Device] that can fill several buffers from one run of
// bytes with one request to the storage. [ReadMany] uses it to merge requests.
type VectorReader interface {
	// ReadVectorAt fills the buffers, in order, from the bytes that start at
	// off. It is ReadAt in every other respect; the count returned is over
	// all buffers.
	ReadVectorAt(bufs [][]byte, off int64) (int, error)
}

// VectorWriter is a [Device] that can store several buffers in one run of bytes
// with one request to the storage.
type VectorWriter interface {
	// WriteVectorAt stores the buffers, in order, at off. It is WriteAt in
	// every other respect; the count returned is over all buffers.
	WriteVectorAt(bufs [][]byte, off int64) (int, error)
}

// Aligner is a [Device] that transfers straight between the storage and the
// caller's memory if offset, length and address are right, and copies if not.
type Aligner interface {
	// Alignment is the power of two of which the offset and length of a
	// request and the address of its buffer should be multiples to avoid a
	// copy. It is the logical sector size or larger when the device is read
	// and written directly, and 1 when it goes through the page cache.
	Alignment() int
}
