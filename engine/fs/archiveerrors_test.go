// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"math"
	"syscall"
	"testing"

	"scoutfs/engine/fs"
	"scoutfs/internal/testlog"
)

func TestRefusedPunches(t *testing.T) {
	t.Parallel()
	punch := func(who fs.Caller, h func(*dataTree) fs.Handle, off, length, version, flags uint64) func(*dataTree) error {
		return func(t *dataTree) error {
			return t.PunchOffline(t.ctx, who, h(t), fs.ByteRange{Offset: off, Length: length}, version, flags)
		}
	}
	root := rootCaller()
	of := func(ino func(*dataTree) uint64) func(*dataTree) fs.Handle {
		return func(t *dataTree) fs.Handle { return fs.ReadWrite(ino(t)) }
	}
	half := of(func(t *dataTree) uint64 { return t.half })
	private := of(func(t *dataTree) uint64 { return t.private })
	retained := of(func(t *dataTree) uint64 { return t.retained })
	refusals(t, []refusal{
		{"nothing", 0, punch(root, half, 1, 0, 99, 99)},
		{"wraps", syscall.EOVERFLOW, punch(root, half, math.MaxUint64-blockSize+1, 2*blockSize, dataVersion, 0)},
		{"offset not of a block", syscall.EOVERFLOW, punch(root, half, 1, blockSize, dataVersion, 0)},
		{"length not of blocks, which comes before flags", syscall.EOVERFLOW, punch(root, half, 0, 1, dataVersion, 1)},
		{"flags, which come before the inode", syscall.EINVAL, punch(root, of(func(*dataTree) uint64 { return noInode }), 0, blockSize, 0, 1)},
		{"directory", syscall.EINVAL, punch(root, of(func(t *dataTree) uint64 { return t.dir }), 0, blockSize, 0, 0)},
		{"not open for writing, which comes before permission", syscall.EINVAL, punch(user(1), func(t *dataTree) fs.Handle { return readOnly(t.private) }, 0, blockSize, 0, 0)},
		{"no permission, which comes before the version", syscall.EACCES, punch(user(1), private, 0, blockSize, 99, 0)},
		{"another data version, which comes before retention", syscall.ESTALE, punch(root, retained, 0, blockSize, 99, 0)},
		{"under retention", syscall.EPERM, punch(root, retained, 0, blockSize, dataVersion, 0)},
		{"online blocks", syscall.EINVAL, punch(root, half, 0, 4*blockSize, dataVersion, 0)},
	})
}

// TestPunchStopsAtOnlineBlocks shows that what was done before an error stays.
func TestPunchStopsAtOnlineBlocks(t *testing.T) {
	t.Parallel()
	v := newDataTree(t)
	h := fs.ReadWrite(v.file)
	v.must(v.Release(v.ctx, h, fs.ByteRange{Length: 2 * blockSize}, dataVersion))
	is(t, v.PunchOffline(v.ctx, rootCaller(), h, fs.ByteRange{Length: 4 * blockSize}, dataVersion, 0), syscall.EINVAL)
	if in := v.inode(v.file); in.OfflineBlocks != 0 || in.OnlineBlocks != 2 {
		t.Errorf("%d blocks are offline and %d online, want 0 and 2", in.OfflineBlocks, in.OnlineBlocks)
	}
	v.check()
}

