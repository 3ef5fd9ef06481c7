// SPDX-License-Identifier: GPL-2.0-or-later

package model

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/engine/server"
	"scoutfs/internal/testcheck"
	"scoutfs/internal/testimage"
	"scoutfs/internal/testmodel"
	"scoutfs/internal/testsample"
)

// TestKernelVolumesCanBeChanged does random operations on copies of volumes that
// upstream's kernel module wrote. What they do not touch stays what it was, and
// what they do becomes what the model says.
func TestKernelVolumesCanBeChanged(t *testing.T) {
	t.Parallel()
	steps := testsample.Number(t, "SCOUTFS_IMAGE_STEPS", 100)
	testimage.Each(t, func(t *testing.T, img testimage.Image) {
		t.Parallel()
		if img.Name == "many" && !testsample.All() {
			t.Skip("95,226 inodes take long; SCOUTFS_TEST_ALL=1 does them too")
		}
		r := copyImage(t, img)
		opaque, err := r.opaque(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for r.driver.Steps < steps {
			if err := r.some(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.driver.TakeBack(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := r.reopen(t.Context()); err != nil {
			t.Fatal(err)
		}
		after, err := r.opaque(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for ino := range after {
			if opaque[ino] != after[ino] {
				t.Errorf("file %d has other content", ino)
			}
		}
		if err := r.driver.Volume.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		testcheck.Clean(t, r.pair)
	})
}

// copyImage opens a copy of an image for writing, having recovered it if its
// mounts died, and loads the model of it.
func copyImage(t *testing.T, img testimage.Image) *run {
	t.Helper()
	r := &run{t: t, clock: testmodel.NewClock(), random: rand.New(rand.NewPCG(7, 7))}
	r.pair = overlay(t, img)
	recoverVolume(t, r.pair)
	v, err := testmodel.Open(t.Context(), r.pair, r.clock, r.random)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Writer.DeleteOrphans(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := v.Writer.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	m, err := testmodel.Load(t.Context(), v.Committed())
	if err != nil {
		t.Fatal(err)
	}
	r.driver = testmodel.NewDriver(m, v, r.clock, r.random)
	return r
}

func overlay(t *testing.T, img testimage.Image) device.Pair {
	t.Helper()
	open := func(path string) *device.Memory {
		dev, err := device.Open(path, device.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = dev.Close() })
		return device.NewOverlay(path, dev)
	}
	pair := device.Pair{Meta: open(img.Meta)}
	if img.Data != "" {
		pair.Data = open(img.Data)
		return pair
	}
	// The image came without its data device: one with nothing in its files.
	bytes, super, err := block.ReadSuper(pair.Meta)
	if err != nil {
		t.Fatal(err)
	}
	super.Flags.Set(super.Flags.Get() &^ format.SuperFlagMeta)
	super.Hdr.CRC.Set(format.BlockCRC(bytes))
	pair.Data = device.NewMemory("data", int64(super.TotalDataBlocks.Get())<<format.SmallBlockShift)
	if _, err := pair.Data.WriteAt(bytes, format.SuperBlkno<<format.SmallBlockShift); err != nil {
		t.Fatal(err)
	}
	return pair
}

func recoverVolume(t *testing.T, pair device.Pair) {
	t.Helper()
	_, super, err := block.ReadSuper(pair.Meta)
	if err != nil {
		t.Fatal(err)
	}
	blocks := block.NewReader(pair.Meta, block.Options{FSID: super.Hdr.FSID.Get(), Workers: -1})
	_, err = server.Recover(t.Context(), pair, blocks, server.RecoverOptions{
		Options: server.Options{Random: rand.New(rand.NewPCG(1, 1)).Uint64},
		Watch:   -time.Second,
		Answers: func(context.Context, netip.AddrPort) bool { return false },
	})
	if err != nil {
		t.Fatal(err)
	}
}

// opaque returns the hashes of the written blocks of files that the model does
// not know the blocks of.
func (r *run) opaque(ctx context.Context) (map[uint64][32]byte, error) {
	sums := map[uint64][32]byte{}
	view := r.driver.Volume.Committed()
	for _, ino := range r.driver.Model.Inos() {
		if in := r.driver.Model.Inode(ino); !in.Opaque || !in.IsRegular() {
			continue
		}
		sum, err := hashFile(ctx, view, ino)
		if err != nil {
			return nil, fmt.Errorf("inode %d: %w", ino, err)
		}
		sums[ino] = sum
	}
	return maps.Clone(sums), nil
}

func hashFile(ctx context.Context, view *fs.FS, ino uint64) (sum [32]byte, err error) {
	in, err := view.Inode(ctx, ino)
	if err != nil {
		return sum, err
	}
	hash := sha256.New()
	buffer := make([]byte, 1<<20)
	for e, err := range view.Extents(ctx, ino, 0) {
		if err != nil {
			return sum, err
		}
		fmt.Fprintln(hash, e)
		for at, end := e.Logical<<format.SmallBlockShift, e.End()<<format.SmallBlockShift; !e.Offline() && !e.Unwritten() && at < end; {
			n, err := view.ReadAt(ctx, in, buffer[:min(uint64(len(buffer)), end-at)], at)
			hash.Write(buffer[:n])
			if err == io.EOF {
				break
			}
			if err != nil {
				return sum, err
			}
			at += uint64(n)
		}
	}
	return [32]byte(hash.Sum(nil)), nil
}
