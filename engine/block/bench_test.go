// SPDX-License-Identifier: GPL-2.0-or-later

package block_test

import (
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

// benchBlocks is more than processors cache: 64 MiB.
const benchBlocks = 1024

func benchVolume(b *testing.B) (*testblock.Volume, []format.Ref) {
	b.Helper()
	v := testblock.New(b, benchBlocks+format.FirstMetaBlkno)
	return v, addBlocks(v, benchBlocks)
}

// BenchmarkRead reads blocks that are in the cache, and blocks that are not
// from a device in memory.
func BenchmarkRead(b *testing.B) {
	v, refs := benchVolume(b)
	run := func(b *testing.B, r *block.Reader) {
		b.Helper()
		b.SetBytes(format.LargeBlockSize)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, err := r.Read(b.Context(), refs[i%benchBlocks], format.MagicBloom); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("warm", func(b *testing.B) {
		r := block.NewReader(v.Dev, block.Options{CacheBytes: 2 * benchBlocks << format.LargeBlockShift})
		for _, ref := range refs {
			if _, err := r.Read(b.Context(), ref, format.MagicBloom); err != nil {
				b.Fatal(err)
			}
		}
		run(b, r)
	})
	b.Run("cold", func(b *testing.B) { run(b, block.NewReader(v.Dev, block.Options{CacheBytes: -1})) })
	b.Run("ahead", func(b *testing.B) {
		r := block.NewReader(v.Dev, block.Options{CacheBytes: 8 << 20})
		b.SetBytes(format.LargeBlockSize)
		for i := 0; b.Loop(); i++ {
			if i%32 == 0 {
				start := (i + 32) % benchBlocks
				r.Prefetch(b.Context(), format.MagicBloom, refs[start:start+32])
			}
			if _, err := r.Read(b.Context(), refs[i%benchBlocks], format.MagicBloom); err != nil {
				b.Fatal(err)
			}
		}
		r.Wait()
	})
}

// BenchmarkVerify has the cost of verifying a block, of its crc alone, and
// the memory's own speed beside them, over more memory than is cached.
func BenchmarkVerify(b *testing.B) {
	v, refs := benchVolume(b)
	blocks := make([][]byte, benchBlocks)
	for i := range blocks {
		blocks[i] = make([]byte, format.LargeBlockSize)
		if _, err := v.Dev.ReadAt(blocks[i], int64(refs[i].Blkno)<<format.LargeBlockShift); err != nil {
			b.Fatal(err)
		}
	}
	run := func(name string, f func(i int)) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(format.LargeBlockSize)
			for i := 0; b.Loop(); i++ {
				f(i % benchBlocks)
			}
		})
	}
	run("block", func(i int) {
		err := format.VerifyBlock(blocks[i], format.Want{
			Magic: format.MagicBloom, FSID: testblock.FSID, Blkno: refs[i].Blkno, Seq: refs[i].Seq,
		})
		if err != nil {
			b.Fatal(err)
		}
	})
	sum := uint32(0)
	run("crc", func(i int) { sum += format.BlockCRC(blocks[i]) })
	target := make([]byte, format.LargeBlockSize)
	run("memory", func(i int) { copy(target, blocks[i]) })
	_ = sum
}

// BenchmarkReadFile reads through the page cache: the device alone, and with
// verification.
func BenchmarkReadFile(b *testing.B) {
	v, refs := benchVolume(b)
	path := b.TempDir() + "/meta"
	if err := device.CreateSparse(path, v.Dev.Size(), 0o600); err != nil {
		b.Fatal(err)
	}
	dev, err := device.Open(path, device.Options{Write: true})
	if err != nil {
		b.Fatal(err)
	}
	defer dev.Close()
	buf := make([]byte, format.LargeBlockSize)
	for i := range int64(benchBlocks + format.FirstMetaBlkno) {
		if _, err := v.Dev.ReadAt(buf, i<<format.LargeBlockShift); err != nil {
			b.Fatal(err)
		}
		if _, err := dev.WriteAt(buf, i<<format.LargeBlockShift); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("device", func(b *testing.B) {
		b.SetBytes(format.LargeBlockSize)
		for i := 0; b.Loop(); i++ {
			if _, err := dev.ReadAt(buf, int64(refs[i%benchBlocks].Blkno)<<format.LargeBlockShift); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("block", func(b *testing.B) {
		r := block.NewReader(dev, block.Options{CacheBytes: -1})
		b.SetBytes(format.LargeBlockSize)
		for i := 0; b.Loop(); i++ {
			if _, err := r.Read(b.Context(), refs[i%benchBlocks], format.MagicBloom); err != nil {
				b.Fatal(err)
			}
		}
	})
}