func TestRefusedAttributes(t *testing.T) {
	t.Parallel()
	set := func(who fs.Caller, ino func(*dataTree) uint64, a fs.AttrX) func(*dataTree) error {
		return func(t *dataTree) error { return t.SetAttrX(t.ctx, who, ino(t), a) }
	}
	root := rootCaller()
	empty := func(t *dataTree) uint64 { return t.empty }
	file := (*dataTree).fileIno
	dir := func(t *dataTree) uint64 { return t.dir }
	retained := func(t *dataTree) uint64 { return t.retained }
	const size, version = fs.AttrXSize, fs.AttrXDataVersion
	refusals(t, []refusal{
		{"not the superuser, which comes before all else", syscall.EPERM, set(user(1), file, fs.AttrX{})},
		{"nothing, whatever the flags", 0, set(root, file, fs.AttrX{Flags: 99})},
		{"unknown attributes", syscall.EINVAL, set(root, empty, fs.AttrX{Mask: 1 << 10})},
		{"unknown flags", syscall.EINVAL, set(root, empty, fs.AttrX{Mask: fs.AttrXCtime, Flags: 2})},
		{"no inode", syscall.ENOENT, set(root, func(*dataTree) uint64 { return noInode }, fs.AttrX{Mask: fs.AttrXCtime})},
		{"data version 0", syscall.EINVAL, set(root, empty, fs.AttrX{Mask: version})},
		{"data version of a file that has one", syscall.EINVAL, set(root, file, fs.AttrX{Mask: version, DataVersion: 5})},
		{"size of a file that has a data version", syscall.EINVAL, set(root, file, fs.AttrX{Mask: size})},
		{"size of a directory", syscall.EINVAL, set(root, dir, fs.AttrX{Mask: size})},
		{"size without a data version", syscall.EINVAL, set(root, empty, fs.AttrX{Mask: size, Size: 1})},
		{"offline without a size", syscall.EINVAL, set(root, empty, fs.AttrX{Mask: version, DataVersion: 1, Flags: fs.AttrXSizeOffline})},
		{"offline with a size of 0", syscall.EINVAL, set(root, empty, fs.AttrX{Mask: size | version, DataVersion: 1, Flags: fs.AttrXSizeOffline})},
		{"retention of a directory", syscall.EINVAL, set(root, dir, fs.AttrX{Mask: fs.AttrXRetention, Retention: true})},
		{"under retention", syscall.EPERM, set(root, retained, fs.AttrX{Mask: fs.AttrXCtime})},
		{"under retention that stays", syscall.EPERM, set(root, retained, fs.AttrX{Mask: fs.AttrXRetention | fs.AttrXProjectID, Retention: true})},
	})
}

func TestRefusedAttributesOfVersion1(t *testing.T) {
	t.Parallel()
	v := newWriting(t, testlog.Options{FormatVersion: 1}, fs.WriterOptions{})
	ino := v.create(1, "f", 0o644)
	for _, mask := range []uint64{fs.AttrXRetention, fs.AttrXProjectID, fs.AttrXProjectID | fs.AttrXCtime} {
		is(t, v.SetAttrX(v.ctx, rootCaller(), ino, fs.AttrX{Mask: mask}), syscall.EOPNOTSUPP)
	}
	is(t, v.SetAttrX(v.ctx, rootCaller(), ino, fs.AttrX{Mask: fs.AttrXCtime}), 0)
	v.check()
}

func TestRefusedSetattrMore(t *testing.T) {
	t.Parallel()
	set := func(who fs.Caller, h func(*dataTree) fs.Handle, a fs.AttrX) func(*dataTree) error {
		return func(t *dataTree) error { return t.SetattrMore(t.ctx, who, h(t), a) }
	}
	file := func(t *dataTree) fs.Handle { return fs.ReadWrite(t.file) }
	empty := func(t *dataTree) fs.Handle { return fs.ReadWrite(t.empty) }
	refusals(t, []refusal{
		{"not open for writing, which comes first", syscall.EBADF, set(user(1), func(t *dataTree) fs.Handle { return readOnly(t.file) }, fs.AttrX{Flags: 2})},
		{"unknown flags", syscall.EINVAL, set(user(1), empty, fs.AttrX{Flags: 2})},
		{"not the superuser", syscall.EPERM, set(user(1), empty, fs.AttrX{})},
		{"times of a file with a data version", syscall.EINVAL, set(rootCaller(), file, fs.AttrX{})},
		{"size without a data version", syscall.EINVAL, set(rootCaller(), empty, fs.AttrX{Size: 1})},
		{"offline without a size", syscall.EINVAL, set(rootCaller(), empty, fs.AttrX{DataVersion: 1, Flags: fs.AttrXSizeOffline})},
	})
}

