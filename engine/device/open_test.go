// SPDX-License-Identifier: GPL-2.0-or-later

package device_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"scoutfs/engine/device"
)

func linkTo(tb testing.TB, path string) string {
	tb.Helper()
	link := filepath.Join(tb.TempDir(), "link")
	if err := os.Symlink(path, link); err != nil {
		tb.Fatal(err)
	}
	return link
}

func TestOpenRefusesWhatIsNoDevice(t *testing.T) {
	t.Parallel()
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{t.TempDir(), fifo, "/dev/null"} {
		for _, opts := range []device.Options{{}, {Write: true}, {Shared: true}, {Direct: true}} {
			_, err := device.Open(path, opts)
			want := "path isn't regular or device file '" + path + "'"
			if !errors.Is(err, unix.EINVAL) || err.Error() != want {
				t.Errorf("Open(%s, %+v): %v, want %s", path, opts, err, want)
			}
		}
	}
}

func TestOpenOfAbsentPath(t *testing.T) {
	t.Parallel()
	if _, err := device.Open(filepath.Join(t.TempDir(), "absent"), device.Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
}

func TestWriterCannotBeShared(t *testing.T) {
	t.Parallel()
	path := makeFile(t, make([]byte, 4096))
	if _, err := device.Open(path, device.Options{Write: true, Shared: true}); !errors.Is(err, unix.EINVAL) {
		t.Errorf("error is %v", err)
	}
}

func TestNameIsThePathAsGiven(t *testing.T) {
	t.Parallel()
	link := linkTo(t, makeFile(t, make([]byte, 4096)))
	if name := open(t, link, device.Options{}).Name(); name != link {
		t.Errorf("Name() = %s, want %s", name, link)
	}
}

func TestReaderDoesNotWrite(t *testing.T) {
	t.Parallel()
	for _, opts := range []device.Options{{}, {Shared: true}, {Direct: true}} {
		contents := pattern(8192, 3)
		dev := open(t, makeFile(t, contents), opts)
		if n, err := dev.WriteAt(make([]byte, 4096), 0); n != 0 || !errors.Is(err, device.ErrReadOnly) {
			t.Errorf("%+v: WriteAt = %d, %v", opts, n, err)
		} else if !errors.Is(err, fs.ErrPermission) || !errors.Is(err, unix.EBADF) {
			t.Errorf("%+v: %v is neither a permission error nor EBADF", opts, err)
		}
		bufs := [][]byte{make([]byte, 4096), make([]byte, 4096)}
		if n, err := dev.(device.VectorWriter).WriteVectorAt(bufs, 0); n != 0 || !errors.Is(err, device.ErrReadOnly) {
			t.Errorf("%+v: WriteVectorAt = %d, %v", opts, n, err)
		}
		if err := dev.(device.Discarder).Discard(0, 4096); !errors.Is(err, device.ErrReadOnly) {
			t.Errorf("%+v: Discard: %v", opts, err)
		}
		if err := dev.Flush(); err != nil {
			t.Errorf("%+v: Flush: %v", opts, err)
		}
		wantContents(t, dev, 0, contents)
	}
}

func TestClosedDeviceFails(t *testing.T) {
	t.Parallel()
	dev := open(t, makeFile(t, make([]byte, 8192)), device.Options{Write: true, Direct: true})
	if err := dev.Close(); err != nil {
		t.Fatal(err)
	}
	bufs := [][]byte{make([]byte, 4096), make([]byte, 4096)}
	calls := map[string]func() error{
		"ReadAt":        func() error { _, err := dev.ReadAt(bufs[0], 0); return err },
		"ReadVectorAt":  func() error { _, err := dev.(device.VectorReader).ReadVectorAt(bufs, 0); return err },
		"WriteAt":       func() error { _, err := dev.WriteAt(bufs[0], 0); return err },
		"WriteVectorAt": func() error { _, err := dev.(device.VectorWriter).WriteVectorAt(bufs, 0); return err },
		"Discard":       func() error { return dev.(device.Discarder).Discard(0, 4096) },
		"Flush":         dev.Flush,
		"Close":         dev.Close,
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
}

func TestSizeStaysWhenFileIsTruncatedByOthers(t *testing.T) {
	t.Parallel()
	for _, opts := range []device.Options{{}, {Direct: true}} {
		path := makeFile(t, pattern(16384, 4))
		dev := open(t, path, opts)
		if err := os.Truncate(path, 5000); err != nil {
			t.Fatal(err)
		}
		if dev.Size() != 16384 {
			t.Errorf("Size() = %d", dev.Size())
		}
		if n, err := dev.ReadAt(make([]byte, 16384), 0); n != 5000 || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%+v: ReadAt = %d, %v", opts, n, err)
		}
		bufs := [][]byte{device.AlignedBuffer(4096), device.AlignedBuffer(4096), device.AlignedBuffer(4096)}
		if n, err := dev.(device.VectorReader).ReadVectorAt(bufs, 0); n != 5000 || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%+v: ReadVectorAt = %d, %v", opts, n, err)
		}
	}
}

