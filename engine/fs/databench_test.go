// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"fmt"
	"testing"

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
