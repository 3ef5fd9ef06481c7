// SPDX-License-Identifier: GPL-2.0-or-later

package device_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"scoutfs/engine/device"
	"testing"

	"golang.org/x/sys/unix"
)

// loopDevice makes a block device of the given size and logical sector size.
func loopDevice(tb testing.TB, size int64, sector uint32) (path, backing string) {
	tb.Helper()
	if os.Getuid() != 0 {
		tb.Skip("needs root, to attach a loop device")
	}
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		tb.Skipf("needs loop devices: %v", err)
	}
	defer control.Close()
	backing = makeFile(tb, nil)
	file, err := os.OpenFile(backing, os.O_RDWR, 0)
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	if err := file.Truncate(size); err != nil {
		tb.Fatal(err)
	}
	config := &unix.LoopConfig{Fd: uint32(file.Fd()), Size: sector}
	for range 10 {
		number, err := unix.IoctlRetInt(int(control.Fd()), unix.LOOP_CTL_GET_FREE)
		if err != nil {
			tb.Skipf("needs a free loop device: %v", err)
		}
		path = fmt.Sprintf("/dev/loop%d", number)
		loop, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			tb.Skipf("needs a free loop device: %v", err)
		}
		err = unix.IoctlLoopConfigure(int(loop.Fd()), config)
		loop.Close()
		if err == nil {
			tb.Cleanup(func() { detach(tb, path) })
			return path, backing
		}
		// Another process may have taken it.
		if !errors.Is(err, unix.EBUSY) {
			tb.Skipf("needs a loop device with sectors of %d bytes: %v", sector, err)
		}
	}
	tb.Skip("needs a free loop device: all are taken by others")
	return "", ""
}

func detach(tb testing.TB, path string) {
	tb.Helper()
	loop, err := os.Open(path)
	if err != nil {
		tb.Error(err)
		return
	}
	defer loop.Close()
	if err := unix.IoctlSetInt(int(loop.Fd()), unix.LOOP_CLR_FD, 0); err != nil {
		tb.Error(err)
	}
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
