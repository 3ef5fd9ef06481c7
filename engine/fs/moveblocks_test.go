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
)

// TestMoveStopsAtDestinationsData shows that what was moved before an error
// stays moved.
func TestMoveStopsAtDestinationsData(t *testing.T) {
	t.Parallel()
	v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
	from, to := v.scattered("from", 40), v.create(1, "to", 0o644)
	_, err := v.Write(v.ctx, fs.ReadWrite(to), []byte("x"), 50*blockSize) // where the 26th extent goes
	v.must(err)
	source, target := v.inode(from), v.inode(to)
	q := fs.Move{Length: 79 * blockSize}
	is(t, v.MoveBlocks(v.ctx, rootCaller(), from, to, q), syscall.EINVAL)
	in, out := v.inode(from), v.inode(to)
	if in.OnlineBlocks != 15 || out.OnlineBlocks != 26 || out.Size != target.Size {
		t.Errorf("the source has %d blocks, the destination %d, and %d bytes", in.OnlineBlocks, out.OnlineBlocks, out.Size)
	}
	if in.DataVersion != source.DataVersion+2 || out.DataVersion != target.DataVersion+2 {
		t.Errorf("data versions are %d and %d, were %d and %d", in.DataVersion, out.DataVersion, source.DataVersion, target.DataVersion)
	}
	v.check()
}

// TestMoveIntoPreallocatedBlocks stages by moving where blocks were allocated
// for the data, which become free.
func TestMoveIntoPreallocatedBlocks(t *testing.T) {
	t.Parallel()
	v := newDataTree(t)
	v.must(v.Fallocate(v.ctx, fs.ReadWrite(v.offline), fs.FallocateKeepSize, 0, 4*blockSize))
	q := fs.Move{Length: dataSize, DataVersion: dataVersion, Flags: fs.MoveStage}
	v.must(v.MoveBlocks(v.ctx, rootCaller(), v.file, v.offline, q))
	got := make([]byte, dataSize)
	if n, _ := v.ReadAt(v.ctx, v.offline, got, 0); !bytes.Equal(got[:n], pattern(dataSize)) {
		t.Errorf("%d bytes are read, of which byte %d is another", n, firstDifference(got[:n], pattern(dataSize)))
	}
	v.check()
}

// TestOfflineSizeOfPreallocatedFile asks for an offline extent where there is
// one that counts neither as online nor as offline.
func TestOfflineSizeOfPreallocatedFile(t *testing.T) {
	t.Parallel()
	v := newDataTree(t)
	h := fs.ReadWrite(v.empty)
	v.must(v.Fallocate(v.ctx, h, fs.FallocateKeepSize, 2*blockSize, blockSize))
	a := fs.AttrX{DataVersion: 1, Size: 3 * blockSize, Flags: fs.AttrXSizeOffline}
	is(t, v.SetattrMore(v.ctx, rootCaller(), h, a), syscall.EINVAL)
	a.Size = 2 * blockSize // before it
	v.must(v.SetattrMore(v.ctx, rootCaller(), h, a))
	if got, want := v.spans(v.empty), []span{{0, 2, format.ExtentOffline}, {2, 1, format.ExtentUnwritten}}; !slices.Equal(got, want) {
		t.Errorf("extents are %v, want %v", got, want)
	}
	v.check()
}
