// SPDX-License-Identifier: GPL-2.0-or-later

package errno_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"scoutfs/cmd/scoutfs/internal/errno"
	"scoutfs/engine/format"
)

func TestNumberOfAnError(t *testing.T) {
	t.Parallel()
	_, openErr := os.Open("/nonexistent/file")
	tests := []struct {
		name string
		err  error
		want syscall.Errno
	}{
		{"nothing", nil, 0},
		{"a number", syscall.ESTALE, syscall.ESTALE},
		{"a wrapped number", fmt.Errorf("x: %w", &fs.PathError{Err: syscall.EACCES}), syscall.EACCES},
		{"the first of several", errors.Join(errors.New("x"), syscall.EBUSY, syscall.EIO), syscall.EBUSY},
		{"of the os package", openErr, syscall.ENOENT},
		{"corruption", &format.CorruptError{Structure: "super"}, syscall.EIO},
		{"cancelled", context.Canceled, syscall.EINTR},
		{"too late", context.DeadlineExceeded, syscall.ETIMEDOUT},
		{"end of input", io.ErrUnexpectedEOF, syscall.EIO},
		{"closed", fs.ErrClosed, syscall.EBADF},
		{"unsupported", errors.ErrUnsupported, syscall.EOPNOTSUPP},
		{"missing", fs.ErrNotExist, syscall.ENOENT},
		{"anything", errors.New("x"), syscall.EIO},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := errno.Of(test.err); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}

// The texts are those of glibc's strerror(3).
func TestTexts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		number syscall.Errno
		want   string
	}{
		{0, "Success"},
		{syscall.EPERM, "Operation not permitted"},
		{syscall.EIO, "Input/output error"},
		{syscall.ENOTTY, "Inappropriate ioctl for device"},
		{syscall.ERANGE, "Numerical result out of range"},
		{41, "Unknown error 41"},
		{syscall.EOPNOTSUPP, "Operation not supported"},
		{unix.EHWPOISON, "Memory page has hardware error"},
		{134, "Unknown error 134"},
		{524, "Unknown error 524"},
	}
	for _, test := range tests {
		if got := errno.String(test.number); got != test.want {
			t.Errorf("%d: got %q, want %q", test.number, got, test.want)
		}
	}
	if got, want := errno.Text(syscall.EFAULT), "Bad address (14)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// golang.org/x/sys/unix has the names of the kernel's headers. Where they have
// two for a number, glibc's strerrorname_np(3) decides.
func TestNamesAreTheKernels(t *testing.T) {
	t.Parallel()
	glibc := map[string]string{"ENOTSUP": "EOPNOTSUPP", "EFSCORRUPTED": "EUCLEAN"}
	for number := syscall.Errno(1); number <= 133; number++ {
		want := unix.ErrnoName(number)
		if name, ok := glibc[want]; ok {
			want = name
		}
		if got := errno.Name(number); got != want {
			t.Errorf("%d: got %q, want %q", number, got, want)
		}
	}
	if got := errno.Name(4096); got != "" {
		t.Errorf("4096: got %q", got)
	}
}
