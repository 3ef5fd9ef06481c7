// SPDX-License-Identifier: GPL-2.0-or-later

package testmodel

import (
	"context"
	"fmt"
	"math"
	"syscall"
	"time"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
)

const blockSize = format.SmallBlockSize

// ErrOffline stands for whatever an engine answers where the kernel would wait
// for the archive agent.
const ErrOffline = syscall.Errno(math.MaxInt32)

func blocksOf(size uint64) uint64 { return (size + blockSize - 1) / blockSize }

// regular returns a regular file.
func (m *Model) regular(ino uint64, other syscall.Errno) (*Inode, syscall.Errno) {
	in := m.inodes[ino]
	switch {
	case in == nil:
		return nil, syscall.ENOENT
	case in.IsDir():
		return nil, syscall.EISDIR
	case !in.IsRegular():
		return nil, other
	}
	return in, 0
}

func (in *Inode) offlineIn(first, end uint64) bool {
	for b, block := range in.Blocks {
		if block.Offline && b >= first && b < end {
			return true
		}
	}
	return false
}

// Write writes bytes at an offset.
func (m *Model) Write(now time.Time, ino, off uint64, data []byte) syscall.Errno {
	m.begin()
	in, errno := m.regular(ino, syscall.EINVAL)
	switch {
	case errno != 0:
		return errno
	case len(data) == 0:
		return 0
	case in.Retained:
		return syscall.EPERM
	}
	if errno := m.checkDataQuota(in); errno != 0 {
		return errno
	}
	if in.offlineIn(0, blocksOf(in.Size)) {
		return ErrOffline
	}
	in.put(off, data)
	in.Size = max(in.Size, off+uint64(len(data)))
	in.Mtime, in.Ctime = now, now
	in.dataVersion, in.dataSeq = moves, moves
	return 0
}

// put makes blocks written ones with new content.
func (in *Inode) put(off uint64, data []byte) {
	for len(data) > 0 {
		b, skip := off/blockSize, off%blockSize
		n := min(blockSize-skip, uint64(len(data)))
		fresh := make([]byte, blockSize)
		if old := in.Blocks[b]; old != nil && old.online() {
			copy(fresh, old.Data)
		}
		copy(fresh[skip:], data[:n])
		in.Blocks[b] = &Block{Data: fresh}
		off, data = off+n, data[n:]
	}
}

// Read returns the bytes of a range that are before the end of the file.
func (m *Model) Read(ino, off, length uint64) ([]byte, syscall.Errno) {
	in, errno := m.regular(ino, syscall.EINVAL)
	if errno != 0 {
		return nil, errno
	}
	if off >= in.Size {
		return nil, 0
	}
	length = min(length, in.Size-off)
	if length > 0 && in.offlineIn(off/blockSize, blocksOf(off+length)) {
		return nil, ErrOffline
	}
	data := make([]byte, length)
	for at := uint64(0); at < length; {
		b, skip := (off+at)/blockSize, (off+at)%blockSize
		n := min(blockSize-skip, length-at)
		if block := in.Blocks[b]; block != nil && block.online() {
			copy(data[at:at+n], block.Data[skip:])
		}
		at += n
	}
	return data, 0
}

// Truncate sets the size.
func (m *Model) Truncate(now time.Time, ino, size uint64) syscall.Errno {
	m.begin()
	in, errno := m.regular(ino, syscall.EINVAL)
	switch {
	case errno != 0:
		return errno
	case in.Retained:
		return syscall.EPERM
	case size > 0 && size != in.Size && in.offlineIn(0, blocksOf(size)):
		return ErrOffline
	}
	if tail := size % blockSize; tail != 0 && size < in.Size {
		if block := in.Blocks[size/blockSize]; block != nil && block.online() {
			fresh := make([]byte, blockSize)
			copy(fresh, block.Data[:tail])
			block.Data = fresh
		}
	}
	if size <= in.Size {
		in.dropBlocks(blocksOf(size))
	}
	if size != in.Size {
		in.dataVersion = moves
	}
	in.dataSeq = moves
	in.Size, in.Mtime, in.Ctime = size, now, now
	return 0
}

func (in *Inode) dropBlocks(first uint64) {
	for b := range in.Blocks {
		if b >= first {
			delete(in.Blocks, b)
		}
	}
}

// KeepSize is the one mode of Fallocate.
const KeepSize = 1

