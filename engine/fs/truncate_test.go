// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testlog"
)

// allOf is all items of an inode.
func allOf(ino uint64) format.Range { return format.ItemsOfInode(ino) }

// impatient is a context that ends when it has been asked a few times.
type impatient struct {
	context.Context
	left atomic.Int64
}

func (c *impatient) Err() error {
	if c.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// scattered makes a file of which every other block has data.
func (v *writing) scattered(name string, extents uint64) uint64 {
	v.tb.Helper()
	ino := v.create(1, name, 0o644)
	for i := range extents {
		_, err := v.Write(v.ctx, fs.ReadWrite(ino), pattern(blockSize), 2*i*blockSize)
		v.must(err)
	}
	return ino
}

// TestInterruptedTruncateIsFinished ends a truncate at many moments, opens the
// volume again, and lets what comes next finish it.
func TestInterruptedTruncateIsFinished(t *testing.T) {
	t.Parallel()
	finish := map[string]func(v *writing, ino uint64) error{
		"write": func(v *writing, ino uint64) error {
			_, err := v.Write(v.ctx, fs.ReadWrite(ino), []byte("x"), 0)
			return err
		},
		"truncate": func(v *writing, ino uint64) error { return v.Truncate(v.ctx, rootCaller(), ino, 1) },
		"fallocate": func(v *writing, ino uint64) error {
			return v.Fallocate(v.ctx, fs.ReadWrite(ino), 0, 60*blockSize, 1)
		},
		"move": func(v *writing, ino uint64) error {
			from := v.create(1, "from", 0o644)
			_, err := v.Write(v.ctx, fs.ReadWrite(from), make([]byte, 1), 0)
			v.must(err)
			return v.MoveBlocks(v.ctx, rootCaller(), from, ino, fs.Move{Length: 1, ToOffset: 60 * blockSize})
		},
		"unlink": func(v *writing, _ uint64) error { return v.Unlink(v.ctx, rootCaller(), 1, "f") },
	}
	for name, do := range finish {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pending := 0
			for asked := int64(1); ; asked += 11 {
				v := newWriting(t, testlog.Options{Seed: uint64(asked)}, fs.WriterOptions{})
				ino := v.scattered("f", 30)
				v.sync()
				ctx := &impatient{Context: v.ctx}
				ctx.left.Store(asked)
				err := v.Truncate(ctx, rootCaller(), ino, 1)
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Fatal(err)
				}
				v.reopen()
				in := v.inode(ino)
				switch flagged := in.Flags&format.InodeFlagTruncate != 0; {
				case flagged && in.Size != 1:
					t.Errorf("size is %d when the truncate is pending", in.Size)
				case flagged:
					pending++
				case in.Size == 1 && in.OnlineBlocks != 1:
					t.Errorf("%d blocks are left", in.OnlineBlocks)
				}
				v.must(do(v, ino))
				if name != "unlink" && in.Size == 1 {
					got := v.spans(ino)
					if n := len(got); n > 1 && got[n-1].start == 60 {
						got = got[:n-1] // what the file has grown by
					}
					if !slices.Equal(got, []span{{0, 1, 0}}) || v.inode(ino).Flags != 0 {
						t.Errorf("extents are %v, flags %#x", got, v.inode(ino).Flags)
					}
				}
				v.check()
				if err == nil {
					break
				}
			}
			if pending == 0 {
				t.Error("no truncate was pending")
			}
		})
	}
}

