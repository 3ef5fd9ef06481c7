// SPDX-License-Identifier: GPL-2.0-or-later

package walk

import (
	"context"
	"errors"
	"iter"
	"syscall"

	"scoutfs/engine/ioctl"
)

// Paths yields the paths of an inode, one for each of its names, from a place
// on. The root and inodes without names have none.
func Paths(ctx context.Context, v ioctl.Volume, ino uint64, from ioctl.DirPosition) iter.Seq2[ioctl.InoPathResult, error] {
	q := ioctl.InoPath{Ino: ino, From: from, Bytes: ioctl.MaxPathBytes}
	return batches(ctx, func() ([]ioctl.InoPathResult, bool, error) {
		path, err := v.InoPath(ctx, q)
		if errors.Is(err, syscall.ENOENT) {
			return nil, false, nil
		}
		if err != nil {
			return nil, false, err
		}
		next, more := path.At.Next()
		q.From = next
		return []ioctl.InoPathResult{path}, more, nil
	})
}

// ReferringEntries yields the directory entries of an inode from a place on.
func ReferringEntries(ctx context.Context, v ioctl.Volume, ino uint64, from ioctl.DirPosition) iter.Seq2[ioctl.ReferringEntry, error] {
	const bytes = 64 << 10
	q := ioctl.GetReferringEntries{Ino: ino, From: from, Bytes: bytes}
	return batches(ctx, func() ([]ioctl.ReferringEntry, bool, error) {
		entries, err := v.GetReferringEntries(ctx, q)
		if len(entries) == 0 || err != nil {
			return nil, false, err
		}
		last := &entries[len(entries)-1]
		next, more := last.At.Next()
		q.From = next
		return entries, more && !last.Last, nil
	})
}

// HiddenXattrs yields the names of a file's hidden xattrs.
func HiddenXattrs(ctx context.Context, f ioctl.File) iter.Seq2[string, error] {
	const bytes = 64 << 10
	q := ioctl.ListxattrHidden{Bytes: bytes}
	return batches(ctx, func() ([]string, bool, error) {
		result, err := f.ListxattrHidden(ctx, q)
		q.From = result.Next
		return result.Names, true, err
	})
}

// Extents yields a file's extents.
func Extents(ctx context.Context, f ioctl.File, offset, length uint64) iter.Seq2[ioctl.FiemapExtent, error] {
	end := offset + length
	if end < offset {
		end = 1<<64 - 1
	}
	return batches(ctx, func() ([]ioctl.FiemapExtent, bool, error) {
		if offset >= end {
			return nil, false, nil
		}
		result, err := f.Fiemap(ctx, ioctl.Fiemap{Start: offset, Length: end - offset, Count: DefaultBatch})
		if len(result.Extents) == 0 || err != nil {
			return nil, false, err
		}
		last := &result.Extents[len(result.Extents)-1]
		offset = last.Logical + last.Length
		return result.Extents, last.Flags&ioctl.ExtentLast == 0, nil
	})
}
