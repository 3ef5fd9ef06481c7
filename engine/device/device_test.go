// SPDX-License-Identifier: GPL-2.0-or-later

package device_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"scoutfs/engine/device"
)

// kinds makes a writable device of each kind with the given contents.
var kinds = []struct {
	name string
	make func(tb testing.TB, contents []byte) device.Device
}{
	{"memory", func(tb testing.TB, contents []byte) device.Device {
		tb.Helper()
		m := device.NewMemory("memory", int64(len(contents)))
		write(tb, m, contents, 0)
		return m
	}},
	{"clone", func(tb testing.TB, contents []byte) device.Device {
		tb.Helper()
		m := device.NewMemory("memory", int64(len(contents)))
		write(tb, m, contents, 0)
		return m.Clone("clone")
	}},
	{"overlay", func(tb testing.TB, contents []byte) device.Device {
		tb.Helper()
		return device.NewOverlay("overlay", open(tb, makeFile(tb, contents), device.Options{}))
	}},
	{"recorder on a file", func(tb testing.TB, contents []byte) device.Device {
		tb.Helper()
		return device.NewRecorder(open(tb, makeFile(tb, contents), device.Options{Write: true}))
	}},
	{"faulty without faults", func(tb testing.TB, contents []byte) device.Device {
		tb.Helper()
		return device.NewFaulty(open(tb, makeFile(tb, contents), device.Options{Write: true}))
	}},
	{"file", func(tb testing.TB, contents []byte) device.Device {
		tb.Helper()
		return open(tb, makeFile(tb, contents), device.Options{Write: true})
	}},
	{"direct file", func(tb testing.TB, contents []byte) device.Device {
		tb.Helper()
		return open(tb, makeFile(tb, contents), device.Options{Write: true, Direct: true})
	}},
}

// oddSize is no multiple of any sector, page or chunk size.
const oddSize = 300<<10 + 777

func TestRandomReadsWritesAndDiscardsMatchModel(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			contents := pattern(oddSize, 1)
			compareWithModel(t, kind.make(t, bytes.Clone(contents)), contents)
		})
	}
}

// compareWithModel does the same to dev and model, whose contents are equal, and
// compares what is read.
func compareWithModel(t *testing.T, dev device.Device, model []byte) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	buf := device.AlignedBuffer(len(model) + 1)
	noise := make([]byte, 2*len(model))
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise)
	for range 600 {
		// Half of the requests are aligned, in every combination.
		off, end := random.IntN(len(model)+1), random.IntN(len(model)+1)
		if random.IntN(2) == 0 {
			off &^= 4095
		}
		if random.IntN(2) == 0 {
			end &^= 4095
		}
		off, end = min(off, end), max(off, end)
		p := buf[:end-off]
		if random.IntN(2) == 0 {
			p = buf[1 : 1+end-off]
		}
		switch random.IntN(8) {
		case 0, 1, 2:
			copy(p, noise[random.IntN(len(noise)-len(p)):])
			write(t, dev, p, int64(off))
			copy(model[off:], p)
		case 3:
			err := dev.(device.Discarder).Discard(int64(off), int64(end-off))
			if errors.Is(err, errors.ErrUnsupported) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			// What it holds now is undefined.
			copy(p, noise[random.IntN(len(noise)-len(p)):])
			write(t, dev, p, int64(off))
			copy(model[off:], p)
		case 4:
			flush(t, dev)
		default:
			if n, err := dev.ReadAt(p, int64(off)); n != len(p) || err != nil {
				t.Fatalf("ReadAt(%d bytes, %d) = %d, %v", len(p), off, n, err)
			}
			if !bytes.Equal(p, model[off:end]) {
				t.Fatalf("%d bytes at %d differ", len(p), off)
			}
		}
	}
	wantContents(t, dev, 0, model)
}

