// SPDX-License-Identifier: GPL-2.0-or-later

package device_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"scoutfs/engine/device"
)

const (
	benchSize  = 512 << 20
	benchBlock = 64 << 10
	benchBatch = 512 // requests given to ReadMany at once
)

// benchFile makes a file of benchSize bytes that holds no holes.
func benchFile(b *testing.B) string {
	b.Helper()
	path := makeFile(b, nil)
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		b.Fatal(err)
	}
	block := pattern(1<<20, 60)
	for off := int64(0); off < benchSize; off += int64(len(block)) {
		if _, err := file.WriteAt(block, off); err != nil {
			b.Fatal(err)
		}
	}
	if err := file.Sync(); err != nil {
		b.Fatal(err)
	}
	if err := unix.Fadvise(int(file.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
		b.Fatal(err)
	}
	if err := file.Close(); err != nil {
		b.Fatal(err)
	}
	return path
}

// BenchmarkReadMany reads 64 KiB blocks past the page cache, one op a block:
//
//   - sequential, each block on its own (what a device without vectored reads gets);
//   - sequential, merged into reads of 1 MiB;
//   - at random places.
func BenchmarkReadMany(b *testing.B) {
	dev := open(b, benchFile(b), device.Options{Direct: true})
	requireDirect(b, dev)
	sequential := make([]int64, benchSize/benchBlock)
	for i := range sequential {
		sequential[i] = int64(i) * benchBlock
	}
	random := make([]int64, len(sequential))
	for i, place := range rand.New(rand.NewPCG(8, 9)).Perm(len(random)) {
		random[i] = sequential[place]
	}
	for _, order := range []struct {
		name string
		dev  device.Device
		offs []int64
	}{
		{"sequential", device.NewFaulty(dev), sequential},
		{"merged", dev, sequential},
		{"random", device.NewFaulty(dev), random},
	} {
		for _, workers := range []int{1, 2, 16} {
			b.Run(fmt.Sprintf("%s/workers=%d", order.name, workers), func(b *testing.B) {
				benchmarkReads(b, order.dev, order.offs, workers)
			})
		}
	}
}

func benchmarkReads(b *testing.B, dev device.Device, offs []int64, workers int) {
	b.Helper()
	b.SetBytes(benchBlock)
	b.ReportAllocs()
	slab := device.AlignedBuffer(benchBatch * benchBlock)
	reqs := make([]device.ReadRequest, 0, benchBatch)
	next := 0
	b.ResetTimer()
	for done := 0; done < b.N; done += len(reqs) {
		reqs = reqs[:0]
		for range min(benchBatch, b.N-done) {
			start := len(reqs) * benchBlock
			reqs = append(reqs, device.ReadRequest{Off: offs[next], Buf: slab[start : start+benchBlock]})
			next = (next + 1) % len(offs)
		}
		if err := device.ReadMany(b.Context(), dev, reqs, workers); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReadAt reads 64 KiB blocks in order: past the page cache into aligned
// and unaligned memory, and out of the page cache.
func BenchmarkReadAt(b *testing.B) {
	path := benchFile(b)
	for _, way := range []struct {
		name string
		opts device.Options
		buf  []byte
	}{
		{"direct", device.Options{Direct: true}, device.AlignedBuffer(benchBlock)},
		{"direct unaligned", device.Options{Direct: true}, device.AlignedBuffer(benchBlock + 1)[1:]},
		{"page cache", device.Options{}, make([]byte, benchBlock)},
	} {
		b.Run(way.name, func(b *testing.B) {
			dev := open(b, path, way.opts)
			b.SetBytes(benchBlock)
			b.ReportAllocs()
			off := int64(0)
			for b.Loop() {
				if _, err := dev.ReadAt(way.buf, off); err != nil {
					b.Fatal(err)
				}
				off = (off + benchBlock) % benchSize
			}
		})
	}
}

// BenchmarkPrefix builds each state of a record of 64 KiB writes, one op a state.
func BenchmarkPrefix(b *testing.B) {
	const writes = 2000
	r := device.NewRecorder(device.NewMemory("memory", 1<<30))
	random := rand.New(rand.NewPCG(10, 11))
	for range writes {
		write(b, r, pattern(benchBlock, byte(random.Uint32())), random.Int64N(1<<30-benchBlock)&^4095)
	}
	n := 0
	for b.Loop() {
		r.Prefix(n)
		n = (n + 1) % (writes + 1)
	}
}
