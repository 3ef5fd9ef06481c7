// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"scoutfs/engine/ioctl"
)

func TestLookingAtInodesElsewhereFails(t *testing.T) {
	t.Parallel()
	m := openMount(t, t.TempDir())
	var where *fs.PathError
	// Other file systems know no such handles, some know no handles at all.
	if _, err := m.Stat(t.Context(), 7); !errors.As(err, &where) || !strings.HasPrefix(where.Path, "inode 7 of ") {
		t.Errorf("stat: %v", err)
	}
	if _, err := m.Xattrs(t.Context(), 7, nil); !errors.As(err, &where) || ioctl.Errno(err) == syscall.EIO {
		t.Errorf("xattrs: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Stat(ctx, 7); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of the context: %v", err)
	}
}

// TestXattrsOfWhatIsOpenForNoAccess reads attributes the way that Xattrs does,
// of inodes that were opened by their paths.
func TestXattrsOfWhatIsOpenForNoAccess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "file")
	long := bytes.Repeat([]byte("v"), 3000)
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for attr, value := range map[string][]byte{"user.long": long, "user.empty": nil} {
		if err := unix.Setxattr(name, attr, value, 0); errors.Is(err, syscall.EOPNOTSUPP) {
			t.Skip("the file system of temporary files has no user attributes")
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("file", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	read := func(path string, others ...string) []ioctl.Xattr {
		fd, err := unix.Open(path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		xattrs, err := ioctl.ReadXattrs(fmt.Sprintf("/proc/self/fd/%d", fd), others)
		if err != nil {
			t.Fatal(err)
		}
		return slices.DeleteFunc(xattrs, func(x ioctl.Xattr) bool { return !strings.HasPrefix(x.Name, "user.") })
	}
	got := read(name, "user.not there")
	slices.SortFunc(got, func(a, b ioctl.Xattr) int { return strings.Compare(a.Name, b.Name) })
	if len(got) != 2 || got[0].Name != "user.empty" || len(got[0].Value) != 0 || got[1].Name != "user.long" || !bytes.Equal(got[1].Value, long) {
		t.Errorf("the file has %v", got)
	}
	if got := read(filepath.Join(dir, "link")); len(got) != 0 {
		t.Errorf("the symbolic link has the file's: %v", got)
	}
}
