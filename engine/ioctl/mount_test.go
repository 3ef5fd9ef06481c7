// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"scoutfs/engine/ioctl"
)

// The tests here make real system calls, on a file system that is not
// scoutfs.

func openMount(t *testing.T, path string) *ioctl.Mount {
	t.Helper()
	m, err := ioctl.OpenMount(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func TestRequestsElsewhereFailWithENOTTY(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m := openMount(t, dir)
	ctx := t.Context()
	_, err := m.StatfsMore(ctx)
	var failed *ioctl.Error
	if !errors.As(err, &failed) || failed.Errno != syscall.ENOTTY || failed.Request != ioctl.NumberStatfsMore || failed.Object != dir {
		t.Fatalf("%#v", err)
	}
	if text := err.Error(); !strings.HasPrefix(text, "STATFS_MORE on "+dir+": inappropriate ioctl for device (25): not a file or directory of a scoutfs file system") {
		t.Errorf("it says %q", text)
	}
	if _, err := m.WalkInodes(ctx, ioctl.WalkInodes{Count: 100}); !errors.Is(err, syscall.ENOTTY) {
		t.Errorf("with an output buffer: %v", err)
	}
	if _, err := m.SearchXattrs(ctx, ioctl.SearchXattrs{Name: "scoutfs.srch.x", LastIno: 1, Count: 1}); !errors.Is(err, syscall.ENOTTY) {
		t.Errorf("with both buffers: %v", err)
	}
	f := mustOpen(t, m, "", os.O_RDONLY)
	if _, err := f.Stage(ctx, ioctl.Stage{Data: make([]byte, 1<<20)}); !errors.Is(err, syscall.ENOTTY) {
		t.Errorf("with an input buffer: %v", err)
	}
}

func TestFiemapOfARealFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "file")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	// Data at 0 and at 1 MiB, a hole in between.
	for _, at := range []int64{0, 1 << 20} {
		if _, err := file.WriteAt(make([]byte, 65536), at); err != nil {
			t.Fatal(err)
		}
	}
	f, err := ioctl.OpenFile(name, os.O_RDONLY)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	q := ioctl.Fiemap{Length: math.MaxUint64, Flags: ioctl.FiemapSync, Count: 1}
	var extents []ioctl.FiemapExtent
	for {
		r, err := f.Fiemap(t.Context(), q)
		if errors.Is(err, syscall.EOPNOTSUPP) {
			t.Skip("the file system of temporary files has no FIEMAP")
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Extents) == 0 {
			t.Fatalf("ended without a last extent after %v", extents)
		}
		extents = append(extents, r.Extents...)
		last := r.Extents[len(r.Extents)-1]
		if last.Flags&ioctl.ExtentLast != 0 {
			break
		}
		q.Start = last.Logical + last.Length
	}
	var mapped uint64
	for _, e := range extents {
		mapped += e.Length
		if e.Logical >= 65536 && e.Logical < 1<<20 {
			t.Errorf("an extent in the hole: %+v", e)
		}
	}
	if mapped != 2*65536 || extents[0].Logical != 0 {
		t.Errorf("mapped %d bytes in %+v", mapped, extents)
	}
	if _, err := f.Fiemap(t.Context(), ioctl.Fiemap{Count: 1}); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("of nothing: %v", err)
	}
}

