// SPDX-License-Identifier: GPL-2.0-or-later

package tree

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"math"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"scoutfs/engine/format"
	"scoutfs/engine/ioctl"
	"scoutfs/walk"
)

func timeOf(ts unix.StatxTimestamp) time.Time { return time.Unix(ts.Sec, int64(ts.Nsec)) }

// Xattrs is [Tree.Xattrs].
func (m *Mount) Xattrs(ctx context.Context, n Node, values bool) iter.Seq2[Xattr, error] {
	return func(yield func(Xattr, error) bool) {
		names, err := m.xattrNames(n)
		if err == nil {
			names, err = m.addHidden(ctx, n, names)
		}
		if err != nil {
			yield(Xattr{}, err)
			return
		}
		for _, name := range names {
			x := Xattr{Name: name}
			var err error
			if values {
				x.Value, err = m.xattr(n, name)
				if errors.Is(err, syscall.ENODATA) {
					continue // removed meanwhile
				}
			}
			if !yield(x, err) {
				return
			}
		}
	}
}

// xattrNames returns the names that listxattr(2) shows; none where there are
// no attributes at all.
func (m *Mount) xattrNames(n Node) ([]string, error) {
	list, err := m.grow(n, func(path string, buf []byte) (int, error) {
		if n.follow {
			return unix.Listxattr(path, buf)
		}
		return unix.Llistxattr(path, buf)
	})
	if errors.Is(err, syscall.EOPNOTSUPP) {
		return nil, nil
	}
	if err != nil {
		return nil, &fs.PathError{Op: "listxattr", Path: n.Path, Err: err}
	}
	var names []string
	for name := range strings.SplitSeq(string(list), "\x00") {
		if name != "" {
			names = append(names, name)
		}
	}
	return names, nil
}

