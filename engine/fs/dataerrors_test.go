// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"bytes"
	"math"
	"syscall"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testlog"
)

// dataTree is a volume with one of everything that an operation on data can
// stumble over.
type dataTree struct {
	*writing
	dir      uint64
	fifo     uint64
	empty    uint64 // a file without data, data version 0
	file     uint64 // 3 blocks and a half online, data version 1
	retained uint64 // the same, under retention
	offline  uint64 // the same, offline
	half     uint64 // the same, of which blocks 2 and 3 are offline
	private  uint64 // the same, online, which only its owner 1000 may write
}

const (
	dataSize    = 3*blockSize + 100
	dataVersion = 1
)

func newDataTree(tb testing.TB) *dataTree {
	tb.Helper()
	v := newWriting(tb, testlog.Options{}, fs.WriterOptions{})
	t := &dataTree{writing: v, dir: v.mkdir(1, "dir", 0o777)}
	t.fifo = v.made(v.Mknod(v.ctx, rootCaller(), 1, "fifo", format.ModeFIFO|0o666, 0))
	t.empty = v.create(1, "empty", 0o666)
	t.file = t.filled("file")
	t.retained = t.filled("retained")
	t.retainData(t.retained)
	t.offline = t.filled("offline")
	v.must(v.Release(v.ctx, fs.ReadWrite(t.offline), fs.ByteRange{Length: 4 * blockSize}, dataVersion))
	t.half = t.filled("half")
	v.must(v.Release(v.ctx, fs.ReadWrite(t.half), fs.ByteRange{Offset: 2 * blockSize, Length: 2 * blockSize}, dataVersion))
	t.private = t.filled("private")
	v.chown(t.private, 1000, 1000, 0o600)
	return t
}

// filled makes a file with data.
func (t *dataTree) filled(name string) uint64 {
	t.tb.Helper()
	ino := t.create(1, name, 0o666)
	_, err := t.Write(t.ctx, fs.ReadWrite(ino), pattern(dataSize), 0)
	t.must(err)
	return ino
}

// retain puts a file under retention.
func (v *writing) retainData(ino uint64) {
	v.tb.Helper()
	v.must(v.SetAttrX(v.ctx, rootCaller(), ino, fs.AttrX{Mask: fs.AttrXRetention, Retention: true}))
}

// pattern returns bytes that differ from block to block.
func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(1 + i%251 + i/blockSize)
	}
	return p
}

// refusals runs operations that should fail, each on a tree of its own, which
// they have to leave as it was.
func refusals(t *testing.T, rows []refusal) {
	t.Helper()
	v := newDataTree(t)
	before := v.items(format.AllKeys())
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			is(t, row.do(v), row.want)
			if !sameItems(before, v.items(format.AllKeys())) {
				t.Error("something has changed")
			}
		})
	}
	v.check()
}

type refusal struct {
	name string
	want syscall.Errno // 0 for what is fine and does nothing
	do   func(*dataTree) error
}

func readOnly(ino uint64) fs.Handle { return fs.Handle{Ino: ino, Flags: syscall.O_RDONLY} }

const noInode = 1 << 40

func TestRefusedWrites(t *testing.T) {
	t.Parallel()
	write := func(h func(*dataTree) fs.Handle, n int, off uint64) func(*dataTree) error {
		return func(t *dataTree) error {
			n, err := t.Write(t.ctx, h(t), make([]byte, n), off)
			if n != 0 {
				t.tb.Errorf("wrote %d bytes", n)
			}
			return err
		}
	}
	on := func(ino func(*dataTree) uint64) func(*dataTree) fs.Handle {
		return func(t *dataTree) fs.Handle { return fs.ReadWrite(ino(t)) }
	}
	refusals(t, []refusal{
		{"nothing", 0, write(on((*dataTree).fileIno), 0, 0)},
		{"not open for writing", syscall.EBADF, write(func(t *dataTree) fs.Handle { return readOnly(t.file) }, 1, 0)},
		{"no inode", syscall.ENOENT, write(func(*dataTree) fs.Handle { return fs.ReadWrite(noInode) }, 1, 0)},
		{"directory", syscall.EISDIR, write(func(t *dataTree) fs.Handle { return fs.ReadWrite(t.dir) }, 1, 0)},
		{"no regular file", syscall.EINVAL, write(func(t *dataTree) fs.Handle { return fs.ReadWrite(t.fifo) }, 1, 0)},
		{"behind the largest file", syscall.EFBIG, write(on((*dataTree).fileIno), 1, math.MaxInt64)},
		{"under retention", syscall.EPERM, write(func(t *dataTree) fs.Handle { return fs.ReadWrite(t.retained) }, 1, 0)},
		{"under retention, which comes before its size", syscall.EPERM, write(func(t *dataTree) fs.Handle { return fs.ReadWrite(t.retained) }, 1, math.MaxInt64)},
		{"offline", syscall.ENODATA, write(func(t *dataTree) fs.Handle { return fs.ReadWrite(t.offline) }, 1, 0)},
		{"offline elsewhere", syscall.ENODATA, write(func(t *dataTree) fs.Handle { return fs.ReadWrite(t.half) }, 1, 0)},
		{"offline before", syscall.ENODATA, write(func(t *dataTree) fs.Handle { return fs.ReadWrite(t.half) }, 1, 100*blockSize)},
	})
}

