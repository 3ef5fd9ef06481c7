// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"syscall"
	"testing"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testvolume"
)

const (
	offline   = format.ExtentOffline
	unwritten = format.ExtentUnwritten
	blk       = format.SmallBlockSize
)

// striped has file 5 of ten blocks and a half with every kind of extent:
//
//	blocks  0-1  2  3-4        5          6-7      8        9-10     11      12-13
//	        data -  unwritten  offline    staging  data     -        -       unwritten, behind the end
func striped(tb testing.TB) *testvolume.Builder {
	tb.Helper()
	b := testvolume.New(tb)
	b.File(5, 10*blk+blk/2)
	b.Extent(5, 0, 2, 100, 0)
	b.Extent(5, 3, 2, 200, unwritten)
	b.Extent(5, 5, 1, 0, offline)
	b.Extent(5, 6, 2, 300, offline|unwritten)
	b.Extent(5, 8, 1, 150, 0)
	b.Extent(5, 12, 2, 400, unwritten)
	for blkno := uint64(64); blkno < 500; blkno++ {
		if _, err := b.Data.WriteAt(content(blkno), int64(blkno*blk)); err != nil {
			tb.Fatal(err)
		}
	}
	return b
}

// content is what is in a block of the data device.
func content(blkno uint64) []byte {
	b := make([]byte, blk)
	for i := range b {
		b[i] = byte(int(blkno)*31 + i*i)
	}
	return b
}

func TestExtentsFromABlockOn(t *testing.T) {
	t.Parallel()
	f := load(t, striped(t))
	every := []fs.Extent{
		{Logical: 0, Len: 2, Blkno: 100},
		{Logical: 3, Len: 2, Blkno: 200, Flags: unwritten},
		{Logical: 5, Len: 1, Flags: offline},
		{Logical: 6, Len: 2, Blkno: 300, Flags: offline | unwritten},
		{Logical: 8, Len: 1, Blkno: 150},
		{Logical: 12, Len: 2, Blkno: 400, Flags: unwritten},
	}
	for from, skip := range []int{0, 0, 1, 1, 1, 2, 3, 3, 4, 5, 5, 5, 5, 5, 6} {
		if got := all(t, f.Extents(t.Context(), 5, uint64(from))); !slices.Equal(got, every[skip:]) {
			t.Errorf("extents from %d on are %+v, want %+v", from, got, every[skip:])
		}
	}
	if got := all(t, f.Extents(t.Context(), 5, 1<<64-1)); got != nil {
		t.Errorf("extents from the last block on are %+v", got)
	}
	if got := all(t, f.Extents(t.Context(), 4, 0)); got != nil {
		t.Errorf("extents of another inode are %+v", got)
	}
}

func TestFiemap(t *testing.T) {
	t.Parallel()
	f := load(t, striped(t))
	got := all(t, f.Fiemap(t.Context(), 5, 0))
	want := []fs.MapExtent{
		{0, 100 * blk, 2 * blk, 0},
		{3 * blk, 200 * blk, 2 * blk, 0x800},
		{5 * blk, 0, blk, 0x6},
		{6 * blk, 0, 2 * blk, 0x6},
		{8 * blk, 150 * blk, blk, 0},
		{12 * blk, 400 * blk, 2 * blk, 0x801},
	}
	if !slices.Equal(got, want) {
		t.Errorf("map is %+v, want %+v", got, want)
	}
	if got := all(t, f.Fiemap(t.Context(), 5, 5*blk-1)); !slices.Equal(got, want[1:]) {
		t.Errorf("map from inside an extent on is %+v, want %+v", got, want[1:])
	}
	if got := all(t, f.Fiemap(t.Context(), 5, 14*blk)); got != nil {
		t.Errorf("map behind the last extent is %+v", got)
	}
}

