// SPDX-License-Identifier: GPL-2.0-or-later

package device_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"scoutfs/engine/device"
)

// loopDevice makes a block device of the given size and logical sector size.
func loopDevice(tb testing.TB, size int64, sector uint32) (path, backing string) {
	tb.Helper()
	backing = makeFile(tb, nil)
	if err := os.Truncate(backing, size); err != nil {
		tb.Fatal(err)
	}
	return attach(tb, backing, sector), backing
}

// attach makes a block device of a file.
func attach(tb testing.TB, backing string, sector uint32) string {
	tb.Helper()
	if os.Getuid() != 0 {
		tb.Skip("needs root, to attach a loop device")
	}
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		tb.Skipf("needs loop devices: %v", err)
	}
	defer control.Close()
	file, err := os.OpenFile(backing, os.O_RDWR, 0)
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	config := &unix.LoopConfig{Fd: uint32(file.Fd()), Size: sector}
	// It is detached when its last descriptor is closed, even if a test is killed.
	config.Info.Flags = unix.LO_FLAGS_AUTOCLEAR
	for range 10 {
		number, err := unix.IoctlRetInt(int(control.Fd()), unix.LOOP_CTL_GET_FREE)
		if err != nil {
			tb.Skipf("needs a free loop device: %v", err)
		}
		path := fmt.Sprintf("/dev/loop%d", number)
		err = configure(tb, path, config)
		if err == nil {
			return path
		}
		// Another process may have taken it.
		if !errors.Is(err, unix.EBUSY) {
			tb.Skipf("needs a loop device with sectors of %d bytes: %v", sector, err)
		}
	}
	tb.Skip("needs a free loop device: all are taken by others")
	return ""
}

// configure attaches a loop device until the test ends.
func configure(tb testing.TB, path string, config *unix.LoopConfig) error {
	tb.Helper()
	loop, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer loop.Close()
	if err := unix.IoctlLoopConfigure(int(loop.Fd()), config); err != nil {
		return err
	}
	keeper, err := os.Open(path)
	if err != nil {
		return err
	}
	tb.Cleanup(func() { keeper.Close() })
	return nil
}

func TestBlockDeviceMatchesModel(t *testing.T) {
	t.Parallel()
	for _, sector := range []uint32{512, 4096} {
		for _, direct := range []bool{false, true} {
			t.Run(fmt.Sprintf("sectors of %d, direct %v", sector, direct), func(t *testing.T) {
				t.Parallel()
				const size = 1 << 20
				path, _ := loopDevice(t, size, sector)
				dev := open(t, path, device.Options{Write: true, Direct: direct, DropCache: true})
				if dev.Size() != size {
					t.Fatalf("Size() = %d, want %d", dev.Size(), size)
				}
				if direct {
					if align := dev.(device.Aligner).Alignment(); align != int(sector) {
						t.Errorf("Alignment() = %d, want the sector size", align)
					}
				}
				compareWithModel(t, dev, make([]byte, size))
			})
		}
	}
}

func TestBlockDeviceFlushReachesStorage(t *testing.T) {
	t.Parallel()
	const size = 1 << 20
	for _, direct := range []bool{false, true} {
		path, backing := loopDevice(t, size, 512)
		dev := open(t, path, device.Options{Write: true, Direct: direct})
		want := pattern(size, 12)
		write(t, dev, want, 0)
		flush(t, dev)
		wantContents(t, open(t, backing, device.Options{Shared: true}), 0, want)
	}
}

// The sectors that are only partly in the range must keep their contents.
func TestBlockDeviceDiscardsWholeSectorsOnly(t *testing.T) {
	t.Parallel()
	const size = 64 << 10
	path, _ := loopDevice(t, size, 4096)
	dev := open(t, path, device.Options{Write: true, Direct: true})
	want := fill(0xaa, size)
	write(t, dev, want, 0)
	flush(t, dev)
	err := dev.(device.Discarder).Discard(1000, 5000)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("needs a temporary folder (TMPDIR) on a file system with FALLOC_FL_PUNCH_HOLE")
	}
	if err != nil {
		t.Fatal(err)
	}
	wantContents(t, dev, 0, want)
	if err := dev.(device.Discarder).Discard(1000, 16000); err != nil {
		t.Fatal(err)
	}
	wantContents(t, dev, 0, want[:4096])
	// A loop device reads discarded sectors as zeros.
	wantContents(t, dev, 4096, make([]byte, 8192))
	wantContents(t, dev, 16384, want[16384:])
}

