// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"fmt"
	"syscall"
)

// Handle is an open file, as changes of file data see it. What was checked
// when it was opened is not checked again.
type Handle struct {
	Ino uint64
	// Flags are those of open(2): the access mode, O_APPEND, O_DIRECT,
	// O_DSYNC and O_SYNC count here.
	Flags int
}

// ReadWrite is a file that is open for reading and writing.
func ReadWrite(ino uint64) Handle { return Handle{Ino: ino, Flags: syscall.O_RDWR} }

func (h Handle) writable() bool { return h.Flags&syscall.O_ACCMODE != syscall.O_RDONLY }

// forWriting returns EBADF for a file that is not open for writing.
func (h Handle) forWriting() error {
	if !h.writable() {
		return fmt.Errorf("inode %d is not open for writing: %w", h.Ino, syscall.EBADF)
	}
	return nil
}

// checkArchive returns EINVAL unless a request of an archive agent may change
// the file's data: a regular file that is open for writing.
func (h Handle) checkArchive(in *Inode) error {
	switch {
	case !in.IsRegular():
		return fmt.Errorf("inode %d is no regular file: %w", in.Ino, syscall.EINVAL)
	case !h.writable():
		return fmt.Errorf("inode %d is not open for writing: %w", in.Ino, syscall.EINVAL)
	}
	return nil
}

// checkDataVersion returns ESTALE for a file whose data is another than the
// caller thinks.
func checkDataVersion(in *Inode, version uint64) error {
	if in.DataVersion != version {
		return fmt.Errorf("inode %d has data version %d, not %d: %w", in.Ino, in.DataVersion, version, syscall.ESTALE)
	}
	return nil
}

// lockData keeps a file from being deleted, and others from its data, while f
// runs; and again after what it waited for, if that is what f asks for. An
// error of giving the file up counts only if there is no other.
func (w *Writer) lockData(ctx context.Context, ino uint64, f func() error) error {
	return w.whileOpen(ctx, ino, func() error {
		return w.retryOffline(ctx, func() error {
			defer w.locks.write(ino)()
			return f()
		})
	})
}

// whileOpen runs f with the file counted as open.
func (w *Writer) whileOpen(ctx context.Context, ino uint64, f func() error) (err error) {
	if err := w.opens.open(ino, false); err != nil {
		return err
	}
	defer func() {
		if e := w.Close(ctx, ino); err == nil {
			err = e
		}
	}()
	return f()
}