func TestSeek(t *testing.T) {
	t.Parallel()
	const end = 10*blk + blk/2
	b := striped(t)
	b.File(6, blk)   // a hole
	b.File(7, 2*blk) // all data
	b.File(8, 3*blk) // data only behind its end
	b.File(9, 0)
	b.File(12, 2*blk-100) // data to its end, inside a block
	b.Extent(12, 0, 2, 100, 0)
	b.File(13, 3*blk) // data, a hole, data
	b.Extent(13, 0, 1, 100, 0)
	b.Extent(13, 2, 1, 110, 0)
	b.Extent(7, 0, 2, 100, 0)
	b.Extent(8, 3, 1, 100, unwritten)
	b.Inode(10, format.ModeDirectory, nil)
	b.Inode(11, format.ModeFIFO, nil)
	f := load(t, b)
	tests := []struct {
		ino, off   uint64
		data, hole int64 // -1 for ENXIO
	}{
		{5, 0, 0, 2 * blk},
		{5, 1, 1, 2 * blk},
		{5, 2*blk - 1, 2*blk - 1, 2 * blk},
		{5, 2 * blk, 5 * blk, 2 * blk},
		{5, 3 * blk, 5 * blk, 3 * blk},
		{5, 4*blk + 7, 5 * blk, 4*blk + 7},
		{5, 5 * blk, 5 * blk, 9 * blk},
		{5, 6*blk + 9, 6*blk + 9, 9 * blk},
		{5, 8 * blk, 8 * blk, 9 * blk},
		{5, 9 * blk, -1, 9 * blk},
		{5, end - 1, -1, end - 1},
		{5, end, -1, -1},
		{5, 1<<64 - 1, -1, -1},
		{6, 0, -1, 0},
		{6, blk - 1, -1, blk - 1},
		{7, 0, 0, 2 * blk},
		{7, 2*blk - 1, 2*blk - 1, 2 * blk},
		{8, 0, -1, 0},
		{9, 0, -1, -1},
		{12, 0, 0, 2*blk - 100},
		{12, 2*blk - 101, 2*blk - 101, 2*blk - 100},
		{12, 2*blk - 100, -1, -1},
		{13, 0, 0, blk},
		{13, blk, 2 * blk, blk},
		{13, 2 * blk, 2 * blk, 3 * blk},
	}
	for _, test := range tests {
		in := inode(t, f, test.ino)
		for name, seek := range map[string]struct {
			do   func(context.Context, fs.Inode, uint64) (uint64, error)
			want int64
		}{"data": {f.SeekData, test.data}, "hole": {f.SeekHole, test.hole}} {
			got, err := seek.do(t.Context(), in, test.off)
			if seek.want < 0 {
				is(t, err, syscall.ENXIO)
			} else if err != nil || got != uint64(seek.want) {
				t.Errorf("%s of inode %d from %d is %d (%v), want %d", name, test.ino, test.off, got, err, seek.want)
			}
		}
	}
	_, err := f.SeekData(t.Context(), inode(t, f, 10), 0)
	is(t, err, syscall.EISDIR)
	_, err = f.SeekHole(t.Context(), inode(t, f, 11), 0)
	is(t, err, syscall.EINVAL)
}

func TestReadAt(t *testing.T) {
	t.Parallel()
	const size = 10*blk + blk/2
	f := load(t, striped(t))
	in := inode(t, f, 5)
	// What the file is where it is not offline.
	want := make([]byte, size)
	copy(want, content(100))
	copy(want[blk:], content(101))
	copy(want[8*blk:], content(150))

	offsets := []uint64{0, 1, 511, blk - 1, blk, 2*blk - 1, 2 * blk, 3*blk + 1, 5*blk - 1, 5 * blk, 6 * blk, 7*blk + 3, 8*blk - 1, 8 * blk, 9 * blk, 10 * blk, size - 1}
	lengths := []int{0, 1, 2, 511, blk - 1, blk, blk + 1, 3 * blk, 5*blk + 17, 11 * blk}
	for _, off := range offsets {
		for _, length := range lengths {
			p := bytes.Repeat([]byte{0xaa}, length)
			n, err := f.ReadAt(t.Context(), in, p, off)
			wanted := want[off:min(off+uint64(length), size)]
			atEnd := off+uint64(length) >= size
			if readable := firstOffline(off, len(wanted)); readable < len(wanted) {
				wanted = wanted[:readable]
				checkOffline(t, err, off+uint64(readable))
			} else if atEnd != errors.Is(err, io.EOF) || !atEnd && err != nil {
				t.Errorf("%d bytes at %d: error is %v", length, off, err)
			}
			if n != len(wanted) || !bytes.Equal(p[:n], wanted) {
				t.Errorf("%d bytes at %d: read %d, want %d, or others", length, off, n, len(wanted))
			}
		}
	}
	for _, off := range []uint64{size, size + 1, 1<<64 - 1} {
		if n, err := f.ReadAt(t.Context(), in, make([]byte, 10), off); n != 0 || !errors.Is(err, io.EOF) {
			t.Errorf("read %d bytes at %d (%v), want the end", n, off, err)
		}
	}
}