func TestBlockDeviceClaims(t *testing.T) {
	t.Parallel()
	for _, c := range claimCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path, _ := loopDevice(t, 1<<20, 512)
			checkClaimsWithinOneProcess(t, path, c.first, c.second, c.allowed)
			if !c.first.Shared {
				checkClaimsBetweenProcesses(t, path, c.first, c.second, c.allowed)
			}
		})
	}
}

func TestBlockDeviceHeldByAnotherToolIsBusy(t *testing.T) {
	t.Parallel()
	path, _ := loopDevice(t, 1<<20, 512)
	holder, err := os.OpenFile(path, os.O_RDONLY|os.O_EXCL, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, opts := range []device.Options{reader, writer} {
		_, err := device.Open(path, opts)
		wantBusy(t, err, path+" is in use by another process")
	}
	open(t, path, shared)
	if err := holder.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, path, writer)
}

func TestBlockDeviceWriterKeepsOtherToolsOut(t *testing.T) {
	t.Parallel()
	path, _ := loopDevice(t, 1<<20, 512)
	open(t, path, writer)
	if other, err := os.OpenFile(path, os.O_RDONLY|os.O_EXCL, 0); !errors.Is(err, unix.EBUSY) {
		other.Close()
		t.Errorf("exclusive open beside a writer: %v", err)
	}
}

// Readers that open at the same moment must not take each other for a holder.
func TestBlockDeviceReadersOpenAtOnce(t *testing.T) {
	t.Parallel()
	path, _ := loopDevice(t, 1<<20, 512)
	errs := make(chan error)
	const readers = 8
	for range readers {
		go func() {
			for range 50 {
				dev, err := device.Open(path, reader)
				if err == nil {
					err = dev.Close()
				}
				if err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range readers {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func TestMountedBlockDeviceIsBusy(t *testing.T) {
	t.Parallel()
	path, _ := loopDevice(t, 16<<20, 512)
	mkfs, err := exec.LookPath("mkfs.ext4")
	if err != nil {
		t.Skip("needs mkfs.ext4")
	}
	if out, err := exec.Command(mkfs, "-q", path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	folder := t.TempDir()
	if err := unix.Mount(path, folder, "ext4", 0, ""); err != nil {
		t.Skipf("needs to mount ext4: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(folder, 0); err != nil {
			t.Error(err)
		}
	})
	for _, opts := range []device.Options{reader, writer} {
		_, err := device.Open(path, opts)
		wantBusy(t, err, path+" is in use by a mount on "+folder)
	}
	open(t, path, shared)
}

func TestWriterOfFileBehindLoopDeviceIsRefused(t *testing.T) {
	t.Parallel()
	path, backing := loopDevice(t, 1<<20, 512)
	_, err := device.Open(backing, writer)
	wantBusy(t, err, backing+" is in use by loop device "+path)
	open(t, backing, reader)
}

// The storage below the device is full, which only writing out its pages shows.
// The kernel reports that once; the device must not call a later flush a success.
func TestFailedFlushStaysFailed(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("needs root, to mount a file system that is full")
	}
	folder := t.TempDir()
	if err := unix.Mount("tmpfs", folder, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("needs to mount tmpfs: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(folder, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	backing := filepath.Join(folder, "device.img")
	if err := device.CreateSparse(backing, 4<<20, 0o600); err != nil {
		t.Fatal(err)
	}
	dev := open(t, attach(t, backing, 4096), writer)
	write(t, dev, pattern(2<<20, 80), 0)
	first := dev.Flush()
	if first == nil {
		t.Fatal("flush to full storage succeeded")
	}
	want := "flush " + dev.Name() + ": input/output error"
	if !errors.Is(first, unix.EIO) || first.Error() != want {
		t.Errorf("error is %v, want %s", first, want)
	}
	for range 2 {
		if err := dev.Flush(); !errors.Is(err, unix.EIO) {
			t.Errorf("later flush: %v", err)
		}
	}
}