func (t *dataTree) fileIno() uint64 { return t.file }

func TestRefusedTruncates(t *testing.T) {
	t.Parallel()
	truncate := func(who fs.Caller, ino func(*dataTree) uint64, size uint64) func(*dataTree) error {
		return func(t *dataTree) error { return t.Truncate(t.ctx, who, ino(t), size) }
	}
	root := rootCaller()
	refusals(t, []refusal{
		{"no inode", syscall.ENOENT, truncate(root, func(*dataTree) uint64 { return noInode }, 0)},
		{"directory", syscall.EISDIR, truncate(root, func(t *dataTree) uint64 { return t.dir }, 0)},
		{"no regular file", syscall.EINVAL, truncate(root, func(t *dataTree) uint64 { return t.fifo }, 0)},
		{"no permission", syscall.EACCES, truncate(user(1), func(t *dataTree) uint64 { return t.private }, 0)},
		{"too large", syscall.EFBIG, truncate(root, (*dataTree).fileIno, math.MaxInt64+1)},
		{"under retention", syscall.EPERM, truncate(root, func(t *dataTree) uint64 { return t.retained }, 0)},
		{"to a part that is offline", syscall.ENODATA, truncate(root, func(t *dataTree) uint64 { return t.offline }, 1)},
		{"to a part of which some is offline", syscall.ENODATA, truncate(root, func(t *dataTree) uint64 { return t.half }, 2*blockSize+1)},
		{"larger, offline", syscall.ENODATA, truncate(root, func(t *dataTree) uint64 { return t.half }, 100*blockSize)},
	})
}

func TestRefusedFallocates(t *testing.T) {
	t.Parallel()
	fallocate := func(h func(*dataTree) fs.Handle, mode uint32, off, length uint64) func(*dataTree) error {
		return func(t *dataTree) error { return t.Fallocate(t.ctx, h(t), mode, off, length) }
	}
	file := func(t *dataTree) fs.Handle { return fs.ReadWrite(t.file) }
	refusals(t, []refusal{
		{"nothing", 0, fallocate(file, 0, 0, 0)},
		{"punching", syscall.EOPNOTSUPP, fallocate(file, 3, 0, 1)},
		{"zeroing", syscall.EOPNOTSUPP, fallocate(file, 16, 0, 0)},
		{"too large", syscall.EFBIG, fallocate(file, 0, 1, math.MaxInt64)},
		{"wraps", syscall.EFBIG, fallocate(file, 0, math.MaxUint64, 2)},
		{"not open for writing", syscall.EBADF, fallocate(func(t *dataTree) fs.Handle { return readOnly(t.file) }, 0, 0, 1)},
		{"directory", syscall.EISDIR, fallocate(func(t *dataTree) fs.Handle { return fs.ReadWrite(t.dir) }, 0, 0, 1)},
		{"no regular file", syscall.ENODEV, fallocate(func(t *dataTree) fs.Handle { return fs.ReadWrite(t.fifo) }, 0, 0, 1)},
		{"no inode", syscall.ENOENT, fallocate(func(*dataTree) fs.Handle { return fs.ReadWrite(noInode) }, 0, 0, 1)},
	})
}