func TestEmptyFileIsADeviceOfSizeZero(t *testing.T) {
	t.Parallel()
	for _, opts := range []device.Options{{Write: true}, {Write: true, Direct: true}, {DropCache: true}} {
		dev := open(t, makeFile(t, nil), opts)
		if dev.Size() != 0 {
			t.Errorf("%+v: Size() = %d", opts, dev.Size())
		}
		if _, err := dev.ReadAt(make([]byte, 1), 0); !errors.Is(err, io.EOF) {
			t.Errorf("%+v: ReadAt: %v", opts, err)
		}
	}
}

func TestWritesReachTheFile(t *testing.T) {
	t.Parallel()
	for _, direct := range []bool{false, true} {
		path := makeFile(t, make([]byte, 64<<10))
		dev := open(t, path, device.Options{Write: true, Direct: direct})
		want := pattern(64<<10, 5)
		write(t, dev, want[:33000], 0)
		write(t, dev, want[33000:], 33000)
		flush(t, dev)
		if err := dev.Close(); err != nil {
			t.Fatal(err)
		}
		wantContents(t, open(t, path, device.Options{DropCache: true}), 0, want)
	}
}

func TestDirectReadSeesWhatOthersWrote(t *testing.T) {
	t.Parallel()
	path := makeFile(t, pattern(64<<10, 6))
	dev := open(t, path, device.Options{Direct: true, Shared: true})
	wantContents(t, dev, 0, pattern(64<<10, 6))
	writer := open(t, path, device.Options{Write: true})
	write(t, writer, pattern(64<<10, 7), 0)
	wantContents(t, dev, 0, pattern(64<<10, 7))
}

// requireDirect skips where the file system of the temporary folder refuses
// direct I/O.
func requireDirect(tb testing.TB, dev device.Device) int {
	tb.Helper()
	align := dev.(device.Aligner).Alignment()
	if align == 1 {
		tb.Skip("needs a temporary folder (TMPDIR) on a file system with O_DIRECT")
	}
	return align
}

func TestDirectAlignmentIsThatOfSectors(t *testing.T) {
	t.Parallel()
	path := makeFile(t, pattern(64<<10, 8))
	if align := open(t, path, device.Options{}).(device.Aligner).Alignment(); align != 1 {
		t.Errorf("alignment through the page cache is %d, want 1", align)
	}
	align := requireDirect(t, open(t, path, device.Options{Direct: true}))
	if align < 512 || align > 65536 || align&(align-1) != 0 {
		t.Errorf("direct alignment is %d", align)
	}
}

// Whether a file's pages are cached can be seen, which tells direct reads from
// others.
func TestDirectReadsBypassThePageCache(t *testing.T) {
	t.Parallel()
	const size = 1 << 20
	path := makeFile(t, pattern(size, 9))
	writer := open(t, path, device.Options{Write: true})
	flush(t, writer)
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	dev := open(t, path, device.Options{Direct: true, DropCache: true})
	requireDirect(t, dev)
	if cached := cachedPages(t, path, size); cached != 0 {
		t.Skipf("needs a file system that drops pages on POSIX_FADV_DONTNEED: %d stay", cached)
	}
	for name, buf := range map[string][]byte{
		"aligned":   device.AlignedBuffer(size),
		"unaligned": device.AlignedBuffer(size + 1)[1:],
	} {
		if _, err := dev.ReadAt(buf, 0); err != nil {
			t.Fatal(err)
		}
		if cached := cachedPages(t, path, size); cached != 0 {
			t.Errorf("%s read left %d pages in the cache", name, cached)
		}
	}
	if _, err := open(t, path, device.Options{}).ReadAt(make([]byte, size), 0); err != nil {
		t.Fatal(err)
	}
	if cachedPages(t, path, size) == 0 {
		t.Error("a read through the page cache left nothing in it")
	}
}

func TestDropCacheDropsCachedPages(t *testing.T) {
	t.Parallel()
	const size = 1 << 20
	path := makeFile(t, pattern(size, 10))
	writer := open(t, path, device.Options{Write: true})
	flush(t, writer)
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	before := cachedPages(t, path, size)
	if before == 0 {
		t.Skip("needs a file system that caches pages that were written")
	}
	open(t, path, device.Options{DropCache: true})
	if after := cachedPages(t, path, size); after >= before {
		t.Errorf("%d of %d pages are still cached", after, before)
	}
}

// cachedPages returns how many pages of a file are in the page cache.
func cachedPages(tb testing.TB, path string, size int) int {
	tb.Helper()
	file, err := os.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	mapped, err := unix.Mmap(int(file.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() {
		if err := unix.Munmap(mapped); err != nil {
			tb.Error(err)
		}
	}()
	return mincore(tb, mapped)
}
