// SPDX-License-Identifier: GPL-2.0-or-later

package fsck_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/fsck"
	"scoutfs/internal/testbulk"
)

// A whole check of volumes in memory, and next to it what it cannot be faster
// than: computing the checksums of all blocks.
func BenchmarkCheck(b *testing.B) {
	for _, volume := range []struct {
		name string
		o    testbulk.Options
	}{
		{"100000 files", testbulk.Options{Files: 100_000}},
		{"100000 files, scattered", testbulk.Options{Files: 100_000, Scatter: true}},
		{"100000 files, log trees", testbulk.Options{Files: 100_000, LogTrees: 4, LogShare: 200}},
	} {
		meta, data := testbulk.Sizes(volume.o)
		pair := device.Pair{Meta: device.NewMemory("meta", meta), Data: device.NewMemory("data", data)}
		if err := testbulk.Write(b.Context(), pair, volume.o); err != nil {
			b.Fatal(err)
		}
		var last *fsck.Summary
		b.Run(volume.name, func(b *testing.B) {
			for b.Loop() {
				summary, err := fsck.Check(b.Context(), fsck.Options{Pair: pair})
				if err != nil || !summary.Clean() {
					b.Fatal(err, summary.Tallies)
				}
				last = summary
			}
			b.SetBytes(int64(last.Bytes))
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(last.Inodes), "ns/inode")
		})
		b.Run(volume.name+", checksums only", func(b *testing.B) {
			blocks := usedBlocks(b, pair.Meta)
			for b.Loop() {
				checksums(b, pair.Meta, blocks)
			}
			b.SetBytes(int64(len(blocks)) << format.LargeBlockShift)
		})
	}
}

// usedBlocks returns the numbers of all blocks of a device that hold something.
func usedBlocks(b *testing.B, dev device.Device) (blknos []uint64) {
	b.Helper()
	_, super, err := block.ReadSuper(dev)
	if err != nil {
		b.Fatal(err)
	}
	head := make([]byte, format.Size[format.BlockHeader]())
	for blkno := uint64(format.FirstMetaBlkno); blkno < super.TotalMetaBlocks.Get(); blkno++ {
		if _, err := dev.ReadAt(head, int64(blkno)<<format.LargeBlockShift); err != nil {
			b.Fatal(err)
		}
		if hdr, err := format.View[format.BlockHeader](head); err == nil && hdr.Magic.Get() != 0 {
			blknos = append(blknos, blkno)
		}
	}
	return blknos
}

// checksums reads blocks with 8 goroutines.
func checksums(b *testing.B, dev device.Device, blknos []uint64) {
	b.Helper()
	var next atomic.Int64
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			buf := make([]byte, format.LargeBlockSize)
			for i := next.Add(1); i <= int64(len(blknos)); i = next.Add(1) {
				if _, err := dev.ReadAt(buf, int64(blknos[i-1])<<format.LargeBlockShift); err != nil {
					b.Error(err)
				}
				hdr, err := format.View[format.BlockHeader](buf)
				if err != nil || hdr.CRC.Get() != format.BlockCRC(buf) {
					b.Errorf("block %d: a wrong checksum", blknos[i-1])
				}
			}
		})
	}
	group.Wait()
}