func TestRequestsOutsideDeviceAreRefused(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			contents := pattern(oddSize, 2)
			dev := kind.make(t, contents)
			if dev.Size() != oddSize {
				t.Fatalf("Size() = %d", dev.Size())
			}
			reads := []struct {
				off     int64
				length  int
				want    int
				wantErr error
			}{
				{oddSize - 512, 512, 512, nil},
				{oddSize, 0, 0, nil},
				{0, 0, 0, nil},
				{oddSize - 100, 101, 100, io.ErrUnexpectedEOF},
				{0, oddSize + 5000, oddSize, io.ErrUnexpectedEOF},
				{oddSize, 1, 0, io.EOF},
				{oddSize + 4096, 4096, 0, io.EOF},
				{1<<63 - 1, 4096, 0, io.EOF},
				{-1, 1, 0, unix.EINVAL},
			}
			for _, read := range reads {
				p := device.AlignedBuffer(read.length)
				n, err := dev.ReadAt(p, read.off)
				if n != read.want || !errors.Is(err, read.wantErr) {
					t.Errorf("ReadAt(%d bytes, %d) = %d, %v; want %d, %v", read.length, read.off, n, err, read.want, read.wantErr)
				}
				if n > 0 && !bytes.Equal(p[:n], contents[read.off:][:n]) {
					t.Errorf("ReadAt(%d bytes, %d): wrong bytes", read.length, read.off)
				}
			}
			writes := []struct {
				off     int64
				length  int
				wantErr error
			}{
				{oddSize - 1, 2, unix.ENOSPC},
				{oddSize, 1, unix.ENOSPC},
				{oddSize + 1, 0, unix.ENOSPC},
				{1<<63 - 1, 4096, unix.ENOSPC},
				{0, oddSize + 1, unix.ENOSPC},
				{-1, 1, unix.EINVAL},
			}
			for _, w := range writes {
				n, err := dev.WriteAt(make([]byte, w.length), w.off)
				if n != 0 || !errors.Is(err, w.wantErr) {
					t.Errorf("WriteAt(%d bytes, %d) = %d, %v; want 0, %v", w.length, w.off, n, err, w.wantErr)
				}
				err = dev.(device.Discarder).Discard(w.off, int64(w.length))
				if !errors.Is(err, w.wantErr) {
					t.Errorf("Discard(%d, %d) = %v; want %v", w.off, w.length, err, w.wantErr)
				}
			}
			if err := dev.(device.Discarder).Discard(0, -1); !errors.Is(err, unix.EINVAL) {
				t.Errorf("Discard(0, -1) = %v", err)
			}
			for _, off := range []int64{0, 1, oddSize} {
				if err := dev.(device.Discarder).Discard(off, 0); err != nil {
					t.Errorf("Discard(%d, 0) = %v", off, err)
				}
			}
			wantContents(t, dev, 0, contents)
		})
	}
}

func TestReadPastEndNamesDeviceOffsetWantedAndGot(t *testing.T) {
	t.Parallel()
	path := makeFile(t, make([]byte, 1000))
	_, err := open(t, path, device.Options{}).ReadAt(make([]byte, 4096), 512)
	want := "read " + path + ": wanted 4096 bytes at offset 512, got 488: unexpected EOF"
	if err == nil || err.Error() != want {
		t.Errorf("error is %q, want %q", err, want)
	}
	var failure *device.Error
	if !errors.As(err, &failure) || failure.Off != 512 || failure.Len != 4096 || failure.Done != 488 {
		t.Errorf("error is %#v", failure)
	}
}

func TestConcurrentUseOfDistinctRanges(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			const workers, each = 8, 96 << 10
			dev := kind.make(t, make([]byte, workers*each))
			var group sync.WaitGroup
			for worker := range workers {
				group.Go(func() {
					off := int64(worker * each)
					for round := range 10 {
						p := pattern(each, byte(worker*16+round))
						if _, err := dev.WriteAt(p, off); err != nil {
							t.Error(err)
						}
						got := make([]byte, each)
						if _, err := dev.ReadAt(got, off); err != nil {
							t.Error(err)
						}
						if !bytes.Equal(got, p) {
							t.Errorf("worker %d round %d: read differs from what was written", worker, round)
						}
						if err := dev.Flush(); err != nil {
							t.Error(err)
						}
					}
				})
			}
			group.Wait()
		})
	}
}

func TestPairClosesBothDevices(t *testing.T) {
	t.Parallel()
	meta, data := makeFile(t, make([]byte, 4096)), makeFile(t, make([]byte, 8192))
	pair, err := device.OpenPair(meta, data, device.Options{Write: true})
	if err != nil {
		t.Fatal(err)
	}
	if pair.Meta.Size() != 4096 || pair.Data.Size() != 8192 {
		t.Errorf("sizes are %d, %d", pair.Meta.Size(), pair.Data.Size())
	}
	if err := pair.Close(); err != nil {
		t.Fatal(err)
	}
	for _, dev := range []device.Device{pair.Meta, pair.Data} {
		if _, err := dev.ReadAt(make([]byte, 1), 0); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("read of %s after Close: %v", dev.Name(), err)
		}
	}
	if err := pair.Close(); !errors.Is(err, fs.ErrClosed) || strings.Count(err.Error(), "close ") != 2 {
		t.Errorf("second Close: %v", err)
	}
}

func TestPairMayLackADevice(t *testing.T) {
	t.Parallel()
	pair, err := device.OpenPair(makeFile(t, make([]byte, 4096)), "", device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if pair.Data != nil {
		t.Error("data device was opened")
	}
	if err := pair.Close(); err != nil {
		t.Error(err)
	}
}

func TestPairThatCannotBeOpenedHoldsNothing(t *testing.T) {
	t.Parallel()
	meta := makeFile(t, make([]byte, 4096))
	if _, err := device.OpenPair(meta, meta+".absent", device.Options{Write: true}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
	open(t, meta, device.Options{Write: true})
}

func TestPairRefusesOneDeviceTwice(t *testing.T) {
	t.Parallel()
	path := makeFile(t, make([]byte, 4096))
	_, err := device.OpenPair(path, linkTo(t, path), device.Options{Shared: true})
	if !errors.Is(err, unix.EINVAL) || !strings.Contains(err.Error(), "same device") {
		t.Errorf("error is %v", err)
	}
}
