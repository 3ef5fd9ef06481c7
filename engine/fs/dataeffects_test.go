// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
)

// dataEffect is what an operation does to an inode's fields.
type dataEffect struct {
	version, dataVersion uint64 // how far they move
	dataSeq              bool   // becomes the transaction's
	times                bool   // ctime and mtime become now
	size                 int64  // how much is added
	online, offline      int64
}

// TestFieldsThatDataOperationsChange is the table of what each operation does
// to the inode (kmod/src/data.c, inode.c and ioctl.c). MetaSeq moves in each.
func TestFieldsThatDataOperationsChange(t *testing.T) {
	t.Parallel()
	root := rootCaller()
	file := func(t *dataTree) uint64 { return t.file }
	offline := func(t *dataTree) uint64 { return t.offline }
	empty := func(t *dataTree) uint64 { return t.empty }
	all := fs.ByteRange{Length: 4 * blockSize}
	move := func(flags uint64) func(t *dataTree) error {
		return func(t *dataTree) error {
			to := t.empty
			if flags != 0 {
				to = t.offline
			}
			return t.MoveBlocks(t.ctx, root, t.file, to, fs.Move{Length: 2 * blockSize, DataVersion: dataVersion, Flags: flags})
		}
	}
	truncate := func(size uint64) func(t *dataTree) error {
		return func(t *dataTree) error { return t.Truncate(t.ctx, root, t.file, size) }
	}
	tests := []struct {
		name string
		ino  func(*dataTree) uint64
		do   func(*dataTree) error
		want dataEffect
	}{
		{"overwriting", file, func(t *dataTree) error {
			_, err := t.Write(t.ctx, fs.ReadWrite(t.file), []byte("x"), 0)
			return err
		}, dataEffect{version: 1, dataVersion: 1, dataSeq: true, times: true}},
		{"appending", file, func(t *dataTree) error {
			_, err := t.Write(t.ctx, fs.ReadWrite(t.file), make([]byte, blockSize), dataSize)
			return err
		}, dataEffect{version: 1, dataVersion: 1, dataSeq: true, times: true, size: blockSize, online: 1}},
		{"truncating to more", file, truncate(dataSize + 1), dataEffect{version: 1, dataVersion: 1, dataSeq: true, times: true, size: 1}},
		{"truncating to less", file, truncate(dataSize - blockSize), dataEffect{version: 1, dataVersion: 1, dataSeq: true, times: true, size: -blockSize, online: -1}},
		{"truncating to the same", file, truncate(dataSize), dataEffect{version: 1, dataSeq: true, times: true}},
		{"preallocating behind the end", file, func(t *dataTree) error {
			return t.Fallocate(t.ctx, fs.ReadWrite(t.file), 0, 0, 1<<29)
		}, dataEffect{version: 1, dataVersion: 1, size: 1<<29 - dataSize}},
		{"preallocating without growing", file, func(t *dataTree) error {
			return t.Fallocate(t.ctx, fs.ReadWrite(t.file), fs.FallocateKeepSize, 0, 1<<20)
		}, dataEffect{}},
		{"staging", offline, func(t *dataTree) error {
			_, err := t.Stage(t.ctx, fs.ReadWrite(t.offline), dataVersion, pattern(dataSize), 0)
			return err
		}, dataEffect{version: 1, online: 4, offline: -4}},
		{"staging from a reader", offline, func(t *dataTree) error {
			return t.StageFrom(t.ctx, fs.ReadWrite(t.offline), dataVersion, fs.ByteRange{Length: dataSize}, bytes.NewReader(pattern(dataSize)), nil)
		}, dataEffect{version: 1, online: 4, offline: -4}},
		{"releasing", file, func(t *dataTree) error {
			return t.Release(t.ctx, fs.ReadWrite(t.file), all, dataVersion)
		}, dataEffect{online: -4, offline: 4}},
		{"punching", offline, func(t *dataTree) error {
			return t.PunchOffline(t.ctx, root, fs.ReadWrite(t.offline), all, dataVersion, 0)
		}, dataEffect{offline: -4}},
		{"moving, the source", file, move(0), dataEffect{version: 1, dataVersion: 1, dataSeq: true, times: true, online: -2}},
		{"moving, the destination", empty, move(0), dataEffect{version: 1, dataVersion: 1, dataSeq: true, times: true, size: 2 * blockSize, online: 2}},
		{"staging by moving, the source", file, move(fs.MoveStage), dataEffect{version: 1, dataVersion: 1, dataSeq: true, times: true, online: -2}},
		{"staging by moving, the destination", offline, move(fs.MoveStage), dataEffect{online: 2, offline: -2}},
		{"setting a data version", empty, func(t *dataTree) error {
			return t.SetAttrX(t.ctx, root, t.empty, fs.AttrX{Mask: fs.AttrXDataVersion, DataVersion: 7})
		}, dataEffect{dataVersion: 7}},
		{"setting a size that is offline", empty, func(t *dataTree) error {
			return t.SetAttrX(t.ctx, root, t.empty, fs.AttrX{
				Mask: fs.AttrXDataVersion | fs.AttrXSize, DataVersion: 7, Size: 3*blockSize + 1, Flags: fs.AttrXSizeOffline,
			})
		}, dataEffect{dataVersion: 7, size: 3*blockSize + 1, offline: 4}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := newDataTree(t)
			v.sync()
			v.tick()
			ino := test.ino(v)
			before := v.inode(ino)
			v.must(test.do(v))
			now := v.inode(ino)
			seq := before.MetaSeq
			if now.MetaSeq <= seq {
				t.Errorf("MetaSeq is %d, was %d", now.MetaSeq, seq)
			}
			got := dataEffect{
				version:     now.Version - before.Version,
				dataVersion: now.DataVersion - before.DataVersion,
				dataSeq:     now.DataSeq == now.MetaSeq,
				times:       now.Ctime.Equal(v.time()) && now.Mtime.Equal(v.time()),
				size:        int64(now.Size - before.Size),
				online:      int64(now.OnlineBlocks - before.OnlineBlocks),
				offline:     int64(now.OfflineBlocks - before.OfflineBlocks),
			}
			if got != test.want {
				t.Errorf("effect is %+v, want %+v", got, test.want)
			}
			if !got.times && !(now.Ctime.Equal(before.Ctime) && now.Mtime.Equal(before.Mtime)) {
				t.Error("times are others")
			}
			if !got.dataSeq && now.DataSeq != before.DataSeq {
				t.Error("DataSeq is another")
			}
			v.check()
		})
	}
}