func TestOpeningIsForFilesAndDirectoriesOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "sub/dir"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "sub/file"), []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	m := openMount(t, dir)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, row := range []struct {
		path  string
		flags int
		want  syscall.Errno
	}{
		{"", os.O_RDONLY, 0},
		{"/", os.O_RDONLY, 0},
		{"sub/file", os.O_RDWR, 0},
		{"/sub/file", os.O_WRONLY, 0},
		{"//sub//dir/", os.O_RDONLY, 0},
		{"sub", os.O_RDWR, syscall.EISDIR},
		{"none", os.O_RDONLY, syscall.ENOENT},
		{"sub/file/x", os.O_RDONLY, syscall.ENOTDIR},
		{"pipe", os.O_RDONLY, syscall.ENOTTY},
		{"pipe", os.O_WRONLY, syscall.ENOTTY},
		{"sub/file", os.O_RDWR | os.O_CREATE, syscall.EINVAL},
		{"sub/file", os.O_RDWR | os.O_TRUNC, syscall.EINVAL},
		{"sub/file", os.O_RDWR | os.O_WRONLY, syscall.EINVAL},
	} {
		f, err := m.OpenPath(ctx, row.path, row.flags)
		if ioctl.Errno(err) != row.want {
			t.Errorf("%q with %#x: %v, expected %v", row.path, row.flags, err, row.want)
		}
		if err == nil {
			f.Close()
		}
	}
	if _, err := ioctl.OpenMount(filepath.Join(dir, "pipe")); !errors.Is(err, syscall.ENOTTY) {
		t.Errorf("a mount at a pipe: %v", err)
	}

	f, err := m.OpenPath(ctx, "sub/file", os.O_RDWR)
	if err != nil {
		t.Fatal(err)
	}
	file := f.(*ioctl.MountFile).OS()
	data := make([]byte, 4)
	if _, err := file.ReadAt(data, 0); err != nil || string(data) != "data" {
		t.Errorf("it reads %q, %v", data, err)
	}
	if file.Name() != filepath.Join(dir, "sub/file") {
		t.Errorf("it is called %s", file.Name())
	}
}

// No other file system knows scoutfs's handles, so an inode number finds
// nothing; without the capability it is not even looked for.
func TestOpenInoOnAnotherFileSystem(t *testing.T) {
	t.Parallel()
	m := openMount(t, t.TempDir())
	_, err := m.OpenIno(t.Context(), 2, os.O_RDONLY)
	switch errno := ioctl.Errno(err); errno {
	case syscall.ESTALE, syscall.EPERM, syscall.EOPNOTSUPP, syscall.ENOSYS:
	default:
		t.Errorf("%v", err)
	}
	if err == nil || !strings.Contains(err.Error(), "inode 2 of ") {
		t.Errorf("it says %v", err)
	}
}

func TestMoveBlocksBetweenKindsOfFiles(t *testing.T) {
	t.Parallel()
	m := openMount(t, t.TempDir())
	f := mustOpen(t, m, "", os.O_RDONLY)
	if err := f.MoveBlocks(t.Context(), &fakeFile{}, ioctl.MoveBlocks{Length: 4096}); !errors.Is(err, syscall.EXDEV) {
		t.Errorf("from a file that is not of a mount: %v", err)
	}
	if err := f.MoveBlocks(t.Context(), f, ioctl.MoveBlocks{Length: 4096}); !errors.Is(err, syscall.ENOTTY) {
		t.Errorf("from one that is: %v", err)
	}
}

func TestInterruptedRequestsAreMadeAgain(t *testing.T) {
	t.Parallel()
	root, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	m := ioctl.NewMountOver(root, func(uintptr, ioctl.Number, uintptr) (int, syscall.Errno) {
		switch calls++; calls {
		case 1, 2:
			return -1, syscall.EINTR
		case 3:
			return 0, 0
		}
		cancel()
		return -1, syscall.EINTR
	})
	defer m.Close()
	if _, err := m.StatfsMore(ctx); err != nil || calls != 3 {
		t.Errorf("%d calls, %v", calls, err)
	}
	if _, err := m.StatfsMore(ctx); !errors.Is(err, context.Canceled) || calls != 4 {
		t.Errorf("given up after %d calls, %v", calls, err)
	}
	if _, err := m.StatfsMore(ctx); !errors.Is(err, context.Canceled) || calls != 4 {
		t.Errorf("given up before, %d calls, %v", calls, err)
	}
}

func TestClosedMount(t *testing.T) {
	t.Parallel()
	m, err := ioctl.OpenMount(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := m.StatfsMore(t.Context()); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a request: %v", err)
	}
	if _, err := m.OpenPath(t.Context(), "", os.O_RDONLY); !errors.Is(err, os.ErrClosed) {
		t.Errorf("opening: %v", err)
	}
}

