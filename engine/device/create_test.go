// SPDX-License-Identifier: GPL-2.0-or-later

package device_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"scoutfs/engine/device"
)

func TestCreateSparseMakesAnEmptyDevice(t *testing.T) {
	t.Parallel()
	const size = 1<<30 + 4096
	path := filepath.Join(t.TempDir(), "new.img")
	if err := device.CreateSparse(path, size, 0o640); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm()&^0o640 != 0 {
		t.Errorf("permissions are %o", info.Mode().Perm())
	}
	if blocks := info.Sys().(*syscall.Stat_t).Blocks; blocks*512 > 1<<20 {
		t.Errorf("file takes %d bytes", blocks*512)
	}
	dev := open(t, path, device.Options{Write: true})
	if dev.Size() != size {
		t.Errorf("Size() = %d, want %d", dev.Size(), size)
	}
	wantContents(t, dev, size-4096, make([]byte, 4096))
}

func TestCreateSparseUsesAnExistingEmptyFile(t *testing.T) {
	t.Parallel()
	path := makeFile(t, nil)
	if err := device.CreateSparse(path, 8192, 0o644); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() != 8192 || info.Mode().Perm() != 0o600 {
		t.Errorf("file has %d bytes and permissions %o", info.Size(), info.Mode().Perm())
	}
}

func TestCreateSparseLeavesAnythingElseAlone(t *testing.T) {
	t.Parallel()
	full := makeFile(t, []byte("abc"))
	used := makeFile(t, nil)
	open(t, used, device.Options{})
	folder := t.TempDir()
	tests := []struct {
		name, path string
		size       int64
		want       error
	}{
		{"file with contents", full, 8192, fs.ErrExist},
		{"file in use", used, 8192, unix.EBUSY},
		{"folder", folder, 8192, unix.EINVAL},
		{"character device", "/dev/null", 8192, unix.EINVAL},
		{"no size", filepath.Join(folder, "new"), 0, unix.EINVAL},
		{"negative size", filepath.Join(folder, "new"), -1, unix.EINVAL},
		{"size beyond any file system", filepath.Join(folder, "new"), 1<<63 - 1, unix.EFBIG},
		{"absent folder", filepath.Join(folder, "absent", "new"), 8192, fs.ErrNotExist},
	}
	for _, test := range tests {
		if err := device.CreateSparse(test.path, test.size, 0o600); !errors.Is(err, test.want) {
			t.Errorf("%s: error is %v, want %v", test.name, err, test.want)
		}
	}
	if contents, err := os.ReadFile(full); string(contents) != "abc" || err != nil {
		t.Errorf("file holds %q now, %v", contents, err)
	}
	if info, err := os.Stat(used); err != nil || info.Size() != 0 {
		t.Errorf("file in use was changed: %v", err)
	}
	if left, err := os.ReadDir(folder); len(left) != 0 || err != nil {
		t.Errorf("left behind: %v, %v", left, err)
	}
	err := device.CreateSparse(full, 8192, 0o600)
	if want := "create " + full + ": file already exists and holds 3 bytes"; err == nil || err.Error() != want {
		t.Errorf("error is %q, want %q", err, want)
	}
}

func TestDiscardFreesSpaceOfFile(t *testing.T) {
	t.Parallel()
	const size = 1 << 20
	path := makeFile(t, pattern(size, 50))
	dev := open(t, path, device.Options{Write: true})
	flush(t, dev)
	err := dev.(device.Discarder).Discard(0, size)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("needs a temporary folder (TMPDIR) on a file system with FALLOC_FL_PUNCH_HOLE")
	}
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() != size || info.Sys().(*syscall.Stat_t).Blocks*512 >= size {
		t.Errorf("file of %d bytes takes %d after its discard", info.Size(), info.Sys().(*syscall.Stat_t).Blocks*512)
	}
	wantContents(t, dev, 0, make([]byte, size))
}