func TestRefusedMoves(t *testing.T) {
	t.Parallel()
	move := func(who fs.Caller, from, to func(*dataTree) uint64, q fs.Move) func(*dataTree) error {
		return func(t *dataTree) error { return t.MoveBlocks(t.ctx, who, from(t), to(t), q) }
	}
	root := rootCaller()
	file := (*dataTree).fileIno
	empty := func(t *dataTree) uint64 { return t.empty }
	offline := func(t *dataTree) uint64 { return t.offline }
	half := func(t *dataTree) uint64 { return t.half }
	retained := func(t *dataTree) uint64 { return t.retained }
	dir := func(t *dataTree) uint64 { return t.dir }
	fifo := func(t *dataTree) uint64 { return t.fifo }
	private := func(t *dataTree) uint64 { return t.private }
	const wrapped = math.MaxUint64 - blockSize + 1
	block := fs.Move{Length: blockSize}
	staged := func(q fs.Move) fs.Move {
		q.Flags = fs.MoveStage
		return q
	}
	refusals(t, []refusal{
		{"nothing", 0, move(root, file, file, fs.Move{Flags: 99})},
		{"source wraps", syscall.EOVERFLOW, move(root, file, file, fs.Move{FromOffset: wrapped, Length: 2 * blockSize})},
		{"destination wraps", syscall.EOVERFLOW, move(root, file, file, fs.Move{ToOffset: wrapped, Length: 2 * blockSize})},
		{"to itself, which comes before flags", syscall.EINVAL, move(root, file, file, fs.Move{Length: 1, Flags: 99})},
		{"unknown flags", syscall.EINVAL, move(root, file, empty, fs.Move{Length: blockSize, Flags: 2})},
		{"to a file under retention, which comes before alignment", syscall.EPERM, move(root, file, retained, fs.Move{Length: 1})},
		{"source not of a block", syscall.EINVAL, move(root, file, empty, fs.Move{FromOffset: 1, Length: blockSize})},
		{"destination not of a block", syscall.EINVAL, move(root, file, empty, fs.Move{ToOffset: 1, Length: blockSize})},
		{"length not of blocks", syscall.EINVAL, move(root, file, empty, fs.Move{Length: blockSize + 1})},
		{"stage with another data version", syscall.ESTALE, move(root, file, offline, staged(fs.Move{Length: blockSize, DataVersion: 99}))},
		{"from behind the end, which comes before the type", 0, move(root, empty, dir, block)},
		{"from a directory", syscall.EINVAL, move(root, dir, empty, fs.Move{Length: 1})},
		{"to a directory", syscall.EISDIR, move(root, file, dir, block)},
		{"to no regular file", syscall.EINVAL, move(root, file, fifo, block)},
		{"no permission for the source", syscall.EACCES, move(user(1), private, empty, block)},
		{"no permission for the destination", syscall.EACCES, move(user(1), file, private, block)},
		{"from an offline file", syscall.ENODATA, move(root, half, empty, block)},
		{"to an offline file", syscall.ENODATA, move(root, file, half, fs.Move{Length: blockSize, ToOffset: 9 * blockSize})},
		{"over data", syscall.EINVAL, move(root, file, private, block)},
		{"stage over data", syscall.EINVAL, move(root, file, half, staged(fs.Move{Length: blockSize, DataVersion: dataVersion}))},
		{"stage over data and an offline extent", syscall.EINVAL, move(root, file, half, staged(fs.Move{Length: 2 * blockSize, ToOffset: blockSize, DataVersion: dataVersion}))},
		{"stage behind all extents", syscall.ENOENT, move(root, file, half, staged(fs.Move{Length: blockSize, ToOffset: 9 * blockSize, DataVersion: dataVersion}))},
		{"too far", syscall.EFBIG, move(root, file, empty, fs.Move{Length: blockSize, ToOffset: math.MaxInt64 + 1})},
	})
}