// TestReleaseOfOneExtentIsQuick releases as much as there is in one extent.
func TestReleaseOfOneExtentIsQuick(t *testing.T) {
	t.Parallel()
	v := newWriting(t, testlog.Options{DataBlocks: 1 << 30}, fs.WriterOptions{})
	h := fs.ReadWrite(v.create(1, "f", 0o644))
	const blocks = 1 << 29 // 2 TiB
	v.must(v.Fallocate(v.ctx, h, 0, 0, blocks*blockSize))
	version := v.inode(h.Ino).DataVersion
	v.sync()
	start := time.Now()
	v.must(v.Release(v.ctx, h, fs.ByteRange{Length: blocks * blockSize}, version))
	v.sync()
	if took := time.Since(start); took > 5*time.Second { // 50 ms, but for a machine that has much else to do
		t.Errorf("release took %v", took)
	}
	if in := v.inode(h.Ino); in.OfflineBlocks != blocks {
		t.Errorf("%d blocks are offline", in.OfflineBlocks)
	}
	v.check()
}

// TestGrowingReadsAsZeros cuts a file and lets it grow in every way.
func TestGrowingReadsAsZeros(t *testing.T) {
	t.Parallel()
	v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
	for i, grow := range []func(ino uint64) error{
		func(ino uint64) error { return v.Truncate(v.ctx, rootCaller(), ino, 2*blockSize) },
		func(ino uint64) error { return v.Fallocate(v.ctx, fs.ReadWrite(ino), 0, 0, 2*blockSize) },
		func(ino uint64) error {
			_, err := v.Write(v.ctx, fs.ReadWrite(ino), []byte{0}, 2*blockSize-1)
			return err
		},
	} {
		ino := v.create(1, fmt.Sprint("f", i), 0o644)
		_, err := v.Write(v.ctx, fs.ReadWrite(ino), pattern(2*blockSize), 0)
		v.must(err)
		v.must(v.Truncate(v.ctx, rootCaller(), ino, 100))
		v.must(grow(ino))
		want := make([]byte, 2*blockSize)
		copy(want, pattern(100))
		got := make([]byte, 2*blockSize+1)
		n, _ := v.ReadAt(v.ctx, ino, got, 0)
		if !bytes.Equal(got[:n], want) {
			t.Errorf("way %d: %d bytes, of which byte %d is another", i, n, firstDifference(got[:n], want))
		}
	}
	v.check()
}

// TestTruncateKeepsTheLastCommit cuts a file within a block and crashes: what
// was committed is all there.
func TestTruncateKeepsTheLastCommit(t *testing.T) {
	t.Parallel()
	v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
	ino := v.create(1, "f", 0o644)
	_, err := v.Write(v.ctx, fs.ReadWrite(ino), pattern(2*blockSize), 0)
	v.must(err)
	v.sync()
	v.must(v.Truncate(v.ctx, rootCaller(), ino, blockSize+100))
	v.volume.Crash(t)
	v.Writer = fs.NewWriter(v.volume.Log, v.volume.Pair.Data, v.opts)
	got := make([]byte, 2*blockSize)
	if n, _ := v.ReadAt(v.ctx, ino, got, 0); !bytes.Equal(got[:n], pattern(2*blockSize)) {
		t.Errorf("%d bytes are left, of which byte %d is another", n, firstDifference(got[:n], pattern(2*blockSize)))
	}
	v.check()
}

// TestTruncateOfAFullDevice cuts a file within a block when there is no other.
func TestTruncateOfAFullDevice(t *testing.T) {
	t.Parallel()
	v := newWriting(t, testlog.Options{DataBlocks: 4096}, fs.WriterOptions{})
	h := fs.ReadWrite(v.create(1, "f", 0o644))
	_, err := v.Write(v.ctx, h, pattern(16<<20), 0)
	is(t, err, syscall.ENOSPC)
	size := v.inode(h.Ino).Size
	v.must(v.Truncate(v.ctx, rootCaller(), h.Ino, size-1))
	v.must(v.Truncate(v.ctx, rootCaller(), h.Ino, size))
	got := make([]byte, 2)
	if n, _ := v.ReadAt(v.ctx, h.Ino, got, size-2); n != 2 || got[0] == 0 || got[1] != 0 {
		t.Errorf("the file ends in %x", got[:n])
	}
	v.check()
}