// Fallocate allocates blocks that are not written. Which ones there were the
// model does not know; it hears of them from the engine.
func (m *Model) Fallocate(ino uint64, mode uint32, off, length uint64) syscall.Errno {
	m.begin()
	in, errno := m.regular(ino, syscall.ENODEV)
	if in != nil && in.IsDir() {
		return syscall.EISDIR
	}
	switch {
	case mode&^KeepSize != 0:
		return syscall.EOPNOTSUPP
	case errno != 0:
		return errno
	case length == 0:
		return syscall.EINVAL
	}
	if errno := m.checkDataQuota(in); errno != 0 {
		return errno
	}
	if mode&KeepSize == 0 && off+length > in.Size {
		in.Size = off + length
		in.dataVersion = moves
	}
	return 0
}

// fallocatedPart takes over how far a file has grown that ran out of blocks.
func (m *Model) fallocatedPart(ctx context.Context, w *fs.Writer, ino, end uint64) error {
	in := m.inodes[ino]
	return w.Read(ctx, func(f *fs.FS) error {
		got, err := f.Inode(ctx, ino)
		if err != nil || got.Size == in.Size {
			return err
		}
		if got.Size < in.Size || got.Size > end {
			return fmt.Errorf("size is %d, want at least %d and at most %d", got.Size, in.Size, end)
		}
		in.Size, in.dataVersion = got.Size, moves
		return nil
	})
}

func unaligned(n ...uint64) bool {
	for _, v := range n {
		if v%blockSize != 0 {
			return true
		}
	}
	return false
}

// Release frees blocks and leaves them offline.
func (m *Model) Release(ino, off, length, dataVersion uint64) syscall.Errno {
	m.begin()
	in := m.inodes[ino]
	switch {
	case length == 0:
		return 0
	case off+length-1 < off || unaligned(off, length):
		return syscall.EINVAL
	case in == nil:
		return syscall.ENOENT
	case !in.IsRegular():
		return syscall.EINVAL
	case in.DataVersion != dataVersion:
		return syscall.ESTALE
	}
	first, end := off/blockSize, off/blockSize+length/blockSize
	for b, block := range in.Blocks {
		if b >= first && b < end && (block.online() || block.Unwritten) {
			in.Blocks[b] = &Block{Offline: true}
		}
	}
	if in.OnlineBlocks() == 0 && in.Size > 0 {
		in.dropBlocks(blocksOf(in.Size))
	}
	return 0
}

// Stage writes archived data back.
func (m *Model) Stage(ino, off uint64, data []byte, dataVersion uint64) syscall.Errno {
	m.begin()
	in := m.inodes[ino]
	end := off + uint64(len(data))
	switch {
	case end < off || unaligned(off):
		return syscall.EINVAL
	case len(data) == 0:
		return 0
	case in == nil:
		return syscall.ENOENT
	case !in.IsRegular() || end > in.Size || end != in.Size && unaligned(end):
		return syscall.EINVAL
	case in.DataVersion != dataVersion:
		return syscall.ESTALE
	}
	for b := off / blockSize; b < blocksOf(end); b++ {
		if block := in.Blocks[b]; block != nil && !block.online() {
			delete(in.Blocks, b)
		}
	}
	in.put(off, data)
	return 0
}

// PunchOffline makes offline blocks holes. On EINVAL because of a block that
// is mapped, the blocks before it are done.
func (m *Model) PunchOffline(ino, off, length, dataVersion, flags uint64) syscall.Errno {
	m.begin()
	in := m.inodes[ino]
	switch {
	case length == 0:
		return 0
	case off+length-1 < off || unaligned(off, length):
		return syscall.EOVERFLOW
	case flags != 0:
		return syscall.EINVAL
	case in == nil:
		return syscall.ENOENT
	case !in.IsRegular():
		return syscall.EINVAL
	case in.DataVersion != dataVersion:
		return syscall.ESTALE
	case in.Retained:
		return syscall.EPERM
	}
	first, end := off/blockSize, off/blockSize+length/blockSize
	stop := end
	for b, block := range in.Blocks {
		if b >= first && b < stop && (block.online() || block.Unwritten) {
			stop = b
		}
	}
	for b := range in.Blocks {
		if b >= first && b < stop {
			delete(in.Blocks, b)
		}
	}
	if stop < end {
		return syscall.EINVAL
	}
	return 0
}