func TestRefusedReleases(t *testing.T) {
	t.Parallel()
	release := func(h func(*dataTree) fs.Handle, off, length, version uint64) func(*dataTree) error {
		return func(t *dataTree) error {
			return t.Release(t.ctx, h(t), fs.ByteRange{Offset: off, Length: length}, version)
		}
	}
	file := func(t *dataTree) fs.Handle { return fs.ReadWrite(t.file) }
	refusals(t, []refusal{
		{"nothing", 0, release(file, 1, 0, 99)},
		{"wraps", syscall.EINVAL, release(file, math.MaxUint64-blockSize+1, 2*blockSize, dataVersion)},
		{"offset not of a block", syscall.EINVAL, release(file, 1, blockSize, dataVersion)},
		{"length not of blocks", syscall.EINVAL, release(file, 0, blockSize+1, dataVersion)},
		{"directory", syscall.EINVAL, release(func(t *dataTree) fs.Handle { return fs.ReadWrite(t.dir) }, 0, blockSize, 0)},
		{"not open for writing, which comes before the version", syscall.EINVAL, release(func(t *dataTree) fs.Handle { return readOnly(t.file) }, 0, blockSize, 99)},
		{"another data version", syscall.ESTALE, release(file, 0, blockSize, dataVersion+1)},
		{"no inode", syscall.ENOENT, release(func(*dataTree) fs.Handle { return fs.ReadWrite(noInode) }, 0, blockSize, 0)},
	})
}

func TestRefusedStaging(t *testing.T) {
	t.Parallel()
	type stage func(h func(*dataTree) fs.Handle, n int, off, version uint64) func(*dataTree) error
	whole := func(h func(*dataTree) fs.Handle, n int, off, version uint64) func(*dataTree) error {
		return func(t *dataTree) error {
			n, err := t.Stage(t.ctx, h(t), version, make([]byte, n), off)
			if n != 0 {
				t.tb.Errorf("staged %d bytes", n)
			}
			return err
		}
	}
	streamed := func(h func(*dataTree) fs.Handle, n int, off, version uint64) func(*dataTree) error {
		return func(t *dataTree) error {
			span := fs.ByteRange{Offset: off, Length: uint64(n)}
			return t.StageFrom(t.ctx, h(t), version, span, bytes.NewReader(make([]byte, n)), nil)
		}
	}
	off := func(t *dataTree) fs.Handle { return fs.ReadWrite(t.offline) }
	flags := func(flags int) func(*dataTree) fs.Handle {
		return func(t *dataTree) fs.Handle { return fs.Handle{Ino: t.offline, Flags: syscall.O_RDWR | flags} }
	}
	for name, stage := range map[string]stage{"at once": whole, "from a reader": streamed} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refusals(t, []refusal{
				{"offset not of a block", syscall.EINVAL, stage(off, blockSize, 1, dataVersion)},
				{"offset not of a block, and nothing", syscall.EINVAL, stage(off, 0, 1, 99)},
				{"nothing", 0, stage(off, 0, 0, 99)},
				{"wraps", syscall.EINVAL, stage(off, 2*blockSize, math.MaxUint64-blockSize+1, dataVersion)},
				{"directory", syscall.EINVAL, stage(func(t *dataTree) fs.Handle { return fs.ReadWrite(t.dir) }, blockSize, 0, 0)},
				{"not open for writing", syscall.EINVAL, stage(func(t *dataTree) fs.Handle { return readOnly(t.offline) }, blockSize, 0, 99)},
				{"open to append", syscall.EINVAL, stage(flags(syscall.O_APPEND), blockSize, 0, dataVersion)},
				{"open for direct writes", syscall.EINVAL, stage(flags(syscall.O_DIRECT), blockSize, 0, dataVersion)},
				{"open for synchronous writes", syscall.EINVAL, stage(flags(syscall.O_DSYNC), blockSize, 0, dataVersion)},
				{"behind the end", syscall.EINVAL, stage(off, blockSize, 3*blockSize, dataVersion)},
				{"a part of a block", syscall.EINVAL, stage(off, 10, 0, dataVersion)},
				{"another data version", syscall.ESTALE, stage(off, blockSize, 0, dataVersion+1)},
			})
		})
	}
}
