// SPDX-License-Identifier: GPL-2.0-or-later

package block_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

// BenchmarkWrite writes 64 MiB of dirty blocks to a file and flushes, beside
// plain writes of the same many bytes: blocks that follow each other, and ones
// with gaps between them.
func BenchmarkWrite(b *testing.B) {
	const blocks, deviceBlocks = 1024, 4096
	path := filepath.Join(b.TempDir(), "meta")
	if err := os.WriteFile(path, make([]byte, deviceBlocks<<format.LargeBlockShift), 0o600); err != nil {
		b.Fatal(err)
	}
	for _, direct := range []bool{false, true} {
		name := "cached"
		if direct {
			name = "direct"
		}
		dev, err := device.Open(path, device.Options{Write: true, Direct: direct})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name+"/plain", func(b *testing.B) {
			buf := device.AlignedBuffer(1 << 20)
			b.SetBytes(blocks << format.LargeBlockShift)
			for b.Loop() {
				for off := int64(1 << 20); off <= blocks<<format.LargeBlockShift; off += int64(len(buf)) {
					if _, err := dev.WriteAt(buf, off); err != nil {
						b.Fatal(err)
					}
				}
				if err := dev.Flush(); err != nil {
					b.Fatal(err)
				}
			}
		})
		for gap, name := range []string{name + "/neighbours", name + "/scattered"} {
			b.Run(name, func(b *testing.B) { benchWrite(b, dev, blocks, uint64(gap)) })
		}
		if err := dev.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func benchWrite(b *testing.B, dev device.Device, blocks int, gap uint64) {
	b.Helper()
	r := block.NewReader(dev, block.Options{FSID: testblock.FSID})
	space := &testblock.Space{}
	w := block.NewWriter(r, dev, testblock.FSID, space, rand.New(rand.NewPCG(1, 2)).Uint64)
	b.SetBytes(int64(blocks) << format.LargeBlockShift)
	for b.Loop() {
		b.StopTimer()
		space.Next, space.Limit = 100, uint64(dev.Size())>>format.LargeBlockShift
		for range blocks {
			block, _, err := w.New(b.Context(), format.MagicBtree)
			if err != nil {
				b.Fatal(err)
			}
			block[len(block)-1] = 1
			space.Next += gap
		}
		b.StartTimer()
		if err := w.Write(b.Context()); err != nil {
			b.Fatal(err)
		}
		if err := dev.Flush(); err != nil {
			b.Fatal(err)
		}
	}
}
