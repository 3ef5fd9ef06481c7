// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"bytes"
	"slices"
	"syscall"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testlog"
	"scoutfs/internal/testvolume"
)

// TestChangesOfDamagedData changes files whose extents or counts are damaged:
// all of it fails with EIO, and leaves the file's items as they are.
func TestChangesOfDamagedData(t *testing.T) {
	t.Parallel()
	root := rootCaller()
	all := fs.ByteRange{Length: 64 * blockSize}
	operations := map[string]func(v *writing, ino, other uint64) error{
		"write": func(v *writing, ino, _ uint64) error {
			_, err := v.Write(v.ctx, fs.ReadWrite(ino), make([]byte, 5*blockSize), 4*blockSize)
			return err
		},
		"truncate": func(v *writing, ino, _ uint64) error { return v.Truncate(v.ctx, root, ino, 0) },
		"release": func(v *writing, ino, _ uint64) error {
			return v.Release(v.ctx, fs.ReadWrite(ino), all, 1)
		},
		"stage": func(v *writing, ino, _ uint64) error {
			return v.StageFrom(v.ctx, fs.ReadWrite(ino), 1, fs.ByteRange{Length: 8 * blockSize}, zeros{}, nil)
		},
		"move": func(v *writing, ino, other uint64) error {
			return v.MoveBlocks(v.ctx, root, ino, other, fs.Move{Length: 64 * blockSize})
		},
		"fallocate": func(v *writing, ino, _ uint64) error {
			return v.Fallocate(v.ctx, fs.ReadWrite(ino), 0, 0, 64*blockSize)
		},
		"delete": func(v *writing, _, _ uint64) error { return v.Unlink(v.ctx, root, 1, "f") },
	}
	extent := func(first, length, blkno uint64, flags uint8) func(v *writing, ino uint64) {
		return func(v *writing, ino uint64) {
			k := format.DataExtentKey(ino, format.Extent{Start: first, Len: length})
			v.put(k, testvolume.Extent(blkno, flags))
		}
	}
	// Every file has 8 blocks of data. What an operation does not look at does
	// not keep it from anything.
	tests := []struct {
		name   string
		damage func(v *writing, ino uint64)
		fine   []string
	}{
		{"overlapping extents", extent(4, 6, 1000, 0), []string{"fallocate"}},
		{"an extent outside of the device", extent(8, 8, 1<<40, 0), nil},
		{"an extent that wraps", func(v *writing, ino uint64) {
			k := format.DataExtentKey(ino, format.Extent{Start: 8, Len: 8})
			k.Third = 1 << 60
			v.put(k, testvolume.Extent(1000, 0))
		}, nil},
		{"an extent in no state", extent(8, 8, 0, format.ExtentUnwritten), nil},
		{"an extent of no length", func(v *writing, ino uint64) {
			v.put(format.DataExtentKey(ino, format.Extent{Start: 8, Len: 8}), []byte{1})
		}, nil},
		{"fewer blocks counted than there are", func(v *writing, ino uint64) {
			v.edit(ino, func(in *format.Inode) { in.OnlineBlocks.Set(1) })
		}, []string{"delete", "fallocate"}},
		{"blocks that are free", func(v *writing, ino uint64) {
			v.put(format.DataExtentKey(ino, format.Extent{Len: 8}), testvolume.Extent(200_000, 0))
		}, []string{"write", "move", "fallocate"}},
	}
	for _, test := range tests {
		for name, do := range operations {
			t.Run(test.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
				ino, other := v.create(1, "f", 0o644), v.create(1, "other", 0o644)
				_, err := v.WriteFrom(v.ctx, fs.ReadWrite(ino), 0, 8*blockSize, bytes.NewReader(pattern(8*blockSize)))
				v.must(err)
				test.damage(v, ino)
				v.edit(ino, func(in *format.Inode) { in.Size.Set(64 * blockSize) })
				before := v.items(format.ItemsOfInode(ino))
				want := syscall.EIO
				if slices.Contains(test.fine, name) {
					want = 0
				}
				is(t, do(v, ino, other), want)
				after := v.items(format.ItemsOfInode(ino))
				if name == "delete" {
					return // the name is gone all the same
				}
				if want != 0 && !sameItems(before, after) {
					t.Error("items have changed")
				}
			})
		}
	}
}
