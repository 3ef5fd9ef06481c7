// SPDX-License-Identifier: GPL-2.0-or-later

package device_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"scoutfs/engine/device"
)

func TestVectoredReadFillsBuffersInOrder(t *testing.T) {
	t.Parallel()
	const size = 2<<20 + 777
	contents := pattern(size, 70)
	unaligned := func(n int) []byte { return device.AlignedBuffer(n + 1)[1:] }
	tests := []struct {
		name    string
		off     int64
		lengths []int
		want    int
		wantErr error
	}{
		{"none", 4096, nil, 0, nil},
		{"one", 4096, []int{8192}, 8192, nil},
		{"blocks", 65536, []int{65536, 65536, 4096}, 135168, nil},
		{"empty ones between", 0, []int{0, 4096, 0, 4096, 0}, 8192, nil},
		{"odd lengths and offset", 1001, []int{1, 4095, 777, 10000}, 14873, nil},
		{"more than a bounce buffer", 512, []int{1 << 20, 4096, 1 << 19}, 1<<20 + 4096 + 1<<19, nil},
		{"to the end", size - 5000, []int{1000, 4000}, 5000, nil},
		{"across the end", size - 5000, []int{1000, 3000, 3000, 4096}, 5000, io.ErrUnexpectedEOF},
		{"beyond the end", size, []int{512, 512}, 0, io.EOF},
		{"negative offset", -1, []int{512, 512}, 0, unix.EINVAL},
	}
	for _, opts := range []device.Options{{}, {Direct: true}} {
		dev := open(t, makeFile(t, contents), opts)
		for _, allocate := range []func(int) []byte{device.AlignedBuffer, unaligned} {
			for _, test := range tests {
				var bufs [][]byte
				for _, length := range test.lengths {
					bufs = append(bufs, allocate(length))
				}
				n, err := dev.(device.VectorReader).ReadVectorAt(bufs, test.off)
				if n != test.want || !errors.Is(err, test.wantErr) {
					t.Errorf("%+v: %s: %d, %v; want %d, %v", opts, test.name, n, err, test.want, test.wantErr)
				}
				if got := bytes.Join(bufs, nil)[:n]; n > 0 && !bytes.Equal(got, contents[test.off:][:n]) {
					t.Errorf("%+v: %s: wrong bytes", opts, test.name)
				}
			}
		}
	}
}

func TestVectoredReadOfVeryManyBuffers(t *testing.T) {
	t.Parallel()
	contents := pattern(1<<20, 71)
	dev := open(t, makeFile(t, contents), device.Options{})
	bufs := make([][]byte, 5000)
	for i := range bufs {
		bufs[i] = make([]byte, 100)
	}
	if n, err := dev.(device.VectorReader).ReadVectorAt(bufs, 7); n != 500000 || err != nil {
		t.Fatalf("ReadVectorAt = %d, %v", n, err)
	}
	if !bytes.Equal(bytes.Join(bufs, nil), contents[7:500007]) {
		t.Error("wrong bytes")
	}
}

// The kernel stops a request at memory it may not write, in the middle of a
// buffer, and says how far it came.
func TestVectoredReadGoesOnWhereTheRequestStopped(t *testing.T) {
	t.Parallel()
	page := os.Getpagesize()
	memory, err := unix.Mmap(-1, 0, 3*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Munmap(memory); err != nil {
			t.Error(err)
		}
	})
	if err := unix.Mprotect(memory[2*page:], unix.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	contents := pattern(8*page, 72)
	dev := open(t, makeFile(t, contents), device.Options{})
	n, err := dev.(device.VectorReader).ReadVectorAt([][]byte{memory[:page], memory[page:]}, 0)
	if n != 2*page || !errors.Is(err, unix.EFAULT) {
		t.Errorf("ReadVectorAt = %d, %v; want %d, EFAULT", n, err, 2*page)
	}
	if !bytes.Equal(memory[:2*page], contents[:2*page]) {
		t.Error("wrong bytes")
	}
}

func TestVectoredWriteStoresBuffersInOrder(t *testing.T) {
	t.Parallel()
	const size = 2<<20 + 777
	unaligned := func(n int) []byte { return device.AlignedBuffer(n + 1)[1:] }
	many := make([]int, 300)
	for i := range many {
		many[i] = 512
	}
	tests := []struct {
		name    string
		off     int64
		lengths []int
		wantErr error
	}{
		{"none", 4096, nil, nil},
		{"one", 4096, []int{8192}, nil},
		{"blocks", 65536, []int{65536, 65536, 4096}, nil},
		{"empty ones between", 0, []int{0, 4096, 0, 4096, 0}, nil},
		{"odd lengths and offset", 1001, []int{1, 4095, 777, 10000}, nil},
		{"very many", 4096, many, nil},
		{"to the end", size - 5000, []int{1000, 4000}, nil},
		{"across the end", size - 5000, []int{4096, 4096}, unix.ENOSPC},
		{"beyond the end", size, []int{512, 512}, unix.ENOSPC},
		{"negative offset", -1, []int{512, 512}, unix.EINVAL},
	}
	for _, direct := range []bool{false, true} {
		for _, allocate := range []func(int) []byte{device.AlignedBuffer, unaligned} {
			for i, test := range tests {
				want := pattern(size, 80)
				dev := open(t, makeFile(t, want), device.Options{Write: true, Direct: direct})
				var bufs [][]byte
				for j, length := range test.lengths {
					buf := allocate(length)
					copy(buf, pattern(length, byte(100*i+j)))
					bufs = append(bufs, buf)
				}
				all := bytes.Join(bufs, nil)
				n, err := dev.(device.VectorWriter).WriteVectorAt(bufs, test.off)
				switch {
				case !errors.Is(err, test.wantErr):
					t.Errorf("direct %v: %s: %v, want %v", direct, test.name, err, test.wantErr)
				case err != nil && n != 0, err == nil && n != len(all):
					t.Errorf("direct %v: %s: %d bytes, %v", direct, test.name, n, err)
				}
				if test.wantErr == nil {
					copy(want[test.off:], all)
				}
				wantContents(t, dev, 0, want)
			}
		}
	}
}