// firstOffline returns how many bytes from off on are not offline.
func firstOffline(off uint64, length int) int {
	for i := range length {
		if at := off + uint64(i); at >= 5*blk && at < 8*blk {
			return i
		}
	}
	return length
}

func checkOffline(t *testing.T, err error, at uint64) {
	t.Helper()
	end := uint64(6 * blk)
	if at >= end {
		end = 8 * blk
	}
	var e *fs.OfflineError
	if !errors.As(err, &e) || *e != (fs.OfflineError{Ino: 5, Offset: at, Length: end - at}) || !errors.Is(err, syscall.ENODATA) {
		t.Errorf("error is %v, want inode 5 offline from %d to %d", err, at, end)
	}
}

func TestOfflineRangeEndsWithTheFile(t *testing.T) {
	t.Parallel()
	b := testvolume.New(t)
	b.File(5, 100)
	b.Extent(5, 0, 1, 0, offline)
	f := load(t, b)
	_, err := f.ReadAt(t.Context(), inode(t, f, 5), make([]byte, 10), 40)
	var e *fs.OfflineError
	if !errors.As(err, &e) || e.Offset != 40 || e.Length != 60 {
		t.Errorf("error is %v, want bytes 40 to 99 offline", err)
	}
}

func TestReadOfWhatIsNoFile(t *testing.T) {
	t.Parallel()
	b := testvolume.New(t)
	b.Symlink(5, "x")
	f := load(t, b)
	_, err := f.ReadAt(t.Context(), inode(t, f, 1), make([]byte, 1), 0)
	is(t, err, syscall.EISDIR)
	_, err = f.ReadAt(t.Context(), inode(t, f, 5), make([]byte, 1), 0)
	is(t, err, syscall.EINVAL)
}

func TestReadWithoutDataDevice(t *testing.T) {
	t.Parallel()
	pair := striped(t).Devices(t)
	pair.Data = nil
	f := loadDevices(t, pair)
	in := inode(t, f, 5)
	if n, err := f.ReadAt(t.Context(), in, make([]byte, 10), 0); n != 0 || !errors.Is(err, fs.ErrNoDataDevice) {
		t.Errorf("read %d bytes of data (%v)", n, err)
	}
	if n, err := f.ReadAt(t.Context(), in, make([]byte, 3*blk), 2*blk); n != 3*blk || err != nil {
		t.Errorf("read %d bytes of a hole (%v), want all", n, err)
	}
}

func TestReadThatFails(t *testing.T) {
	t.Parallel()
	pair := striped(t).Devices(t)
	pair.Data = device.NewFaulty(pair.Data, device.Fault{Op: device.OpRead, Err: syscall.ENXIO})
	f := loadDevices(t, pair)
	_, err := f.ReadAt(t.Context(), inode(t, f, 5), make([]byte, 3*blk), 10)
	is(t, err, syscall.ENXIO)
	if err == nil || !strings.HasPrefix(err.Error(), "inode 5 at byte 10: ") {
		t.Errorf("error is %v, want one about inode 5 at byte 10", err)
	}
}
