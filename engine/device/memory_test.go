// SPDX-License-Identifier: GPL-2.0-or-later

package device_test

import (
	"bytes"
	"errors"
	"testing"

	"golang.org/x/sys/unix"

	"scoutfs/engine/device"
)

func TestMemoryTakesMemoryForWhatIsWritten(t *testing.T) {
	t.Parallel()
	const size = 1 << 60
	m := device.NewMemory("huge", size)
	wantContents(t, m, size-4096, make([]byte, 4096))
	if m.Allocated() != 0 {
		t.Errorf("%d bytes allocated before the first write", m.Allocated())
	}
	for off := int64(0); off < size; off += size / 16 {
		write(t, m, []byte{1}, off)
	}
	if m.Allocated() != 16*64<<10 {
		t.Errorf("%d bytes allocated for 16 writes", m.Allocated())
	}
	if err := m.Discard(0, 1<<20); err != nil {
		t.Fatal(err)
	}
	if m.Allocated() != 15*64<<10 {
		t.Errorf("%d bytes allocated after discarding one of 16", m.Allocated())
	}
}

func TestMemoryDiscardZeroes(t *testing.T) {
	t.Parallel()
	const size = 4 * 64 << 10
	base := device.NewMemory("base", size)
	write(t, base, fill(0xaa, size), 0)
	partly := base.Clone("partly written")
	write(t, partly, fill(0xaa, 3), 70000)
	for _, m := range []*device.Memory{base, partly, device.NewOverlay("overlay", base.Clone("base"))} {
		if err := m.Discard(1000, size-2000); err != nil {
			t.Fatal(err)
		}
		wantContents(t, m, 0, fill(0xaa, 1000))
		wantContents(t, m, 1000, make([]byte, size-2000))
		wantContents(t, m, size-1000, fill(0xaa, 1000))
		write(t, m, fill(0xbb, 10), 100000)
		wantContents(t, m, 99990, append(append(make([]byte, 10), fill(0xbb, 10)...), make([]byte, 10)...))
	}
}

func TestClonesChangeIndependently(t *testing.T) {
	t.Parallel()
	const size = 3 * 64 << 10
	first := device.NewMemory("first", size)
	write(t, first, fill(1, size), 0)
	second := first.Clone("second")
	third := second.Clone("third")
	write(t, first, fill(2, 100), 50)
	write(t, second, fill(3, 100), 64<<10+50)
	if err := third.Discard(0, 64<<10); err != nil {
		t.Fatal(err)
	}
	write(t, second, fill(4, 10), 64<<10+50)

	want := bytes.Clone(fill(1, size))
	copy(want[50:], fill(2, 100))
	wantContents(t, first, 0, want)
	want = fill(1, size)
	copy(want[64<<10+50:], fill(3, 100))
	copy(want[64<<10+50:], fill(4, 10))
	wantContents(t, second, 0, want)
	want = fill(1, size)
	clear(want[:64<<10])
	wantContents(t, third, 0, want)
}

func TestOverlayLeavesItsBaseAlone(t *testing.T) {
	t.Parallel()
	contents := pattern(oddSize, 20)
	path := makeFile(t, contents)
	base := open(t, path, device.Options{})
	overlay := device.NewOverlay("overlay", base)
	write(t, overlay, fill(0xee, 1000), oddSize-1000)
	write(t, overlay, fill(0xdd, 10), 64<<10-5)
	want := bytes.Clone(contents)
	copy(want[oddSize-1000:], fill(0xee, 1000))
	copy(want[64<<10-5:], fill(0xdd, 10))
	wantContents(t, overlay, 0, want)
	wantContents(t, base, 0, contents)
}

func TestOverlayReportsFailureOfItsBase(t *testing.T) {
	t.Parallel()
	base := device.NewFaulty(device.NewMemory("base", 1<<20), device.Fault{Op: device.OpRead, Off: 64 << 10, Len: 1})
	overlay := device.NewOverlay("overlay", base)
	n, err := overlay.ReadAt(make([]byte, 200<<10), 0)
	if n != 64<<10 || !errors.Is(err, unix.EIO) {
		t.Errorf("ReadAt = %d, %v", n, err)
	}
	// A chunk that is written in part has to be completed from the base.
	n, err = overlay.WriteAt(fill(1, 10<<10), 60<<10)
	if n != 4<<10 || !errors.Is(err, unix.EIO) {
		t.Errorf("WriteAt = %d, %v", n, err)
	}
	wantContents(t, overlay, 60<<10, fill(1, 4<<10))
	// One that is written as a whole need not.
	write(t, overlay, fill(2, 64<<10), 64<<10)
	wantContents(t, overlay, 64<<10, fill(2, 64<<10))
}

func TestMemoryOutlivesClose(t *testing.T) {
	t.Parallel()
	m := device.NewMemory("memory", 4096)
	write(t, m, fill(7, 4096), 0)
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	wantContents(t, m, 0, fill(7, 4096))
}
