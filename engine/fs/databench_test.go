// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testlog"
)

// BenchmarkCreateFiles creates 100,000 files of 3,000 bytes in 100 directories
// in batches, and makes them durable.
func BenchmarkCreateFiles(b *testing.B) {
	const total, dirs, batch = 100_000, 100, 1000
	data := make([]byte, 3000)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		v := newWriting(b, testlog.Options{}, fs.WriterOptions{})
		files := make([]fs.NewFile, total)
		var in []uint64
		for _, name := range numbered("dir", dirs) {
			in = append(in, v.mkdir(format.RootIno, name, 0o755))
		}
		for i := range files {
			files[i] = fs.NewFile{Dir: in[i*dirs/total], Name: fmt.Sprint("file", i), Mode: 0o644, Data: data}
		}
		b.StartTimer()
		for len(files) > 0 {
			n, err := v.CreateFiles(b.Context(), rootCaller(), files[:batch])
			if err != nil {
				b.Fatal(err)
			}
			files = files[n:]
		}
		v.sync()
		b.StopTimer()
		v.check()
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/total, "us/file")
}

// BenchmarkWrite writes a file of 1 GiB from its start to its end, in pieces,
// and makes it durable, beside writing the same to the device alone.
func BenchmarkWrite(b *testing.B) {
	const total = 512 << 20
	for _, size := range []int{4 << 10, 128 << 10, 1 << 20, 8 << 20} {
		p := make([]byte, size)
		b.Run(fmt.Sprintf("file by %d KiB", size>>10), func(b *testing.B) {
			b.SetBytes(total)
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				v := newWriting(b, testlog.Options{}, fs.WriterOptions{})
				h := fs.ReadWrite(v.create(format.RootIno, "f", 0o644))
				b.StartTimer()
				for off := uint64(0); off < total; off += uint64(size) {
					if _, err := v.Write(b.Context(), h, p, off); err != nil {
						b.Fatal(err)
					}
				}
				v.sync()
				b.StopTimer()
				v.check()
				b.StartTimer()
			}
		})
	}
}

// onFiles makes a volume on files of the temporary folder, through the page
// cache or past it.
func onFiles(b *testing.B, direct bool) *writing {
	b.Helper()
	made := testlog.New(b, testlog.Options{})
	made.Close(b)
	var pair device.Pair
	for _, d := range []struct {
		to   *device.Device
		from device.Device
	}{{&pair.Meta, made.Pair.Meta}, {&pair.Data, made.Pair.Data}} {
		path := filepath.Join(b.TempDir(), d.from.Name())
		start := make([]byte, 80<<20) // all that mkfs wrote
		if _, err := d.from.ReadAt(start, 0); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, start, 0o600); err != nil {
			b.Fatal(err)
		}
		if err := os.Truncate(path, d.from.Size()); err != nil {
			b.Fatal(err)
		}
		opened, err := device.Open(path, device.Options{Write: true, Direct: direct})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() {
			if err := opened.Close(); err != nil {
				b.Error(err)
			}
		})
		*d.to = opened
	}
	v := &writing{volume: testlog.Open(b, pair, testlog.Options{}), tb: b, ctx: b.Context()}
	v.Writer = fs.NewWriter(v.volume.Log, pair.Data, v.opts)
	return v
}

// BenchmarkCopy copies a large file into a volume on files and makes it
// durable, beside writing as much to the same device alone.
func BenchmarkCopy(b *testing.B) {
	const total = 512 << 20
	for _, direct := range []bool{false, true} {
		b.Run(fmt.Sprintf("direct=%v/device", direct), func(b *testing.B) {
			b.SetBytes(total)
			dev := onFiles(b, direct).volume.Pair.Data
			p := device.AlignedBuffer(4 << 20)
			for b.Loop() {
				for off := int64(0); off < total; off += int64(len(p)) {
					if _, err := dev.WriteAt(p, 1<<20+off); err != nil {
						b.Fatal(err)
					}
				}
				if err := dev.Flush(); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("direct=%v/file", direct), func(b *testing.B) {
			b.SetBytes(total)
			v := onFiles(b, direct)
			h := fs.ReadWrite(v.create(format.RootIno, "f", 0o644))
			for b.Loop() {
				v.must(v.Truncate(b.Context(), rootCaller(), h.Ino, 0))
				v.sync()
				if _, err := v.WriteFrom(b.Context(), h, 0, total, zeros{}); err != nil {
					b.Fatal(err)
				}
				v.sync()
			}
			v.check()
		})
	}
}

// zeros is a reader without an end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// BenchmarkRelease releases files of one extent, of sizes that are far apart,
// and makes it durable.
func BenchmarkRelease(b *testing.B) {
	for _, blocks := range []uint64{1, 1 << 18, 1 << 29} {
		b.Run(fmt.Sprintf("%d MiB", blocks*blockSize>>20), func(b *testing.B) {
			v := newWriting(b, testlog.Options{DataBlocks: 1 << 30}, fs.WriterOptions{})
			h := fs.ReadWrite(v.create(format.RootIno, "f", 0o644))
			for b.Loop() {
				b.StopTimer()
				v.must(v.Truncate(b.Context(), rootCaller(), h.Ino, 0))
				v.sync()
				v.must(v.Fallocate(b.Context(), h, 0, 0, blocks*blockSize))
				v.sync()
				version := v.inode(h.Ino).DataVersion
				b.StartTimer()
				v.must(v.Release(b.Context(), h, fs.ByteRange{Length: blocks * blockSize}, version))
				v.sync()
			}
			v.check()
		})
	}
}
