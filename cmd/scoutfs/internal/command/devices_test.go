// SPDX-License-Identifier: GPL-2.0-or-later

package command_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"scoutfs/cmd/scoutfs/internal/clitest"
	"scoutfs/cmd/scoutfs/internal/command"
	"scoutfs/engine/device"
)

// commandsOnDevices are the command lines that claim a device, which they
// are given as the last word.
var commandsOnDevices = [][]string{
	{"mkfs", "-A", "-f", "-Q", "0,127.0.0.1,1", "OTHER"},
	{"mkfs", "-A", "-f", "--dry-run", "-Q", "0,127.0.0.1,1", "OTHER"},
	{"change-quorum-config", "-F", "-Q", "0,127.0.0.1,1"},
	{"change-format-version", "-F", "OTHER"},
	{"prepare-empty-data-device", "--check"},
}

func TestDevicesInUseAreRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	used, other := filepath.Join(dir, "used"), filepath.Join(dir, "other")
	for _, path := range []string{used, other} {
		if err := device.CreateSparse(path, 128<<20, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	holder, err := device.Open(used, device.Options{Write: true})
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	for _, words := range commandsOnDevices {
		refused(t, words, used, other, "this process")
	}
}

// A loop device stands for all that the kernel may have put on a file.
func TestFilesBehindLoopDevicesAreRefused(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to set up a loop device")
	}
	dir := t.TempDir()
	used, other := filepath.Join(dir, "used"), filepath.Join(dir, "other")
	for _, path := range []string{used, other} {
		if err := device.CreateSparse(path, 128<<20, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.CommandContext(t.Context(), "losetup", "--find", "--show", used).Output()
	if err != nil {
		t.Skipf("needs loop devices: %v", err)
	}
	loop := strings.TrimSpace(string(out))
	defer func() {
		if out, err := exec.Command("losetup", "--detach", loop).CombinedOutput(); err != nil {
			t.Errorf("losetup --detach %s: %v: %s", loop, err, out)
		}
	}()
	for _, words := range commandsOnDevices {
		refused(t, words, used, other, filepath.Base(loop))
	}
	got := clitest.Run(t.Context(), command.All(), "mkfs", "-A", "-Q", "0,127.0.0.1,1", loop, other)
	if got.Status != 0 {
		t.Errorf("mkfs on the loop device itself: %+v", got)
	}
}

func refused(t *testing.T, words []string, used, other, holder string) {
	t.Helper()
	line := append([]string{}, words...)
	for i := range line {
		line[i] = strings.Replace(line[i], "OTHER", other, 1)
	}
	got := clitest.Run(t.Context(), command.All(), append(line, used)...)
	end := fmt.Sprintf("scoutfs: %s failed: Device or resource busy (16)\n", words[0])
	if got.Status != 1 || !strings.HasSuffix(got.Stderr, end) || !strings.Contains(got.Stderr, holder) ||
		!strings.Contains(got.Stderr, fmt.Sprintf("'%s': Device or resource busy (16)\n", used)) {
		t.Errorf("%v: status %d, stderr:\n%s", words, got.Status, got.Stderr)
	}
}