// TestAttributesThatAreSet sets everything that can be set at once.
func TestAttributesThatAreSet(t *testing.T) {
	t.Parallel()
	v := newDataTree(t)
	before := v.inode(v.empty)
	a := fs.AttrX{
		Mask:  1<<10 - 1,
		Ctime: time.Unix(-5, 6), Crtime: time.Unix(7, 8),
		DataVersion: 1 << 40, Size: 1<<63 - 1, Retention: true, ProjectID: 1<<64 - 2,
		Flags: fs.AttrXSizeOffline,
	}
	v.tick()
	v.must(v.SetAttrX(v.ctx, rootCaller(), v.empty, a))
	in := v.inode(v.empty)
	want := before
	want.MetaSeq, want.Ctime, want.Crtime = in.MetaSeq, a.Ctime, a.Crtime
	want.DataVersion, want.Size, want.OfflineBlocks = a.DataVersion, a.Size, 1<<51
	want.Flags, want.Proj = format.InodeFlagRetention, a.ProjectID
	if in != want {
		t.Errorf("inode is %+v, want %+v", in, want)
	}
	// Retention can be cleared together with other changes.
	v.must(v.SetAttrX(v.ctx, rootCaller(), v.empty, fs.AttrX{Mask: fs.AttrXRetention | fs.AttrXProjectID, ProjectID: 3}))
	if in := v.inode(v.empty); in.Flags != 0 || in.Proj != 3 {
		t.Errorf("flags are %#x and the project %d, want 0 and 3", in.Flags, in.Proj)
	}
	more := fs.AttrX{DataVersion: 9, Size: 2 * blockSize, Ctime: time.Unix(1, 2), Crtime: time.Unix(3, 4), Flags: fs.AttrXSizeOffline}
	other := v.create(1, "other", 0o644)
	v.must(v.SetattrMore(v.ctx, rootCaller(), fs.ReadWrite(other), more))
	if in := v.inode(other); in.DataVersion != 9 || in.Size != 2*blockSize || in.OfflineBlocks != 2 ||
		!in.Ctime.Equal(more.Ctime) || !in.Crtime.Equal(more.Crtime) {
		t.Errorf("inode is %+v", in)
	}
	v.check()
}

// TestRetentionLetsArchiveRequestsPass shows what retention does not keep
// anybody from.
func TestRetentionLetsArchiveRequestsPass(t *testing.T) {
	t.Parallel()
	v := newDataTree(t)
	h := fs.ReadWrite(v.retained)
	v.must(v.Fallocate(v.ctx, h, fs.FallocateKeepSize, 0, 9*blockSize))
	v.must(v.Release(v.ctx, h, fs.ByteRange{Length: 16 * blockSize}, dataVersion))
	v.must(v.MoveBlocks(v.ctx, rootCaller(), v.file, v.retained, fs.Move{Length: blockSize, DataVersion: dataVersion, Flags: fs.MoveStage}))
	_, err := v.Stage(v.ctx, h, dataVersion, pattern(dataSize), 0)
	v.must(err)
	if in := v.inode(v.retained); in.OnlineBlocks != 4 || in.OfflineBlocks != 0 {
		t.Errorf("%d blocks are online and %d offline, want 4 and 0", in.OnlineBlocks, in.OfflineBlocks)
	}
	v.must(v.MoveBlocks(v.ctx, rootCaller(), v.retained, v.empty, fs.Move{Length: dataSize}))
	v.check()
}

// waiters is a DataWaiter that lets a test stage what is waited for.
type waiters struct {
	expected chan wait
	woken    chan uint64
}

type wait struct {
	ino, block uint64
	op         fs.WaitOp
	answer     chan error
}

func (w *waiters) Expect(ino, block uint64, op fs.WaitOp) func(context.Context) error {
	x := wait{ino: ino, block: block, op: op, answer: make(chan error)}
	return func(context.Context) error {
		w.expected <- x
		return <-x.answer
	}
}

func (w *waiters) Wake(ino uint64) { w.woken <- ino }