// The kernel module writes an entry even if it was told that there is room
// for none, so there has to be some; the entry is not passed on.
func TestWalkWithoutRoomSurvivesTheEntryThatComesAnyway(t *testing.T) {
	t.Parallel()
	v := newFakeVolume()
	fillTree(t, v)
	memory, err := os.OpenFile("/proc/self/mem", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer memory.Close()
	root, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	m := ioctl.NewMountOver(root, func(_ uintptr, _ ioctl.Number, argument uintptr) (int, syscall.Errno) {
		var entries [8]byte
		if _, err := memory.ReadAt(entries[:], int64(argument)+48); err != nil {
			return -1, syscall.EFAULT
		}
		address := int64(0)
		for i, b := range entries {
			address |= int64(b) << (8 * i)
		}
		if _, err := memory.WriteAt(make([]byte, 24), address); err != nil {
			return -1, syscall.EFAULT
		}
		return 1, 0
	})
	defer m.Close()
	entries, err := m.WalkInodes(t.Context(), ioctl.WalkInodes{Last: ioctl.LastInodeEntry()})
	if len(entries) != 0 || err != nil {
		t.Errorf("walked %v, %v", entries, err)
	}
}

func TestErrorsExplainThemselves(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		err  ioctl.Error
		want string
	}{
		{ioctl.Error{Request: ioctl.NumberRelease, Object: "/m/f", Errno: syscall.ESTALE}, "RELEASE on /m/f: stale file handle (116): the file's data version is another, or the file is gone"},
		{ioctl.Error{Request: ioctl.NumberDataWaitErr, Errno: syscall.ESTALE}, "DATA_WAIT_ERR: stale file handle (116): no task of this mount uses the inode"},
		{ioctl.Error{Request: ioctl.NumberInoPath, Errno: syscall.EPERM}, "INO_PATH: operation not permitted (1): needs CAP_DAC_READ_SEARCH"},
		{ioctl.Error{Request: ioctl.NumberSearchXattrs, Errno: syscall.EPERM}, "SEARCH_XATTRS: operation not permitted (1): needs CAP_SYS_ADMIN"},
		{ioctl.Error{Request: ioctl.NumberPunchOffline, Errno: syscall.EPERM}, "PUNCH_OFFLINE: operation not permitted (1)"},
		{ioctl.Error{Request: ioctl.NumberSetattrMore, Errno: syscall.EBADF}, "SETATTR_MORE: bad file descriptor (9): needs the file opened for writing"},
		{ioctl.Error{Request: ioctl.NumberGetQuotaRules, Errno: syscall.EOPNOTSUPP}, "GET_QUOTA_RULES: operation not supported (95): needs a volume of format version 2"},
		{ioctl.Error{Request: ioctl.NumberFiemap, Errno: syscall.EOPNOTSUPP}, "FIEMAP: operation not supported (95)"},
		{ioctl.Error{Request: 0x1234, Errno: syscall.EINVAL, Detail: "why"}, "ioctl 0x00001234: invalid argument (22): why"},
	} {
		if got := row.err.Error(); got != row.want {
			t.Errorf("%q, expected %q", got, row.want)
		}
	}
}

func TestErrnoOfAnyError(t *testing.T) {
	t.Parallel()
	for want, err := range map[syscall.Errno]error{
		0:              nil,
		syscall.ENOSR:  &ioctl.Error{Request: ioctl.NumberStage, Errno: syscall.ENOSR},
		syscall.ENOENT: &os.PathError{Op: "open", Path: "x", Err: syscall.ENOENT},
		syscall.EINTR:  context.DeadlineExceeded,
		syscall.EIO:    errors.New("something else"),
	} {
		if got := ioctl.Errno(err); got != want {
			t.Errorf("%v is %v, expected %v", err, got, want)
		}
	}
}