// addHidden adds the names that only scoutfs itself shows.
func (m *Mount) addHidden(ctx context.Context, n Node, names []string) ([]string, error) {
	if n.Type != 0 && n.Type != format.ModeRegular && n.Type != format.ModeDirectory {
		return names, nil
	}
	st, err := m.stat(n)
	if err != nil {
		return nil, err
	}
	kind := uint32(st.Mode) & format.ModeTypeMask
	_, other := m.others.Load(unix.Mkdev(st.Dev_major, st.Dev_minor))
	if other || kind != format.ModeRegular && kind != format.ModeDirectory {
		return names, nil
	}
	file, err := m.open(n, 0)
	if errors.Is(err, fs.ErrPermission) {
		return names, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	for name, err := range walk.HiddenXattrs(ctx, m.request(file)) {
		switch {
		case errors.Is(err, syscall.ENOTTY), errors.Is(err, syscall.EACCES):
			return names, nil
		case err != nil:
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

func (m *Mount) xattr(n Node, name string) ([]byte, error) {
	value, err := m.grow(n, func(path string, buf []byte) (int, error) {
		if n.follow {
			return unix.Getxattr(path, name, buf)
		}
		return unix.Lgetxattr(path, name, buf)
	})
	if err != nil {
		return nil, &fs.PathError{Op: "getxattr " + name, Path: n.Path, Err: err}
	}
	return value, nil
}

// grow makes a call that fills a buffer whose right size is not known before.
func (m *Mount) grow(n Node, call func(path string, buf []byte) (int, error)) (filled []byte, err error) {
	err = Reach(n.Path, func(dir int, path string) error {
		for size := 1 << 10; ; size *= 8 {
			buf := make([]byte, size)
			got := 0
			err := again(func() (err error) {
				got, err = call(entryPath(dir, path), buf)
				return err
			})
			if err == nil {
				filled = buf[:got]
			}
			// No name list or value is larger than 64 KiB.
			if !errors.Is(err, syscall.ERANGE) || size > 1<<16 {
				return err
			}
		}
	})
	return filled, err
}

// Open is [Tree.Open].
func (m *Mount) Open(ctx context.Context, n Node) (File, error) {
	file, err := m.open(n, 0)
	if err != nil {
		return nil, err
	}
	f, err := m.newFile(ctx, file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return f, nil
}

func (m *Mount) newFile(ctx context.Context, file *os.File) (*mountFile, error) {
	var st unix.Statx_t
	if err := unix.Statx(int(file.Fd()), "", unix.AT_EMPTY_PATH, unix.STATX_BASIC_STATS|unix.STATX_BTIME, &st); err != nil {
		return nil, &fs.PathError{Op: "stat", Path: file.Name(), Err: err}
	}
	f := &mountFile{file: file, request: m.request(file), attr: attrOfStatx(&st)}
	if !f.attr.IsRegular() {
		return nil, notRegular(file.Name(), f.attr.IsDir())
	}
	return f, m.archive(ctx, file, WantArchive, &f.attr)
}

// mountFile is an open file of a Mount.
type mountFile struct {
	file    *os.File
	request ioctl.File
	attr    Attr
}

func (f *mountFile) Attr() *Attr { return &f.attr }

func (f *mountFile) Close() error { return f.file.Close() }

func (f *mountFile) ReadAt(ctx context.Context, p []byte, off uint64) (int, error) {
	if err := context.Cause(ctx); err != nil {
		return 0, err
	}
	if off > math.MaxInt64 {
		return 0, &fs.PathError{Op: "read", Path: f.file.Name(), Err: syscall.EINVAL}
	}
	return f.file.ReadAt(p, int64(off))
}

// Extents asks for the extents of a file that has offline parts, and looks
// for data and holes in any other.
func (f *mountFile) Extents(ctx context.Context, from uint64) iter.Seq2[Extent, error] {
	if f.attr.Archive.OfflineBlocks > 0 {
		return f.mapped(ctx, from)
	}
	return f.sought(ctx, from)
}

func (f *mountFile) mapped(ctx context.Context, from uint64) iter.Seq2[Extent, error] {
	return func(yield func(Extent, error) bool) {
		size := f.attr.Size
		if from >= size {
			return
		}
		for e, err := range walk.Extents(ctx, f.request, from, size-from) {
			if err != nil {
				yield(Extent{}, err)
				return
			}
			// An unwritten extent may have data in the page cache.
			x := cut(Extent{Offset: e.Logical, Length: e.Length, Offline: e.Flags&ioctl.ExtentUnknown != 0}, from, size)
			if e.Logical >= size || e.Logical+e.Length <= from {
				continue
			}
			if !yield(x, nil) {
				return
			}
		}
	}
}

func (f *mountFile) sought(ctx context.Context, from uint64) iter.Seq2[Extent, error] {
	return func(yield func(Extent, error) bool) {
		for size := f.attr.Size; from < size; {
			if err := context.Cause(ctx); err != nil {
				yield(Extent{}, err)
				return
			}
			start, end, err := f.nextData(from)
			if err != nil {
				yield(Extent{}, err)
				return
			}
			start, end = min(start, size), min(end, size)
			if start < end && !yield(Extent{Offset: start, Length: end - start}, nil) {
				return
			}
			from = end
		}
	}
}

// nextData returns the next run of data. Where holes cannot be looked for,
// all of the file is data; without data it is empty and at the file's end.
func (f *mountFile) nextData(from uint64) (start, end uint64, err error) {
	at, err := f.file.Seek(int64(from), unix.SEEK_DATA)
	switch {
	case errors.Is(err, syscall.ENXIO):
		return f.attr.Size, f.attr.Size, nil
	case errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.EOPNOTSUPP):
		return from, f.attr.Size, nil
	case err != nil:
		return 0, 0, err
	}
	hole, err := f.file.Seek(at, unix.SEEK_HOLE)
	switch {
	case errors.Is(err, syscall.ENXIO):
		return f.attr.Size, f.attr.Size, nil // it was cut off meanwhile
	case err == nil && uint64(hole) <= from:
		return from, f.attr.Size, nil // the file system does not know its holes
	}
	return uint64(at), uint64(hole), err
}
