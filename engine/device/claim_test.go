// SPDX-License-Identifier: GPL-2.0-or-later

package device_test

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"scoutfs/engine/device"
)

var (
	reader = device.Options{}
	writer = device.Options{Write: true}
	shared = device.Options{Shared: true}
)

// claimCases says which second open a first one allows.
var claimCases = []struct {
	name          string
	first, second device.Options
	allowed       bool
}{
	{"readers share", reader, reader, true},
	{"reader keeps writer out", reader, writer, false},
	{"writer keeps reader out", writer, reader, false},
	{"writer keeps writer out", writer, writer, false},
	{"writer lets shared reader in", writer, shared, true},
	{"reader lets shared reader in", reader, shared, true},
	{"shared reader lets writer in", shared, writer, true},
	{"shared reader lets reader in", shared, reader, true},
	{"direct writer keeps direct writer out", device.Options{Write: true, Direct: true}, device.Options{Write: true, Direct: true}, false},
}

func TestClaimsWithinOneProcess(t *testing.T) {
	t.Parallel()
	for _, c := range claimCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			checkClaimsWithinOneProcess(t, makeFile(t, make([]byte, 4096)), c.first, c.second, c.allowed)
		})
	}
}

// checkClaimsWithinOneProcess also checks that a claim ends with Close.
func checkClaimsWithinOneProcess(t *testing.T, path string, first, second device.Options, allowed bool) {
	t.Helper()
	held := open(t, path, first)
	other, err := device.Open(path, second)
	switch {
	case err == nil:
		if err := other.Close(); err != nil {
			t.Error(err)
		}
		if !allowed {
			t.Error("second open was allowed")
		}
	case allowed:
		t.Errorf("second open was refused: %v", err)
	default:
		wantBusy(t, err, path+" is in use by this process")
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	wantFree(t, path, second)
}

func wantFree(t *testing.T, path string, opts device.Options) {
	t.Helper()
	dev, err := device.Open(path, opts)
	if err != nil {
		t.Errorf("device is not free: %v", err)
		return
	}
	if err := dev.Close(); err != nil {
		t.Error(err)
	}
}

func wantBusy(t *testing.T, err error, message string) {
	t.Helper()
	var busy *device.BusyError
	if !errors.Is(err, unix.EBUSY) || !errors.As(err, &busy) {
		t.Errorf("error is %v, want a BusyError", err)
		return
	}
	if err.Error() != message {
		t.Errorf("error is %q, want %q", err, message)
	}
}

func TestClaimsBetweenProcesses(t *testing.T) {
	t.Parallel()
	for _, c := range claimCases {
		if c.first.Shared {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			checkClaimsBetweenProcesses(t, makeFile(t, make([]byte, 4096)), c.first, c.second, c.allowed)
		})
	}
}

// checkClaimsBetweenProcesses also checks that a claim ends with the process.
func checkClaimsBetweenProcesses(t *testing.T, path string, first, second device.Options, allowed bool) {
	t.Helper()
	holder := holdInOtherProcess(t, path, first.Write)
	other, err := device.Open(path, second)
	switch {
	case err == nil:
		if err := other.Close(); err != nil {
			t.Error(err)
		}
		if !allowed {
			t.Error("second open was allowed")
		}
	case allowed:
		t.Errorf("second open was refused: %v", err)
	default:
		pid := strconv.Itoa(holder.Process.Pid)
		name, nameErr := os.ReadFile(filepath.Join("/proc", pid, "comm"))
		if nameErr != nil {
			t.Fatal(nameErr)
		}
		wantBusy(t, err, path+" is in use by another process (pid "+pid+", "+strings.TrimSpace(string(name))+")")
	}
	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = holder.Wait()
	wantFree(t, path, second)
}

// holdInOtherProcess starts a process that holds path open until the test ends.
func holdInOtherProcess(t *testing.T, path string, write bool) *exec.Cmd {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(executable)
	cmd.Env = append(os.Environ(), holdVariable+"="+path)
	if write {
		cmd.Env = append(cmd.Env, holdVariable+"_WRITE=1")
	}
	cmd.Stderr = os.Stderr
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = input.Close()
		_ = cmd.Wait()
	})
	if line, err := bufio.NewReader(output).ReadString('\n'); line != "holding\n" {
		t.Fatalf("other process says %q, %v", line, err)
	}
	return cmd
}

func TestRefusedWriterLeavesDeviceUsable(t *testing.T) {
	t.Parallel()
	contents := pattern(8192, 11)
	path := makeFile(t, contents)
	dev := open(t, path, reader)
	if _, err := device.Open(path, writer); !errors.Is(err, unix.EBUSY) {
		t.Fatalf("writer beside reader: %v", err)
	}
	wantContents(t, dev, 0, contents)
	// The failed open must not have ended the reader's claim, as closing any
	// descriptor of the file would end a POSIX lock.
	if _, err := device.Open(path, writer); !errors.Is(err, unix.EBUSY) {
		t.Errorf("second writer beside reader: %v", err)
	}
}

// QEMU marks what it uses of a disk image with open file description locks on
// single bytes.
func TestLockOnPartOfTheFileByOthersIsRespected(t *testing.T) {
	t.Parallel()
	path := makeFile(t, make([]byte, 4096))
	image, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer image.Close()
	locked := unix.Flock_t{Type: unix.F_RDLCK, Start: 103, Len: 1}
	if err := unix.FcntlFlock(image.Fd(), unix.F_OFD_SETLK, &locked); err != nil {
		t.Fatal(err)
	}
	if _, err := device.Open(path, writer); !errors.Is(err, unix.EBUSY) {
		t.Errorf("writer of an image in use: %v", err)
	}
}

func TestUnreadableFileIsNotBusy(t *testing.T) {
	t.Parallel()
	if os.Getuid() == 0 {
		t.Skip("needs to run as another user than root")
	}
	path := makeFile(t, make([]byte, 4096))
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	_, err := device.Open(path, writer)
	if !errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EBUSY) || !strings.Contains(err.Error(), path) {
		t.Errorf("error is %v", err)
	}
}

// A child that is being started has copies of all descriptors for a moment.
func TestClaimEndsWithCloseThoughACopyOfTheDescriptorIsOpen(t *testing.T) {
	t.Parallel()
	path := makeFile(t, make([]byte, 4096))
	dev := open(t, path, writer)
	copies := 0
	descriptors, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, descriptor := range descriptors {
		target, err := os.Readlink("/proc/self/fd/" + descriptor.Name())
		if err != nil || target != path {
			continue
		}
		number, err := strconv.Atoi(descriptor.Name())
		if err != nil {
			t.Fatal(err)
		}
		duplicate, err := unix.FcntlInt(uintptr(number), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = unix.Close(duplicate) })
		copies++
	}
	if copies == 0 {
		t.Fatal("found no descriptor of the device")
	}
	if err := dev.Close(); err != nil {
		t.Fatal(err)
	}
	wantFree(t, path, writer)
}
