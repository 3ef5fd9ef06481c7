// SPDX-License-Identifier: GPL-2.0-or-later

package command_test

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"scoutfs/cmd/scoutfs/internal/clitest"
	"scoutfs/cmd/scoutfs/internal/command"
	"scoutfs/engine/device"
)

// commandsThatDamage are command lines that change the device which PATH
// stands for.
func commandsThatDamage() [][]string {
	return [][]string{
		{"debug", "corrupt", "PATH", "super-crc"},
		{"debug", "super", "set", "PATH", "next_ino=1"},
		{"debug", "block", "set", "PATH", "2", "hdr.seq=1"},
		{"debug", "item", "set", "PATH", "fs_root", "16.1.4", "seq=1"},
	}
}

func runOn(t *testing.T, words []string, path string) clitest.Result {
	t.Helper()
	var line []string
	for _, word := range words {
		line = append(line, strings.Replace(word, "PATH", path, 1))
	}
	return clitest.Run(t.Context(), command.All(), line...)
}

func TestDebugRefusesBlockDevices(t *testing.T) {
	t.Parallel()
	node := filepath.Join(t.TempDir(), "node")
	if err := unix.Mknod(node, unix.S_IFBLK|0o600, int(unix.Mkdev(240, 0))); err != nil {
		t.Skipf("block devices cannot be made: %v", err)
	}
	for _, words := range commandsThatDamage() {
		got := runOn(t, words, node)
		if got.Status != 1 || !strings.Contains(got.Stderr, "is a block device: with --yes") {
			t.Errorf("%q: status %d, %s", words, got.Status, got.Stderr)
		}
	}
}

func TestDebugRefusesDevicesInUse(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "used")
	if err := device.CreateSparse(path, 128<<20, 0o600); err != nil {
		t.Fatal(err)
	}
	holder, err := device.Open(path, device.Options{Write: true})
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	for _, words := range commandsThatDamage() {
		got := runOn(t, words, path)
		if got.Status != 1 || !strings.Contains(got.Stderr, "in use by") {
			t.Errorf("%q: status %d, %s", words, got.Status, got.Stderr)
		}
	}
}
