// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"strconv"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testlog"
)

// BenchmarkCreate creates 100,000 files in 100 directories in turn, and makes
// them durable.
func BenchmarkCreate(b *testing.B) {
	const files, dirs = 100_000, 100
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		v := newWriting(b, testlog.Options{}, fs.WriterOptions{})
		var in []uint64
		for _, name := range numbered("dir", dirs) {
			in = append(in, v.mkdir(format.RootIno, name, 0o755))
		}
		list := make([]string, files)
		for i := range list {
			list[i] = "file" + strconv.Itoa(i)
		}
		b.StartTimer()
		for i, name := range list {
			if _, err := v.Create(b.Context(), rootCaller(), in[i%dirs], name, 0o644); err != nil {
				b.Fatal(err)
			}
		}
		v.sync()
		b.StopTimer()
		v.check()
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/files, "us/file")
}
