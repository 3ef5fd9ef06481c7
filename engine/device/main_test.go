// SPDX-License-Identifier: GPL-2.0-or-later

package device_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"scoutfs/engine/device"
)

// holdVariable makes the test binary open a device, say so, and hold it until its
// standard input ends, in place of running tests.
const holdVariable = "SCOUTFS_TEST_HOLD_DEVICE"

func TestMain(m *testing.M) {
	if path := os.Getenv(holdVariable); path != "" {
		os.Exit(holdDevice(path, device.Options{Write: os.Getenv(holdVariable+"_WRITE") != ""}))
	}
	os.Exit(m.Run())
}

func holdDevice(path string, opts device.Options) int {
	dev, err := device.Open(path, opts)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("holding")
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return 1
	}
	if err := dev.Close(); err != nil {
		return 1
	}
	return 0
}

// makeFile makes a file with the given contents.
func makeFile(tb testing.TB, contents []byte) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "device.img")
	if err := os.WriteFile(path, contents, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// open opens path and closes it at the end of the test, unless the test has.
func open(tb testing.TB, path string, opts device.Options) device.Device {
	tb.Helper()
	dev, err := device.Open(path, opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = dev.Close() })
	return dev
}

// pattern returns n bytes that differ from place to place.
func pattern(n int, seed byte) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i) ^ byte(i>>8)*31 ^ byte(i>>16)*131 ^ seed
	}
	return p
}

func write(tb testing.TB, dev device.Device, p []byte, off int64) {
	tb.Helper()
	n, err := dev.WriteAt(p, off)
	if n != len(p) || err != nil {
		tb.Fatalf("WriteAt(%d bytes, %d) = %d, %v", len(p), off, n, err)
	}
}

func flush(tb testing.TB, dev device.Device) {
	tb.Helper()
	if err := dev.Flush(); err != nil {
		tb.Fatal(err)
	}
}

// wantContents checks that the device holds want at off.
func wantContents(tb testing.TB, dev device.Device, off int64, want []byte) {
	tb.Helper()
	got := make([]byte, len(want))
	if n, err := dev.ReadAt(got, off); n != len(got) || err != nil {
		tb.Fatalf("ReadAt(%d bytes, %d) = %d, %v", len(got), off, n, err)
	}
	if !bytes.Equal(got, want) {
		at := 0
		for got[at] == want[at] {
			at++
		}
		tb.Fatalf("%s: byte %d is %#02x, want %#02x", dev.Name(), off+int64(at), got[at], want[at])
	}
}

func fill(b byte, n int) []byte { return bytes.Repeat([]byte{b}, n) }
