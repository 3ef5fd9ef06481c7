// SPDX-License-Identifier: GPL-2.0-or-later

package images_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"scoutfs/engine/fs"
	"scoutfs/internal/testimage/manifest"
)

// sparseSize is the file size from which on manifests hash written extents
// only.
const sparseSize = 48 << 20

// content fills in the hashes of a file's content, in the one of three ways
// that its manifest uses for such a file.
func (c *checker) content(ctx context.Context, in fs.Inode, extents []manifest.Extent, got *manifest.Inode, buffer []byte) error {
	switch {
	case in.OfflineBlocks > 0:
		got.PartlyOnline = true
		return c.onlineParts(ctx, in, extents, got, buffer)
	case in.Size > sparseSize:
		sum := sha256.New()
		for _, e := range extents {
			length, inside := insideFile(e, in.Size)
			if !inside || e.Flags&fs.MapUnwritten != 0 {
				continue
			}
			var head []byte
			head = binary.LittleEndian.AppendUint64(head, e.Logical)
			sum.Write(binary.LittleEndian.AppendUint64(head, length))
			if err := copyRange(ctx, sum, c.fs, in, e.Logical, length, buffer); err != nil {
				return err
			}
		}
		got.SparseSHA256 = sumText(sum)
		return nil
	}
	sum := sha256.New()
	err := copyRange(ctx, sum, c.fs, in, 0, in.Size, buffer)
	got.SHA256 = sumText(sum)
	return err
}

// onlineParts fills in the hashes of what is not offline, and makes sure that
// reading the rest says so. Blocks behind the end of the file are parts
// without a length.
func (c *checker) onlineParts(ctx context.Context, in fs.Inode, extents []manifest.Extent, got *manifest.Inode, buffer []byte) error {
	for _, e := range extents {
		length, inside := insideFile(e, in.Size)
		if e.Flags&fs.MapUnknown != 0 {
			if !inside {
				continue
			}
			if err := isOffline(ctx, c.fs, in, e.Logical, length, buffer); err != nil {
				return err
			}
			continue
		}
		sum := sha256.New()
		if err := copyRange(ctx, sum, c.fs, in, e.Logical, length, buffer); err != nil {
			return err
		}
		got.OnlineParts = append(got.OnlineParts, manifest.Part{Offset: e.Logical, Length: length, Flags: e.Flags, SHA256: sumText(sum)})
	}
	return nil
}

// insideFile returns how many bytes of an extent are inside the file.
func insideFile(e manifest.Extent, size uint64) (length uint64, inside bool) {
	if e.Logical >= size {
		return 0, false
	}
	return min(e.Length, size-e.Logical), true
}

func copyRange(ctx context.Context, to io.Writer, f *fs.FS, in fs.Inode, off, length uint64, buffer []byte) error {
	for length > 0 {
		p := buffer[:min(uint64(len(buffer)), length)]
		n, err := f.ReadAt(ctx, in, p, off)
		if err != nil && !errors.Is(err, io.EOF) || n != len(p) {
			return fmt.Errorf("%d of %d bytes at %d: %w", n, len(p), off, err)
		}
		if atEnd := off+uint64(n) == in.Size; atEnd != errors.Is(err, io.EOF) {
			return fmt.Errorf("%d bytes at %d of %d: %w", n, off, in.Size, err)
		}
		_, _ = to.Write(p) // a hash
		off += uint64(n)
		length -= uint64(n)
	}
	return nil
}

// isOffline makes sure that a read that meets an offline extent says where.
func isOffline(ctx context.Context, f *fs.FS, in fs.Inode, off, length uint64, buffer []byte) error {
	n, err := f.ReadAt(ctx, in, buffer, off)
	var offline *fs.OfflineError
	if n != 0 || !errors.As(err, &offline) {
		return fmt.Errorf("read %d bytes of an offline extent at %d: %w", n, off, err)
	}
	if want := (fs.OfflineError{Ino: in.Ino, Offset: off, Length: length}); *offline != want {
		return fmt.Errorf("offline is %+v, want %+v", *offline, want)
	}
	return nil
}

// needsData makes sure that a file with data cannot be read without its
// device.
func needsData(ctx context.Context, f *fs.FS, in fs.Inode, buffer []byte) error {
	for off := uint64(0); off < in.Size; off += uint64(len(buffer)) {
		_, err := f.ReadAt(ctx, in, buffer, off)
		if errors.Is(err, fs.ErrNoDataDevice) {
			return nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
	}
	return errors.New("was read without the data device")
}
